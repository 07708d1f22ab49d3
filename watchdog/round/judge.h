/* SPDX-License-Identifier: ISC */
/*
 * judge: what the deciding core says of the herd's slots: brings together what it asks for (intent, turn, readiness, clock) and keeps
 * its answers in the slots. Does nothing itself.
 */
#ifndef WATCHDOG_ROUND_JUDGE_H
#define WATCHDOG_ROUND_JUDGE_H

#include "watchdog/round/herd.h"

/* Decides on SLOT as it was last seen, in its turn or not (may_replace) as judge_all has settled it. */
void judge_slot(struct herd *herd, struct slot *slot, struct decision *decision);

/* Decides on SLOT, just looked at, as if there were no others: what it is about to do, and what presses for its replacement. */
void judge_alone(struct herd *herd, struct slot *slot, struct decision *decision);

/* Whether DECISION, of SLOT, asks for anything that changes the world or its record. */
bool judge_is_to_do(const struct slot *slot, const struct decision *decision);

/* Decides on all that were looked at, and whose turn it is to be replaced by choice. */
void judge_all(struct herd *herd);

/* Whether SLOT is to run. */
bool judge_is_wanted(const struct slot *slot);

/* Whether all instances of the workers that SLOT comes after run. *IS_SOON: those that do not are starting. */
bool judge_is_ready(const struct herd *herd, const struct slot *slot, bool *is_soon);

#endif
