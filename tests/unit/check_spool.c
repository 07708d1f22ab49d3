/* SPDX-License-Identifier: ISC */
/* spool: lines whole or not at all, files kept as long as somebody may add to them, and when they are owed. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tests/unit/check_main.h"
#include "tests/unit/tempdir.h"
#include "watchdog/base/clock.h"
#include "watchdog/base/str.h"
#include "watchdog/store/spool.h"

static char *dir;
static int dir_fd;
static struct str taken;
static enum spool_taken verdict;

static void set_up(void)
{
	dir = tempdir_make();
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY);
	ck_assert_int_ge(dir_fd, 0);
	verdict = SPOOL_STORED;
}

static void tear_down(void)
{
	close(dir_fd);
	tempdir_remove(dir);
	str_free(&taken);
}

static enum spool_taken take(const char *name, char *text, void *data)
{
	(void)name;
	(void)data;
	str_add(&taken, text);
	return verdict;
}

static void add(struct spool *spool, const char *line)
{
	ck_assert_int_eq(spool_add(spool, dir_fd, line, strlen(line)), 0);
}

static const char *taken_now(void)
{
	str_free(&taken);
	ck_assert_int_ge(spool_each(dir_fd, take, NULL), 0);
	return str_text(&taken);
}

START_TEST(nothing_is_owed)
{
	ck_assert_int_eq(spool_owed_wall_ms(dir_fd), INT64_MAX);
	ck_assert_int_eq(spool_each(dir_fd, take, NULL), 0);
}
END_TEST

START_TEST(lines_come_in_order_and_the_file_goes_with_its_writer)
{
	struct spool spool = SPOOL_INIT;

	add(&spool, "one");
	add(&spool, "two");
	ck_assert_int_le(spool_owed_wall_ms(dir_fd), clock_read().wall_ms);
	ck_assert_str_eq(taken_now(), "one\ntwo\n");
	add(&spool, "three"); /* it was still ours */
	ck_assert_str_eq(taken_now(), "one\ntwo\nthree\n");
	spool_close(&spool);
	ck_assert_str_eq(taken_now(), "one\ntwo\nthree\n");
	ck_assert_str_eq(taken_now(), "");
}
END_TEST

START_TEST(what_was_not_stored_stays)
{
	struct spool spool = SPOOL_INIT;

	add(&spool, "one");
	spool_close(&spool);
	verdict = SPOOL_KEEP;
	ck_assert_str_eq(taken_now(), "one\n");
	ck_assert_str_eq(taken_now(), "one\n");
}
END_TEST

START_TEST(of_a_killed_writer_whole_lines_count)
{
	char path[4096];
	FILE *file;
	pid_t pid = fork();

	if (pid == 0) {
		struct spool spool = SPOOL_INIT;

		if (spool_add(&spool, dir_fd, "whole", 5) || write(spool.fd, "hal", 3) != 3)
			_exit(1);
		(void)raise(SIGKILL);
	}
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	(void)snprintf(path, sizeof(path), "%s/" SPOOL_DIR "/.hidden", dir);
	file = fopen(path, "we");
	ck_assert_ptr_nonnull(file);
	fputs("no\n", file);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_str_eq(taken_now(), "whole\n");
	ck_assert_str_eq(taken_now(), "");
}
END_TEST

START_TEST(two_runs_have_two_files)
{
	struct spool first = SPOOL_INIT;
	struct spool second = SPOOL_INIT;

	add(&first, "a");
	add(&second, "b");
	ck_assert_str_ne(first.name, second.name);
	ck_assert_uint_eq(strlen(taken_now()), 4);
	spool_close(&first);
	spool_close(&second);
}
END_TEST

START_TEST(a_line_that_does_not_fit_leaves_nothing)
{
	struct spool spool = SPOOL_INIT;
	struct rlimit limit = { .rlim_cur = 8, .rlim_max = RLIM_INFINITY };

	add(&spool, "one");
	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_lt(spool_add(&spool, dir_fd, "much too long", 13), 0);
	add(&spool, "two");
	spool_close(&spool);
	ck_assert_str_eq(taken_now(), "one\ntwo\n");
}
END_TEST

START_TEST(what_is_owed_earlier_stays_so)
{
	struct spool spool = SPOOL_INIT;
	struct spool patient = SPOOL_INIT;
	int64_t now = clock_read().wall_ms;

	patient.patience_ms = 3600000;
	add(&patient, "a");
	ck_assert_int_gt(spool_owed_wall_ms(dir_fd), now + 3500000);
	add(&spool, "b");
	ck_assert_int_le(spool_owed_wall_ms(dir_fd), clock_read().wall_ms);
	spool_close(&patient);
	patient = (struct spool)SPOOL_INIT;
	patient.patience_ms = 3600000;
	add(&patient, "c");
	ck_assert_int_le(spool_owed_wall_ms(dir_fd), clock_read().wall_ms);
	ck_assert_int_eq(spool_set_owed(dir_fd, now + 12345), 0);
	ck_assert_int_eq(spool_owed_wall_ms(dir_fd), now + 12345);
	ck_assert_int_eq(spool_set_owed(dir_fd, INT64_MAX), 0);
	ck_assert_int_eq(spool_owed_wall_ms(dir_fd), INT64_MAX);
	ck_assert_int_eq(spool_set_owed(dir_fd, INT64_MAX), 0);
	spool_close(&spool);
	spool_close(&patient);
}
END_TEST

START_TEST(links_in_its_place_are_refused)
{
	struct spool spool = SPOOL_INIT;

	ck_assert_int_eq(symlinkat("/tmp", dir_fd, SPOOL_DIR), 0);
	ck_assert_int_lt(spool_add(&spool, dir_fd, "x", 1), 0);
	ck_assert_int_lt(spool_each(dir_fd, take, NULL), 0);
}
END_TEST

static Suite *spool_suite(void)
{
	Suite *suite = suite_create("spool");
	TCase *tcase = tcase_create("spool");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, nothing_is_owed);
	tcase_add_test(tcase, lines_come_in_order_and_the_file_goes_with_its_writer);
	tcase_add_test(tcase, what_was_not_stored_stays);
	tcase_add_test(tcase, of_a_killed_writer_whole_lines_count);
	tcase_add_test(tcase, two_runs_have_two_files);
	tcase_add_test(tcase, a_line_that_does_not_fit_leaves_nothing);
	tcase_add_test(tcase, what_is_owed_earlier_stays_so);
	tcase_add_test(tcase, links_in_its_place_are_refused);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(spool_suite())
