/* SPDX-License-Identifier: ISC */
/* check_pidfile: what is a pidfile, and all that is not. */
#include <config.h>

#include "pidfiles/atomfile.h"
#include "pidfiles/pidfile.h"
#include "tests/unit/check_main.h"
#include "tests/unit/pidfiles_fixture.h"

#define BOOT "01234567-89ab-cdef-0123-456789abcdef"

static const struct pidfile full = {
	.id = { .pid = 4321,
		.boot_id = BOOT,
		.pid_namespace = 4026531836,
		.time_namespace = 4026531834,
		.start_ticks = 987654321,
		.pidfd_inode = 18446744073709551615u },
	.definition = 0x00c0ffee00c0ffee,
	.started_wall_ms = 1700000000123,
};

#define FULL                                                                                       \
	"4321\nboot " BOOT "\npidns 4026531836\ntimens 4026531834\nstart 987654321\n"              \
	"inode 18446744073709551615\ndefinition 00c0ffee00c0ffee\nstarted 1700000000123\n"

/* Parses a copy without room behind it, so that a sanitizer sees any reading too far. */
static int parse(const char *text, size_t len, struct pidfile *out)
{
	char *copy = malloc(len ? len : 1);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, text, len);
	int rc = pidfile_parse(copy, len, out);
	free(copy);
	return rc;
}

static void assert_equal(const struct pidfile *a, const struct pidfile *b)
{
	ck_assert_int_eq(a->id.pid, b->id.pid);
	ck_assert_str_eq(a->id.boot_id, b->id.boot_id);
	ck_assert_uint_eq(a->id.pid_namespace, b->id.pid_namespace);
	ck_assert_uint_eq(a->id.time_namespace, b->id.time_namespace);
	ck_assert_uint_eq(a->id.start_ticks, b->id.start_ticks);
	ck_assert_uint_eq(a->id.pidfd_inode, b->id.pidfd_inode);
	ck_assert_uint_eq(a->definition, b->definition);
	ck_assert_int_eq(a->started_wall_ms, b->started_wall_ms);
}

START_TEST(test_format)
{
	char buf[PIDFILE_MAX];
	struct pidfile back;
	struct pidfile bare = { .id = { .pid = 2 } };

	ck_assert_int_eq(pidfile_format(&full, buf, sizeof(buf)), (int)strlen(FULL));
	ck_assert_str_eq(buf, FULL);
	ck_assert_int_eq(parse(buf, strlen(buf), &back), 0);
	assert_equal(&back, &full);
	ck_assert(pidfile_is_proof(&back));
	ck_assert_int_eq(pidfile_format(&bare, buf, sizeof(buf)), 2);
	ck_assert_str_eq(buf, "2\n");
	ck_assert_int_eq(parse(buf, 2, &back), 0);
	assert_equal(&back, &bare);
	ck_assert(!pidfile_is_proof(&back));
}
END_TEST

START_TEST(test_format_size)
{
	char *buf;

	for (size_t size = 1; size <= strlen(FULL) + 1; size++) {
		buf = malloc(size);
		ck_assert_ptr_nonnull(buf);
		ck_assert_int_eq(pidfile_format(&full, buf, size),
				 size > strlen(FULL) ? (int)strlen(FULL) : -ENOSPC);
		free(buf);
	}
}
END_TEST

static const struct {
	const char *text;
	pid_t pid; /* 0: refused */
} numbers[] = {
	{ "2", 2 },
	{ "2\n", 2 },
	{ "4194304\n", 4194304 },
	{ "12\nwhatever\n\nmore of it\n", 12 },
	{ "12\nbootleg x\nstarting\n", 12 },
	{ "", 0 },
	{ "\n", 0 },
	{ "\n12\n", 0 },
	{ "0\n", 0 },
	{ "1\n", 0 },
	{ "-1\n", 0 },
	{ "-12\n", 0 },
	{ "+12\n", 0 },
	{ " 12\n", 0 },
	{ "12 \n", 0 },
	{ "12\r\n", 0 },
	{ "\t12\n", 0 },
	{ "012\n", 0 },
	{ "0x12\n", 0 },
	{ "12abc\n", 0 },
	{ "12 13\n", 0 },
	{ "1e3\n", 0 },
	{ "4194305\n", 0 },
	{ "4294967297\n", 0 },
	{ "4294967298\n", 0 },
	{ "18446744073709551618\n", 0 },
	{ "99999999999999999999\n", 0 },
	{ "pid\n", 0 },
	{ "boot " BOOT "\n12\n", 0 },
};

