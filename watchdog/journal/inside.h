/* SPDX-License-Identifier: ISC */
/* inside: what the files of the journal share, and nobody else sees. */
#ifndef WATCHDOG_JOURNAL_INSIDE_H
#define WATCHDOG_JOURNAL_INSIDE_H

#include <stdbool.h>

#include "watchdog/base/err.h"
#include "watchdog/journal/journal.h"
#include "watchdog/journal/sql.h"

struct journal {
	char *dir;	 /* the state directory, without symbolic links */
	struct sql *sql; /* NULL: there is none, and it is only read */
	enum journal_access access;
	bool is_within;	 /* between journal_begin and journal_commit */
	bool has_failed; /* something in there has */
};

/* Opens the database in DIR as it is, tables and all. SQL_ABSENT: JOURNAL_READ, and there is none.
 * sql_close(*SQL) in any case. */
int inside_open(struct sql **sql, const char *dir, enum journal_access access, struct err *err);

/*
 * Around a change: inside_begin, and where that is 0, inside_end, which gives STATUS, or -1. By
 * itself a change is a transaction; between journal_begin and journal_commit it is a part of one.
 */
int inside_begin(struct journal *journal, bool *is_own, struct err *err);
int inside_end(struct journal *journal, bool is_own, int status, struct err *err);

/* The columns of an event, in the order of inside_read_event; the table `events` is named e. */
#define INSIDE_EVENT_COLUMNS	  "e.seq, e.id, e.type, e.source, e.subject, e.wall_ms, e.round, e.data"
#define INSIDE_EVENT_COLUMN_COUNT 8
void inside_read_event(const struct sql_query *query, struct journal_event *event);

#endif
