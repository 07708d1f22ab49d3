/* SPDX-License-Identifier: ISC */
/* format: CloudEvents, structured and binary, digests; whatever stands in an event, the body is
 * right. */
#include "watchdog/net/format.h"

#include <stdio.h>

#include "tests/unit/check_main.h"
#include "tests/unit/event_fixture.h"
#include "watchdog/base/mem.h"

static const char *const members[] = {
	"worker",    "instance",      "pid",	  "command",   "reason",
	"exit_code", "signal",	      "uptime_s", "rss_bytes", "memory_limit_bytes",
	"restarts",  "next_start_at", "log_tail", "message",
};

#define MEMBER_COUNT (sizeof(members) / sizeof(members[0]))

static struct format_message make(enum webhook_format format, const struct format_event *event)
{
	struct webhook_options webhook = event_webhook(format);

	return event_message(&webhook, event, 0);
}

/* ---- structured --------------------------------------------------------------------------- */

START_TEST(structured_is_as_documented)
{
	struct format_event event = event_of("worker.stopped", EVENT_CRASH);
	struct format_message message = make(WEBHOOK_CLOUDEVENTS, &event);

	ck_assert_str_eq(
		message.body.data,
		"{\"specversion\":\"1.0\",\"id\":\"" EVENT_ID "\","
		"\"source\":\"/cronherd/web1/deploy\",\"type\":\"cronherd.worker.stopped\","
		"\"subject\":\"mail:2\",\"time\":\"" EVENT_TIME "\",\"timestamp\":\"" EVENT_TIME
		"\",\"datacontenttype\":\"application/json\",\"data\":" EVENT_CRASH "}");
	ck_assert_uint_eq(message.headers.count, 1);
	ck_assert_str_eq(message.headers.items[0], "Content-Type: application/cloudevents+json");
	format_message_free(&message);
}
END_TEST

START_TEST(equal_events_give_equal_bytes)
{
	for (int format = WEBHOOK_CLOUDEVENTS; format <= WEBHOOK_NTFY; format++) {
		struct format_event event = event_of("worker.stopped", EVENT_CRASH);
		struct format_message first = make((enum webhook_format)format, &event);
		struct format_message second = make((enum webhook_format)format, &event);

		ck_assert_str_eq(first.body.data, second.body.data);
		format_message_free(&first);
		format_message_free(&second);
	}
}
END_TEST

/* Members are all there, in one order, whatever the journal has. */
static const char *const sparse[] = {
	"{}",
	"{\"extra\":1,\"message\":\"x\",\"worker\":\"mail\"}",
	"[]",
	"null",
	"\"text\"",
	"",
	"{",
	"{\"worker\":\"\xff\"}",
	"{\"a\":\"\\u0000\"}",
	"{\"a\":\"\\ud800\"}",
	"{\"a\":1e999}",
};

START_TEST(members_without_a_value_are_null)
{
	struct format_event event = event_of("worker.started", sparse[_i]);
	struct format_message message = make(WEBHOOK_CLOUDEVENTS, &event);
	json_t *json = event_json(&message);
	json_t *data = json_object_get(json, "data");
	const char *name;
	json_t *value;
	size_t i = 0;

	ck_assert(json_is_object(data));
	json_object_foreach(data, name, value)
	{
		if (i < MEMBER_COUNT)
			ck_assert_str_eq(name, members[i]);
		if (i != 0 && i < MEMBER_COUNT - 1)
			ck_assert(json_is_null(value));
		i++;
	}
	ck_assert_uint_ge(i, MEMBER_COUNT);
	/* What was damaged says so. */
	ck_assert_int_eq(json_is_null(json_object_get(data, "message")), _i == 0 || _i == 7);
	if (_i == 7)
		ck_assert_str_eq(event_text(data, "worker"), "\xEF\xBF\xBD");
	json_decref(json);
	format_message_free(&message);
}
END_TEST

