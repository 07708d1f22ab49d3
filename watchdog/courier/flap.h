/* SPDX-License-Identifier: ISC */
/*
 * flap: whether the start or stop of an instance is told, where that happens all the time. Pure: no I/O, no clock.
 *
 * Of the starts and stops of one instance within ten minutes (by the events' own times) so many are told, the others are held back.
 * The next that is told says how many. Nothing but starts and stops is ever held back.
 */
#ifndef WATCHDOG_COURIER_FLAP_H
#define WATCHDOG_COURIER_FLAP_H

#include <stdbool.h>
#include <stdint.h>

#include "watchdog/journal/journal.h"

#define FLAP_WINDOW_MS INT64_C(600000)

/*
 * Whether EVENT is told. LIMIT: so many are (0: all). BEFORE: what is known of its subject; AFTER: what is once EVENT is settled.
 * BEFORE->held_back is what a message of it has to say.
 */
bool flap_is_told(const struct journal_event *event, int64_t limit, const struct journal_flap *before,
		  struct journal_flap *after);

bool flap_is_same(const struct journal_flap *a, const struct journal_flap *b);

#endif
