/* SPDX-License-Identifier: ISC */
#include "watchdog/net/eventdata.h"

#include <stdio.h>
#include <string.h>

#include "watchdog/base/jsontext.h"
#include "watchdog/base/utf8.h"
#include "watchdog/net/clip.h"

static const char *const members[] = {
	"worker",    "instance",      "pid",	  "command",   "reason",
	"exit_code", "signal",	      "uptime_s", "rss_bytes", "memory_limit_bytes",
	"restarts",  "next_start_at", "log_tail", "message",   NULL,
};

/* ---- parsing ------------------------------------------------------------------------------ */

static json_t *load(const char *data)
{
	struct str repaired = STR_INIT;
	json_t *json;

	utf8_repair(data, strlen(data), &repaired);
	json = json_loadb(str_text(&repaired), repaired.len, 0, NULL);
	str_free(&repaired);
	if (json_is_object(json))
		return json;
	json_decref(json);
	json = json_object();
	(void)json_object_set_new(json, "message",
				  json_string("what is known of this event is damaged"));
	return json;
}

json_t *eventdata_parse(const char *data)
{
	json_t *given = load(data);
	json_t *all = json_object();
	const char *name;
	json_t *value;

	for (size_t i = 0; members[i]; i++) {
		value = json_object_get(given, members[i]);
		(void)json_object_set(all, members[i], value ? value : json_null());
	}
	json_object_foreach(given, name, value)(void) json_object_set(all, name, value);
	json_decref(given);
	return all;
}

int64_t eventdata_number(const json_t *data, const char *name, int64_t fallback)
{
	const json_t *value = json_object_get(data, name);

	return json_is_integer(value) ? json_integer_value(value) : fallback;
}

const char *eventdata_text(const json_t *data, const char *name)
{
	const char *text = json_string_value(json_object_get(data, name));

	return text && text[0] ? text : NULL;
}

/* ---- cutting ------------------------------------------------------------------------------ */

/* TEXT is what is left of the log; a part of the present one. */
static void set_log(json_t *data, const char *text)
{
	(void)json_object_set_new(data, "log_tail", jsontext_string(text[0] ? text : NULL));
}

void eventdata_keep_lines(json_t *data, int64_t lines)
{
	const char *text = eventdata_text(data, "log_tail");
	const char *at;

	if (!text)
		return;
	at = text + strlen(text);
	if (lines > 0 && at[-1] == '\n')
		at--;
	for (; lines > 0 && at > text; at--)
		if (at[-1] == '\n' && --lines == 0)
			break;
	set_log(data, at);
}

/* How much of LEN bytes to take away: in JSON they are up to six each, so never more than half. */
static size_t portion(size_t len, size_t excess)
{
	size_t half = (len + 1) / 2;

	return excess < half ? excess : half;
}

static void cut_log(json_t *data, const char *text, size_t excess)
{
	const char *at;

	excess = portion(strlen(text), excess);
	/* A whole line where one is left, else a whole character. */
	at = strchr(text + excess - 1, '\n');
	if (!at || at[1] == '\0')
		for (at = text + excess - 1; ((unsigned char)at[1] & 0xC0) == 0x80; at++)
			;
	set_log(data, at + 1);
}

static bool cut_longest(json_t *data, size_t excess)
{
	const char *longest = NULL;
	const char *name;
	json_t *value;
	size_t len = 0;
	struct str cut = STR_INIT;

	json_object_foreach(data, name, value) if (json_string_length(value) > len)
	{
		len = json_string_length(value);
		longest = name;
	}
	if (!longest)
		return false;
	clip_add(&cut, json_string_value(json_object_get(data, longest)),
		 len - portion(len, excess));
	(void)json_object_set_new(data, longest, jsontext_string(str_text(&cut)));
	str_free(&cut);
	return true;
}

bool eventdata_shrink(json_t *data, size_t excess)
{
	const char *text = eventdata_text(data, "log_tail");
	json_t *events = json_object_get(data, "events");
	size_t count = json_array_size(events);

	if (text) {
		cut_log(data, text, excess);
		return true;
	}
	if (count == 0)
		return cut_longest(data, excess);
	for (size_t left = count - (count + 7) / 8; count > left; count--)
		(void)json_array_remove(events, count - 1);
	return true;
}

/* ---- source ------------------------------------------------------------------------------- */

/* The part of a path at AT, decoded; returns what follows its slash. */
static const char *add_part(const char *at, struct str *out)
{
	struct str raw = STR_INIT;
	unsigned int byte;

	for (; *at && *at != '/'; at++) {
		if (*at == '%' && strspn(at + 1, "0123456789abcdefABCDEF") >= 2 &&
		    sscanf(at + 1, "%2x", &byte) == 1) {
			str_add_n(&raw, (const char[]){ (char)byte }, 1);
			at += 2;
		} else {
			str_add_n(&raw, at, 1);
		}
	}
	utf8_repair(str_text(&raw), raw.len, out);
	str_free(&raw);
	return *at == '/' ? at + 1 : at;
}

void eventdata_origin(const char *source, struct str *host, struct str *user)
{
	static const char prefix[] = "/cronherd/";

	if (strncmp(source, prefix, sizeof(prefix) - 1) == 0)
		(void)add_part(add_part(source + sizeof(prefix) - 1, host), user);
}
