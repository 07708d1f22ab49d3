/* SPDX-License-Identifier: ISC */
/* err: texts, contexts in front of them, cuts, and exit statuses. */
#include "watchdog/base/err.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/check_main.h"

START_TEST(sets_and_wraps)
{
	struct err err = ERR_INIT;

	ck_assert_int_eq(err_set(&err, ERR_SYSTEM, ENOENT, "cannot open %s", "x"), -1);
	ck_assert_str_eq(err.text, "cannot open x: No such file or directory");
	ck_assert_int_eq(err.kind, ERR_SYSTEM);
	ck_assert_int_eq(err.sys_errno, ENOENT);
	ck_assert_int_eq(err_wrap(&err, "lease %d", 1), -1);
	ck_assert_str_eq(err.text, "lease 1: cannot open x: No such file or directory");
	ck_assert_int_eq(err.sys_errno, ENOENT);
}
END_TEST

START_TEST(forgets_what_was_set_before)
{
	struct err err = ERR_INIT;

	err_set(&err, ERR_SYSTEM, EIO, "first");
	err_set(&err, ERR_USAGE, 0, "second");
	ck_assert_str_eq(err.text, "second");
	ck_assert_int_eq(err.sys_errno, 0);
}
END_TEST

START_TEST(takes_null)
{
	ck_assert_int_eq(err_set(NULL, ERR_USAGE, 0, "x"), -1);
	ck_assert_int_eq(err_wrap(NULL, "x"), -1);
}
END_TEST

START_TEST(stays_on_one_line)
{
	struct err err = ERR_INIT;

	err_set(&err, ERR_CONFIG, 0, "no target \"%s\"", "a\nb\033[31m\177ü");
	ck_assert_str_eq(err.text, "no target \"a?b?[31m?ü\"");
}
END_TEST

/* The text is cut wherever _i puts its end: never inside a character. */
START_TEST(is_cut_between_characters)
{
	struct err err = ERR_INIT;
	char longest[sizeof(err.text) + 8];

	memset(longest, 'a', (size_t)_i);
	for (size_t i = (size_t)_i; i + 4 < sizeof(longest); i += 4)
		memcpy(longest + i, "\xF0\x9F\x90\x83", 5);
	err_set(&err, ERR_SYSTEM, EIO, "%s", longest);
	size_t len = strlen(err.text);
	ck_assert_uint_lt(len, sizeof(err.text));
	ck_assert_uint_ge(len, sizeof(err.text) - 4);
	ck_assert_uint_eq((len - (size_t)_i) % 4, 0);
	err_wrap(&err, "abc");
	ck_assert_uint_lt(strlen(err.text), sizeof(err.text));
}
END_TEST

START_TEST(gives_exit_statuses)
{
	static const int statuses[] = {
		[ERR_NONE] = 0,
		[ERR_USAGE] = 2,
		[ERR_CONFIG] = 2,
		[ERR_SYSTEM] = 3,
	};
	struct err err = { .kind = (enum err_kind)_i };

	ck_assert_int_eq(err_exit_status(&err), statuses[_i]);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("err");
	TCase *tcase = tcase_create("err");

	tcase_add_test(tcase, sets_and_wraps);
	tcase_add_test(tcase, forgets_what_was_set_before);
	tcase_add_test(tcase, takes_null);
	tcase_add_test(tcase, stays_on_one_line);
	tcase_add_loop_test(tcase, is_cut_between_characters, 1, 5);
	tcase_add_loop_test(tcase, gives_exit_statuses, ERR_NONE, ERR_SYSTEM + 1);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
