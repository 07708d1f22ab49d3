/* SPDX-License-Identifier: ISC */
/* retention: keeps the journal small, at most once an hour. */
#ifndef WATCHDOG_COURIER_RETENTION_H
#define WATCHDOG_COURIER_RETENTION_H

#include <stdbool.h>

#include "watchdog/courier/errand.h"

/*
 * Drops what is old from ERRAND's journal, if that was not done in the last hour. What was owed and had to go becomes one event
 * webhook.dropped in the spool. 0, or -1 with ERR.
 */
int retention_keep(struct errand *errand, struct err *err);

/* Pure: whether an hour has passed since, by a clock that may have been set. */
bool retention_is_due(int64_t last_wall_ms, int64_t now_wall_ms);

#endif
