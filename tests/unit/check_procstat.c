/* SPDX-License-Identifier: ISC */
/* check_procstat: texts of /proc/PID/stat, whole, hostile and broken. */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "pidfiles/proc.h"
#include "tests/unit/check_main.h"
#include "tests/unit/pidfiles_fixture.h"

#define REST                                                                                       \
	" S 10 20 30 34816 -1 4194560 1 2 3 4 55 66 7 8 20 0 3 0 123456789 4096 777 "              \
	"18446744073709551615 26 27 28 29 30 31 32 33 34 35 36 37 -1 39 40 41 42 43 44 45 "        \
	"46 47 48 49 50 51 256\n"

/* Parses a copy without room behind it, so that a sanitizer sees any reading too far. */
static int parse(const char *text, size_t len, struct procstat *out)
{
	char *copy = malloc(len ? len : 1);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, text, len);
	int rc = procstat_parse(copy, len, out);
	free(copy);
	return rc;
}

static void assert_is_rest(const struct procstat *stat, pid_t pid)
{
	ck_assert_int_eq(stat->pid, pid);
	ck_assert_int_eq(stat->state, 'S');
	ck_assert_int_eq(stat->ppid, 10);
	ck_assert_int_eq(stat->pgrp, 20);
	ck_assert_int_eq(stat->session, 30);
	ck_assert_uint_eq(stat->flags, 4194560);
	ck_assert_uint_eq(stat->utime_ticks, 55);
	ck_assert_uint_eq(stat->stime_ticks, 66);
	ck_assert_int_eq(stat->num_threads, 3);
	ck_assert_uint_eq(stat->start_ticks, 123456789);
	ck_assert_uint_eq(stat->rss_pages, 777);
}

static const char *const names[] = {
	"(sleep)", "()",	"(a b)",      "() R 1 ()", "(a\nb) Z)",
	"(((()",   "() Z 1 1)", "(\xff\x80)", "() X)",	   "(1 (x) R 2 3 4 5 6)",
};

START_TEST(test_names)
{
	struct procstat stat;
	char text[1024];

	(void)snprintf(text, sizeof(text), "4321 %s" REST, names[_i]);
	ck_assert_int_eq(parse(text, strlen(text), &stat), 0);
	assert_is_rest(&stat, 4321);
	ck_assert_int_eq(stat.exit_status, 0); /* it has not ended */
}
END_TEST

START_TEST(test_exit_status_of_who_has_ended)
{
	static const char states[] = "ZXx";
	struct procstat stat;

	for (const char *state = states; *state; state++) {
		char text[] = "4321 (a)" REST;

		text[strlen("4321 (a) ")] = *state;
		ck_assert_int_eq(parse(text, strlen(text), &stat), 0);
		ck_assert_int_eq(stat.exit_status, 256);
		/* Not a number there: nothing is taken. */
		memcpy(strstr(text, " 256"), " 2a6", 4);
		ck_assert_int_eq(parse(text, strlen(text), &stat), 0);
		memcpy(strstr(text, " 2a6"), " -a6", 4);
		ck_assert_int_eq(parse(text, strlen(text), &stat), -EBADMSG);
	}
}
END_TEST

static const char *const bad_texts[] = {
	"",
	"\n",
	"1",
	"1 ",
	"1 (",
	"1 (a)",
	"1 (a) ",
	"(a) S",
	" 1 (a)" REST,
	"-1 (a)" REST,
	"+1 (a)" REST,
	"1(a)" REST,
	"1 a" REST,
	"2147483648 (a)" REST,
	"99999999999999999999999 (a)" REST,
	"1 (a) 7 10 20 30 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 9 4096 7\n",	/* no state letter */
	"1 (a) SS 10 20 30 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 9 4096 7\n", /* two */
	"1 (a) S  10 20 30 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 9 4096 7\n", /* two blanks */
	"1 (a) S 10 20 30 0 -1 -5 1 2 3 4 5 6 7 8 20 0 1 0 9 4096 7\n", /* flags below 0 */
	"1 (a) S 10 20 30 0 -1 4294967296 1 2 3 4 5 6 7 8 20 0 1 0 9 4096 7\n", /* too large */
	"1 (a) S 10 20 30 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 -9 4096 7\n",		/* start below 0 */
	"1 (a) S 10 20 30 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 18446744073709551616 4096 7\n",
	"1 (a) S 10 20 30 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 9 4096\n",	/* 23 fields */
	"1 (a) S 10 20 30 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 9 4096 7",	/* cut in the 24th */
	"1 (a) S 10 20 30 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 9 4096 7x\n", /* not a number */
};

START_TEST(test_bad)
{
	struct procstat stat;

	ck_assert_int_eq(parse(bad_texts[_i], strlen(bad_texts[_i]), &stat), -EBADMSG);
}
END_TEST

START_TEST(test_nul_is_no_end)
{
	struct procstat stat;
	static const char text[] = "1 (a\0b)" REST;

	ck_assert_int_eq(parse(text, sizeof(text) - 1, &stat), 0);
	assert_is_rest(&stat, 1);
}
END_TEST

