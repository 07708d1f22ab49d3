/* SPDX-License-Identifier: ISC */
/* str: growing, handing over, lists; and that memory ends the process where it ends. */
#include "watchdog/base/str.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/check_main.h"
#include "watchdog/base/mem.h"

START_TEST(grows)
{
	struct str str = STR_INIT;

	ck_assert_str_eq(str_text(&str), "");
	for (size_t i = 0; i < 1000; i++) {
		str_add(&str, "ab");
		str_addf(&str, "%s", "cd");
		str_add_n(&str, "efgh", 1);
		ck_assert_uint_eq(str.len, 5 * (i + 1));
		ck_assert_uint_eq(strlen(str_text(&str)), str.len);
	}
	ck_assert_int_eq(strncmp(str_text(&str), "abcdeabcde", 10), 0);
	str_free(&str);
	ck_assert_str_eq(str_text(&str), "");
}
END_TEST

START_TEST(formats_beyond_any_cap)
{
	struct str str = STR_INIT;

	str_addf(&str, "%5000d|", 7);
	ck_assert_uint_eq(str.len, 5001);
	ck_assert_str_eq(str_text(&str) + 4999, "7|");
	str_free(&str);
}
END_TEST

START_TEST(hands_over)
{
	struct str str = STR_INIT;
	char *empty = str_take(&str);

	ck_assert_str_eq(empty, "");
	free(empty);
	str_add(&str, "x");
	char *text = str_take(&str);
	ck_assert_str_eq(text, "x");
	ck_assert_ptr_null(str.data);
	ck_assert_uint_eq(str.len, 0);
	free(text);
}
END_TEST

/* A list of _i items: each size at which the storage does or does not grow. */
START_TEST(keeps_lists)
{
	struct strlist list = STRLIST_INIT;
	struct strlist copy;

	ck_assert(!strlist_has(&list, "0"));
	for (int i = 0; i < _i; i++)
		strlist_take(&list, mem_format("%d", i));
	strlist_copy(&copy, &list);
	strlist_add(&list, "last");
	strlist_free(&list);
	ck_assert_uint_eq(copy.count, (size_t)_i);
	for (int i = 0; i < _i; i++)
		ck_assert_int_eq(atoi(copy.items[i]), i);
	if (_i > 0)
		ck_assert_ptr_null(copy.items[_i]);
	else
		ck_assert_ptr_null(copy.items);
	ck_assert(!strlist_has(&copy, "last"));
	ck_assert(_i == 0 || strlist_has(&copy, "0"));
	strlist_free(&copy);
	ck_assert_uint_eq(copy.count, 0);
}
END_TEST

START_TEST(copies_memory)
{
	char *text = mem_dup("abc");
	char *part = mem_dup_n(text, 2);
	char *zeroed = mem_alloc(8);

	ck_assert_str_eq(text, "abc");
	ck_assert_str_eq(part, "ab");
	ck_assert_mem_eq(zeroed, "\0\0\0\0\0\0\0", 8);
	ck_assert_ptr_null(mem_dup(NULL));
	free(text);
	free(part);
	free(zeroed);
}
END_TEST

START_TEST(ends_where_a_size_overflows)
{
	(void)mem_resize(NULL, SIZE_MAX / 2, 4);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("str");
	TCase *tcase = tcase_create("str");

	tcase_add_test(tcase, grows);
	tcase_add_test(tcase, formats_beyond_any_cap);
	tcase_add_test(tcase, hands_over);
	tcase_add_loop_test(tcase, keeps_lists, 0, 70);
	tcase_add_test(tcase, copies_memory);
	tcase_add_exit_test(tcase, ends_where_a_size_overflows, 3);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