START_TEST(no_subject_is_no_attribute)
{
	struct format_event event = event_of("host.rebooted", "{}");
	struct format_message message;
	json_t *json;

	event.subject = "";
	message = make(WEBHOOK_CLOUDEVENTS, &event);
	json = event_json(&message);
	ck_assert_ptr_null(json_object_get(json, "subject"));
	json_decref(json);
	format_message_free(&message);
	message = make(WEBHOOK_CLOUDEVENTS_BINARY, &event);
	ck_assert_str_eq(event_header(&message, "ce-subject"), "");
	format_message_free(&message);
}
END_TEST

START_TEST(attributes_are_repaired)
{
	struct format_event event = event_of(EVENT_HOSTILE, "{}");
	struct format_message message;
	json_t *json;

	event.id = EVENT_HOSTILE;
	event.subject = EVENT_HOSTILE;
	event.source = "/cronherd/w%C3%A4b 1\xC3\xA4\n\"<>/me";
	message = make(WEBHOOK_CLOUDEVENTS, &event);
	json = event_json(&message);
	ck_assert_str_eq(
		event_text(json, "subject"),
		"a\"b\\c\xEF\xBF\xBD<&>\xEF\xBF\xBD\xEF\xBF\xBD[31m\xF0\x9F\x90\x98\xC3\xA4"
		"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD`|@all");
	ck_assert_str_eq(event_text(json, "id"), event_text(json, "subject"));
	ck_assert_str_eq(event_text(json, "source"), "/cronherd/w%C3%A4b%201%C3%A4%0A%22%3C%3E/me");
	json_decref(json);
	format_message_free(&message);
}
END_TEST

/* Of each kind the first and last that are forbidden, and their neighbours that are not. */
static const struct {
	const char *text;
	bool is_forbidden;
} characters[] = {
	{ "\x01", true },
	{ "\x1f", true },
	{ " ", false },
	{ "~", false },
	{ "\x7f", true },
	{ "\xC2\x80", true },
	{ "\xC2\x9F", true },
	{ "\xC2\xA0", false },
	{ "\xC3\x80", false },
	{ "\xEF\xB7\x8F", false },
	{ "\xEF\xB7\x90", true },
	{ "\xEF\xB7\xAF", true },
	{ "\xEF\xB7\xB0", false },
	{ "\xEF\xBF\xBE", true },
	{ "\xEF\xBF\xBF", true },
	{ "\xE2\xBF\xBF", false },
	{ "\xF0\x9F\xBF\xBD", false },
	{ "\xF0\x9F\xBF\xBE", true },
	{ "\xF0\x9E\xBF\xBF", false },
	{ "\xF4\x8F\xBF\xBF", true },
};

START_TEST(forbidden_characters_stay_out_of_attributes)
{
	struct format_event event = event_of("worker.started", "{}");
	struct format_message message;
	json_t *json;

	event.subject = characters[_i].text;
	message = make(WEBHOOK_CLOUDEVENTS, &event);
	json = event_json(&message);
	ck_assert_str_eq(event_text(json, "subject"),
			 characters[_i].is_forbidden ? "\xEF\xBF\xBD" : characters[_i].text);
	json_decref(json);
	format_message_free(&message);
}
END_TEST

/* ---- logs --------------------------------------------------------------------------------- */

static const struct {
	const char *log;
	int64_t lines;
	const char *left; /* NULL: null */
} tails[] = {
	{ "one\ntwo\nthree\n", OPTION_NONE, "one\ntwo\nthree\n" },
	{ "one\ntwo\nthree\n", 2, "two\nthree\n" },
	{ "one\ntwo\nthree", 2, "two\nthree" },
	{ "one\ntwo\nthree\n", 1, "three\n" },
	{ "one\ntwo\nthree\n", 3, "one\ntwo\nthree\n" },
	{ "one\ntwo\nthree\n", 99, "one\ntwo\nthree\n" },
	{ "one\ntwo\nthree\n", 0, NULL },
	{ "one\ntwo\nthree", 0, NULL },
	{ "one\n\n\n", 2, "\n\n" },
	{ "\n", 1, "\n" },
	{ "one", 1, "one" },
	{ "", 5, NULL },
};

