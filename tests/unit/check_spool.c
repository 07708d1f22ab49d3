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
#include "watchdog/base/mem.h"
#include "watchdog/base/str.h"
#include "watchdog/store/spool.h"

static char *dir;
static int dir_fd;
static struct str taken;

static void set_up(void)
{
	dir = tempdir_make();
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY);
	ck_assert_int_ge(dir_fd, 0);
}

static void tear_down(void)
{
	close(dir_fd);
	tempdir_remove(dir);
	str_free(&taken);
}

static void add(struct spool *spool, const char *line)
{
	ck_assert_int_eq(spool_add(spool, dir_fd, line, strlen(line)), 0);
}

static const char *read_now(bool is_stored)
{
	struct spool_reading reading;

	str_free(&taken);
	ck_assert_int_eq(spool_read(dir_fd, &reading), 0);
	for (size_t i = 0; i < reading.count; i++) {
		ck_assert_uint_eq(strlen(reading.lines[i].text), reading.lines[i].len);
		str_addf(&taken, "%s\n", reading.lines[i].text);
	}
	if (is_stored)
		spool_forget(dir_fd, &reading);
	spool_reading_free(&reading);
	return str_text(&taken);
}

static const char *taken_now(void)
{
	return read_now(true);
}

START_TEST(nothing_is_owed)
{
	ck_assert_int_eq(spool_owed_wall_ms(dir_fd), INT64_MAX);
	ck_assert_str_eq(taken_now(), "");
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
	ck_assert_str_eq(read_now(false), "one\n");
	ck_assert_str_eq(read_now(false), "one\n");
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

/* Whose file came first does not matter. */
START_TEST(lines_of_two_runs_are_in_order)
{
	struct spool first = SPOOL_INIT;
	struct spool second = SPOOL_INIT;

	add(&first, "a");
	add(&second, "b");
	add(&first, "c");
	add(&second, "d");
	ck_assert_str_ne(first.name, second.name);
	ck_assert_str_eq(taken_now(), "a\nb\nc\nd\n");
	spool_close(&first);
	ck_assert_str_eq(taken_now(), "a\nb\nc\nd\n");
	ck_assert_str_eq(taken_now(), "b\nd\n");
	spool_close(&second);
	ck_assert_str_eq(taken_now(), "b\nd\n");
	ck_assert_str_eq(taken_now(), "");
}
END_TEST

static void write_file(const char *name, const char *text)
{
	char *path = mem_format("%s/" SPOOL_DIR, dir);

	(void)mkdirat(dir_fd, SPOOL_DIR, 0700);
	tempdir_file(path, name, text);
	free(path);
}

/* A clock that was set back, and lines without a time: a file's lines stay as they are. */
START_TEST(a_file_keeps_its_order)
{
	write_file("1", "2000000000000000009 one\n2000000000000000001 two\nthree\n12 four\n");
	/* The last one's is no time that there can be. */
	write_file("2", "{\"none\"}\n2000000000000000010 five\n9223372036854775808 six\n");
	ck_assert_str_eq(taken_now(), "{\"none\"}\none\ntwo\nthree\n12 four\nfive\n9223372036854775808 six\n");
}
END_TEST

/* What was added to it since it was read is not lost with it. */
START_TEST(what_has_grown_stays)
{
	struct spool spool = SPOOL_INIT;
	struct spool_reading reading;

	add(&spool, "one");
	ck_assert_int_eq(spool_read(dir_fd, &reading), 0);
	add(&spool, "two");
	spool_close(&spool);
	spool_forget(dir_fd, &reading);
	spool_reading_free(&reading);
	ck_assert_str_eq(taken_now(), "one\ntwo\n");
	ck_assert_str_eq(taken_now(), "");
}
END_TEST

START_TEST(a_line_that_does_not_fit_leaves_nothing)
{
	struct spool spool = SPOOL_INIT;
	struct rlimit limit = { .rlim_cur = 50, .rlim_max = RLIM_INFINITY };

	add(&spool, "one");
	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_lt(spool_add(&spool, dir_fd, "much too long", 13), 0);
	add(&spool, "two");
	spool_close(&spool);
	ck_assert_str_eq(taken_now(), "one\ntwo\n");
}
END_TEST

static size_t count_files(void)
{
	struct spool_reading reading;
	size_t count;

	ck_assert_int_eq(spool_read(dir_fd, &reading), 0);
	count = reading.file_count;
	spool_reading_free(&reading);
	return count;
}

/* On a full disk, run after run. */
START_TEST(a_run_that_can_add_nothing_leaves_no_file)
{
	struct spool spool = SPOOL_INIT;
	struct rlimit limit = { .rlim_cur = 8, .rlim_max = RLIM_INFINITY };

	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (int i = 0; i < 3; i++)
		ck_assert_int_lt(spool_add(&spool, dir_fd, "one", 3), 0);
	limit.rlim_cur = RLIM_INFINITY;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_uint_eq(count_files(), 0);
	add(&spool, "two");
	ck_assert_str_eq(taken_now(), "two\n");
	spool_close(&spool);
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
	spool_close(&spool);
	spool_close(&patient);
}
END_TEST

START_TEST(a_note_says_when)
{
	int64_t now = clock_read().wall_ms;

	ck_assert_int_eq(spool_owe(dir_fd, now + 20000), 0);
	ck_assert_int_eq(spool_owed_wall_ms(dir_fd), now + 20000);
	ck_assert_int_eq(spool_owe(dir_fd, now + 30000), 0);
	ck_assert_int_eq(spool_owed_wall_ms(dir_fd), now + 20000);
	ck_assert_int_eq(spool_owe(dir_fd, now + 10000), 0);
	ck_assert_int_eq(spool_owed_wall_ms(dir_fd), now + 10000);
	spool_take_owed(dir_fd);
	spool_drop_owed(dir_fd);
	ck_assert_int_eq(spool_owed_wall_ms(dir_fd), INT64_MAX);
	/* Farther ahead than any wait: the clock was set back. */
	ck_assert_int_eq(spool_owe(dir_fd, now + INT64_C(200000000)), 0);
	ck_assert_int_eq(spool_owed_wall_ms(dir_fd), 0);
}
END_TEST

/* Whoever spools something while a courier is about to end. */
START_TEST(who_comes_while_it_looks_is_not_forgotten)
{
	struct spool spool = SPOOL_INIT;
	int64_t now = clock_read().wall_ms;

	add(&spool, "one");
	spool_take_owed(dir_fd);
	ck_assert_int_eq(spool_owed_wall_ms(dir_fd), 0); /* it may be killed now */
	ck_assert_str_eq(taken_now(), "one\n");
	add(&spool, "two"); /* not by its first line */
	ck_assert_int_eq(spool_owe(dir_fd, now + 60000), 0);
	spool_drop_owed(dir_fd);
	ck_assert_int_le(spool_owed_wall_ms(dir_fd), clock_read().wall_ms);
	ck_assert_int_ge(spool_owed_wall_ms(dir_fd), now);
	spool_close(&spool);
}
END_TEST

/* A courier that was killed after it had taken the note is replaced, however late the next one would be due. */
START_TEST(a_killed_courier_is_replaced)
{
	ck_assert_int_eq(spool_owe(dir_fd, 0), 0);
	spool_take_owed(dir_fd);
	ck_assert_int_eq(spool_owe(dir_fd, clock_read().wall_ms + 60000), 0);
	ck_assert_int_eq(spool_owed_wall_ms(dir_fd), 0);
	spool_take_owed(dir_fd);
	spool_drop_owed(dir_fd);
	ck_assert_int_eq(spool_owed_wall_ms(dir_fd), INT64_MAX);
}
END_TEST

/* With a journal that takes nothing. */
START_TEST(there_is_an_end_to_it)
{
	struct spool first = SPOOL_INIT;
	struct spool second = SPOOL_INIT;
	char path[4096];

	write_file("1", "one\n");
	add(&first, "two");
	(void)snprintf(path, sizeof(path), "%s/" SPOOL_DIR "/1", dir);
	ck_assert_int_eq(truncate(path, SPOOL_MAX_BYTES + 1), 0);
	ck_assert_int_eq(spool_add(&second, dir_fd, "three", 5), -SPOOL_FULL);
	add(&first, "four"); /* who has begun goes on */
	ck_assert_int_eq(truncate(path, 4), 0);
	add(&second, "five");
	ck_assert_str_eq(taken_now(), "one\ntwo\nfour\nfive\n");
	spool_close(&first);
	spool_close(&second);
}
END_TEST

START_TEST(links_in_its_place_are_refused)
{
	struct spool spool = SPOOL_INIT;

	ck_assert_int_eq(symlinkat("/tmp", dir_fd, SPOOL_DIR), 0);
	ck_assert_int_lt(spool_add(&spool, dir_fd, "x", 1), 0);
	struct spool_reading reading;

	ck_assert_int_lt(spool_read(dir_fd, &reading), 0);
	spool_reading_free(&reading);
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
	tcase_add_test(tcase, lines_of_two_runs_are_in_order);
	tcase_add_test(tcase, a_file_keeps_its_order);
	tcase_add_test(tcase, what_has_grown_stays);
	tcase_add_test(tcase, a_line_that_does_not_fit_leaves_nothing);
	tcase_add_test(tcase, a_run_that_can_add_nothing_leaves_no_file);
	tcase_add_test(tcase, what_is_owed_earlier_stays_so);
	tcase_add_test(tcase, a_note_says_when);
	tcase_add_test(tcase, who_comes_while_it_looks_is_not_forgotten);
	tcase_add_test(tcase, a_killed_courier_is_replaced);
	tcase_add_test(tcase, there_is_an_end_to_it);
	tcase_add_test(tcase, links_in_its_place_are_refused);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(spool_suite())
