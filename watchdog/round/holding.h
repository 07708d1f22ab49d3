/* SPDX-License-Identifier: ISC */
/* holding: holds for what a command line selected. As few files as say it: NAME where all instances of a worker are
 * selected as such, NAME:N else: what numprocs adds later is held only where the worker was meant. */
#ifndef WATCHDOG_ROUND_HOLDING_H
#define WATCHDOG_ROUND_HOLDING_H

#include "watchdog/base/err.h"
#include "watchdog/round/herd.h"

/*
 * Holds all selected slots, durably, and reads the holds anew. What is asked for is WANTED but for its target; a hold for this boot
 * shortens none that is there. -1 with ERR: nothing may be signalled then.
 */
int holding_place(struct herd *herd, const struct hold *wanted, struct err *err);

/*
 * Lifts every hold of the selected slots. A wider hold is first replaced by narrower ones for what is not selected, so that nobody
 * else starts. -1 with ERR.
 */
int holding_lift(struct herd *herd, struct err *err);

#endif
