/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "watchdog/base/mem.h"
#include "watchdog/journal/inside.h"
#include "watchdog/journal/journal.h"

/* The webhook's row, by its name. */
#define WEBHOOK "(SELECT id FROM webhooks WHERE name = ?)"

void journal_delivery_free(struct journal_delivery *delivery)
{
	journal_event_free(&delivery->event);
	free(delivery->webhook);
	free(delivery->last);
	*delivery = (struct journal_delivery){ .attempts = 0 };
}

/* ---- owing -------------------------------------------------------------------------------- */

static int know_webhook(struct journal *journal, const char *webhook, struct err *err)
{
	struct sql_query *query = sql_query(
		journal->sql,
		"INSERT INTO webhooks (name) VALUES (?) ON CONFLICT (name) DO NOTHING", err);

	sql_put_text(query, webhook);
	return sql_run(query, err);
}

static int owe(struct journal *journal, int64_t seq, const char *webhook, int64_t now_wall_ms,
	       bool is_dead, struct err *err)
{
	struct sql_query *query;

	if (know_webhook(journal, webhook, err) < 0)
		return -1;
	query = sql_query(journal->sql,
			  "INSERT OR IGNORE INTO deliveries"
			  " (webhook, event, debt, owed_wall_ms, done_wall_ms, last)"
			  " SELECT w.id, e.seq, ?1, ?2, ?3, ?4 FROM webhooks w, events e"
			  " WHERE w.name = ?5 AND e.seq = ?6",
			  err);
	sql_put(query, is_dead ? JOURNAL_DEAD : JOURNAL_OWED);
	sql_put(query, now_wall_ms);
	sql_put(query, is_dead ? now_wall_ms : 0);
	sql_put_text(query, is_dead ? "the webhook is disabled" : "");
	sql_put_text(query, webhook);
	sql_put(query, seq);
	return sql_run(query, err) < 0 ? -1 : 0;
}

int journal_owe(struct journal *journal, int64_t seq, const char *webhook, int64_t now_wall_ms,
		bool is_dead, struct err *err)
{
	bool is_own;

	if (inside_begin(journal, &is_own, err))
		return -1;
	return inside_end(journal, is_own, owe(journal, seq, webhook, now_wall_ms, is_dead, err),
			  err);
}

/* ---- what is owed ------------------------------------------------------------------------- */

#define DELIVERY_COLUMNS                                                                           \
	INSIDE_EVENT_COLUMNS ", w.name, d.attempts, d.owed_wall_ms, d.done_wall_ms, d.last"

static void read_delivery(const struct sql_query *query, struct journal_delivery *delivery)
{
	int column = INSIDE_EVENT_COLUMN_COUNT;

	inside_read_event(query, &delivery->event);
	delivery->webhook = mem_dup(sql_text(query, column));
	delivery->attempts = sql_number(query, column + 1);
	delivery->owed_wall_ms = sql_number(query, column + 2);
	delivery->done_wall_ms = sql_number(query, column + 3);
	delivery->last = mem_dup(sql_text(query, column + 4));
}

int journal_queue(struct journal *journal, const char *webhook, struct journal_delivery *deliveries,
		  size_t max, struct err *err)
{
	struct sql_query *query;
	bool is_sound = true;
	size_t count = 0;
	int status = 0;

	if (!journal->sql || max == 0)
		return 0;
	query = sql_query(journal->sql,
			  "SELECT " DELIVERY_COLUMNS " FROM webhooks w"
			  " CROSS JOIN deliveries d INDEXED BY deliveries_owed"
			  " ON d.webhook = w.id AND d.debt = 0"
			  " CROSS JOIN events e ON e.seq = d.event"
			  " WHERE w.name = ? ORDER BY d.event",
			  err);
	sql_put_text(query, webhook);
	while (count < max && (status = sql_step(query, err)) == 1) {
		read_delivery(query, &deliveries[count]);
		/* Its index calls it owed, it itself does not: it would be sent for ever. */
		is_sound &= deliveries[count++].done_wall_ms == 0;
	}
	if (status == 1)
		sql_release(query);
	if (status >= 0 && !is_sound)
		status = sql_contradicts(journal->sql, err);
	if (status >= 0)
		return (int)count;
	while (count > 0)
		journal_delivery_free(&deliveries[--count]);
	return -1;
}

