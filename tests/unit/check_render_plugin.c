/* SPDX-License-Identifier: ISC */
/* render_plugin: the summary, performance data, and one line for what is not well. */
#include "watchdog/report/render_plugin.h"

#include <string.h>

#include "tests/unit/check_main.h"
#include "tests/unit/snapshot_fixture.h"

static void expect(const struct snapshot *snapshot, const char *expected)
{
	struct health_verdict verdict;
	struct str text = STR_INIT;

	health_judge(snapshot, &verdict);
	render_plugin(snapshot, &verdict, &text);
	ck_assert_str_eq(str_text(&text), expected);
	str_free(&text);
}

START_TEST(says_that_all_is_well)
{
	struct snapshot snapshot = fixture_make(1);

	expect(&snapshot, "CRONHERD OK - 1 of 1 running | running=1;;;0;1 held=0;;;0 "
			  "unwell=0;;;0 restarts=2c;;;0 memory=47448064B;;;0 "
			  "round_age=12s;300;;0\n");
}
END_TEST

/* A "|" of a message must not look like performance data. */
START_TEST(names_the_unwell)
{
	struct snapshot snapshot = fixture_make(3);

	expect(&snapshot, "CRONHERD CRITICAL - 1 of 2 running, 1 held: mail:2 FATAL | "
			  "running=1;;;0;2 held=1;;;0 unwell=1;;;0 restarts=2c;;;0 "
			  "memory=47448064B;;;0 round_age=12s;300;;0\n"
			  "CRITICAL: mail:2 FATAL: failed 4 times: a / b; next try in 4min\n");
}
END_TEST

START_TEST(names_the_worst_first_and_not_all)
{
	struct snapshot_instance many[5];
	struct snapshot snapshot = fixture_make(0);
	struct health_verdict verdict;
	struct str text = STR_INIT;

	for (size_t i = 0; i < 5; i++)
		many[i] = fixture_instances[1];
	many[0].state = STATE_BACKOFF;
	many[4].state = STATE_UNKNOWN;
	many[4].id = "x:1";
	snapshot.instances = many;
	snapshot.count = 4;
	health_judge(&snapshot, &verdict);
	render_plugin(&snapshot, &verdict, &text);
	ck_assert_ptr_nonnull(
		strstr(str_text(&text), ": mail:2 FATAL, mail:2 FATAL, mail:2 FATAL and 1 more |"));
	str_free(&text);
	snapshot.instances = many + 3;
	snapshot.count = 2;
	health_judge(&snapshot, &verdict);
	render_plugin(&snapshot, &verdict, &text);
	ck_assert_ptr_nonnull(strstr(str_text(&text), ": mail:2 FATAL, x:1 UNKNOWN |"));
	str_free(&text);
}
END_TEST

START_TEST(tells_of_the_herd)
{
	char file[] = "/c/a.conf";
	char message[] = "no such option";
	struct config_error error = { .file = file, .line = 3, .message = message };
	struct snapshot snapshot = fixture_make(0);

	snapshot.errors = &error;
	snapshot.error_count = 1;
	snapshot.round_end_wall_ms = FIXTURE_WALL_MS - 900000;
	snapshot_add_stray(&snapshot, 12, "mail:9");
	snapshot_add_stray(&snapshot, 13, "mail:9");
	expect(&snapshot,
	       "CRONHERD WARNING - no instance, 1 configuration error, 2 strays, no round for "
	       "15min | running=0;;;0;0 held=0;;;0 unwell=0;;;0 restarts=0c;;;0 memory=0B;;;0 "
	       "round_age=900s;300;;0\n"
	       "WARNING: no round for 15min: does cron call `cronherd run`? See `cronherd "
	       "doctor`\n"
	       "WARNING: /c/a.conf:3: no such option\n"
	       "WARNING: processes with our mark that no instance owns: pid 12 (mail:9), 13 "
	       "(mail:9)\n");
	snapshot.instances = NULL; /* the fixture's */
	snapshot_free(&snapshot);
}
END_TEST

START_TEST(tells_of_memory)
{
	struct snapshot_instance bloated = fixture_instances[0];
	struct snapshot snapshot = fixture_make(1);
	struct health_verdict verdict;
	struct str text = STR_INIT;

	bloated.memory_bytes = 201326592;
	snapshot.instances = &bloated;
	health_judge(&snapshot, &verdict);
	render_plugin(&snapshot, &verdict, &text);
	ck_assert_int_eq(verdict.health, HEALTH_WARNING);
	ck_assert_ptr_nonnull(strstr(str_text(&text), "WARNING: mail:1 RUNNING: 192.0M of 128.0M "
						      "memory; running for 3h 2min\n"));
	str_free(&text);
}
END_TEST

START_TEST(says_that_nothing_can_be_said)
{
	struct str text = STR_INIT;

	render_plugin_failure("cannot read a|b", &text);
	ck_assert_str_eq(str_text(&text), "CRONHERD UNKNOWN - cannot read a/b\n");
	str_free(&text);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("render_plugin");
	TCase *tcase = tcase_create("render_plugin");

	tcase_add_test(tcase, says_that_all_is_well);
	tcase_add_test(tcase, names_the_unwell);
	tcase_add_test(tcase, names_the_worst_first_and_not_all);
	tcase_add_test(tcase, tells_of_the_herd);
	tcase_add_test(tcase, tells_of_memory);
	tcase_add_test(tcase, says_that_nothing_can_be_said);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