START_TEST(test_pgrp_may_be_negative)
{
	struct procstat stat;
	static const char text[] = "9 (a) X 0 -1 -1 0 -1 0 1 2 3 4 5 6 7 8 20 0 0 0 9 0 0\n";

	ck_assert_int_eq(parse(text, sizeof(text) - 1, &stat), 0);
	ck_assert_int_eq(stat.pgrp, -1);
	ck_assert_int_eq(stat.session, -1);
	ck_assert_int_eq(stat.exit_status, 0);
	ck_assert(procstat_has_ended(&stat));
}
END_TEST

START_TEST(test_truncated)
{
	static const char text[] = "4321 () R 1 ()" REST;
	struct procstat stat;
	size_t field24 = (size_t)(strstr(text, " 777 ") - text) + 5;

	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		int rc = parse(text, len, &stat);
		if (len < field24)
			ck_assert_int_eq(rc, -EBADMSG);
		else if (rc == 0)
			assert_is_rest(&stat, 4321);
		else
			ck_assert_int_eq(rc, -EBADMSG);
	}
}
END_TEST

START_TEST(test_bit_flips)
{
	char text[] = "4321 (x)" REST;
	struct procstat stat;

	for (size_t bit = 0; bit < (sizeof(text) - 1) * 8; bit++) {
		text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
		int rc = parse(text, sizeof(text) - 1, &stat);
		ck_assert(rc == -EBADMSG || (rc == 0 && stat.pid >= 0 && stat.num_threads >= 0));
		text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
	}
}
END_TEST

static const struct {
	char state;
	long threads;
	bool ended;
} endings[] = {
	{ 'R', 1, false }, { 'S', 1, false }, { 'D', 1, false }, { 'T', 1, false },
	{ 't', 1, false }, { 'I', 1, false }, { 'Z', 1, true },	 { 'Z', 0, true },
	{ 'Z', 2, false }, { 'X', 1, true },  { 'X', 0, true },	 { 'x', 0, true },
};

START_TEST(test_endings)
{
	struct procstat stat = { .state = endings[_i].state, .num_threads = endings[_i].threads };

	ck_assert_int_eq(procstat_has_ended(&stat), endings[_i].ended);
}
END_TEST

START_TEST(test_kernel_thread)
{
	struct procstat stat;
	static const char text[] = "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 24 "
				   "0 0 18446744073709551615 0\n";

	ck_assert_int_eq(parse(text, sizeof(text) - 1, &stat), 0);
	ck_assert(procstat_is_kernel_thread(&stat));
	ck_assert_int_eq(parse("9 (x)" REST, strlen("9 (x)" REST), &stat), 0);
	ck_assert(!procstat_is_kernel_thread(&stat));
}
END_TEST

static int wait_under_a_name(void *name)
{
	(void)prctl(PR_SET_NAME, name);
	return fixture_wait_for_ever(NULL);
}

static bool has_comm(int root, pid_t pid, const char *comm)
{
	char path[64];
	char text[64] = "";

	(void)snprintf(path, sizeof(path), "%d/comm", (int)pid);
	int fd = openat(root, path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ssize_t len = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	return len > 0 && strncmp(text, comm, strlen(comm)) == 0;
}

static char living_names[][16] = { ") R 1 (", "a\nb) Z", ") Z 0 0 0" };

START_TEST(test_living_names)
{
	struct proc proc = PROC_INIT;
	struct procstat stat;

	ck_assert_int_eq(proc_open(&proc, "/proc", true), 0);
	pid_t child = fixture_spawn(wait_under_a_name, living_names[_i]);
	FIXTURE_EVENTUALLY(has_comm(proc.dirfd, child, living_names[_i]));
	ck_assert_int_eq(proc_stat(&proc, child, &stat), 0);
	ck_assert_int_eq(stat.pid, child);
	ck_assert_int_eq(stat.ppid, getpid());
	ck_assert_int_eq(stat.session, getsid(0));
	ck_assert_int_eq(stat.num_threads, 1);
	ck_assert(!procstat_has_ended(&stat));
	fixture_end(child);
	proc_close(&proc);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

static Suite *suite(void)
{
	Suite *all = suite_create("procstat");
	TCase *tests = tcase_create("procstat");

	tcase_add_loop_test(tests, test_names, 0, COUNT(names));
	tcase_add_test(tests, test_exit_status_of_who_has_ended);
	tcase_add_loop_test(tests, test_bad, 0, COUNT(bad_texts));
	tcase_add_test(tests, test_nul_is_no_end);
	tcase_add_test(tests, test_pgrp_may_be_negative);
	tcase_add_test(tests, test_truncated);
	tcase_add_test(tests, test_bit_flips);
	tcase_add_loop_test(tests, test_endings, 0, COUNT(endings));
	tcase_add_test(tests, test_kernel_thread);
	tcase_add_loop_test(tests, test_living_names, 0, COUNT(living_names));
	tcase_set_timeout(tests, 60);
	suite_add_tcase(all, tests);
	return all;
}

CHECK_MAIN(suite())
