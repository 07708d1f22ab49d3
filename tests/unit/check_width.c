/* SPDX-License-Identifier: ISC */
/* width: columns of names in several scripts. */
#include "watchdog/report/width.h"

#include "tests/unit/check_main.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

static const struct {
	const char *text;
	size_t columns;
} widths[] = {
	{ "", 0 },
	{ "mail:1", 6 },
	{ "grün", 4 },
	{ "gru\xcc\x88n", 4 },
	{ "作業", 4 },
	{ "한국", 4 },
	{ "файл", 4 },
	{ "a\xe2\x80\x8b"
	  "b",
	  2 },
	{ "📬", 2 },
	{ "\xff\xfe", 2 },
};

START_TEST(counts_columns)
{
	ck_assert_uint_eq(width_of(widths[_i].text), widths[_i].columns);
}
END_TEST

static const struct {
	const char *text;
	size_t columns;
	size_t bytes;
} prefixes[] = {
	{ "mail", 10, 4 }, { "mail", 4, 4 }, { "mail", 3, 3 },
	{ "mail", 0, 0 },  { "grün", 3, 4 }, { "作業", 3, 3 },
	{ "作業", 1, 0 },  { "作業", 4, 6 }, { "u\xcc\x88n", 1, 3 },
};

START_TEST(cuts_between_characters)
{
	ck_assert_uint_eq(width_prefix(prefixes[_i].text, prefixes[_i].columns),
			  prefixes[_i].bytes);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("width");
	TCase *tcase = tcase_create("width");

	tcase_add_loop_test(tcase, counts_columns, 0, COUNT(widths));
	tcase_add_loop_test(tcase, cuts_between_characters, 0, COUNT(prefixes));
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
