/* SPDX-License-Identifier: ISC */
/* render_table: alignment, colour, cutting, the line below. */
#include "watchdog/report/render_table.h"

#include <string.h>

#include "tests/unit/check_main.h"
#include "tests/unit/snapshot_fixture.h"

static void expect(size_t count, struct render_table_options options, const char *expected)
{
	struct snapshot snapshot = fixture_make(count);
	struct str text = STR_INIT;

	render_table(&snapshot, &options, &text);
	ck_assert_str_eq(str_text(&text), expected);
	str_free(&text);
}

START_TEST(aligns_columns)
{
	expect(3, (struct render_table_options){ 0 },
	       "ID           STATE     PID   UPTIME           MEMORY  RESTARTS  "
	       "LAST EXIT                     WHY AND NEXT\n"
	       "mail:1       RUNNING  4711  3h 2min  45.2M of 128.0M         2  "
	       "0 (memory_limit) 3h 2min ago  running for 3h 2min\n"
	       "mail:2       FATAL       -        -                -         0  "
	       "SEGV 5s ago                   failed 4 times: a | b; next try in 4min\n"
	       "grün-作業:1  STOPPED     -        -                -         0  - "
	       "                            held by deploy until 2027-01-15T09:00:00Z\n");
}
END_TEST

START_TEST(colours_states)
{
	struct snapshot snapshot = fixture_make(3);
	struct render_table_options options = { .has_color = true };
	struct str text = STR_INIT;

	render_table(&snapshot, &options, &text);
	ck_assert_ptr_nonnull(strstr(str_text(&text), "\033[32mRUNNING\033[0m  4711"));
	ck_assert_ptr_nonnull(strstr(str_text(&text), "\033[31mFATAL\033[0m       -"));
	ck_assert_ptr_nonnull(strstr(str_text(&text), "\033[33mSTOPPED\033[0m     -"));
	ck_assert_ptr_null(strstr(str_text(&text), "m\033[32mSTATE"));
	str_free(&text);
}
END_TEST

START_TEST(cuts_lines)
{
	expect(3, (struct render_table_options){ .columns = 24 },
	       "ID           STATE     …\n"
	       "mail:1       RUNNING  4…\n"
	       "mail:2       FATAL     …\n"
	       "grün-作業:1  STOPPED   …\n");
	expect(3, (struct render_table_options){ .columns = 8, .has_color = true },
	       "ID     …\nmail:1 …\nmail:2 …\ngrün-作…\n");
}
END_TEST

START_TEST(sums_up)
{
	struct snapshot snapshot = fixture_make(0);
	struct render_table_options options = { .has_summary = true };
	struct str text = STR_INIT;

	expect(0, options,
	       "ID  STATE  PID  UPTIME  MEMORY  RESTARTS  LAST EXIT  WHY AND NEXT\n"
	       "\nlast round 12s ago\n");
	snapshot.round_end_wall_ms = 0;
	snapshot.count = 1;
	snapshot.by_state[STATE_RUNNING] = 1;
	render_table(&snapshot, &options, &text);
	ck_assert_ptr_nonnull(strstr(str_text(&text), "\n\n1 RUNNING; no round yet\n"));
	str_free(&text);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("render_table");
	TCase *tcase = tcase_create("render_table");

	tcase_add_test(tcase, aligns_columns);
	tcase_add_test(tcase, colours_states);
	tcase_add_test(tcase, cuts_lines);
	tcase_add_test(tcase, sums_up);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
