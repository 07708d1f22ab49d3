/* SPDX-License-Identifier: ISC */
/*
 * pass: one go over the herd: look, decide, act, record. No waiting.
 *
 * Looking takes no lock. What is to be done is done under the slot's lock, after looking and deciding again.
 */
#ifndef WATCHDOG_ROUND_PASS_H
#define WATCHDOG_ROUND_PASS_H

#include "watchdog/round/herd.h"

/* Looks at all that is_looked_at and is_due, and decides, without acting: what check and status show. */
void pass_look(struct herd *herd);

/* Looks and acts upon all that is_selected and is_due. May go on in another process (minder_stand_between). */
void pass_act(struct herd *herd);

#endif
