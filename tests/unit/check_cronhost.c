/* SPDX-License-Identifier: ISC */
/* cronhost: every way in which a crontab(1) can answer, with one that is made of shell. */
#include <config.h>

#include "tests/unit/check_dir.h"
#include "tests/unit/check_main.h"
#include "watchdog/act/cronhost.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#define PATIENT_MS 20000
#define BRIEF_MS   1000

#define NONE  "echo 'no crontab for me' >&2; exit 1"
#define SHOWS "if [ -f $D/tab ]; then cat $D/tab; else " NONE "; fi"
#define KEEPS "cat >$D/tab"

/* Makes a crontab(1) that does LIST for -l and WRITE for -. */
static void fake(const char *list, const char *write)
{
	char script[2048];
	int len = snprintf(script, sizeof(script),
			   "#!/bin/sh\nD=%s\ncase \"$LC_ALL $#:$1\" in\n'C 1:-l') %s ;;\n"
			   "'C 1:-') %s ;;\n*) echo usage >&2; exit 64 ;;\nesac\n",
			   check_dir, list, write);

	check_dir_write("crontab", script, (size_t)len, 0700);
	ck_assert_int_eq(setenv(CRONHOST_PROGRAM_VARIABLE, check_dir_path("crontab"), 1), 0);
}

static enum cronhost read_text(int timeout_ms, char *buf, size_t size, struct err *err)
{
	struct str text = STR_INIT;
	enum cronhost answer = cronhost_read(timeout_ms, &text, err);

	(void)snprintf(buf, size, "%s", str_text(&text));
	str_free(&text);
	return answer;
}

static const struct {
	const char *list;
	enum cronhost answer;
	const char *text; /* the crontab, or a part of the message */
} reads[] = {
	{ "echo a; echo b", CRONHOST_TEXT, "a\nb\n" },
	{ "echo a; echo warning >&2", CRONHOST_TEXT, "a\n" },
	{ ":", CRONHOST_TEXT, "" },
	{ NONE, CRONHOST_NONE, "" },
	{ "echo 'crontab: no crontab for x' >&2; exit 1", CRONHOST_NONE, "" },
	{ "echo 'no crontab for me' >&2; exit 2", CRONHOST_FAILED, "status 2: no crontab" },
	{ "echo a; echo 'no crontab' >&2; exit 1", CRONHOST_FAILED, "status 1: no crontab" },
	{ "exit 1", CRONHOST_FAILED, "status 1" },
	{ "echo; echo 'You (me) are not allowed' >&2; echo x >&2; exit 1", CRONHOST_FAILED,
	  "status 1: You (me) are not allowed" },
	{ "echo a; kill -9 $$", CRONHOST_FAILED, "signal 9" },
};

START_TEST(read_tells_three_answers_apart)
{
	struct err err = ERR_INIT;
	char text[256];

	fake(reads[_i].list, "exit 1");
	ck_assert_int_eq(read_text(PATIENT_MS, text, sizeof(text), &err), reads[_i].answer);
	if (reads[_i].answer == CRONHOST_FAILED)
		ck_assert_msg(strstr(err.text, reads[_i].text), "%s", err.text);
	else
		ck_assert_str_eq(text, reads[_i].text);
}
END_TEST

START_TEST(missing_program_is_a_failure)
{
	struct err err = ERR_INIT;
	char text[16];

	ck_assert_int_eq(setenv(CRONHOST_PROGRAM_VARIABLE, check_dir_path("nowhere"), 1), 0);
	ck_assert_int_eq(read_text(PATIENT_MS, text, sizeof(text), &err), CRONHOST_FAILED);
	ck_assert_ptr_nonnull(strstr(err.text, "install cron"));
	ck_assert_int_eq(cronhost_write("a\n", 2, PATIENT_MS, &err), -1);
}
END_TEST

static bool is_gone(pid_t pid)
{
	char path[64];
	char stat[512] = "";
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return true;
	size_t len = fread(stat, 1, sizeof(stat) - 1, file);
	(void)fclose(file);
	return len == 0 || strstr(stat, ") Z ") || strstr(stat, ") X ");
}