START_TEST(test_numbers)
{
	struct pidfile out;
	const char *text = numbers[_i].text;

	ck_assert_int_eq(parse(text, strlen(text), &out), numbers[_i].pid ? 0 : -EBADMSG);
	if (numbers[_i].pid) {
		ck_assert_int_eq(out.id.pid, numbers[_i].pid);
		ck_assert(!pidfile_is_proof(&out));
	}
}
END_TEST

static const char *const bad_values[] = {
	"boot\n",
	"boot \n",
	"boot 01234567-89ab-cdef-0123-456789abcde\n",
	"boot 01234567-89ab-cdef-0123-456789abcdef0\n",
	"boot 01234567-89ab-cdef-0123-456789abcdeg\n",
	"boot 01234567-89AB-cdef-0123-456789abcdef\n",
	"boot 01234567x89ab-cdef-0123-456789abcdef\n",
	"boot  01234567-89ab-cdef-0123-456789abcdef\n",
	"start\n",
	"start \n",
	"start -1\n",
	"start 1 \n",
	"start 1 2\n",
	"start 18446744073709551616\n",
	"start 0123\n",
	"start 12",
	"start 1\nstart 1\n",
	"pidns 0x1\n",
	"timens one\n",
	"inode 1.0\n",
	"definition \n",
	"definition 00112233445566778\n",
	"definition xyz\n",
	"started 9223372036854775808\n",
	"started -5\n",
	"unknown without newline",
};

START_TEST(test_bad_values)
{
	struct pidfile out;
	char text[128];

	(void)snprintf(text, sizeof(text), "12\n%s", bad_values[_i]);
	ck_assert_int_eq(parse(text, strlen(text), &out), -EBADMSG);
}
END_TEST

START_TEST(test_nul_and_length)
{
	struct pidfile out;
	char text[PIDFILE_MAX + 1];

	for (size_t at = 0; at < strlen(FULL); at++) {
		memcpy(text, FULL, strlen(FULL));
		text[at] = '\0';
		ck_assert_int_eq(parse(text, strlen(FULL), &out), -EBADMSG);
	}
	memset(text, '\n', sizeof(text));
	text[0] = '7';
	ck_assert_int_eq(parse(text, PIDFILE_MAX, &out), 0);
	ck_assert_int_eq(parse(text, PIDFILE_MAX + 1, &out), -EBADMSG);
}
END_TEST

/* A file cut anywhere is refused, or says less; it never says anything else. */
START_TEST(test_truncated)
{
	struct pidfile out;

	for (size_t len = 0; len < strlen(FULL); len++) {
		if (parse(FULL, len, &out) != 0)
			continue;
		if (strchr("4321", FULL[len - 1]) && len < 5)
			continue; /* a bare pid: no proof of anything */
		ck_assert_int_eq(out.id.pid, full.id.pid);
		ck_assert(out.id.start_ticks == 0 || out.id.start_ticks == full.id.start_ticks);
		ck_assert(out.id.pidfd_inode == 0 || out.id.pidfd_inode == full.id.pidfd_inode);
		ck_assert(!pidfile_is_proof(&out) || out.id.time_namespace != 0);
	}
}
END_TEST

START_TEST(test_bit_flips)
{
	char text[] = FULL;
	struct pidfile out;

	for (size_t bit = 0; bit < strlen(FULL) * 8; bit++) {
		text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
		int rc = parse(text, strlen(FULL), &out);
		ck_assert(rc == 0 || rc == -EBADMSG);
		if (rc == 0) {
			ck_assert(out.id.pid >= 2 && out.id.pid <= 4194304);
			ck_assert(out.id.boot_id[0] == '\0' || strlen(out.id.boot_id) == 36);
			ck_assert(out.started_wall_ms >= 0);
		}
		text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
	}
}
END_TEST

