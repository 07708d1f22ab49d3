/* SPDX-License-Identifier: ISC */
/* look: what there is to see of a slot: its files and its process. Takes no lock, changes nothing. */
#ifndef WATCHDOG_ROUND_LOOK_H
#define WATCHDOG_ROUND_LOOK_H

#include "watchdog/act/observe.h"
#include "watchdog/round/herd.h"

/* Fills SLOT's pidfile, record and seen; a problem where its record cannot be read. An instance that is STARTING is verified
 * even at OBSERVE_LOOK. */
void look_at(struct herd *herd, struct slot *slot, enum observe_depth depth);

/* All slots that are to be looked at, cheaply. */
void look_at_all(struct herd *herd);

#endif
