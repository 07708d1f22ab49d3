/* SPDX-License-Identifier: ISC */
/* columns: as wide as the widest, numbers to the right, nothing behind the last. */
#include "tests/unit/check_main.h"
#include "watchdog/report/columns.h"

START_TEST(side_by_side)
{
	static const char *const cells[] = { "NAME",   "OWED",	 "LAST", "a", "7",
					     "200 OK", "wörker", "1000", "" };
	struct strlist list = STRLIST_INIT;
	struct str text = STR_INIT;

	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
		strlist_add(&list, cells[i]);
	columns_render(&list, 3, 1U << 1, &text);
	ck_assert_str_eq(str_text(&text), "NAME    OWED  LAST\n"
					  "a          7  200 OK\n"
					  "wörker  1000  -\n");
	str_free(&text);
	strlist_free(&list);
}
END_TEST

START_TEST(no_cells_no_text)
{
	struct strlist list = STRLIST_INIT;
	struct str text = STR_INIT;

	columns_render(&list, 3, 0, &text);
	ck_assert_str_eq(str_text(&text), "");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("columns");
	TCase *t = tcase_create("columns");

	tcase_add_test(t, side_by_side);
	tcase_add_test(t, no_cells_no_text);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite())