START_TEST(test_is_proof)
{
	struct pidfile file = full;

	ck_assert(pidfile_is_proof(&file));
	file.id.start_ticks = 0;
	ck_assert(!pidfile_is_proof(&file));
	file = full;
	file.id.boot_id[0] = '\0';
	ck_assert(!pidfile_is_proof(&file));
}
END_TEST

static struct fixture_dir dir;

static void open_dir(void)
{
	dir = fixture_open();
}

static void close_dir(void)
{
	fixture_close(&dir);
}

START_TEST(test_publish)
{
	struct pidfile back;
	struct stat st;

	(void)umask(0077);
	ck_assert_int_eq(pidfile_read(dir.fd, "q.0.pid", &back), -ENOENT);
	ck_assert_int_eq(pidfile_publish(dir.fd, "q.0.pid", &full), 0);
	ck_assert_int_eq(pidfile_read(dir.fd, "q.0.pid", &back), 0);
	assert_equal(&back, &full);
	ck_assert_int_eq(fstatat(dir.fd, "q.0.pid", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0644);
}
END_TEST

START_TEST(test_read_hostile)
{
	struct pidfile out;
	char huge[PIDFILE_MAX + 1];

	memset(huge, '1', sizeof(huge));
	fixture_put(dir.fd, "huge", huge, sizeof(huge), 0644);
	ck_assert_int_eq(pidfile_read(dir.fd, "huge", &out), -EFBIG);
	fixture_put_text(dir.fd, "empty", "");
	ck_assert_int_eq(pidfile_read(dir.fd, "empty", &out), -EBADMSG);
	fixture_put(dir.fd, "open", FULL, strlen(FULL), 0666);
	ck_assert_int_eq(pidfile_read(dir.fd, "open", &out), -EPERM);
	ck_assert_int_eq(mkfifoat(dir.fd, "fifo", 0644), 0);
	ck_assert_int_eq(pidfile_read(dir.fd, "fifo", &out), -EPERM);
	ck_assert_int_eq(mkdirat(dir.fd, "folder", 0755), 0);
	ck_assert_int_eq(pidfile_read(dir.fd, "folder", &out), -EPERM);
	ck_assert_int_eq(symlinkat("empty", dir.fd, "link"), 0);
	ck_assert_int_eq(pidfile_read(dir.fd, "link", &out), -ELOOP);
}
END_TEST

enum alteration { NOTHING, PID, BOOT_ID, START, PID_NAMESPACE, TIME_NAMESPACE, INODE, NO_INODE };

static const struct {
	enum alteration alteration;
	int answer;
} removals[] = {
	{ NOTHING, 0 },
	{ PID, -ESTALE },
	{ BOOT_ID, -ESTALE },
	{ START, -ESTALE },
	{ INODE, -ESTALE },
	{ PID_NAMESPACE, -ESTALE },
	{ TIME_NAMESPACE, -ESTALE },
	{ NO_INODE, 0 },
};

static struct procid altered(enum alteration alteration)
{
	struct procid id = full.id;

	id.pid += alteration == PID;
	id.boot_id[0] = alteration == BOOT_ID ? 'f' : id.boot_id[0];
	id.start_ticks += alteration == START;
	id.pid_namespace += alteration == PID_NAMESPACE;
	id.time_namespace += alteration == TIME_NAMESPACE;
	id.pidfd_inode -= alteration == INODE;
	id.pidfd_inode = alteration == NO_INODE ? 0 : id.pidfd_inode;
	return id;
}

START_TEST(test_remove)
{
	struct pidfile back;
	struct procid id = altered(removals[_i].alteration);
	int answer = removals[_i].answer;

	ck_assert_int_eq(pidfile_publish(dir.fd, "q.0.pid", &full), 0);
	ck_assert_int_eq(pidfile_remove(dir.fd, "q.0.pid", &id), answer);
	ck_assert_int_eq(pidfile_read(dir.fd, "q.0.pid", &back), answer ? 0 : -ENOENT);
}
END_TEST

START_TEST(test_remove_else)
{
	ck_assert_int_eq(pidfile_remove(dir.fd, "none", &full.id), 0);
	fixture_put_text(dir.fd, "garbage", "garbage");
	ck_assert_int_eq(pidfile_remove(dir.fd, "garbage", &full.id), -EBADMSG);
	ck_assert_int_eq(faccessat(dir.fd, "garbage", F_OK, 0), 0);
}
END_TEST

static int read_foreign(const char *name, pid_t *pid)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", dir.path, name);
	return pidfile_read_foreign(path, geteuid(), pid);
}

