/* SPDX-License-Identifier: ISC */
/* deliver --status: how each webhook does. Never more of its URL than the host. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "watchdog/base/clock.h"
#include "watchdog/base/jsontext.h"
#include "watchdog/base/mem.h"
#include "watchdog/base/units.h"
#include "watchdog/net/http.h"
#include "watchdog/report/columns.h"
#include "watchdog/verbs/deliver.h"

#define COLUMN_COUNT 7
#define RIGHT	     (1U << 3 | 1U << 4 | 1U << 5) /* the numbers */

static char *host_of(const struct tally_webhook *webhook)
{
	char text[128];

	return mem_dup(webhook->webhook
			       ? http_host(webhook->webhook->options.url, text, sizeof(text))
			       : "");
}

/* ---- for people --------------------------------------------------------------------------- */

/* Whole seconds from FROM to TO. */
static void add_span(const char *before, int64_t from_wall_ms, int64_t to_wall_ms, struct str *text)
{
	int64_t ms = to_wall_ms > from_wall_ms ? to_wall_ms - from_wall_ms : 0;
	char span[UNITS_TEXT_SIZE];

	str_addf(text, "%s%s", before, units_format_duration(ms / 1000 * 1000, span));
}

static char *state_of(const struct tally_webhook *webhook, int64_t now_wall_ms)
{
	const struct journal_endpoint *endpoint = &webhook->endpoint;
	const char *state = deliver_state(webhook, now_wall_ms);
	struct str text = STR_INIT;

	str_add(&text, state);
	if (strcmp(state, "sleeping") == 0)
		add_span(" for ", now_wall_ms, endpoint->next_wall_ms, &text);
	if (strcmp(state, "disabled") == 0)
		add_span(" for ", endpoint->disabled_wall_ms, now_wall_ms, &text);
	if (strcmp(state, "failing") == 0) {
		add_span(" for ", endpoint->failing_wall_ms, now_wall_ms, &text);
		if (webhook->tally.owed && endpoint->next_wall_ms > now_wall_ms)
			add_span(", next try in ", now_wall_ms, endpoint->next_wall_ms, &text);
	}
	return str_take(&text);
}

static char *last_of(const struct tally_webhook *webhook, int64_t now_wall_ms)
{
	const struct journal_endpoint *endpoint = &webhook->endpoint;
	struct str text = STR_INIT;

	if (!endpoint->tried_wall_ms)
		return mem_dup("");
	add_span("", endpoint->tried_wall_ms, now_wall_ms, &text);
	str_addf(&text, " ago: %s", endpoint->last);
	return str_take(&text);
}

static void render_table(const struct tally *tally, int64_t now_wall_ms, struct str *text)
{
	static const char *const titles[COLUMN_COUNT] = { "WEBHOOK",   "HOST", "STATE", "OWED",
							  "DELIVERED", "DEAD", "LAST" };
	struct strlist cells = STRLIST_INIT;

	for (size_t i = 0; i < COLUMN_COUNT; i++)
		strlist_add(&cells, titles[i]);
	for (size_t i = 0; i < tally->count; i++) {
		const struct tally_webhook *webhook = &tally->webhooks[i];

		strlist_add(&cells, webhook->name);
		strlist_take(&cells, host_of(webhook));
		strlist_take(&cells, state_of(webhook, now_wall_ms));
		strlist_take(&cells, mem_format("%" PRId64, webhook->tally.owed));
		strlist_take(&cells, mem_format("%" PRId64, webhook->tally.delivered));
		strlist_take(&cells, mem_format("%" PRId64, webhook->tally.dead));
		strlist_take(&cells, last_of(webhook, now_wall_ms));
	}
	columns_render(&cells, COLUMN_COUNT, RIGHT, text);
	strlist_free(&cells);
}

/* ---- for programs ------------------------------------------------------------------------- */

static void set(json_t *json, const char *name, json_t *value)
{
	(void)json_object_set_new(json, name, value);
}

static json_t *json_of(const struct tally_webhook *webhook, int64_t now_wall_ms)
{
	const struct journal_endpoint *endpoint = &webhook->endpoint;
	json_t *json = json_object();
	char host[128];

	set(json, "name", jsontext_string(webhook->name));
	set(json, "host",
	    jsontext_string(webhook->webhook
				    ? http_host(webhook->webhook->options.url, host, sizeof(host))
				    : NULL));
	set(json, "state", json_string(deliver_state(webhook, now_wall_ms)));
	set(json, "owed", json_integer(webhook->tally.owed));
	set(json, "oldest_owed_at", jsontext_time(webhook->tally.oldest_owed_wall_ms));
	set(json, "delivered", json_integer(webhook->tally.delivered));
	set(json, "dead", json_integer(webhook->tally.dead));
	set(json, "failing_since", jsontext_time(endpoint->failing_wall_ms));
	set(json, "disabled_since", jsontext_time(endpoint->disabled_wall_ms));
	set(json, "failures", json_integer(endpoint->failures));
	set(json, "next_try_at", jsontext_time(webhook->tally.owed ? endpoint->next_wall_ms : 0));
	set(json, "tried_at", jsontext_time(endpoint->tried_wall_ms));
	set(json, "last", jsontext_string(endpoint->tried_wall_ms ? endpoint->last : NULL));
	return json;
}

static void render_json(const struct tally *tally, int64_t now_wall_ms, struct str *text)
{
	json_t *json = json_object();
	json_t *webhooks = json_array();

	for (size_t i = 0; i < tally->count; i++)
		(void)json_array_append_new(webhooks, json_of(&tally->webhooks[i], now_wall_ms));
	set(json, "version", json_integer(1));
	set(json, "webhooks", webhooks);
	jsontext_finish(json, text);
}

/* ---- the verb ----------------------------------------------------------------------------- */

static int show(const struct deliver *deliver, struct journal *journal, struct err *err)
{
	int64_t now_wall_ms = clock_read().wall_ms;
	struct str text = STR_INIT;
	struct tally tally;
	int status = tally_take(&tally, journal, &deliver->config, err);

	if (status == 0 && deliver->is_json)
		render_json(&tally, now_wall_ms, &text);
	else if (status == 0 && tally.count)
		render_table(&tally, now_wall_ms, &text);
	else if (status == 0)
		out_warn(&deliver->call->out, "no webhook is defined");
	fputs(str_text(&text), stdout);
	str_free(&text);
	tally_free(&tally);
	return status;
}

int deliver_status(const struct deliver *deliver)
{
	struct journal *journal = NULL;
	struct err err = ERR_INIT;
	int status = deliver_open(deliver, &journal, JOURNAL_READ, &err);

	if (status == 0)
		status = show(deliver, journal, &err);
	journal_close(journal);
	return status ? verb_fail(deliver->call, &err) : VERB_DONE;
}