/* ---- what became of it -------------------------------------------------------------------- */

static int count_delivered(struct journal *journal, const char *webhook, struct err *err)
{
	struct sql_query *query = sql_query(
		journal->sql, "UPDATE webhooks SET delivered = delivered + 1 WHERE name = ?", err);

	sql_put_text(query, webhook);
	return sql_run(query, err);
}

static int settle(struct journal *journal, const char *webhook, int64_t seq, enum journal_debt debt,
		  int64_t now_wall_ms, const char *last, struct err *err)
{
	struct sql_query *query =
		sql_query(journal->sql,
			  "UPDATE deliveries SET debt = ?, done_wall_ms = ?, last = ?,"
			  " attempts = attempts + 1"
			  " WHERE webhook = " WEBHOOK " AND event = ? AND debt <> 1",
			  err);
	int changed;

	sql_put(query, debt);
	sql_put(query, debt == JOURNAL_OWED ? 0 : now_wall_ms);
	sql_put_text(query, last);
	sql_put_text(query, webhook);
	sql_put(query, seq);
	changed = sql_run(query, err);
	if (changed > 0 && debt == JOURNAL_DELIVERED)
		changed = count_delivered(journal, webhook, err);
	return changed < 0 ? -1 : 0;
}

int journal_settle(struct journal *journal, const char *webhook, int64_t seq,
		   enum journal_debt debt, int64_t now_wall_ms, const char *last, struct err *err)
{
	bool is_own;

	if (inside_begin(journal, &is_own, err))
		return -1;
	return inside_end(journal, is_own,
			  settle(journal, webhook, seq, debt, now_wall_ms, last, err), err);
}

static int bury(struct journal *journal, const char *webhook, int64_t before_wall_ms,
		int64_t now_wall_ms, const char *last, struct err *err)
{
	struct sql_query *query =
		sql_query(journal->sql,
			  "UPDATE deliveries SET debt = 2, done_wall_ms = ?, last = ?"
			  " WHERE debt = 0 AND webhook = " WEBHOOK
			  " AND event IN (SELECT event FROM deliveries INDEXED BY deliveries_owed"
			  " WHERE debt = 0 AND webhook = " WEBHOOK " AND owed_wall_ms < ?)",
			  err);

	sql_put(query, now_wall_ms);
	sql_put_text(query, last);
	sql_put_text(query, webhook);
	sql_put_text(query, webhook);
	sql_put(query, before_wall_ms);
	return sql_run(query, err);
}

int journal_bury(struct journal *journal, const char *webhook, int64_t before_wall_ms,
		 int64_t now_wall_ms, const char *last, struct err *err)
{
	bool is_own;

	if (inside_begin(journal, &is_own, err))
		return -1;
	return inside_end(journal, is_own,
			  bury(journal, webhook, before_wall_ms, now_wall_ms, last, err), err);
}

/* ---- dead letters ------------------------------------------------------------------------- */

int journal_dead(struct journal *journal, const char *webhook,
		 bool (*each)(const struct journal_delivery *delivery, void *data), void *data,
		 struct err *err)
{
	struct sql_query *query;
	int status;

	if (!journal->sql)
		return 0;
	query = sql_query(journal->sql,
			  "SELECT " DELIVERY_COLUMNS " FROM deliveries d INDEXED BY deliveries_dead"
			  " CROSS JOIN webhooks w ON w.id = d.webhook"
			  " CROSS JOIN events e ON e.seq = d.event"
			  " WHERE d.debt = 2 AND (?1 IS NULL OR w.name = ?1)"
			  " ORDER BY d.event, d.webhook",
			  err);
	sql_put_text(query, webhook);
	while ((status = sql_step(query, err)) == 1) {
		struct journal_delivery delivery;
		bool goes_on;

		read_delivery(query, &delivery);
		goes_on = each(&delivery, data);
		journal_delivery_free(&delivery);
		if (goes_on)
			continue;
		sql_release(query);
		return 0;
	}
	return status;
}

