/* SPDX-License-Identifier: ISC */
/*
 * template: a body that somebody wrote, with what is to be put into it. Pure.
 *
 *     {"text": "{{sentence}}", "host": "{{host|json}}", "link": "https://wiki/{{worker|url}}"}
 *
 * {{NAME}} or {{NAME|FILTER}}; blanks may stand around both. Everything else is itself, a lone brace too. What is put in is valid
 * UTF-8 whatever came, and by filter:
 *
 *     json  (the default) as a JSON string has it between its quotes
 *     raw   as it is
 *     url   percent-encoded, but for letters, digits and - . _ ~
 *     text  as it is, with "?" for control characters other than newline and tab
 */
#ifndef WATCHDOG_MODEL_TEMPLATE_H
#define WATCHDOG_MODEL_TEMPLATE_H

#include <stddef.h>

#include "watchdog/base/str.h"

/* The names are those of an event's attributes and data, in lower case: "{{memory_limit_bytes}}". */
enum template_name {
	TEMPLATE_ID,
	TEMPLATE_TYPE,
	TEMPLATE_SOURCE,
	TEMPLATE_SUBJECT,
	TEMPLATE_HOST,
	TEMPLATE_USER,
	TEMPLATE_TIME, /* RFC 3339 */
	TEMPLATE_WORKER,
	TEMPLATE_INSTANCE,
	TEMPLATE_PID,
	TEMPLATE_COMMAND,
	TEMPLATE_REASON,
	TEMPLATE_EXIT_CODE,
	TEMPLATE_SIGNAL,
	TEMPLATE_UPTIME_S,
	TEMPLATE_RSS_BYTES,
	TEMPLATE_MEMORY_LIMIT_BYTES,
	TEMPLATE_RESTARTS,
	TEMPLATE_NEXT_START_AT,
	TEMPLATE_LOG_TAIL,
	TEMPLATE_MESSAGE,
	TEMPLATE_SENTENCE /* the line for people */
};

#define TEMPLATE_NAME_COUNT 22

/* "memory_limit_bytes": as in a template, and as an event's data has it. */
const char *template_name_text(enum template_name name);

/* NULL where TEXT is right; else BUF, with what is wrong, where, and the cure, to stand behind "option 'template' ". Of TEXT no
 * more than the name or filter in question is told. */
const char *template_check(const char *text, char *buf, size_t size);

/* The value of NAME as text; NULL, where it has none, puts nothing in. It need live only until the next call. */
typedef const char *template_lookup(enum template_name name, void *context);

/* Appends TEXT, filled in, to OUT. What template_check would not let pass stays as it is. */
void template_expand(const char *text, template_lookup *lookup, void *context, struct str *out);

#endif
