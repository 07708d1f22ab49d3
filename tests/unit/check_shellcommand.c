/* SPDX-License-Identifier: ISC */
#include "watchdog/import/shellcommand.h"

#include <stdlib.h>

#include "tests/unit/check_main.h"

static const struct {
	const char *text, *made;
	bool is_shell;
} cases[] = {
	{ "php artisan queue:work", "php artisan queue:work", false },
	{ "a 'b $c | d' \"e;f\"", "a 'b $c | d' \"e;f\"", false },
	{ "a \\$b \\; c", "a \\$b \\; c", false },
	{ "exec a b", "a b", false },
	{ "executable a", "executable a", false },
	{ "a --x=1 b=2 c~ d#", "a --x=1 b=2 c~ d#", false },
	{ "a $B", "exec a $B", true },
	{ "exec a $B", "exec a $B", true },
	{ "a \"$B\"", "exec a \"$B\"", true },
	{ "a `b`", "exec a `b`", true },
	{ "a *.php", "exec a *.php", true },
	{ "a >log", "exec a >log", true },
	{ "a b{1,2}", "exec a b{1,2}", true },
	{ "~/bin/a", "exec ~/bin/a", true },
	{ "a #b", "exec a #b", true },
	{ "A=1 b", "exec env A=1 b", true },
	{ "a | b", "a | b", true },
	{ "a && b", "a && b", true },
	{ "a; b", "a; b", true },
	{ "(a)", "(a)", true },
	{ "{ a; }", "{ a; }", true },
	{ "! a", "! a", true },
	{ "cd x", "cd x", true },
	{ ". ./env", ". ./env", true },
	{ "while true", "while true", true },
	{ "a 'b", "a 'b", true },
	{ "a \"b", "a \"b", true },
};

START_TEST(makes)
{
	bool is_shell;
	char *made = shellcommand_make(cases[_i].text, &is_shell);

	ck_assert_str_eq(made, cases[_i].made);
	ck_assert_int_eq(is_shell, cases[_i].is_shell);
	free(made);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("shellcommand");
	TCase *tcase = tcase_create("shellcommand");

	tcase_add_loop_test(tcase, makes, 0, sizeof(cases) / sizeof(cases[0]));
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
