/* SPDX-License-Identifier: ISC */
#include "watchdog/report/eventjson.h"

#include <stdlib.h>
#include <string.h>

#include "watchdog/base/jsontext.h"
#include "watchdog/base/signame.h"

static void set(json_t *json, const char *name, json_t *value)
{
	(void)json_object_set_new(json, name, value);
}

static void set_number(json_t *json, const char *name, int64_t number)
{
	set(json, name, jsontext_number(number, number >= 0));
}

static void set_exit(json_t *json, const struct exitinfo *exit)
{
	set(json, "exit_code", jsontext_number(exit->code, exit->known && !exit->signal));
	set(json, "signal",
	    jsontext_string(exit->known && exit->signal ? signame_text(exit->signal) : NULL));
}

static json_t *data_of(const struct event *event)
{
	json_t *json = json_object();

	set(json, "worker", jsontext_string(event->worker));
	set_number(json, "instance", event->instance);
	set(json, "pid", jsontext_number(event->pid, event->pid != 0));
	set(json, "command", jsontext_string(event->command));
	set(json, "reason", jsontext_string(event->reason == REASON_NONE
						    ? NULL
						    : reason_name(event->reason)));
	set_exit(json, &event->exit);
	set(json, "uptime_s", jsontext_number(event->uptime_ms / 1000, event->uptime_ms >= 0));
	set_number(json, "rss_bytes", event->rss_bytes);
	set_number(json, "memory_limit_bytes", event->memory_limit_bytes);
	set_number(json, "restarts", event->restarts);
	set(json, "next_start_at", jsontext_time(event->next_start_wall_ms));
	set(json, "log_tail", jsontext_string(event->log_tail));
	set(json, "message", jsontext_string(event->message));
	return json;
}

static void finish(json_t *json, struct str *line)
{
	char *text = json_dumps(json, JSON_COMPACT);

	if (text)
		str_add(line, text);
	free(text);
	json_decref(json);
}

void eventjson_event(const struct event *event, const char *source, struct str *line)
{
	json_t *json = json_object();

	set(json, "id", json_string(event->id));
	set(json, "type", json_string(event_type_name(event->type)));
	set(json, "source", jsontext_string(source));
	set(json, "subject", jsontext_string(event->subject));
	set(json, "at_ms", json_integer(event->wall_ms));
	set(json, "data", data_of(event));
	finish(json, line);
}

void eventjson_sample(const char *subject, int64_t wall_ms, int64_t rss_bytes, int64_t memory_bytes,
		      struct str *line)
{
	json_t *json = json_object();

	set(json, "sample", jsontext_string(subject));
	set(json, "at_ms", json_integer(wall_ms));
	set_number(json, "rss_bytes", rss_bytes);
	set_number(json, "memory_bytes", memory_bytes);
	finish(json, line);
}

static void add_encoded(const char *text, struct str *source)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (; *text; text++)
		if (strchr(plain, *text))
			str_add_n(source, text, 1);
		else
			str_addf(source, "%%%02X", (unsigned)(unsigned char)*text);
}

void eventjson_source(const char *host, const char *user, struct str *source)
{
	str_add(source, "/cronherd/");
	add_encoded(host, source);
	str_add(source, "/");
	add_encoded(user, source);
}
