/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <time.h>

#include "watchdog/base/jsontext.h"
#include "watchdog/base/mem.h"
#include "watchdog/base/units.h"
#include "watchdog/base/utf8.h"
#include "watchdog/model/event.h"
#include "watchdog/net/format.h"
#include "watchdog/verbs/events.h"

#define RED    "\033[31m"
#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define DIM    "\033[2m"
#define PLAIN  "\033[0m"

static const char *color_of(const char *type)
{
	int known = event_type_from_name(type);

	switch ((enum event_type)known) {
	case EVENT_WORKER_FATAL:
	case EVENT_WORKER_HUNG:
	case EVENT_CONFIG_BROKEN:
	case EVENT_WEBHOOK_DROPPED:
		return RED;
	case EVENT_WORKER_BLOATED:
	case EVENT_HOST_REBOOTED:
		return YELLOW;
	case EVENT_WORKER_RECOVERED:
	case EVENT_CONFIG_MENDED:
		return GREEN;
	case EVENT_WORKER_STARTED:
	case EVENT_WORKER_STOPPED:
	case EVENT_WEBHOOK_DIGEST:
	case EVENT_WEBHOOK_TEST:
		break;
	}
	return "";
}

static void add_colored(const struct events *events, const char *color, const char *text,
			struct str *line)
{
	if (events->call->out.color && color[0])
		str_addf(line, "%s%s" PLAIN, color, text);
	else
		str_add(line, text);
}

static void add_time(const struct events *events, int64_t wall_ms, struct str *line)
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm = { 0 };
	char text[48] = "?";

	/* Fails for years of more than nine digits. */
	if (localtime_r(&seconds, &tm))
		(void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	add_colored(events, DIM, text, line);
	str_add(line, "  ");
}

static struct format_event format_event_of(const struct journal_event *event)
{
	return (struct format_event){ .id = event->id,
				      .type = event->type,
				      .source = event->source,
				      .subject = event->subject,
				      .wall_ms = event->wall_ms,
				      .data = event->data };
}

/* As a webhook gets it. */
static void add_json(const struct format_event *event, struct str *line)
{
	static const struct webhook_options cloudevents = { .format = WEBHOOK_CLOUDEVENTS,
							    .log_tail = OPTION_NONE };
	struct format_message message;

	(void)format_event(&cloudevents, event, 0, &message, NULL); /* only a template can fail */
	str_add(line, str_text(&message.body));
	format_message_free(&message);
}

void events_line_event(const struct events *events, const struct journal_event *stored,
		       struct str *line)
{
	struct format_event event = format_event_of(stored);
	struct str sentence = STR_INIT;
	char *text;

	if (events->is_json) {
		add_json(&event, line);
	} else {
		format_sentence(&event, &sentence);
		text = str_take(&sentence);
		utf8_make_line(text);
		add_time(events, event.wall_ms, line);
		add_colored(events, color_of(event.type), text, line);
		free(text);
	}
	str_add(line, "\n");
}

/* ---- samples ------------------------------------------------------------------------------ */

static void add_sample_json(const struct journal_sample *sample, struct str *line)
{
	json_t *json = json_object();
	char *text;

	(void)json_object_set_new(json, "sample", jsontext_string(sample->subject));
	(void)json_object_set_new(json, "time", jsontext_time(sample->wall_ms));
	(void)json_object_set_new(json, "rss_bytes",
				  jsontext_number(sample->rss_bytes, sample->rss_bytes >= 0));
	(void)json_object_set_new(json, "memory_bytes",
				  jsontext_number(sample->memory_bytes, sample->memory_bytes >= 0));
	text = json_dumps(json, JSON_COMPACT);
	str_add(line, text ? text : "{}");
	free(text);
	json_decref(json);
}

static const char *size_text(int64_t bytes, char buf[UNITS_TEXT_SIZE])
{
	return bytes < 0 ? "-" : units_format_size(bytes, buf);
}

void events_line_sample(const struct events *events, const struct journal_sample *sample,
			struct str *line)
{
	char rss[UNITS_TEXT_SIZE], memory[UNITS_TEXT_SIZE];
	char *subject;

	if (events->is_json) {
		add_sample_json(sample, line);
	} else {
		subject = mem_dup(sample->subject);
		utf8_make_line(subject);
		add_time(events, sample->wall_ms, line);
		str_addf(line, "%s  rss %s  memory %s", subject, size_text(sample->rss_bytes, rss),
			 size_text(sample->memory_bytes, memory));
		free(subject);
	}
	str_add(line, "\n");
}
