/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "watchdog/journal/inside.h"
#include "watchdog/journal/journal.h"

/* ---- endpoints ---------------------------------------------------------------------------- */

int journal_endpoint_get(struct journal *journal, const char *webhook,
			 struct journal_endpoint *endpoint, struct err *err)
{
	struct sql_query *query;
	int status;

	*endpoint = (struct journal_endpoint){ .failures = 0 };
	if (!journal->sql)
		return 0;
	query = sql_query(
		journal->sql,
		"SELECT url_hash, failures, next_wall_ms, failing_wall_ms, disabled_wall_ms,"
		" tried_wall_ms, last, refusals, digest_seq FROM webhooks WHERE name = ?",
		err);
	sql_put_text(query, webhook);
	status = sql_step(query, err);
	if (status != 1)
		return status;
	endpoint->url_hash = (uint64_t)sql_number(query, 0);
	endpoint->failures = sql_number(query, 1);
	endpoint->next_wall_ms = sql_number(query, 2);
	endpoint->failing_wall_ms = sql_number(query, 3);
	endpoint->disabled_wall_ms = sql_number(query, 4);
	endpoint->tried_wall_ms = sql_number(query, 5);
	(void)snprintf(endpoint->last, sizeof(endpoint->last), "%s", sql_text(query, 6));
	endpoint->refusals = sql_number(query, 7);
	endpoint->digest_seq = sql_number(query, 8);
	sql_release(query);
	return 0;
}

static int set_endpoint(struct journal *journal, const char *webhook,
			const struct journal_endpoint *endpoint, struct err *err)
{
	struct sql_query *query = sql_query(
		journal->sql,
		"INSERT INTO webhooks (name, url_hash, failures, next_wall_ms, failing_wall_ms,"
		" disabled_wall_ms, tried_wall_ms, last, refusals, digest_seq)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
		" ON CONFLICT (name) DO UPDATE SET url_hash = ?2, failures = ?3, next_wall_ms = ?4,"
		" failing_wall_ms = ?5, disabled_wall_ms = ?6, tried_wall_ms = ?7, last = ?8,"
		" refusals = ?9, digest_seq = ?10",
		err);

	sql_put_text(query, webhook);
	sql_put(query, (int64_t)endpoint->url_hash);
	sql_put(query, endpoint->failures);
	sql_put(query, endpoint->next_wall_ms);
	sql_put(query, endpoint->failing_wall_ms);
	sql_put(query, endpoint->disabled_wall_ms);
	sql_put(query, endpoint->tried_wall_ms);
	sql_put_text(query, endpoint->last);
	sql_put(query, endpoint->refusals);
	sql_put(query, endpoint->digest_seq);
	return sql_run(query, err) < 0 ? -1 : 0;
}

int journal_endpoint_set(struct journal *journal, const char *webhook,
			 const struct journal_endpoint *endpoint, struct err *err)
{
	bool is_own;

	if (inside_begin(journal, &is_own, err))
		return -1;
	return inside_end(journal, is_own, set_endpoint(journal, webhook, endpoint, err), err);
}

/* ---- flaps -------------------------------------------------------------------------------- */

int journal_flap_get(struct journal *journal, const char *webhook, const char *subject,
		     struct journal_flap *flap, struct err *err)
{
	struct sql_query *query;
	int status;

	*flap = (struct journal_flap){ .told = 0 };
	if (!journal->sql)
		return 0;
	query = sql_query(journal->sql,
			  "SELECT window_wall_ms, told, held_back FROM flaps"
			  " WHERE webhook = ? AND subject = ?",
			  err);
	sql_put_text(query, webhook);
	sql_put_text(query, subject);
	status = sql_step(query, err);
	if (status != 1)
		return status;
	flap->window_wall_ms = sql_number(query, 0);
	flap->told = sql_number(query, 1);
	flap->held_back = sql_number(query, 2);
	sql_release(query);
	return 0;
}

static int set_flap(struct journal *journal, const char *webhook, const char *subject,
		    const struct journal_flap *flap, struct err *err)
{
	struct sql_query *query =
		sql_query(journal->sql,
			  "INSERT INTO flaps (webhook, subject, window_wall_ms, told, held_back)"
			  " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (webhook, subject)"
			  " DO UPDATE SET window_wall_ms = ?3, told = ?4, held_back = ?5",
			  err);

	sql_put_text(query, webhook);
	sql_put_text(query, subject);
	sql_put(query, flap->window_wall_ms);
	sql_put(query, flap->told);
	sql_put(query, flap->held_back);
	return sql_run(query, err) < 0 ? -1 : 0;
}

int journal_flap_set(struct journal *journal, const char *webhook, const char *subject,
		     const struct journal_flap *flap, struct err *err)
{
	bool is_own;

	if (inside_begin(journal, &is_own, err))
		return -1;
	return inside_end(journal, is_own, set_flap(journal, webhook, subject, flap, err), err);
}
