/* SPDX-License-Identifier: ISC */
/* utf8: what is a character, what is repaired, and what never reaches a terminal. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/check_main.h"
#include "watchdog/base/mem.h"
#include "watchdog/base/utf8.h"

static const struct line {
	const char *text, *expected;
} lines[] = {
	{ "", "" },
	{ "plain Grüße \xe2\x82\xac \xf0\x9f\x90\x9d",
	  "plain Grüße \xe2\x82\xac \xf0\x9f\x90\x9d" },
	{ "a\tb\nc\rd\x7f", "a?b?c?d?" },
	{ "\x1b[2J", "?[2J" },
	{ "\xc2\x9b[", "??[" }, /* U+009B: an escape and a bracket in one */
	{ "\xc2\x80\xc2\x9f\xc2\xa0", "????\xc2\xa0" },
	{ "\x9b[", "?[" },
	{ "\xff\xc3", "??" },
	{ "\xc0\xaf\xed\xa0\x80", "?????" }, /* overlong, a surrogate */
};

START_TEST(lines_steer_nothing)
{
	char *text = mem_dup(lines[_i].text);

	utf8_make_line(text);
	ck_assert_str_eq(text, lines[_i].expected);
	free(text);
}
END_TEST

static const struct repair {
	const char *text;
	size_t len;
	const char *expected;
} repairs[] = {
	{ "", 0, "" },
	{ "ab", 2, "ab" },
	{ "a\0b", 3, "a\xef\xbf\xbd\x62" },
	{ "\xc3", 1, "\xef\xbf\xbd" },
	{ "\xc3\xbc\xff\xc3\xbc", 5, "\xc3\xbc\xef\xbf\xbd\xc3\xbc" },
	{ "\xf0\x9f\x90", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
};

START_TEST(is_repaired)
{
	struct str out = STR_INIT;

	utf8_repair(repairs[_i].text, repairs[_i].len, &out);
	ck_assert_str_eq(str_text(&out), repairs[_i].expected);
	str_free(&out);
}
END_TEST

START_TEST(values_have_no_control_characters)
{
	ck_assert(utf8_is_value(""));
	ck_assert(utf8_is_value("a\tb\nc ü"));
	ck_assert(!utf8_is_value("a\x1b"));
	ck_assert(!utf8_is_value("a\r"));
	ck_assert(!utf8_is_value("\xff"));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("utf8");
	TCase *tests = tcase_create("all");

	tcase_add_loop_test(tests, lines_steer_nothing, 0, sizeof(lines) / sizeof(lines[0]));
	tcase_add_loop_test(tests, is_repaired, 0, sizeof(repairs) / sizeof(repairs[0]));
	tcase_add_test(tests, values_have_no_control_characters);
	suite_add_tcase(suite, tests);
	return suite;
}

CHECK_MAIN(make_suite())
