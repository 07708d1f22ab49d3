/* SPDX-License-Identifier: ISC */
/* render_json: parsed again, it has the members of INTERFACE.md, with null where there is no value.
 */
#include "watchdog/report/render_json.h"

#include <jansson.h>

#include "tests/unit/check_main.h"
#include "tests/unit/snapshot_fixture.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

static json_t *parse(const struct snapshot *snapshot)
{
	struct str text = STR_INIT;
	json_error_t error;
	json_t *json;

	render_json(snapshot, &text);
	json = json_loads(str_text(&text), JSON_REJECT_DUPLICATES, &error);
	ck_assert_msg(json != NULL, "%d: %s", error.line, error.text);
	str_free(&text);
	return json;
}

static json_t *instance(json_t *json, size_t index)
{
	return json_array_get(json_object_get(json, "instances"), index);
}

static const char *text_of(json_t *json, const char *key)
{
	return json_string_value(json_object_get(json, key));
}

static const char *const members[] = {
	"id",	      "worker",	  "instance",  "state",		"pid",
	"started_at", "uptime_s", "rss_bytes", "memory_bytes",	"memory_limit_bytes",
	"restarts",   "hold",	  "last_exit", "next_start_at", "config",
	"why",
};

START_TEST(has_every_member)
{
	struct snapshot snapshot = fixture_make(3);
	json_t *json = parse(&snapshot);

	for (size_t i = 0; i < 3; i++) {
		ck_assert_ptr_nonnull(json_object_get(instance(json, i), members[_i]));
		ck_assert_uint_eq(json_object_size(instance(json, i)), COUNT(members));
	}
	json_decref(json);
}
END_TEST

START_TEST(tells_of_the_herd)
{
	struct snapshot snapshot = fixture_make(3);
	json_t *json = parse(&snapshot);
	json_t *last = json_object_get(json, "last_round");

	ck_assert_int_eq(json_integer_value(json_object_get(json, "version")), 1);
	ck_assert_str_eq(text_of(json, "host"), "box");
	ck_assert_str_eq(text_of(json, "user"), "www");
	ck_assert_str_eq(text_of(json, "at"), "2027-01-15T08:00:00.000Z");
	ck_assert_str_eq(text_of(last, "at"), "2027-01-15T07:59:47.965Z");
	ck_assert_int_eq(json_integer_value(json_object_get(last, "duration_ms")), 35);
	json_decref(json);
}
END_TEST

/* A clock that is set back within a round ends it before it began. */
START_TEST(tells_of_rounds_what_is_known)
{
	struct snapshot snapshot = fixture_make(0);
	json_t *json, *last;

	snapshot.round_start_wall_ms = snapshot.round_end_wall_ms + 1;
	json = parse(&snapshot);
	last = json_object_get(json, "last_round");
	ck_assert_str_eq(text_of(last, "at"), "2027-01-15T07:59:48.000Z");
	ck_assert(json_is_null(json_object_get(last, "duration_ms")));
	json_decref(json);

	snapshot.round_end_wall_ms = 0;
	json = parse(&snapshot);
	ck_assert(json_is_null(json_object_get(json, "last_round")));
	ck_assert_uint_eq(json_array_size(json_object_get(json, "instances")), 0);
	json_decref(json);
}
END_TEST

START_TEST(tells_of_the_living)
{
	struct snapshot snapshot = fixture_make(3);
	json_t *json = parse(&snapshot);
	json_t *mail = instance(json, 0);
	json_t *exit = json_object_get(mail, "last_exit");

	ck_assert_str_eq(text_of(mail, "state"), "RUNNING");
	ck_assert_int_eq(json_integer_value(json_object_get(mail, "pid")), 4711);
	ck_assert_int_eq(json_integer_value(json_object_get(mail, "uptime_s")), 10920);
	ck_assert_str_eq(text_of(mail, "started_at"), "2027-01-15T04:58:00.000Z");
	ck_assert_int_eq(json_integer_value(json_object_get(mail, "memory_limit_bytes")),
			 134217728);
	ck_assert(json_is_null(json_object_get(mail, "hold")));
	ck_assert_int_eq(json_integer_value(json_object_get(exit, "code")), 0);
	ck_assert(json_is_integer(json_object_get(exit, "code")));
	ck_assert(json_is_null(json_object_get(exit, "signal")));
	ck_assert_str_eq(text_of(exit, "reason"), "memory_limit");
	json_decref(json);
}
END_TEST

START_TEST(tells_of_the_dead)
{
	static const char *const empty[] = { "pid",	  "started_at",	  "uptime_s",
					     "rss_bytes", "memory_bytes", "memory_limit_bytes" };
	struct snapshot snapshot = fixture_make(3);
	json_t *json = parse(&snapshot);
	json_t *exit = json_object_get(instance(json, 1), "last_exit");
	json_t *held = instance(json, 2);

	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++)
		ck_assert(json_is_null(json_object_get(held, empty[i])));
	ck_assert(json_is_null(json_object_get(held, "last_exit")));
	ck_assert_str_eq(text_of(json_object_get(held, "hold"), "by"), "deploy");
	ck_assert_str_eq(text_of(json_object_get(held, "hold"), "until"),
			 "2027-01-15T09:00:00.000Z");
	ck_assert(json_is_null(json_object_get(exit, "code")));
	ck_assert_str_eq(text_of(exit, "signal"), "SEGV");
	ck_assert_str_eq(text_of(instance(json, 1), "next_start_at"), "2027-01-15T08:04:00.000Z");
	json_decref(json);
}
END_TEST

START_TEST(survives_bytes_that_are_no_text)
{
	char file[] = "/etc/\xff.conf";
	char message[] = "bad";
	struct config_error error = { .file = file, .line = 3, .message = message };
	struct snapshot snapshot = fixture_make(0);
	json_t *json, *first;

	snapshot.errors = &error;
	snapshot.error_count = 1;
	json = parse(&snapshot);
	first = json_array_get(json_object_get(json, "errors"), 0);
	ck_assert_str_eq(text_of(first, "file"), "/etc/\xEF\xBF\xBD.conf");
	ck_assert_int_eq(json_integer_value(json_object_get(first, "line")), 3);
	json_decref(json);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("render_json");
	TCase *tcase = tcase_create("render_json");

	tcase_add_loop_test(tcase, has_every_member, 0, COUNT(members));
	tcase_add_test(tcase, tells_of_the_herd);
	tcase_add_test(tcase, tells_of_rounds_what_is_known);
	tcase_add_test(tcase, tells_of_the_living);
	tcase_add_test(tcase, tells_of_the_dead);
	tcase_add_test(tcase, survives_bytes_that_are_no_text);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
