/* SPDX-License-Identifier: ISC */
/* intake: spooled events into the journal, with what each webhook is owed of them. Idempotent; any process may do it. */
#ifndef WATCHDOG_COURIER_INTAKE_H
#define WATCHDOG_COURIER_INTAKE_H

#include "watchdog/base/err.h"
#include "watchdog/config/config.h"
#include "watchdog/journal/journal.h"

/* STATE_FD: the state directory. How many events were new, or -1 with ERR (what was not stored stays in the spool). */
int intake(struct journal *journal, const struct config *config, int state_fd, struct err *err);

#endif
