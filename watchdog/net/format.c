/* SPDX-License-Identifier: ISC */
#include "watchdog/net/format.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "watchdog/base/hash.h"
#include "watchdog/base/jsontext.h"
#include "watchdog/base/mem.h"
#include "watchdog/model/event.h"
#include "watchdog/model/option.h"
#include "watchdog/net/eventdata.h"
#include "watchdog/net/format_chat.h"
#include "watchdog/net/format_cloudevents.h"
#include "watchdog/net/format_template.h"
#include "watchdog/net/sentence.h"

void format_message_free(struct format_message *message)
{
	str_free(&message->body);
	strlist_free(&message->headers);
}

void format_sentence(const struct format_event *event, struct str *text)
{
	json_t *data = eventdata_parse(event->data);

	sentence_add(event, data, "", "", text);
	json_decref(data);
}

int format_event(const struct webhook_options *webhook, const struct format_event *event,
		 int64_t held_back, struct format_message *message, struct err *err)
{
	json_t *data = eventdata_parse(event->data);
	int result = 0;

	*message = (struct format_message){ .body = STR_INIT };
	if (webhook->log_tail != OPTION_NONE)
		eventdata_keep_lines(data, webhook->log_tail);
	if (held_back > 0)
		(void)json_object_set_new(data, "held_back", json_integer(held_back));
	switch ((enum webhook_format)webhook->format) {
	case WEBHOOK_CLOUDEVENTS:
		format_cloudevents_structured(event, data, message);
		break;
	case WEBHOOK_CLOUDEVENTS_BINARY:
		format_cloudevents_binary(event, data, message);
		break;
	case WEBHOOK_SLACK:
	case WEBHOOK_DISCORD:
	case WEBHOOK_NTFY:
		format_chat(webhook->format, event, data, message);
		break;
	case WEBHOOK_TEMPLATE:
		result = format_template(webhook, event, data, message, err);
		break;
	}
	json_decref(data);
	return result;
}

/* ---- digests ------------------------------------------------------------------------------ */

static json_t *item_of(const struct format_event *event)
{
	json_t *data = eventdata_parse(event->data);
	json_t *item = json_object();
	struct str type = STR_INIT;
	struct str sentence = STR_INIT;

	str_addf(&type, "cronherd.%s", event->type);
	sentence_add(event, data, "", "", &sentence);
	(void)json_object_set_new(item, "id", jsontext_string(event->id));
	(void)json_object_set_new(item, "type", jsontext_string(str_text(&type)));
	(void)json_object_set_new(item, "subject",
				  jsontext_string(event->subject[0] ? event->subject : NULL));
	(void)json_object_set_new(item, "time", jsontext_time(event->wall_ms));
	(void)json_object_set(item, "reason", json_object_get(data, "reason"));
	(void)json_object_set_new(item, "sentence", jsontext_string(str_text(&sentence)));
	str_free(&type);
	str_free(&sentence);
	json_decref(data);
	return item;
}

/* "7 stopped, 5 started, 1 config.broken", in the order of the types. */
static void add_tally(const struct format_event *events, size_t count, struct str *text)
{
	static const char prefix[] = "worker.";

	for (int type = 0; type < EVENT_TYPE_COUNT; type++) {
		const char *name = event_type_name((enum event_type)type);
		size_t found = 0;

		for (size_t i = 0; i < count; i++)
			if (event_type_from_name(events[i].type) == type)
				found++;
		if (strncmp(name, prefix, sizeof(prefix) - 1) == 0)
			name += sizeof(prefix) - 1;
		if (found > 0)
			str_addf(text, "%s%zu %s", text->len > 0 ? ", " : "", found, name);
	}
}

static bool is_routine(const struct format_event *event)
{
	int type = event_type_from_name(event->type);

	return type == EVENT_WORKER_STARTED || type == EVENT_WORKER_STOPPED;
}

/* What matters most comes first: the end is what is cut where there is no room. */
static void add_items(const struct format_event *events, size_t count, json_t *items)
{
	for (int routine = 0; routine < 2; routine++)
		for (size_t i = 0; i < count; i++)
			if (is_routine(&events[i]) == routine)
				(void)json_array_append_new(items, item_of(&events[i]));
}

static void add_data(const struct format_event *events, size_t count, struct str *text)
{
	json_t *data = json_object();
	json_t *items = json_array();
	struct str tally = STR_INIT;
	char *dump;

	add_items(events, count, items);
	add_tally(events, count, &tally);
	(void)json_object_set_new(data, "message", json_string(str_text(&tally)));
	(void)json_object_set_new(data, "count", json_integer((json_int_t)count));
	(void)json_object_set_new(data, "events", items);
	dump = json_dumps(data, JSON_COMPACT);
	str_add(text, dump ? dump : "{}");
	free(dump);
	str_free(&tally);
	json_decref(data);
}

void format_digest_id(const struct format_event *events, size_t count, char id[EVENT_ID_SIZE])
{
	uint64_t *facts = mem_resize(NULL, count, sizeof(*facts));

	for (size_t i = 0; i < count; i++)
		facts[i] = hash_text(HASH_INIT, events[i].id);
	event_id(id, EVENT_WEBHOOK_DIGEST, events[0].source, facts, count);
	free(facts);
}

int format_digest(const struct webhook_options *webhook, const struct format_event *events,
		  size_t count, struct format_message *message, struct err *err)
{
	char id[EVENT_ID_SIZE];
	struct str data = STR_INIT;
	struct format_event digest = { .id = id,
				       .type = event_type_name(EVENT_WEBHOOK_DIGEST),
				       .source = events[0].source,
				       .subject = "" };
	int result;

	for (size_t i = 0; i < count; i++)
		if (events[i].wall_ms > digest.wall_ms)
			digest.wall_ms = events[i].wall_ms;
	format_digest_id(events, count, id);
	add_data(events, count, &data);
	digest.data = str_text(&data);
	result = format_event(webhook, &digest, 0, message, err);
	str_free(&data);
	return result;
}
