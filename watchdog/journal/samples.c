/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "watchdog/base/mem.h"
#include "watchdog/journal/inside.h"
#include "watchdog/journal/journal.h"

static int know_subject(struct journal *journal, const char *subject, struct err *err)
{
	struct sql_query *query = sql_query(
		journal->sql,
		"INSERT INTO subjects (name) VALUES (?) ON CONFLICT (name) DO NOTHING", err);

	sql_put_text(query, subject);
	return sql_run(query, err);
}

static int add(struct journal *journal, const struct journal_sample *sample, struct err *err)
{
	struct sql_query *query;

	if (know_subject(journal, sample->subject, err) < 0)
		return -1;
	query = sql_query(
		journal->sql,
		"INSERT OR IGNORE INTO samples (wall_ms, subject, rss_bytes, memory_bytes)"
		" SELECT ?, id, ?, ? FROM subjects WHERE name = ?",
		err);
	sql_put(query, sample->wall_ms);
	sql_put(query, sample->rss_bytes);
	sql_put(query, sample->memory_bytes);
	sql_put_text(query, sample->subject);
	return sql_run(query, err);
}

int journal_sample(struct journal *journal, const struct journal_sample *sample, struct err *err)
{
	bool is_own;

	if (inside_begin(journal, &is_own, err))
		return -1;
	return inside_end(journal, is_own, add(journal, sample, err), err);
}

int journal_samples(struct journal *journal, int64_t since_wall_ms,
		    bool (*each)(const struct journal_sample *sample, void *data), void *data,
		    struct err *err)
{
	struct sql_query *query;
	int status;

	if (!journal->sql)
		return 0;
	query = sql_query(journal->sql,
			  "SELECT a.wall_ms, s.name, a.rss_bytes, a.memory_bytes FROM samples a"
			  " CROSS JOIN subjects s ON s.id = a.subject"
			  " WHERE a.wall_ms >= ? ORDER BY a.wall_ms, a.subject",
			  err);
	sql_put(query, since_wall_ms);
	while ((status = sql_step(query, err)) == 1) {
		struct journal_sample sample = { .wall_ms = sql_number(query, 0),
						 .subject = mem_dup(sql_text(query, 1)),
						 .rss_bytes = sql_number(query, 2),
						 .memory_bytes = sql_number(query, 3) };
		bool goes_on = each(&sample, data);

		free(sample.subject);
		if (goes_on)
			continue;
		sql_release(query);
		return 0;
	}
	return status;
}
