/* SPDX-License-Identifier: ISC */
#include "watchdog/net/format_cloudevents.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "watchdog/base/clock.h"
#include "watchdog/base/utf8.h"
#include "watchdog/net/eventdata.h"
#include "watchdog/net/percent.h"

/* ---- attributes --------------------------------------------------------------------------- */

struct attribute {
	const char *name;
	struct str value; /* "": the attribute is left out */
};

enum { ID, SOURCE, TYPE, SUBJECT, TIME, TIMESTAMP, ATTRIBUTE_COUNT };

/* Whether no attribute may have the character at TEXT: controls (C1 too), noncharacters. */
static bool is_forbidden(const char *text, size_t len)
{
	const unsigned char *byte = (const unsigned char *)text;

	if (len == 1)
		return byte[0] < 0x20 || byte[0] == 0x7F;
	if (len == 2)
		return byte[0] == 0xC2 && byte[1] < 0xA0;
	/* U+FDD0 to U+FDEF. */
	if (len == 3 && byte[0] == 0xEF && byte[1] == 0xB7 && byte[2] >= 0x90 && byte[2] <= 0xAF)
		return true;
	/* The last two of each plane. */
	return byte[len - 1] >= 0xBE && byte[len - 2] == 0xBF && (byte[len - 3] & 0x0F) == 0x0F &&
	       (len == 4 || byte[0] == 0xEF);
}

static void add_attribute(struct str *out, const char *text)
{
	struct str repaired = STR_INIT;
	size_t len;

	utf8_repair(text, strlen(text), &repaired);
	for (size_t at = 0; at < repaired.len; at += len) {
		len = utf8_len(repaired.data + at, repaired.len - at);
		if (is_forbidden(repaired.data + at, len))
			str_add(out, "\xEF\xBF\xBD");
		else
			str_add_n(out, repaired.data + at, len);
	}
	str_free(&repaired);
}

static void read_attributes(const struct format_event *event,
			    struct attribute attributes[ATTRIBUTE_COUNT])
{
	char time[CLOCK_RFC3339_SIZE];

	attributes[ID] = (struct attribute){ .name = "id" };
	attributes[SOURCE] = (struct attribute){ .name = "source" };
	attributes[TYPE] = (struct attribute){ .name = "type" };
	attributes[SUBJECT] = (struct attribute){ .name = "subject" };
	attributes[TIME] = (struct attribute){ .name = "time" };
	attributes[TIMESTAMP] = (struct attribute){ .name = "timestamp" };
	add_attribute(&attributes[ID].value, event->id);
	percent_add(&attributes[SOURCE].value, event->source, PERCENT_URI);
	str_add(&attributes[TYPE].value, "cronherd.");
	add_attribute(&attributes[TYPE].value, event->type);
	add_attribute(&attributes[SUBJECT].value, event->subject);
	clock_rfc3339(event->wall_ms, time);
	str_add(&attributes[TIME].value, time);
	str_add(&attributes[TIMESTAMP].value, time);
}

static void free_attributes(struct attribute attributes[ATTRIBUTE_COUNT])
{
	for (int i = 0; i < ATTRIBUTE_COUNT; i++)
		str_free(&attributes[i].value);
}

/* ---- bodies ------------------------------------------------------------------------------- */

/* WHOLE, which is DATA or has it in it, as text that is not too long. */
static void add_fitting(const json_t *whole, json_t *data, struct str *body)
{
	bool shrinks = true;
	char *text = NULL;
	size_t len = 0;

	do {
		free(text);
		text = json_dumps(whole, JSON_COMPACT);
		len = text ? strlen(text) : 0;
		if (len > FORMAT_BODY_MAX)
			shrinks = eventdata_shrink(data, len - FORMAT_BODY_MAX);
	} while (len > FORMAT_BODY_MAX && shrinks);
	str_add(body, text ? text : "{}");
	free(text);
}

/* The bare type: receivers refuse parameters that they do not expect. */
void format_cloudevents_structured(const struct format_event *event, json_t *data,
				   struct format_message *message)
{
	struct attribute attributes[ATTRIBUTE_COUNT];
	json_t *whole = json_object();

	read_attributes(event, attributes);
	(void)json_object_set_new(whole, "specversion", json_string("1.0"));
	for (int i = 0; i < ATTRIBUTE_COUNT; i++)
		if (attributes[i].value.len > 0)
			(void)json_object_set_new(whole, attributes[i].name,
						  json_string(attributes[i].value.data));
	(void)json_object_set_new(whole, "datacontenttype", json_string("application/json"));
	(void)json_object_set(whole, "data", data);
	add_fitting(whole, data, &message->body);
	strlist_add(&message->headers, "Content-Type: application/cloudevents+json");
	json_decref(whole);
	free_attributes(attributes);
}

void format_cloudevents_binary(const struct format_event *event, json_t *data,
			       struct format_message *message)
{
	struct attribute attributes[ATTRIBUTE_COUNT];

	read_attributes(event, attributes);
	strlist_add(&message->headers, "Content-Type: application/json");
	strlist_add(&message->headers, "ce-specversion: 1.0");
	for (int i = 0; i < ATTRIBUTE_COUNT; i++) {
		struct str header = STR_INIT;

		if (attributes[i].value.len == 0)
			continue;
		str_addf(&header, "ce-%s: ", attributes[i].name);
		percent_add(&header, attributes[i].value.data, PERCENT_HEADER);
		strlist_take(&message->headers, str_take(&header));
	}
	add_fitting(data, data, &message->body);
	free_attributes(attributes);
}
