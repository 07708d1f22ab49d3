/* SPDX-License-Identifier: ISC */
/* logtail: the last lines, and all that follow, through every kind of rotation. */
#include <config.h>

#include "tests/unit/check_dir.h"
#include "tests/unit/check_main.h"
#include "watchdog/act/logfile.h"
#include "watchdog/act/logtail.h"

#include <errno.h>
#include <string.h>

#define A4	   "aaaa\nbbbb\ncccc\ndddd\n"
#define SHOWN_SIZE (4 * 1024 * 1024)

static const struct {
	const char *backup; /* NULL: none */
	const char *log;
	int64_t lines;
	const char *shown;
} prints[] = {
	{ NULL, A4, 2, "cccc\ndddd\n" },
	{ NULL, A4, 4, A4 },
	{ NULL, A4, 10, A4 },
	{ NULL, A4, INT64_MAX, A4 },
	{ NULL, A4, 0, "" },
	{ NULL, A4, -1, "" },
	{ NULL, A4 "eee", 2, "dddd\neee" },
	{ NULL, "", 3, "" },
	{ NULL, "\n\n\n", 2, "\n\n" },
	{ "x\ny\n", A4, 4, A4 },
	{ "x\ny\n", A4, 5, "y\n" A4 },
	{ "x\ny\n", A4, 6, "x\ny\n" A4 },
	{ "x\ny\n", A4, 9, "x\ny\n" A4 },
	{ "x\ny\nz", "zz\nlast\n", 3, "y\nzzz\nlast\n" },
	{ "x\ny\nz", "zz\nlast\n", 2, "zzz\nlast\n" },
	{ "x\ny\nz", "zz\nlast\n", 1, "last\n" },
	{ "x\ny\n", "", 1, "y\n" },
	{ "x\ny", "", 1, "y" },
	{ "", "", 1, "" },
};

static FILE *open_shown(void)
{
	FILE *out = fopen(check_dir_path("shown"), "wbe");

	ck_assert_ptr_nonnull(out);
	return out;
}

static const char *shown(void)
{
	static char text[SHOWN_SIZE];

	(void)check_dir_read("shown", text, 0, sizeof(text));
	return text;
}

START_TEST(last_lines_are_printed)
{
	struct err err = ERR_INIT;
	FILE *out = open_shown();
	int64_t end = -1;

	if (prints[_i].backup)
		check_dir_write("a.log.1", prints[_i].backup, strlen(prints[_i].backup), 0600);
	check_dir_write("a.log", prints[_i].log, strlen(prints[_i].log), 0600);
	ck_assert_int_eq(logtail_print(check_dir_path("a.log"), prints[_i].lines, out, &end, &err),
			 0);
	(void)fclose(out);
	ck_assert_str_eq(shown(), prints[_i].shown);
	ck_assert_int_eq(end, (int64_t)strlen(prints[_i].log));
}
END_TEST

/* Newlines on both sides of what is read at a time. */
START_TEST(long_logs_are_searched_backwards)
{
	const size_t len = 200000;
	char *text = malloc(len + 1);
	FILE *out = open_shown();

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', len);
	text[len] = '\0';
	text[65535] = '\n';
	text[131072] = '\n';
	text[len - 1] = '\n';
	check_dir_write("a.log", text, len, 0600);
	ck_assert_int_eq(logtail_print(check_dir_path("a.log"), 2, out, NULL, NULL), 0);
	ck_assert_int_eq(fflush(out), 0);
	ck_assert(strcmp(shown(), text + 65536) == 0);
	(void)fclose(out);
	out = open_shown();
	ck_assert_int_eq(logtail_print(check_dir_path("a.log"), 1, out, NULL, NULL), 0);
	(void)fclose(out);
	ck_assert(strcmp(shown(), text + 131073) == 0);
	free(text);
}
END_TEST

START_TEST(what_is_no_log_is_refused)
{
	struct err err = ERR_INIT;
	struct logtail tail = LOGTAIL_INIT;

	ck_assert_int_eq(logtail_print(check_dir_path("none"), 1, stdout, NULL, &err), -1);
	ck_assert_int_eq(err.sys_errno, ENOENT);
	ck_assert_int_eq(symlink("/etc/passwd", check_dir_path("link")), 0);
	ck_assert_int_eq(logtail_print(check_dir_path("link"), 1, stdout, NULL, &err), -1);
	ck_assert_int_eq(logtail_open(&tail, check_dir_path("link"), 0, &err), -1);
	ck_assert_int_eq(mkfifo(check_dir_path("fifo"), 0600), 0);
	ck_assert_int_eq(logtail_print(check_dir_path("fifo"), 1, stdout, NULL, &err), -1);
}
END_TEST