static const struct {
	const char *text;
	size_t len;
	int answer;
} foreign[] = {
#define TEXT(text) text, sizeof(text) - 1
	{ TEXT("4321"), 0 },
	{ TEXT("4321\n"), 0 },
	{ TEXT(""), -EBADMSG },
	{ TEXT("\n"), -EBADMSG },
	{ TEXT("4321\n\n"), -EBADMSG },
	{ TEXT("4321 \n"), -EBADMSG },
	{ TEXT("4321\nmore\n"), -EBADMSG },
	{ TEXT("4321\0"), -EBADMSG },
	{ TEXT("43\0"
	       "21\n"),
	  -EBADMSG },
	{ TEXT("-4321\n"), -EBADMSG },
	{ TEXT("1\n"), -EBADMSG },
	{ TEXT("4294971617\n"), -EBADMSG },
	{ TEXT("1111111111111111111111111111111111111111111111111111111111111111"), -EBADMSG },
	{ TEXT("11111111111111111111111111111111111111111111111111111111111111111"), -EFBIG },
#undef TEXT
};

START_TEST(test_foreign)
{
	pid_t pid = 0;

	fixture_put(dir.fd, "own.pid", foreign[_i].text, foreign[_i].len, 0644);
	ck_assert_int_eq(read_foreign("own.pid", &pid), foreign[_i].answer);
	if (foreign[_i].answer == 0)
		ck_assert_int_eq(pid, 4321);
}
END_TEST

START_TEST(test_foreign_files)
{
	pid_t pid;

	ck_assert_int_eq(read_foreign("none", &pid), -ENOENT);
	ck_assert_int_eq(mkfifoat(dir.fd, "fifo", 0644), 0);
	ck_assert_int_eq(read_foreign("fifo", &pid), -EPERM);
	ck_assert_int_eq(mkdirat(dir.fd, "folder", 0755), 0);
	ck_assert_int_eq(read_foreign("folder", &pid), -EPERM);
	fixture_put(dir.fd, "open", "4321\n", 5, 0666);
	ck_assert_int_eq(read_foreign("open", &pid), -EPERM);
	fixture_put(dir.fd, "group", "4321\n", 5, 0664);
	ck_assert_int_eq(read_foreign("group", &pid), -EPERM);
	fixture_put_text(dir.fd, "file", "4321\n");
	ck_assert_int_eq(symlinkat("file", dir.fd, "link"), 0);
	ck_assert_int_eq(read_foreign("link", &pid), -ELOOP);
	ck_assert_int_eq(linkat(dir.fd, "file", dir.fd, "second", 0), 0);
	ck_assert_int_eq(read_foreign("file", &pid), -EPERM);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

static Suite *suite(void)
{
	Suite *all = suite_create("pidfile");
	TCase *texts = tcase_create("texts");
	TCase *files = tcase_create("files");

	tcase_add_test(texts, test_format);
	tcase_add_test(texts, test_format_size);
	tcase_add_loop_test(texts, test_numbers, 0, COUNT(numbers));
	tcase_add_loop_test(texts, test_bad_values, 0, COUNT(bad_values));
	tcase_add_test(texts, test_nul_and_length);
	tcase_add_test(texts, test_truncated);
	tcase_add_test(texts, test_bit_flips);
	tcase_add_test(texts, test_is_proof);
	tcase_add_checked_fixture(files, open_dir, close_dir);
	tcase_add_test(files, test_publish);
	tcase_add_test(files, test_read_hostile);
	tcase_add_loop_test(files, test_remove, 0, COUNT(removals));
	tcase_add_test(files, test_remove_else);
	tcase_add_loop_test(files, test_foreign, 0, COUNT(foreign));
	tcase_add_test(files, test_foreign_files);
	suite_add_tcase(all, texts);
	suite_add_tcase(all, files);
	return all;
}

CHECK_MAIN(suite())
