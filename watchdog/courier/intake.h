/* SPDX-License-Identifier: ISC */
/* intake: spooled events into the journal, with what each webhook is owed of them. Idempotent; any process may do it. */
#ifndef WATCHDOG_COURIER_INTAKE_H
#define WATCHDOG_COURIER_INTAKE_H

#include <stddef.h>

#include "watchdog/base/err.h"
#include "watchdog/config/config.h"
#include "watchdog/journal/journal.h"

/*
 * STATE_FD: the state directory. How many events were new, or -1 with ERR (what was not stored stays in the spool). Lines that are
 * none of ours (torn, garbled, too long) are passed over and are gone with their file; how many is added to *PASSED_OVER.
 */
int intake(struct journal *journal, const struct config *config, int state_fd, size_t *passed_over,
	   struct err *err);

#endif