START_TEST(the_last_lines_are_told)
{
	char *data = event_data("log_tail", tails[_i].log, "crashed");
	struct format_event event = event_of("worker.stopped", data);
	struct webhook_options webhook = event_webhook(WEBHOOK_CLOUDEVENTS);
	struct format_message message;
	json_t *json;
	json_t *log;

	webhook.log_tail = tails[_i].lines;
	message = event_message(&webhook, &event, 0);
	json = event_json(&message);
	log = json_object_get(json_object_get(json, "data"), "log_tail");
	/* An empty one stays as it came. */
	if (tails[_i].left)
		ck_assert_str_eq(json_string_value(log), tails[_i].left);
	else
		ck_assert(json_is_null(log) || json_string_length(log) == 0);
	json_decref(json);
	format_message_free(&message);
	free(data);
}
END_TEST

/* A MiB and more, in lines of WIDTH characters of UNIT. */
static char *long_log(const char *unit, int width)
{
	struct str log = STR_INIT;

	while (log.len < 1 << 20) {
		str_addf(&log, "%08zu ", log.len);
		for (int i = 0; i < width; i++)
			str_add(&log, unit);
		str_add(&log, "\n");
	}
	str_add(&log, "the last line\n");
	return str_take(&log);
}

static const struct {
	const char *unit;
	int width;
} logs[] = {
	{ "x", 80 },
	{ "\xF0\x9F\x90\x98", 30 },
	{ "\x01", 40 },	     /* six times as long in JSON */
	{ "\"\\", 1 << 20 }, /* one line */
	{ "\xC3\xA4", 1 << 19 },
	{ "\xff", 70 },
};

START_TEST(a_long_log_is_cut_at_its_beginning)
{
	char *log = long_log(logs[_i].unit, logs[_i].width);
	char *data = event_data("log_tail", log, "crashed");
	struct format_event event = event_of("worker.stopped", data);

	for (int format = WEBHOOK_CLOUDEVENTS; format <= WEBHOOK_CLOUDEVENTS_BINARY; format++) {
		struct format_message message = make((enum webhook_format)format, &event);
		json_t *json = event_json(&message);
		json_t *inner =
			format == WEBHOOK_CLOUDEVENTS ? json_object_get(json, "data") : json;
		const char *left = event_text(inner, "log_tail");

		ck_assert_str_eq(left + strlen(left) - 14, "the last line\n");
		ck_assert_str_eq(event_text(inner, "reason"), "crashed");
		/* Lines that fit are whole. */
		if (logs[_i].width < 100)
			ck_assert_int_eq(strspn(left, "0123456789"), 8);
		json_decref(json);
		format_message_free(&message);
	}
	free(data);
	free(log);
}
END_TEST

START_TEST(other_long_texts_are_cut_too)
{
	char *log = long_log("\xC3\xA4", 1000);
	char *data = event_data("command", log, "crashed");
	struct format_event event = event_of("worker.stopped", data);
	struct format_message message = make(WEBHOOK_CLOUDEVENTS, &event);
	json_t *json = event_json(&message);

	ck_assert_int_eq(strncmp(event_text(json_object_get(json, "data"), "command"), log, 5000),
			 0);
	json_decref(json);
	format_message_free(&message);
	free(data);
	free(log);
}
END_TEST

START_TEST(what_was_held_back_is_told)
{
	struct format_event event = event_of("worker.stopped", EVENT_CRASH);
	struct webhook_options webhook = event_webhook(WEBHOOK_CLOUDEVENTS);
	struct format_message message = event_message(&webhook, &event, 14);
	json_t *json = event_json(&message);

	ck_assert_int_eq(
		json_integer_value(json_object_get(json_object_get(json, "data"), "held_back")),
		14);
	json_decref(json);
	format_message_free(&message);
}
END_TEST

/* ---- binary ------------------------------------------------------------------------------- */

