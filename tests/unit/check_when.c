/* SPDX-License-Identifier: ISC */
/* when: moments as people write them. */
#include <stdlib.h>
#include <time.h>

#include "tests/unit/check_main.h"
#include "watchdog/verbs/when.h"

#define NOW_MS INT64_C(1795232040000) /* 2026-11-21T03:34:00Z */

static const struct row {
	const char *text;
	int64_t wall_ms;
} rows[] = {
	{ "2h", NOW_MS - 7200000 },
	{ "1d12h", NOW_MS - 129600000 },
	{ "90", NOW_MS - 90000 },
	{ "0", NOW_MS },
	{ "2026-11-21T03:34:00Z", NOW_MS },
	{ "2026-11-21t03:34:00z", NOW_MS },
	{ "2026-11-21 03:34:00Z", NOW_MS },
	{ "2026-11-21T03:34:00.5Z", NOW_MS + 500 },
	{ "2026-11-21T03:34:00.123456789Z", NOW_MS + 123 },
	{ "2026-11-21T05:34:00+02:00", NOW_MS },
	{ "2026-11-20T22:04:00-05:30", NOW_MS },
	{ "2026-11-21T03:34Z", NOW_MS },
	{ "1970-01-01T00:00:00Z", 0 },
	{ "2016-12-31T23:59:60Z", INT64_C(1483228800000) },
	{ "2024-02-29T00:00:00Z", INT64_C(1709164800000) },
	/* Local time is that of Calcutta here, half past. */
	{ "2026-11-21", NOW_MS - 12840000 - 19800000 },
	{ "2026-11-21 09:04", NOW_MS },
	{ "2026-11-21 09:04:00", NOW_MS },
	{ "2026-11-21T09:04:00.25", NOW_MS + 250 },
};

START_TEST(is_understood)
{
	int64_t wall_ms = -1;

	ck_assert_int_eq(setenv("TZ", "IST-5:30", 1), 0);
	tzset();
	ck_assert_msg(when_parse(rows[_i].text, NOW_MS, &wall_ms) == 0, "%s", rows[_i].text);
	ck_assert_msg(wall_ms == rows[_i].wall_ms, "%s: %lld", rows[_i].text, (long long)wall_ms);
}
END_TEST

static const char *const others[] = {
	"", " ", "yesterday", "-1h", "2026-11", "2026-11-21T", "2026-11-21 3:34",
	"2026-11-21T03:34:00ZZ", "2026-11-21T03:34:00 Z", "2026-11-21T03:34:00+2",
	"2026-11-21T03:34:00+02:00x", "2026-11-21T03:34:00+24:00", "2026-11-21T03:34:00.Z",
	"2026-13-01", "2026-00-01", "2026-02-30", "2025-02-29", "2026-11-00", "2026-11-32",
	"2026-11-21T24:00:00Z", "2026-11-21T03:60:00Z", "2026-11-21T03:34:61Z", "2026-11-21x",
	"2026/11/21", "26-11-21", "2026-11-21T03", "03:34",
};

START_TEST(is_refused)
{
	int64_t wall_ms;

	ck_assert_msg(when_parse(others[_i], NOW_MS, &wall_ms) == -1, "%s", others[_i]);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("when");
	TCase *tests = tcase_create("all");

	tcase_add_loop_test(tests, is_understood, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_loop_test(tests, is_refused, 0, sizeof(others) / sizeof(others[0]));
	suite_add_tcase(suite, tests);
	return suite;
}

CHECK_MAIN(make_suite())
