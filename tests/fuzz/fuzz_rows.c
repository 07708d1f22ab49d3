/* SPDX-License-Identifier: ISC */
/*
 * Rows of a journal that somebody else has written: numbers and texts of any kind in any column.
 * Whoever reads them gets what he can use: messages are made of it, and queues and endpoints decide
 * by it.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "watchdog/base/mem.h"
#include "watchdog/courier/digest.h"
#include "watchdog/courier/flap.h"
#include "watchdog/courier/message.h"
#include "watchdog/journal/journal.h"
#include "watchdog/journal/sql.h"
#include "watchdog/model/option.h"
#include "watchdog/net/verdict.h"

#define NOW_MS INT64_C(1700000000000)

static struct journal *journal;
static struct sql *sql;

/* So that nobody who watches memory takes it for lost. */
static void close_both(void)
{
	sql_close(sql);
	journal_close(journal);
}

static void open_both(void)
{
	char *path = fuzz_path(JOURNAL_FILE);
	struct str notice = STR_INIT;
	struct err err = ERR_INIT;

	if (!journal) {
		FUZZ_CHECK(journal_open(&journal, fuzz_dir(), JOURNAL_WRITE, &notice, &err) == 0);
		FUZZ_CHECK(sql_open(&sql, path, SQL_WRITE, 1000, &err) == 0);
		(void)atexit(close_both);
	}
	free(path);
}

/* A value as the input has it: a text, a number, nothing. */
static void put(struct sql_query *query, struct fuzz_input *input)
{
	uint8_t kind = fuzz_byte(input);
	char *text;

	if (kind % 8 < 3) {
		sql_put(query,
			(int64_t)((uint64_t)(int8_t)fuzz_byte(input) << fuzz_byte(input) % 60));
	} else if (kind % 8 == 3) {
		sql_put(query, NOW_MS + (int8_t)fuzz_byte(input));
	} else {
		text = fuzz_piece(input);
		sql_put_text(query, text);
		free(text);
	}
}

/* Statements, each with so many values that the input gives. A constraint may refuse them. */
static void insert(struct fuzz_input *input)
{
	static const struct {
		const char *text;
		int values;
	} rows[] = {
		{ "INSERT OR REPLACE INTO events (id, type, source, subject, wall_ms, round, data) "
		  "VALUES (?, ?, ?, ?, ?, ?, ?)",
		  7 },
		{ "INSERT OR REPLACE INTO webhooks (id, name, url_hash, failures, refusals, "
		  "digest_seq, next_wall_ms, failing_wall_ms, disabled_wall_ms, last) "
		  "VALUES (1, 'chat', ?, ?, ?, ?, ?, ?, ?, ?)",
		  8 },
		/* What is owed is not done: otherwise it would be corrupt. */
		{ "INSERT OR REPLACE INTO deliveries (webhook, event, debt, attempts, "
		  "owed_wall_ms, done_wall_ms, last) "
		  "SELECT 1, max(seq), 0, ?, ?, 0 * coalesce(?, 0), ? FROM events HAVING max(seq) IS NOT NULL",
		  4 },
		{ "INSERT OR REPLACE INTO flaps VALUES ('chat', 'mail:1', ?, ?, ?)", 3 },
		{ "INSERT OR REPLACE INTO samples VALUES (?, ?, ?, ?)", 4 },
		{ "INSERT OR REPLACE INTO subjects VALUES (1, ?)", 1 },
	};
	size_t which = fuzz_byte(input) % (sizeof(rows) / sizeof(rows[0]));
	struct err err = ERR_INIT;
	struct sql_query *query = sql_query(sql, rows[which].text, &err);

	FUZZ_CHECK(query != NULL);
	for (int i = 0; i < rows[which].values; i++)
		put(query, input);
	(void)sql_run(query, &err);
}

static void check_message(const struct journal_delivery *deliveries, size_t count)
{
	struct webhook_options webhook;
	struct strlist secrets = STRLIST_INIT;
	struct message message;
	struct err err = ERR_INIT;

	options_init_in(webhook_option_table, &webhook);
	for (webhook.format = 0; webhook.format < WEBHOOK_TEMPLATE; webhook.format++) {
		if (message_make(&webhook, &secrets, deliveries, count, 1, 1700000000, &message,
				 &err) == 0) {
			FUZZ_CHECK(fuzz_is_utf8(str_text(&message.body), message.body.len));
			FUZZ_CHECK(message.headers.count > 0);
		}
		message_free(&message);
	}
	options_free_in(webhook_option_table, &webhook);
}

static void check_queue(void)
{
	struct journal_delivery deliveries[8];
	struct journal_flap flap, after;
	struct journal_endpoint endpoint;
	struct err err = ERR_INIT;
	int owed = journal_queue(journal, "chat", deliveries, 8, &err);

	FUZZ_CHECK(owed >= 0 && owed <= 8);
	FUZZ_CHECK(journal_endpoint_get(journal, "chat", &endpoint, &err) == 0);
	FUZZ_CHECK(journal_flap_get(journal, "chat", "mail:1", &flap, &err) == 0);
	FUZZ_CHECK(fuzz_is_line(endpoint.last) || endpoint.last[0]);
	FUZZ_CHECK(verdict_due(endpoint.next_wall_ms, endpoint.failures, NOW_MS) <=
		   NOW_MS + INT64_C(103680000));
	if (owed > 0) {
		size_t count = digest_count(deliveries, (size_t)owed, 2, endpoint.digest_seq);

		FUZZ_CHECK(count >= 1 && count <= (size_t)owed);
		check_message(deliveries, count);
		check_message(deliveries, 1);
		(void)flap_is_told(&deliveries[0].event, 10, &flap, &after);
	}
	for (int i = 0; i < owed; i++)
		journal_delivery_free(&deliveries[i]);
}

static bool take_event(const struct journal_event *event, void *data)
{
	(void)data;
	FUZZ_CHECK(event->id && event->subject && event->data && event->round);
	return true;
}

static bool take_sample(const struct journal_sample *sample, void *data)
{
	(void)data;
	FUZZ_CHECK(sample->subject != NULL);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { .at = data, .end = data + size };
	struct err err = ERR_INIT;

	open_both();
	FUZZ_CHECK(sql_script(sql,
			      "DELETE FROM events; DELETE FROM deliveries; DELETE FROM flaps;"
			      "DELETE FROM samples; DELETE FROM subjects; DELETE FROM webhooks",
			      &err) == 0);
	while (input.at < input.end)
		insert(&input);
	check_queue();
	FUZZ_CHECK(journal_events(journal, 0, 0, take_event, NULL, &err) == 0);
	FUZZ_CHECK(journal_samples(journal, 0, take_sample, NULL, &err) == 0);
	return 0;
}