START_TEST(binary_has_attributes_in_headers)
{
	struct format_event event = event_of("worker.stopped", EVENT_CRASH);
	struct format_message message = make(WEBHOOK_CLOUDEVENTS_BINARY, &event);

	ck_assert_str_eq(message.body.data, EVENT_CRASH);
	ck_assert_uint_eq(message.headers.count, 8);
	ck_assert_str_eq(event_header(&message, "Content-Type"), "application/json");
	ck_assert_str_eq(event_header(&message, "ce-specversion"), "1.0");
	ck_assert_str_eq(event_header(&message, "ce-id"), EVENT_ID);
	ck_assert_str_eq(event_header(&message, "ce-source"), "/cronherd/web1/deploy");
	ck_assert_str_eq(event_header(&message, "ce-type"), "cronherd.worker.stopped");
	ck_assert_str_eq(event_header(&message, "ce-subject"), "mail:2");
	ck_assert_str_eq(event_header(&message, "ce-time"), EVENT_TIME);
	ck_assert_str_eq(event_header(&message, "ce-timestamp"), EVENT_TIME);
	format_message_free(&message);
}
END_TEST

START_TEST(binary_headers_are_percent_encoded)
{
	struct format_event event = event_of("worker.stopped", EVENT_CRASH);
	struct format_message message;

	event.subject = "\xE2\x82\xAC \"100%\" \xF0\x9F\x98\x80~!\n\xff";
	event.source = "/cronherd/w%C3%A4b/me";
	message = make(WEBHOOK_CLOUDEVENTS_BINARY, &event);
	ck_assert_str_eq(event_header(&message, "ce-subject"),
			 "%E2%82%AC%20%22100%25%22%20%F0%9F%98%80~!%EF%BF%BD%EF%BF%BD");
	ck_assert_str_eq(event_header(&message, "ce-source"), "/cronherd/w%25C3%25A4b/me");
	format_message_free(&message);
}
END_TEST

/* ---- digests ------------------------------------------------------------------------------ */

static struct format_event *many(size_t count)
{
	struct format_event *events = mem_alloc(count * sizeof(*events));

	for (size_t i = 0; i < count; i++) {
		events[i] = event_of(i % 4 == 3 ? "worker.stopped" : "worker.started",
				     i % 4 == 3 ? EVENT_CRASH : "{\"reason\":\"missing\"}");
		events[i].id = mem_format("%032zx", i);
		events[i].subject = mem_format("mail\xC3\xA4:%zu", i);
		events[i].wall_ms -= (int64_t)i;
	}
	return events;
}

static void many_free(struct format_event *events, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		/* many's own. */
		free((void *)(uintptr_t)events[i].id);
		free((void *)(uintptr_t)events[i].subject);
	}
	free(events);
}

static struct format_message digest(enum webhook_format format, const struct format_event *events,
				    size_t count)
{
	struct webhook_options webhook = event_webhook(format);
	struct format_message message;
	struct err err;

	ck_assert_int_eq(format_digest(&webhook, events, count, &message, &err), 0);
	ck_assert_uint_le(message.body.len, FORMAT_BODY_MAX);
	return message;
}

START_TEST(a_digest_is_an_event)
{
	struct format_event *events = many(12);
	struct format_message message = digest(WEBHOOK_CLOUDEVENTS, events, 12);
	json_t *json = event_json(&message);
	json_t *data = json_object_get(json, "data");
	json_t *items = json_object_get(data, "events");
	json_t *item = json_array_get(items, 3);

	ck_assert_str_eq(event_text(json, "type"), "cronherd.webhook.digest");
	ck_assert_str_eq(event_text(json, "source"), "/cronherd/web1/deploy");
	ck_assert_str_eq(event_text(json, "time"), EVENT_TIME);
	ck_assert_uint_eq(strlen(event_text(json, "id")), 32);
	ck_assert_ptr_null(json_object_get(json, "subject"));
	ck_assert_int_eq(json_integer_value(json_object_get(data, "count")), 12);
	ck_assert_str_eq(event_text(data, "message"), "9 started, 3 stopped");
	ck_assert_uint_eq(json_array_size(items), 12);
	ck_assert_str_eq(event_text(item, "id"), events[3].id);
	ck_assert_str_eq(event_text(item, "type"), "cronherd.worker.stopped");
	ck_assert_str_eq(event_text(item, "subject"), "mail\xC3\xA4:3");
	ck_assert_str_eq(event_text(item, "reason"), "crashed");
	ck_assert_str_eq(event_text(item, "sentence"),
			 "mail\xC3\xA4:3 stopped: crashed with exit code 255 after 3h 2min, "
			 "starts again in 4s");
	ck_assert_str_eq(event_text(item, "time"), "2023-11-14T22:13:20.122Z");
	json_decref(json);
	format_message_free(&message);
	many_free(events, 12);
}
END_TEST

