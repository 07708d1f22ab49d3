/* SPDX-License-Identifier: ISC */
#include "watchdog/courier/errand.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/config/conftell.h"

/* Libcurl's clock and its timers need not agree to the millisecond. */
#define CLOCK_SLACK_MS 100

bool errand_has_time(const struct errand *errand)
{
	return errand->until_boot_ms - errand->now.boot_ms >= ERRAND_LAST_MS;
}

int64_t errand_timeout_ms(const struct errand *errand, int64_t wanted_ms)
{
	int64_t left_ms = errand->until_boot_ms - errand->now.boot_ms - ERRAND_RESERVE_MS;

	return wanted_ms < left_ms ? wanted_ms : left_ms;
}

bool errand_was_cut(const struct http_result *result, int64_t given_ms, int64_t wanted_ms)
{
	return result->failure == HTTP_TIMEOUT && given_ms < wanted_ms &&
	       result->took_ms >= given_ms - CLOCK_SLACK_MS;
}

static void say(struct errand *errand, const char *topic, const char *text)
{
	char *line;

	if (errand->options->is_detached)
		return;
	line = mem_format("%s: %s", topic, text);
	if (!strlist_has(&errand->said, line)) {
		out_warn(errand->options->out, "%s", line);
		strlist_add(&errand->said, line);
	}
	free(line);
}

void errand_complain(struct errand *errand, enum complaint_kind kind, const char *topic,
		     const char *format, ...)
{
	struct str text = STR_INIT;
	va_list args;

	va_start(args, format);
	str_addv(&text, format, args);
	va_end(args);
	complaints_set(&errand->complaints, kind, topic, str_text(&text), errand->now.wall_ms);
	say(errand, topic, str_text(&text));
	str_free(&text);
}

/* ---- what has passed --------------------------------------------------------------------- */

void errand_forget(struct errand *errand)
{
	struct complaints *complaints = &errand->complaints;

	complaints_age(complaints, errand->now.wall_ms);
	for (size_t i = complaints->count; i-- > 0;) {
		const char *text = complaints->items[i].text;

		if (conftell_is_orphan(errand->config, text)) {
			char *topic = mem_dup_n(text, (size_t)(strchr(text, ':') - text));

			complaints_clear(complaints, topic);
			free(topic);
		}
	}
}