static void append(const char *text)
{
	int fd = open(check_dir_path("a.log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
}

static int64_t follow(struct logtail *tail, FILE *out)
{
	struct err err = ERR_INIT;
	int64_t count = -1;

	ck_assert_msg(logtail_read(tail, out, &count, &err) == 0, "%s", err.text);
	return count;
}

START_TEST(what_is_added_is_printed_once)
{
	struct logtail tail = LOGTAIL_INIT;
	FILE *out = open_shown();

	ck_assert_int_eq(logtail_open(&tail, check_dir_path("a.log"), 77, NULL), 0);
	ck_assert_int_eq(follow(&tail, out), 0);
	append("one\n");
	ck_assert_int_eq(follow(&tail, out), 4);
	ck_assert_int_eq(follow(&tail, out), 0);
	append("two\nthr");
	ck_assert_int_eq(follow(&tail, out), 7);
	append("ee\n");
	/* Renamed by somebody, and begun anew. */
	ck_assert_int_eq(rename(check_dir_path("a.log"), check_dir_path("old")), 0);
	ck_assert_int_eq(follow(&tail, out), 3);
	append("four\n");
	ck_assert_int_eq(follow(&tail, out), 5);
	/* Emptied by somebody: nothing tells what went. */
	ck_assert_int_eq(truncate(check_dir_path("a.log"), 0), 0);
	append("5\n");
	ck_assert_int_eq(follow(&tail, out), 2);
	ck_assert_str_eq(shown(), "one\ntwo\nthree\nfour\n5\n");
	logtail_close(&tail);
	(void)fclose(out);
}
END_TEST

static void append_block(int number)
{
	char line[32];

	for (int i = 0; i < 3000; i++) {
		(void)snprintf(line, sizeof(line), "%d.%d\n", number, i);
		append(line);
	}
}

/* Our own rotations: read before, in the midst of what went, or not at all since the start. */
START_TEST(rotations_are_followed)
{
	struct logtail tail = LOGTAIL_INIT;
	FILE *out = open_shown();
	char *wanted = calloc(1, SHOWN_SIZE);
	size_t len = 0;
	bool rotated;

	ck_assert_ptr_nonnull(wanted);
	ck_assert_int_eq(logtail_open(&tail, check_dir_path("a.log"), 0, NULL), 0);
	for (int number = 0; number < 12; number++) {
		append_block(number);
		if (number % 3 != 0)
			(void)follow(&tail, out);
		if (number % 3 == 1)
			append("late\n");
		ck_assert_int_eq(logfile_rotate_if_needed(check_dir_path("a.log"), geteuid(), 8192,
							  100, &rotated, NULL),
				 0);
		ck_assert(rotated);
		append("new\n");
		(void)follow(&tail, out);
	}
	for (int number = 12; number > 0; number--) {
		char name[32];
		(void)snprintf(name, sizeof(name), "a.log.%d", number);
		len = check_dir_read(name, wanted, len, SHOWN_SIZE);
	}
	len = check_dir_read("a.log", wanted, len, SHOWN_SIZE);
	ck_assert_uint_eq(strlen(shown()), len);
	ck_assert(strcmp(shown(), wanted) == 0);
	logtail_close(&tail);
	(void)fclose(out);
	free(wanted);
}
END_TEST

/* ---- excerpts, which go to others ---------------------------------------------------------- */

static struct str excerpt;

static const char *excerpt_of(const char *name, uid_t owner, int64_t lines, size_t max_bytes)
{
	str_free(&excerpt);
	logtail_excerpt(check_dir_path(name), owner, lines, max_bytes, &excerpt);
	return str_text(&excerpt);
}

START_TEST(excerpts_are_short)
{
	check_dir_write("log", A4, strlen(A4), 0600);
	ck_assert_str_eq(excerpt_of("log", geteuid(), 2, 100), "cccc\ndddd");
	ck_assert_str_eq(excerpt_of("log", geteuid(), 9, 100), "aaaa\nbbbb\ncccc\ndddd");
	ck_assert_str_eq(excerpt_of("log", geteuid(), 9, 7), "c\ndddd");
	ck_assert_str_eq(excerpt_of("log", geteuid(), 0, 100), "");
	ck_assert_str_eq(excerpt_of("none", geteuid(), 9, 100), "");
	ck_assert_int_eq(symlink("log", check_dir_path("link")), 0);
	ck_assert_str_eq(excerpt_of("link", geteuid(), 9, 100), "");
	ck_assert_str_eq(excerpt_of(".", geteuid(), 9, 100), "");
	str_free(&excerpt);
}
END_TEST

#define NOBODY 65534

/* What a worker's user could do to have root read what it may not, and tell it. */
START_TEST(nobody_is_led_elsewhere)
{
	ck_assert_int_eq(mkdir(check_dir_path("home"), 0755), 0);
	ck_assert_int_eq(mkdir(check_dir_path("secret"), 0755), 0);
	check_dir_write("home/mail.log", "well\n", 5, 0600);
	check_dir_write("secret/mail.log", "secret\n", 7, 0600);
	ck_assert_str_eq(excerpt_of("home/mail.log", geteuid(), 9, 100), "well");
	ck_assert_str_eq(excerpt_of("home/mail.log", NOBODY - 1, 9, 100), "");
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(symlink("../secret", check_dir_path("home/log")), 0);
	ck_assert_int_eq(chown(check_dir_path("home"), NOBODY, NOBODY), 0);
	ck_assert_str_eq(excerpt_of("home/log/mail.log", 0, 9, 100), "");
	ck_assert_str_eq(excerpt_of("home/log/mail.log", NOBODY, 9, 100), "");
	/* Root's file, moved there. */
	ck_assert_str_eq(excerpt_of("home/mail.log", NOBODY, 9, 100), "");
	ck_assert_int_eq(chown(check_dir_path("home/mail.log"), NOBODY, NOBODY), 0);
	ck_assert_str_eq(excerpt_of("home/mail.log", NOBODY, 9, 100), "well");
	str_free(&excerpt);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("logtail");
	TCase *tcase = tcase_create("core");

	tcase_add_checked_fixture(tcase, check_dir_setup, check_dir_teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, last_lines_are_printed, 0, sizeof(prints) / sizeof(*prints));
	tcase_add_test(tcase, long_logs_are_searched_backwards);
	tcase_add_test(tcase, what_is_no_log_is_refused);
	tcase_add_test(tcase, what_is_added_is_printed_once);
	tcase_add_test(tcase, rotations_are_followed);
	tcase_add_test(tcase, excerpts_are_short);
	tcase_add_test(tcase, nobody_is_led_elsewhere);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
