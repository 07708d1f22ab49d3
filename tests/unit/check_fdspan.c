/* SPDX-License-Identifier: ISC */
/* fdspan: just those descriptors that it was given are closed, whatever lies between and behind them. */
#include "pidfiles/fdspan.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/unit/check_main.h"
#include "tests/unit/pidfiles_fixture.h"

/* Far above what Check and the sanitizers have open. */
enum { FIRST = 200 };

static void open_at(int fd)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(null, 0);
	ck_assert_int_eq(dup3(null, fd, O_CLOEXEC), fd);
	ck_assert_int_eq(close(null), 0);
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void open_row(int count)
{
	for (int i = 0; i < count; i++)
		open_at(FIRST + i);
}

/* How many of COUNT are open. */
static int open_count(int count)
{
	int open = 0;

	for (int i = 0; i < count; i++)
		open += is_open(FIRST + i);
	return open;
}

START_TEST(test_close)
{
	open_row(10);
	fdspan_close(FIRST + 2, FIRST + 7);
	ck_assert_int_eq(open_count(10), 4);
	ck_assert(is_open(FIRST + 1) && is_open(FIRST + 8));
	fdspan_close(FIRST + 5, FIRST + 4); /* nothing */
	ck_assert_int_eq(open_count(10), 4);
	fdspan_close(FIRST, INT_MAX);
	ck_assert_int_eq(open_count(10), 0);
}
END_TEST

START_TEST(test_span)
{
	struct fdspan span = FDSPAN_INIT;

	open_row(3 * FDSPAN_MAX + 1);
	for (int i = 0; i < 3 * FDSPAN_MAX; i++) {
		fdspan_add(&span, FIRST + i);
		ck_assert_int_lt(span.count, FDSPAN_MAX);
	}
	fdspan_end(&span);
	ck_assert_int_eq(open_count(3 * FDSPAN_MAX + 1), 1);
	ck_assert(is_open(FIRST + 3 * FDSPAN_MAX));
	fdspan_end(&span); /* once more: nothing */
	ck_assert(is_open(FIRST + 3 * FDSPAN_MAX));
	fdspan_add(&span, FIRST + 3 * FDSPAN_MAX);
	fdspan_end(&span);
	ck_assert_int_eq(open_count(3 * FDSPAN_MAX + 1), 0);
}
END_TEST

/* Descriptors of somebody else's lie between, and below. */
START_TEST(test_gaps)
{
	static const int given[] = { 0, 1, 3, 4, 5, 2, 8, 7 };
	struct fdspan span = FDSPAN_INIT;

	open_row(10);
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++)
		fdspan_add(&span, FIRST + given[i]);
	fdspan_end(&span);
	ck_assert_int_eq(open_count(10), 2);
	ck_assert(is_open(FIRST + 6) && is_open(FIRST + 9));
	fdspan_close(FIRST, FIRST + 9);
}
END_TEST

/* A kernel that does not know close_range(2). */
static int close_on_an_old_kernel(void *data)
{
	struct fdspan span = FDSPAN_INIT;

	(void)data;
	FIXTURE_EXPECT(fixture_deny(SYS_close_range, -1, ENOSYS) == 0);
	for (int i = 2; i < 8; i++)
		fdspan_add(&span, FIRST + i);
	fdspan_end(&span);
	FIXTURE_EXPECT(open_count(10) == 4);
	fdspan_close(FIRST, INT_MAX);
	FIXTURE_EXPECT(open_count(10) == 0);
	return 0;
}

START_TEST(test_old_kernel)
{
	open_row(10);
	ck_assert_int_eq(fixture_in_child(close_on_an_old_kernel, NULL), 0);
	fdspan_close(FIRST, FIRST + 9);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("fdspan");
	TCase *tests = tcase_create("all");

	tcase_add_test(tests, test_close);
	tcase_add_test(tests, test_span);
	tcase_add_test(tests, test_gaps);
	tcase_add_test(tests, test_old_kernel);
	suite_add_tcase(all, tests);
	return all;
}

CHECK_MAIN(suite())
