/* SPDX-License-Identifier: ISC */
/* schema: the tables of the journal, and their version (the database's user_version). */
#ifndef WATCHDOG_JOURNAL_SCHEMA_H
#define WATCHDOG_JOURNAL_SCHEMA_H

#include "watchdog/base/err.h"
#include "watchdog/journal/sql.h"

enum schema_found {
	SCHEMA_OURS,
	SCHEMA_NONE,  /* an empty database */
	SCHEMA_FAILED /* ERR; SQL_CORRUPT where it is a database, and not ours */
};

/* What is in SQL. One that a newer cronherd has written is SCHEMA_FAILED, and nothing is to be done to it. */
enum schema_found schema_look(struct sql *sql, struct err *err);

/* Makes the tables, whoever else does the same. */
int schema_make(struct sql *sql, struct err *err);

#endif
