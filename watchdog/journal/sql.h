/* SPDX-License-Identifier: ISC */
/*
 * sql: as much of SQLite as the journal needs. Only sql.c knows sqlite3.h.
 *
 * A rollback journal and no write-ahead log (homes may be on NFS), synchronous FULL: what was committed outlives a power loss. The file is
 * not trusted: it must be a regular file of ours with one link which nobody else may write, and of what a database can contain,
 * triggers and views are switched off, and nothing of its schema is run.
 *
 * Errors name the file and the cause; ERR's sys_errno tells the kinds apart on which callers act.
 */
#ifndef WATCHDOG_JOURNAL_SQL_H
#define WATCHDOG_JOURNAL_SQL_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "watchdog/base/err.h"

#define SQL_ABSENT    ENOENT  /* SQL_READ, SQL_SALVAGE: there is none */
#define SQL_LOCKED    EAGAIN  /* another process has had it for longer than was waited */
#define SQL_FULL      ENOSPC  /* disk, quota or file size limit */
#define SQL_READ_ONLY EROFS
#define SQL_CORRUPT   EBADMSG /* no database, a broken one, or none of ours */
#define SQL_REPLACED  ESTALE  /* another file has its name by now: what was written is not in that */

struct sql;
struct sql_query;

enum sql_access {
	SQL_READ,
	SQL_WRITE,  /* made where there is none, mode 0600 whatever the umask */
	SQL_SALVAGE /* reads, and goes on where a sound database would be refused */
};

/* PATH: absolute, its folders without symbolic links. Locks are waited for, PATIENCE_MS at most. sql_close in any case. */
int sql_open(struct sql **sql, const char *path, enum sql_access access, int patience_ms,
	     struct err *err);
void sql_set_patience(struct sql *sql, int patience_ms);
void sql_close(struct sql *sql); /* rolls back what is open; NULL: nothing */

/* Whether PATH still names the file that is open. */
bool sql_is_current(const struct sql *sql);

/* Whether an error was SQL_CORRUPT since it was opened. */
bool sql_is_corrupt(const struct sql *sql);

/* What was read contradicts itself (an index that lies, which SQLite believes): SQL_CORRUPT from now on. -1, for the caller to pass on. */
int sql_contradicts(struct sql *sql, struct err *err);

const char *sql_path(const struct sql *sql);

/* Which file it has open. */
struct sql_identity {
	uint64_t device, inode;
};
struct sql_identity sql_identity(const struct sql *sql);

/* Statements without parameters and results. */
int sql_script(struct sql *sql, const char *text, struct err *err);

/* The lock for writing is taken at once. A commit that fails has rolled back. */
int sql_begin(struct sql *sql, struct err *err);
int sql_commit(struct sql *sql, struct err *err);
void sql_rollback(struct sql *sql);
bool sql_is_within(const struct sql *sql); /* a failure may have ended it */

/*
 * One statement. TEXT is a constant: it is prepared once, and known again by its address. NULL with ERR on failure, and all that
 * follows takes NULL: the step then fails with nothing more said, so that only that has to be looked at.
 */
struct sql_query *sql_query(struct sql *sql, const char *text, struct err *err);

/* The next parameter, from the first on. Texts are copied; NULL is null. */
void sql_put(struct sql_query *query, int64_t number);
void sql_put_text(struct sql_query *query, const char *text);

/* 1: a row. 0: the end, -1: failed; QUERY is then released. */
int sql_step(struct sql_query *query, struct err *err);
void sql_release(struct sql_query *query); /* before the end */

/* To the end; how many rows it changed, or -1. */
int sql_run(struct sql_query *query, struct err *err);

/* Columns of the row, from 0. A text is never NULL and lives until the next step. */
int64_t sql_number(const struct sql_query *query, int column);
const char *sql_text(const struct sql_query *query, int column);

/* SQL_CORRUPT where the file is shorter than it says, which SQLite takes for zeros. */
int sql_check_length(struct sql *sql, struct err *err);

int64_t sql_last_row(const struct sql *sql); /* the rowid of the last insert */

/* The first number of the first row; 0 where there is none. */
int sql_ask(struct sql *sql, const char *text, int64_t *number, struct err *err);

#endif