static void await_gone(const char *pidfile)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
	char text[32];

	(void)check_dir_read(pidfile, text, 0, sizeof(text));
	pid_t pid = (pid_t)strtol(text, NULL, 10);
	ck_assert_int_gt(pid, 1);
	for (int i = 0; i < 1000 && !is_gone(pid); i++)
		(void)nanosleep(&pause, NULL);
	ck_assert(is_gone(pid));
}

static const char *const hangs[] = {
	"echo a; echo $$ >$D/pid; exec sleep 1000",
	"echo a; echo $$ >$D/pid; exec sleep 1000 >/dev/null 2>&1",
	"sleep 1000 & echo $! >$D/pid; wait",
	"sleep 1000 & echo $! >$D/pid",
};

START_TEST(hanging_is_bounded_and_leaves_nothing)
{
	struct err err = ERR_INIT;
	char text[16];

	fake(hangs[_i], hangs[_i]);
	/* Long enough for a loaded machine to get as far as the pid. */
	ck_assert_int_eq(read_text(BRIEF_MS, text, sizeof(text), &err), CRONHOST_FAILED);
	ck_assert_int_eq(err.sys_errno, ETIMEDOUT);
	ck_assert_str_eq(text, "");
	await_gone("pid");
}
END_TEST

START_TEST(endless_output_is_a_failure)
{
	struct err err = ERR_INIT;
	char text[16];

	fake("exec cat /dev/zero", "exit 1");
	ck_assert_int_eq(read_text(PATIENT_MS, text, sizeof(text), &err), CRONHOST_FAILED);
	ck_assert_int_eq(err.sys_errno, EFBIG);
}
END_TEST

START_TEST(write_arrives_whole)
{
	size_t len = 1024 * 1024 + 1;
	struct err err = ERR_INIT;
	char *text = malloc(len);
	char *kept = malloc(len + 1);

	ck_assert(text && kept);
	for (size_t i = 0; i < len; i++)
		text[i] = i % 64 == 63 ? '\n' : (char)('a' + i % 23);
	/* It talks while it reads, more than a pipe holds. */
	fake(SHOWS, "tee $D/tab; cat $D/tab >&2");
	ck_assert_msg(cronhost_write(text, len, PATIENT_MS, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(check_dir_read("tab", kept, 0, len + 1), len);
	ck_assert_mem_eq(kept, text, len);
	ck_assert_msg(cronhost_write("", 0, PATIENT_MS, &err) == 0, "%s", err.text);
	free(text);
	free(kept);
}
END_TEST

static const struct {
	const char *list;
	const char *write;
	const char *message; /* NULL: it succeeds */
} writes[] = {
	{ SHOWS, KEEPS, NULL },
	{ "printf '# DO NOT EDIT THIS FILE - edit\\n# (- installed)\\n# (Cron)\\n'; " SHOWS, KEEPS,
	  NULL },
	{ SHOWS, "cat >/dev/null; echo '\"-\":0: bad minute' >&2; exit 1",
	  "status 1: \"-\":0: bad minute" },
	{ SHOWS, KEEPS "; echo >>$D/tab", "another text" },
	{ SHOWS, "cat >/dev/null", "another text" },
	{ SHOWS, "exit 0", "" },
	{ "exit 1", KEEPS, "cannot be read back" },
};

START_TEST(write_is_read_back)
{
	size_t len = 256 * 1024;
	struct sigaction now;
	struct err err = ERR_INIT;
	char *text = malloc(len);

	ck_assert_ptr_nonnull(text);
	memset(text, '\n', len);
	fake(writes[_i].list, writes[_i].write);
	int result = cronhost_write(text, len, PATIENT_MS, &err);
	ck_assert_msg(result == (writes[_i].message ? -1 : 0), "%s", err.text);
	if (writes[_i].message)
		ck_assert_msg(strstr(err.text, writes[_i].message), "%s", err.text);
	ck_assert_int_eq(sigaction(SIGPIPE, NULL, &now), 0);
	ck_assert(now.sa_handler == SIG_DFL);
	free(text);
}
END_TEST

START_TEST(works_without_standard_descriptors)
{
	struct err err = ERR_INIT;
	char text[16];
	int saved[3];

	fake(SHOWS, KEEPS);
	for (int fd = 0; fd < 3; fd++) {
		saved[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 10);
		(void)close(fd);
	}
	int wrote = cronhost_write("a\n", 2, PATIENT_MS, &err);
	enum cronhost answer = read_text(PATIENT_MS, text, sizeof(text), &err);
	for (int fd = 0; fd < 3; fd++)
		if (saved[fd] >= 0)
			(void)dup2(saved[fd], fd);
	ck_assert_msg(wrote == 0, "%s", err.text);
	ck_assert_int_eq(answer, CRONHOST_TEXT);
	ck_assert_str_eq(text, "a\n");
}
END_TEST

static int count_backups(void)
{
	DIR *dir = opendir(check_dir);
	const struct dirent *entry;
	int count = 0;

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)))
		if (strncmp(entry->d_name, CRONHOST_BACKUP_PREFIX "2", 16) == 0)
			count++;
	(void)closedir(dir);
	return count;
}

