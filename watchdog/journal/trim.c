/* SPDX-License-Identifier: ISC */
/* trim: what goes, by age and by size. In small transactions, so that nobody waits long, and a disk
 * nearly full will do. */
#include "watchdog/journal/inside.h"
#include "watchdog/journal/journal.h"

#define CHUNK 200

/* Free pages are given back to the file system when they are so many, or a quarter of all. */
#define SPARE_PAGES 256

/* ---- events ------------------------------------------------------------------------------- */

/* What a webhook has still to get, or may be asked for again, keeps its event. At most CHUNK that
 * are older than ?1. */
static const char settled[] = "SELECT e.seq FROM events e WHERE e.wall_ms < ?1"
			      " AND NOT EXISTS (SELECT 1 FROM deliveries d"
			      " WHERE d.event = e.seq AND d.debt <> 1)"
			      " ORDER BY e.wall_ms LIMIT ?2";

static const char dead[] = "SELECT DISTINCT d.event FROM deliveries d INDEXED BY deliveries_dead"
			   " WHERE d.debt = 2 AND d.owed_wall_ms < ?1"
			   " AND NOT EXISTS (SELECT 1 FROM deliveries o"
			   " WHERE o.event = d.event AND o.debt = 0)"
			   " ORDER BY d.event LIMIT ?2";

static const char any[] = "SELECT e.seq FROM events e WHERE e.wall_ms < ?1 ORDER BY e.seq LIMIT ?2";

static int choose(struct journal *journal, const char *choice, int64_t before_wall_ms,
		  int64_t seqs[CHUNK], struct err *err)
{
	struct sql_query *query = sql_query(journal->sql, choice, err);
	int count = 0;
	int status;

	sql_put(query, before_wall_ms);
	sql_put(query, CHUNK);
	while ((status = sql_step(query, err)) == 1)
		if (count < CHUNK)
			seqs[count++] = sql_number(query, 0);
	return status ? -1 : count;
}

static int change_one(struct journal *journal, const char *text, int64_t seq, struct err *err)
{
	struct sql_query *query = sql_query(journal->sql, text, err);

	sql_put(query, seq);
	return sql_run(query, err);
}

/* 1 where the event was still owed to somebody, else 0. Where nothing goes, an index named what is not there, and would do so for ever. */
static int drop_event(struct journal *journal, int64_t seq, struct err *err)
{
	static const char owed[] = "DELETE FROM deliveries WHERE event = ? AND debt = 0";
	static const char others[] = "DELETE FROM deliveries WHERE event = ?";
	static const char event[] = "DELETE FROM events WHERE seq = ?";
	int was_owed = change_one(journal, owed, seq, err);
	int other = was_owed < 0 ? -1 : change_one(journal, others, seq, err);
	int gone = other < 0 ? -1 : change_one(journal, event, seq, err);

	if (gone < 0)
		return -1;
	if (was_owed + other + gone == 0)
		return sql_contradicts(journal->sql, err);
	return was_owed > 0;
}

static int drop_chosen(struct journal *journal, const char *choice, int64_t before_wall_ms,
		       int64_t *dropped, struct err *err)
{
	int64_t seqs[CHUNK];
	int64_t owed = 0;
	int count = choose(journal, choice, before_wall_ms, seqs, err);

	for (int i = 0; i < count; i++) {
		int was_owed = drop_event(journal, seqs[i], err);

		if (was_owed < 0)
			return -1;
		owed += was_owed;
	}
	*dropped += owed;
	return count;
}

/* At most CHUNK events that CHOICE finds; how many. */
static int drop_some(struct journal *journal, const char *choice, int64_t before_wall_ms,
		     int64_t *dropped, struct err *err)
{
	bool is_own;

	if (inside_begin(journal, &is_own, err))
		return -1;
	return inside_end(journal, is_own,
			  drop_chosen(journal, choice, before_wall_ms, dropped, err), err);
}

/* ---- all else ----------------------------------------------------------------------------- */

/* TEXT with one number. How many rows it changed, or -1. */
static int change(struct journal *journal, const char *text, int64_t number, struct err *err)
{
	bool is_own;

	if (inside_begin(journal, &is_own, err))
		return -1;
	return inside_end(journal, is_own, change_one(journal, text, number, err), err);
}

static int drop_samples(struct journal *journal, int64_t before_wall_ms, struct err *err)
{
	int gone = change(journal, "DELETE FROM samples WHERE wall_ms < ?", before_wall_ms, err);

	if (gone <= 0)
		return gone;
	/* Their names are few: kept as long as there is any sample. */
	return change(journal,
		      "DELETE FROM subjects WHERE ? > 0 AND NOT EXISTS (SELECT 1 FROM samples)", 1,
		      err) < 0
		       ? -1
		       : gone;
}

/* ---- by age ------------------------------------------------------------------------------- */