START_TEST(what_matters_is_first_in_a_digest)
{
	struct format_event *events = many(5000);
	struct format_message message;
	json_t *json;
	json_t *items;

	events[4999].type = "worker.fatal";
	message = digest(WEBHOOK_CLOUDEVENTS_BINARY, events, 5000);
	json = event_json(&message);
	items = json_object_get(json, "events");
	ck_assert_str_eq(event_text(json_array_get(items, 0), "id"), events[4999].id);
	ck_assert_str_eq(event_text(json_array_get(items, 1), "id"), events[0].id);
	json_decref(json);
	format_message_free(&message);
	many_free(events, 5000);
}
END_TEST

START_TEST(a_digests_id_is_that_of_its_events)
{
	struct format_event *events = many(12);
	struct format_message one = digest(WEBHOOK_CLOUDEVENTS_BINARY, events, 12);
	struct format_message again = digest(WEBHOOK_CLOUDEVENTS_BINARY, events, 12);
	struct format_message other = digest(WEBHOOK_CLOUDEVENTS_BINARY, events, 11);

	ck_assert_str_eq(event_header(&one, "ce-id"), event_header(&again, "ce-id"));
	ck_assert_str_ne(event_header(&one, "ce-id"), event_header(&other, "ce-id"));
	format_message_free(&one);
	format_message_free(&again);
	format_message_free(&other);
	many_free(events, 12);
}
END_TEST

START_TEST(a_digest_of_thousands_fits)
{
	struct format_event *events = many(5000);
	struct format_message message = digest(WEBHOOK_CLOUDEVENTS, events, 5000);
	json_t *json = event_json(&message);
	json_t *data = json_object_get(json, "data");

	ck_assert_int_eq(json_integer_value(json_object_get(data, "count")), 5000);
	ck_assert_str_eq(event_text(data, "message"), "3750 started, 1250 stopped");
	ck_assert_uint_gt(json_array_size(json_object_get(data, "events")), 100);
	json_decref(json);
	format_message_free(&message);
	many_free(events, 5000);
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

static Suite *suite(void)
{
	Suite *suite = suite_create("format");
	TCase *tcase = tcase_create("cloudevents");
	TCase *digests = tcase_create("digests");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, structured_is_as_documented);
	tcase_add_test(tcase, equal_events_give_equal_bytes);
	tcase_add_loop_test(tcase, members_without_a_value_are_null, 0, ROWS(sparse));
	tcase_add_test(tcase, no_subject_is_no_attribute);
	tcase_add_test(tcase, attributes_are_repaired);
	tcase_add_loop_test(tcase, forbidden_characters_stay_out_of_attributes, 0,
			    ROWS(characters));
	tcase_add_loop_test(tcase, the_last_lines_are_told, 0, ROWS(tails));
	tcase_add_loop_test(tcase, a_long_log_is_cut_at_its_beginning, 0, ROWS(logs));
	tcase_add_test(tcase, other_long_texts_are_cut_too);
	tcase_add_test(tcase, what_was_held_back_is_told);
	tcase_add_test(tcase, binary_has_attributes_in_headers);
	tcase_add_test(tcase, binary_headers_are_percent_encoded);
	suite_add_tcase(suite, tcase);
	tcase_set_timeout(digests, 60);
	tcase_add_test(digests, a_digest_is_an_event);
	tcase_add_test(digests, what_matters_is_first_in_a_digest);
	tcase_add_test(digests, a_digests_id_is_that_of_its_events);
	tcase_add_test(digests, a_digest_of_thousands_fits);
	suite_add_tcase(suite, digests);
	return suite;
}

CHECK_MAIN(suite())
