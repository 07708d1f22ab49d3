/* SPDX-License-Identifier: ISC */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/utf8.h"
#include "watchdog/journal/inside.h"
#include "watchdog/journal/journal.h"

void journal_event_free(struct journal_event *event)
{
	free(event->id);
	free(event->type);
	free(event->source);
	free(event->subject);
	free(event->round);
	free(event->data);
	*event = (struct journal_event){ .seq = 0 };
}

/* ---- what may be stored ------------------------------------------------------------------- */

static bool is_made_of(const char *text, const char *characters)
{
	size_t len = text ? strspn(text, characters) : 0;

	return len > 0 && len <= JOURNAL_ID_MAX && text[len] == '\0';
}

static bool is_line(const char *text)
{
	return text && strnlen(text, JOURNAL_TEXT_MAX + 1) <= JOURNAL_TEXT_MAX &&
	       utf8_is_value(text) && !strpbrk(text, "\n\t");
}

static bool is_object(const char *text)
{
	json_t *json;
	bool is;

	if (!text || strnlen(text, JOURNAL_DATA_MAX + 1) > JOURNAL_DATA_MAX)
		return false;
	json = json_loads(text, 0, NULL);
	is = json_is_object(json);
	json_decref(json);
	return is;
}

bool journal_event_is_sound(const struct journal_event *event)
{
	static const char id[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	static const char type[] = "abcdefghijklmnopqrstuvwxyz0123456789._";

	return is_made_of(event->id, id) && is_made_of(event->type, type) &&
	       is_line(event->source) && event->source[0] && is_line(event->subject) &&
	       is_line(event->round) && event->wall_ms >= 0 && is_object(event->data);
}

/* ---- storing ------------------------------------------------------------------------------ */

/* 1, 0 or -1. Asked first: an insert that does nothing takes a number all the same. */
static int is_known(struct journal *journal, const char *id, struct err *err)
{
	struct sql_query *query = sql_query(journal->sql, "SELECT 1 FROM events WHERE id = ?", err);
	int status;

	sql_put_text(query, id);
	status = sql_step(query, err);
	if (status == 1)
		sql_release(query);
	return status;
}

static int add(struct journal *journal, struct journal_event *event, struct err *err)
{
	struct sql_query *query;
	int changed = is_known(journal, event->id, err);

	if (changed)
		return changed < 0 ? -1 : 0;
	query = sql_query(journal->sql,
			  "INSERT INTO events (id, type, source, subject, wall_ms, round, data)"
			  " VALUES (?, ?, ?, ?, ?, ?, ?)",
			  err);
	sql_put_text(query, event->id);
	sql_put_text(query, event->type);
	sql_put_text(query, event->source);
	sql_put_text(query, event->subject);
	sql_put(query, event->wall_ms);
	sql_put_text(query, event->round);
	sql_put_text(query, event->data);
	changed = sql_run(query, err);
	if (changed == 1)
		event->seq = sql_last_row(journal->sql);
	return changed;
}

int journal_add(struct journal *journal, struct journal_event *event, struct err *err)
{
	bool is_own;

	if (inside_begin(journal, &is_own, err))
		return -1;
	return inside_end(journal, is_own, add(journal, event, err), err);
}

/* ---- reading ------------------------------------------------------------------------------ */

void inside_read_event(const struct sql_query *query, struct journal_event *event)
{
	*event = (struct journal_event){
		.seq = sql_number(query, 0),
		.id = mem_dup(sql_text(query, 1)),
		.type = mem_dup(sql_text(query, 2)),
		.source = mem_dup(sql_text(query, 3)),
		.subject = mem_dup(sql_text(query, 4)),
		.wall_ms = sql_number(query, 5),
		.round = mem_dup(sql_text(query, 6)),
		.data = mem_dup(sql_text(query, 7)),
	};
}

static const char all[] = "SELECT " INSIDE_EVENT_COLUMNS " FROM events e"
			  " WHERE e.seq > ?1 AND e.wall_ms >= ?2 ORDER BY e.seq";

/* They come nearly in order of time: where the first of them is, the index says. */
static const char recent[] = "SELECT " INSIDE_EVENT_COLUMNS " FROM events e"
			     " WHERE e.seq > ?1 AND e.wall_ms >= ?2"
			     " AND e.seq >= (SELECT min(seq) FROM events"
			     " INDEXED BY events_by_time WHERE wall_ms >= ?2)"
			     " ORDER BY e.seq";

int journal_events(struct journal *journal, int64_t since_wall_ms, int64_t after_seq,
		   bool (*each)(const struct journal_event *event, void *data), void *data,
		   struct err *err)
{
	struct sql_query *query;
	int status;

	if (!journal->sql)
		return 0;
	query = sql_query(journal->sql, since_wall_ms > 0 && after_seq == 0 ? recent : all, err);
	sql_put(query, after_seq);
	sql_put(query, since_wall_ms);
	while ((status = sql_step(query, err)) == 1) {
		struct journal_event event;
		bool goes_on;

		inside_read_event(query, &event);
		goes_on = each(&event, data);
		journal_event_free(&event);
		if (goes_on)
			continue;
		sql_release(query);
		return 0;
	}
	return status;
}

int journal_find(struct journal *journal, const char *id, struct journal_event *event,
		 struct err *err)
{
	struct sql_query *query;
	int status;

	*event = (struct journal_event){ .seq = 0 };
	if (!journal->sql)
		return 0;
	query = sql_query(journal->sql,
			  "SELECT " INSIDE_EVENT_COLUMNS " FROM events e WHERE e.id = ?", err);
	sql_put_text(query, id);
	status = sql_step(query, err);
	if (status == 1) {
		inside_read_event(query, event);
		sql_release(query);
	}
	return status;
}

int journal_subjects(struct journal *journal, struct strlist *subjects, struct err *err)
{
	struct sql_query *query;
	int status;

	if (!journal->sql)
		return 0;
	query = sql_query(journal->sql,
			  "SELECT subject FROM events UNION SELECT name FROM subjects", err);
	while ((status = sql_step(query, err)) == 1)
		strlist_add(subjects, sql_text(query, 0));
	return status;
}
