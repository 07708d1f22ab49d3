/* SPDX-License-Identifier: ISC */
/*
 * salvage: what becomes of a journal that is corrupt.
 *
 * It is set aside as journal.db.salvage. Whoever opens the journal next makes a new one, carries over what can be read of the old
 * (events, deliveries owed and dead, how webhooks do), row by row, from both ends until it breaks, and keeps the old as
 * journal.db.corrupt-TIME, of which three stay. Killed anywhere in between, the next one begins anew: what was carried over is known
 * by its ids. A lock in the file journal.lock keeps several from doing it at once.
 */
#ifndef WATCHDOG_JOURNAL_SALVAGE_H
#define WATCHDOG_JOURNAL_SALVAGE_H

#include <stdbool.h>

#include "watchdog/base/err.h"
#include "watchdog/base/str.h"
#include "watchdog/journal/sql.h"

/* The journal in DIR was found corrupt; unless it is no longer the file of that IDENTITY, it is set aside. No database in this process
 * may have it open: a closed one has lost its locks. */
int salvage_set_aside(const char *dir, const struct sql_identity *identity, struct err *err);

/* Whether something was set aside in the directory DIR_FD and not carried over yet. */
bool salvage_is_due(int dir_fd);

/* Carries over what was set aside in DIR; mostly there is nothing. NOTICE (may be NULL) gets a sentence of what was found. */
int salvage_finish(const char *dir, struct str *notice, struct err *err);

#endif
