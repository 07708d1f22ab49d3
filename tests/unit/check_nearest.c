/* SPDX-License-Identifier: ISC */
/* nearest: typing errors find their word, other words find none. */
#include "watchdog/base/nearest.h"

#include "tests/unit/check_main.h"

static const char *const known[] = { "cloudevents", "slack", "discord", "ntfy", "template", NULL };

static const struct {
	const char *typed;
	const char *word;
} typed[] = {
	{ "slak", "slack" },
	{ "salck", "slack" },
	{ "slack", "slack" },
	{ "cloud_events", "cloudevents" },
	{ "discrod", "discord" },
	{ "xyzzy", NULL },
	{ "", NULL },
	{ "n", NULL },
	{ "thisisaverylongnamethatisnearnothingatall", NULL },
};

START_TEST(finds_the_nearest)
{
	ck_assert_pstr_eq(nearest_of(typed[_i].typed, known), typed[_i].word);
}
END_TEST

START_TEST(keeps_the_first_of_equals)
{
	struct nearest nearest = nearest_begin("abcX");

	nearest_consider(&nearest, "abcd");
	nearest_consider(&nearest, "abce");
	ck_assert_str_eq(nearest.word, "abcd");
	nearest_consider(&nearest, "abcX");
	ck_assert_str_eq(nearest.word, "abcX");
	nearest_consider(&nearest, "aWordThatIsLongerThanAnyOfOursEverIs");
	ck_assert_str_eq(nearest.word, "abcX");
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("nearest");
	TCase *tcase = tcase_create("nearest");

	tcase_add_loop_test(tcase, finds_the_nearest, 0, sizeof(typed) / sizeof(typed[0]));
	tcase_add_test(tcase, keeps_the_first_of_equals);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
