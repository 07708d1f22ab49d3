/* SPDX-License-Identifier: ISC */
#include "watchdog/journal/schema.h"

#include <inttypes.h>

#define VERSION	       1
#define APPLICATION_ID 1668442212 /* "crhd" */
#define TEXT_OF(x)     TEXT_OF_(x)
#define TEXT_OF_(x)    #x

/*
 * debt: enum journal_debt. All that a webhook's queue is asked (what is first, how much, how old)
 * is answered by deliveries_owed, whose size is that of the debt and not that of the history. A
 * sample's key makes it stored once, however often its line is taken in.
 */
static const char tables[] =
	"CREATE TABLE events ("
	" seq INTEGER PRIMARY KEY AUTOINCREMENT,"
	" id TEXT NOT NULL UNIQUE,"
	" type TEXT NOT NULL,"
	" source TEXT NOT NULL,"
	" subject TEXT NOT NULL,"
	" wall_ms INTEGER NOT NULL,"
	" round TEXT NOT NULL,"
	" data TEXT NOT NULL);"
	"CREATE INDEX events_by_time ON events (wall_ms);"
	"CREATE TABLE webhooks ("
	" id INTEGER PRIMARY KEY,"
	" name TEXT NOT NULL UNIQUE,"
	" delivered INTEGER NOT NULL DEFAULT 0,"
	" url_hash INTEGER NOT NULL DEFAULT 0,"
	" failures INTEGER NOT NULL DEFAULT 0,"
	" refusals INTEGER NOT NULL DEFAULT 0,"
	" digest_seq INTEGER NOT NULL DEFAULT 0,"
	" next_wall_ms INTEGER NOT NULL DEFAULT 0,"
	" failing_wall_ms INTEGER NOT NULL DEFAULT 0,"
	" disabled_wall_ms INTEGER NOT NULL DEFAULT 0,"
	" tried_wall_ms INTEGER NOT NULL DEFAULT 0,"
	" last TEXT NOT NULL DEFAULT '');"
	"CREATE TABLE deliveries ("
	" webhook INTEGER NOT NULL,"
	" event INTEGER NOT NULL,"
	" debt INTEGER NOT NULL,"
	" attempts INTEGER NOT NULL DEFAULT 0,"
	" owed_wall_ms INTEGER NOT NULL,"
	" done_wall_ms INTEGER NOT NULL DEFAULT 0,"
	" last TEXT NOT NULL DEFAULT '',"
	" PRIMARY KEY (webhook, event)) WITHOUT ROWID;"
	"CREATE INDEX deliveries_by_event ON deliveries (event);"
	"CREATE INDEX deliveries_owed ON deliveries (webhook, event, owed_wall_ms) WHERE debt = 0;"
	"CREATE INDEX deliveries_dead ON deliveries (event, webhook) WHERE debt = 2;"
	"CREATE TABLE flaps ("
	" webhook TEXT NOT NULL,"
	" subject TEXT NOT NULL,"
	" window_wall_ms INTEGER NOT NULL,"
	" told INTEGER NOT NULL,"
	" held_back INTEGER NOT NULL,"
	" PRIMARY KEY (webhook, subject)) WITHOUT ROWID;"
	"CREATE TABLE subjects (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
	"CREATE TABLE samples ("
	" wall_ms INTEGER NOT NULL,"
	" subject INTEGER NOT NULL,"
	" rss_bytes INTEGER NOT NULL,"
	" memory_bytes INTEGER NOT NULL,"
	" PRIMARY KEY (wall_ms, subject)) WITHOUT ROWID;"
	"PRAGMA application_id = " TEXT_OF(APPLICATION_ID) ";"
	"PRAGMA user_version = " TEXT_OF(VERSION);

static enum schema_found foreign(const struct sql *sql, struct err *err)
{
	(void)err_set(err, ERR_SYSTEM, 0, "journal %s: it is a database, but no journal",
		      sql_path(sql));
	if (err)
		err->sys_errno = SQL_CORRUPT;
	return SCHEMA_FAILED;
}

enum schema_found schema_look(struct sql *sql, struct err *err)
{
	int64_t version, application, count;

	if (sql_ask(sql, "PRAGMA user_version", &version, err) ||
	    sql_ask(sql, "PRAGMA application_id", &application, err) ||
	    sql_ask(sql, "SELECT count(*) FROM sqlite_master", &count, err))
		return SCHEMA_FAILED;
	if (version == 0 && application == 0 && count == 0)
		return SCHEMA_NONE;
	if (application != APPLICATION_ID || version < 1)
		return foreign(sql, err);
	if (version == VERSION)
		return SCHEMA_OURS;
	(void)err_set(err, ERR_SYSTEM, 0,
		      "journal %s: a newer cronherd has written it (version %" PRId64
		      ", we know %d); it is left alone: use that one, or move it away",
		      sql_path(sql), version, VERSION);
	return SCHEMA_FAILED;
}

/* Within the transaction: another process may have made them meanwhile. */
static int make(struct sql *sql, struct err *err)
{
	switch (schema_look(sql, err)) {
	case SCHEMA_OURS:
		return 0;
	case SCHEMA_NONE:
		return sql_script(sql, tables, err);
	case SCHEMA_FAILED:
		break;
	}
	return -1;
}

int schema_make(struct sql *sql, struct err *err)
{
	/* Has to be said before the first page is written. */
	if (sql_script(sql, "PRAGMA auto_vacuum = INCREMENTAL", err) || sql_begin(sql, err))
		return -1;
	if (make(sql, err) == 0)
		return sql_commit(sql, err);
	sql_rollback(sql);
	return -1;
}
