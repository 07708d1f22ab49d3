/* SPDX-License-Identifier: ISC */
/* ownevent: events about the telling itself, which no round makes. */
#ifndef WATCHDOG_COURIER_OWNEVENT_H
#define WATCHDOG_COURIER_OWNEVENT_H

#include "watchdog/journal/journal.h"
#include "watchdog/model/event.h"

/* Spools an event of TYPE with that SENTENCE; the next intake takes it as any other. 0 or a negative errno. */
int ownevent_spool(int state_fd, enum event_type type, const char *sentence);

/* The same as a delivery that is in no journal; journal_delivery_free. */
void ownevent_make(enum event_type type, const char *sentence, struct journal_delivery *delivery);

#endif