START_TEST(backups_keep_the_newest)
{
	const time_t wall = 1795233600; /* 2026-11-21T04:00:00Z */
	int dirfd = open(check_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char name[CRONHOST_BACKUP_SIZE];
	struct err err = ERR_INIT;
	struct stat st;
	char kept[32];

	check_dir_write("crontab.backup-mine", "x", 1, 0600);
	check_dir_write("crontab.backup-20260101T00000x", "x", 1, 0600);
	for (int i = 0; i < 7; i++) {
		(void)snprintf(kept, sizeof(kept), "old %d\n", i);
		ck_assert_msg(cronhost_backup(dirfd, kept, strlen(kept), wall, name, &err) == 0,
			      "%s", err.text);
	}
	ck_assert_str_eq(name, "crontab.backup-20261121T040006");
	ck_assert_uint_eq(check_dir_read(name, kept, 0, sizeof(kept)), 6);
	ck_assert_str_eq(kept, "old 6\n");
	ck_assert_int_eq(stat(check_dir_path(name), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(access(check_dir_path("crontab.backup-mine"), F_OK), 0);
	ck_assert_int_eq(access(check_dir_path("crontab.backup-20260101T00000x"), F_OK), 0);
	ck_assert_int_eq(access(check_dir_path("crontab.backup-20261121T040001"), F_OK), -1);

	/* The clock has stepped back: what was just written must not be the one that goes. */
	ck_assert_int_eq(cronhost_backup(dirfd, "back\n", 5, wall - 86400, name, &err), 0);
	ck_assert_int_eq(access(check_dir_path(name), F_OK), 0);
	ck_assert_int_eq(count_backups(), CRONHOST_BACKUPS + 1); /* and the foreign one */
	(void)close(dirfd);
}
END_TEST

START_TEST(backup_without_directory_fails)
{
	char name[CRONHOST_BACKUP_SIZE];
	struct err err = ERR_INIT;

	ck_assert_int_eq(cronhost_backup(-1, "a\n", 2, time(NULL), name, &err), -1);
	ck_assert_int_eq(err.kind, ERR_SYSTEM);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("cronhost");
	TCase *tcase = tcase_create("core");

	tcase_add_checked_fixture(tcase, check_dir_setup, check_dir_teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, read_tells_three_answers_apart, 0,
			    sizeof(reads) / sizeof(*reads));
	tcase_add_test(tcase, missing_program_is_a_failure);
	tcase_add_loop_test(tcase, hanging_is_bounded_and_leaves_nothing, 0,
			    sizeof(hangs) / sizeof(*hangs));
	tcase_add_test(tcase, endless_output_is_a_failure);
	tcase_add_test(tcase, write_arrives_whole);
	tcase_add_loop_test(tcase, write_is_read_back, 0, sizeof(writes) / sizeof(*writes));
	tcase_add_test(tcase, works_without_standard_descriptors);
	tcase_add_test(tcase, backups_keep_the_newest);
	tcase_add_test(tcase, backup_without_directory_fails);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