static int64_t before(int64_t now_wall_ms, int64_t age_ms)
{
	return age_ms > 0 ? now_wall_ms - age_ms : INT64_MAX;
}

static int trim_by_age(struct journal *journal, const struct journal_retention *retention,
		       int64_t now_wall_ms, int64_t *dropped, struct err *err)
{
	int64_t events_before = before(now_wall_ms, retention->events_ms);
	int gone = 0;
	int some;

	if (drop_samples(journal, before(now_wall_ms, retention->samples_ms), err) < 0 ||
	    change(journal, "DELETE FROM deliveries WHERE debt = 2 AND done_wall_ms < ?",
		   before(now_wall_ms, retention->dead_ms), err) < 0 ||
	    change(journal, "DELETE FROM flaps WHERE window_wall_ms < ?", events_before, err) < 0)
		return -1;
	while ((some = drop_some(journal, settled, events_before, dropped, err)) > 0)
		gone += some;
	return some < 0 ? -1 : gone;
}

/* ---- by size ------------------------------------------------------------------------------ */

static int measure(struct journal *journal, int64_t *bytes, int64_t *spare_pages, int64_t *pages,
		   struct err *err)
{
	int64_t page_size;

	if (sql_ask(journal->sql, "PRAGMA page_size", &page_size, err) ||
	    sql_ask(journal->sql, "PRAGMA freelist_count", spare_pages, err) ||
	    sql_ask(journal->sql, "PRAGMA page_count", pages, err))
		return -1;
	*bytes = (*pages - *spare_pages) * page_size;
	return 0;
}

/* Where samples are older than every event that may go: a moment after the first thousand of them.
 * Else 0. */
static int oldest_samples(struct journal *journal, int64_t *wall_ms, struct err *err)
{
	int64_t sample, event; /* a millisecond after the oldest; 0: none */

	if (sql_ask(journal->sql, "SELECT wall_ms + 1 FROM samples ORDER BY wall_ms LIMIT 1",
		    &sample, err) ||
	    sql_ask(journal->sql,
		    "SELECT e.wall_ms + 1 FROM events e WHERE NOT EXISTS (SELECT 1 FROM deliveries "
		    "d"
		    " WHERE d.event = e.seq AND d.debt <> 1) ORDER BY e.wall_ms LIMIT 1",
		    &event, err))
		return -1;
	*wall_ms = 0;
	if (sample == 0 || (event > 0 && event < sample))
		return 0;
	return sql_ask(journal->sql,
		       "SELECT max(wall_ms) + 1 FROM (SELECT wall_ms FROM samples"
		       " ORDER BY wall_ms LIMIT 1000)",
		       wall_ms, err);
}

/* The oldest of what matters least: how many rows; 0 where there is nothing left. Events are added
 * to *GONE. */
static int drop_least(struct journal *journal, int *gone, int64_t *dropped, struct err *err)
{
	static const char *const choices[] = { settled, dead, any };
	int64_t before_wall_ms;

	if (oldest_samples(journal, &before_wall_ms, err))
		return -1;
	if (before_wall_ms > 0)
		return drop_samples(journal, before_wall_ms, err);
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		int some = drop_some(journal, choices[i], INT64_MAX, dropped, err);

		if (some == 0)
			continue;
		*gone += some > 0 ? some : 0;
		return some;
	}
	return 0;
}

static int trim_by_size(struct journal *journal, int64_t max_bytes, int64_t *dropped,
			struct err *err)
{
	int64_t bytes, spare_pages, pages;
	int gone = 0;
	int some = 1;

	while (some > 0) {
		if (measure(journal, &bytes, &spare_pages, &pages, err))
			return -1;
		if (bytes <= max_bytes)
			break;
		some = drop_least(journal, &gone, dropped, err);
	}
	return some < 0 ? -1 : gone;
}

/* Gives free pages back where that is worth it. */
static int shrink(struct journal *journal, struct err *err)
{
	int64_t bytes, spare_pages, pages;
	bool is_own;

	if (measure(journal, &bytes, &spare_pages, &pages, err))
		return -1;
	if (spare_pages < SPARE_PAGES && spare_pages * 4 < pages)
		return 0;
	if (inside_begin(journal, &is_own, err))
		return -1;
	return inside_end(journal, is_own,
			  sql_script(journal->sql, "PRAGMA incremental_vacuum", err), err);
}

int journal_trim(struct journal *journal, const struct journal_retention *retention,
		 int64_t now_wall_ms, int64_t *dropped, struct err *err)
{
	int aged, more = 0;

	*dropped = 0;
	aged = trim_by_age(journal, retention, now_wall_ms, dropped, err);
	if (aged >= 0 && retention->bytes > 0)
		more = trim_by_size(journal, retention->bytes, dropped, err);
	if (aged < 0 || more < 0 || shrink(journal, err))
		return -1;
	return aged + more;
}
