/* SPDX-License-Identifier: ISC */
/* clock: text of readings, ticks, and that both clocks go. */
#include "watchdog/base/clock.h"

#include <unistd.h>

#include "tests/unit/check_main.h"

static const struct {
	int64_t wall_ms;
	const char *text;
} moments[] = {
	{ 0, "1970-01-01T00:00:00.000Z" },
	{ 1795232040123, "2026-11-21T03:34:00.123Z" },
	{ 951782400000, "2000-02-29T00:00:00.000Z" },
	{ -1, "1969-12-31T23:59:59.999Z" },
	{ -1000, "1969-12-31T23:59:59.000Z" },
	{ INT64_MAX, "292278994-08-17T07:12:55.807Z" },
	{ INT64_MIN, "-292275055-05-16T16:47:04.192Z" },
};

START_TEST(writes_moments)
{
	char buf[CLOCK_RFC3339_SIZE];

	ck_assert_str_eq(clock_rfc3339(moments[_i].wall_ms, buf), moments[_i].text);
}
END_TEST

START_TEST(converts_ticks)
{
	uint64_t per_second = (uint64_t)sysconf(_SC_CLK_TCK);

	ck_assert_int_eq(clock_from_ticks(0), 0);
	ck_assert_int_eq(clock_from_ticks(per_second), 1000);
	ck_assert_int_eq(clock_from_ticks(per_second * 7 + per_second / 2), 7500);
	ck_assert_int_eq(clock_from_ticks(per_second * 86400 * 36500), INT64_C(3153600000000));
	ck_assert_int_eq(clock_from_ticks(UINT64_MAX / 1000 * per_second), CLOCK_NEVER);
}
END_TEST

START_TEST(reads_clocks_that_do_not_step_back)
{
	struct clock first = clock_read();
	struct clock second = clock_read();

	ck_assert_int_gt(first.boot_ms, 0);
	ck_assert_int_ge(second.boot_ms, first.boot_ms);
	ck_assert_int_gt(first.wall_ms, INT64_C(1500000000000));
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("clock");
	TCase *tcase = tcase_create("clock");

	tcase_add_loop_test(tcase, writes_moments, 0, sizeof(moments) / sizeof(moments[0]));
	tcase_add_test(tcase, converts_ticks);
	tcase_add_test(tcase, reads_clocks_that_do_not_step_back);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
