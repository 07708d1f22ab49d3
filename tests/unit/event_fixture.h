/* SPDX-License-Identifier: ISC */
/* Events as the journal keeps them, and what the formats make of them. */
#ifndef TESTS_UNIT_EVENT_FIXTURE_H
#define TESTS_UNIT_EVENT_FIXTURE_H

#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "watchdog/base/utf8.h"
#include "watchdog/model/option.h"
#include "watchdog/net/format.h"

/* 2023-11-14T22:13:20.125Z */
#define EVENT_WALL_MS INT64_C(1700000000125)
#define EVENT_TIME    "2023-11-14T22:13:20.125Z"
#define EVENT_ID      "0123456789abcdef0123456789abcdef"

#define EVENT_CRASH                                                                                \
	"{\"worker\":\"mail\",\"instance\":2,\"pid\":4711,\"command\":\"php a.php\","              \
	"\"reason\":\"crashed\",\"exit_code\":255,\"signal\":null,\"uptime_s\":10920,"             \
	"\"rss_bytes\":147000000,\"memory_limit_bytes\":134217728,\"restarts\":4,"                 \
	"\"next_start_at\":\"2023-11-14T22:13:24.000Z\",\"log_tail\":\"one\\ntwo\\nthree\\n\","    \
	"\"message\":null}"

/* Every character that breaks something somewhere, and bytes that are none. */
#define EVENT_HOSTILE                                                                              \
	"a\"b\\c\n<&>\x01\x1b[31m\xF0\x9F\x90\x98\xC3\xA4\xff\xC2\x85\xEF\xBF\xBF`|@all"

static inline struct format_event event_of(const char *type, const char *data)
{
	return (struct format_event){ .id = EVENT_ID,
				      .type = type,
				      .source = "/cronherd/web1/deploy",
				      .subject = "mail:2",
				      .wall_ms = EVENT_WALL_MS,
				      .data = data };
}

static inline struct webhook_options event_webhook(enum webhook_format format)
{
	return (struct webhook_options){ .format = format, .log_tail = OPTION_NONE };
}

/* Data with TEXT as NAME, and REASON (may be NULL). */
static inline char *event_data(const char *name, const char *text, const char *reason)
{
	struct str repaired = STR_INIT;
	json_t *json = json_object();
	char *dump;

	utf8_repair(text, strlen(text), &repaired);
	ck_assert_int_eq(json_object_set_new(json, "reason", json_pack("s?", reason)), 0);
	ck_assert_int_eq(json_object_set_new(json, name, json_string(str_text(&repaired))), 0);
	dump = json_dumps(json, JSON_COMPACT);
	ck_assert_ptr_nonnull(dump);
	json_decref(json);
	str_free(&repaired);
	return dump;
}

static inline struct format_message event_message(const struct webhook_options *webhook,
						  const struct format_event *event,
						  int64_t held_back)
{
	struct format_message message;
	struct err err;

	ck_assert_int_eq(format_event(webhook, event, held_back, &message, &err), 0);
	ck_assert_uint_le(message.body.len, FORMAT_BODY_MAX);
	ck_assert_uint_eq(message.body.len, strlen(str_text(&message.body)));
	return message;
}

/* The body as JSON, which has to be nothing else. */
static inline json_t *event_json(const struct format_message *message)
{
	json_error_t error;
	json_t *json = json_loadb(str_text(&message->body), message->body.len,
				  JSON_REJECT_DUPLICATES, &error);

	ck_assert_msg(json_is_object(json), "%s: %s", error.text, str_text(&message->body));
	return json;
}

/* The value of header NAME; "" where there is none. It has to be there once at most, and be one
 * line of ASCII. */
static inline const char *event_header(const struct format_message *message, const char *name)
{
	const char *value = "";
	size_t len = strlen(name);

	for (size_t i = 0; i < message->headers.count; i++) {
		const char *header = message->headers.items[i];

		for (const char *at = header; *at; at++)
			ck_assert(*at >= ' ' && *at <= '~');
		if (strncasecmp(header, name, len) != 0 || strncmp(header + len, ": ", 2) != 0)
			continue;
		ck_assert_str_eq(value, "");
		value = header + len + 2;
	}
	return value;
}

static inline const char *event_text(const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	ck_assert_msg(text != NULL, "no text %s", name);
	return text;
}

#endif