/* The dead letters that ?1 (a webhook) and ?2 (an event's id) mean; NULL: any. */
#define MEANT                                                                                      \
	" WHERE debt = 2"                                                                          \
	" AND (?1 IS NULL OR webhook = (SELECT id FROM webhooks WHERE name = ?1))"                 \
	" AND (?2 IS NULL OR event = (SELECT seq FROM events WHERE id = ?2))"

int journal_replay(struct journal *journal, const char *webhook, const char *id,
		   int64_t now_wall_ms, struct err *err)
{
	struct sql_query *query;
	bool is_own;

	if (inside_begin(journal, &is_own, err))
		return -1;
	query = sql_query(journal->sql,
			  "UPDATE deliveries SET debt = 0, attempts = 0, owed_wall_ms = ?3,"
			  " done_wall_ms = 0" MEANT,
			  err);
	sql_put_text(query, webhook);
	sql_put_text(query, id);
	sql_put(query, now_wall_ms);
	return inside_end(journal, is_own, sql_run(query, err), err);
}

int journal_purge(struct journal *journal, const char *webhook, const char *id, struct err *err)
{
	struct sql_query *query;
	bool is_own;

	if (inside_begin(journal, &is_own, err))
		return -1;
	query = sql_query(journal->sql, "DELETE FROM deliveries" MEANT, err);
	sql_put_text(query, webhook);
	sql_put_text(query, id);
	return inside_end(journal, is_own, sql_run(query, err), err);
}

/* ---- how much ----------------------------------------------------------------------------- */

static int count_owed(struct journal *journal, const char *webhook, struct journal_tally *tally,
		      struct err *err)
{
	struct sql_query *query = sql_query(journal->sql,
					    "SELECT count(*), min(owed_wall_ms)"
					    " FROM deliveries INDEXED BY deliveries_owed"
					    " WHERE debt = 0 AND webhook = " WEBHOOK,
					    err);

	sql_put_text(query, webhook);
	if (sql_step(query, err) != 1)
		return -1;
	tally->owed = sql_number(query, 0);
	tally->oldest_owed_wall_ms = sql_number(query, 1);
	sql_release(query);
	return 0;
}

static int count_done(struct journal *journal, const char *webhook, struct journal_tally *tally,
		      struct err *err)
{
	struct sql_query *query = sql_query(
		journal->sql,
		"SELECT w.delivered, (SELECT count(*)"
		" FROM deliveries d INDEXED BY deliveries_dead"
		" WHERE d.debt = 2 AND d.webhook = w.id) FROM webhooks w WHERE w.name = ?",
		err);
	int status;

	sql_put_text(query, webhook);
	status = sql_step(query, err);
	if (status != 1)
		return status;
	tally->delivered = sql_number(query, 0);
	tally->dead = sql_number(query, 1);
	sql_release(query);
	return 0;
}

int journal_tally(struct journal *journal, const char *webhook, struct journal_tally *tally,
		  struct err *err)
{
	*tally = (struct journal_tally){ .owed = 0 };
	if (!journal->sql)
		return 0;
	if (count_owed(journal, webhook, tally, err))
		return -1;
	return count_done(journal, webhook, tally, err);
}

int journal_webhooks(struct journal *journal, struct strlist *names, struct err *err)
{
	struct sql_query *query;
	int status;

	if (!journal->sql)
		return 0;
	query = sql_query(journal->sql, "SELECT name FROM webhooks ORDER BY name", err);
	while ((status = sql_step(query, err)) == 1)
		strlist_add(names, sql_text(query, 0));
	return status;
}
