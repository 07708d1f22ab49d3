/* SPDX-License-Identifier: ISC */
/* survey: a herd that was looked at (pass_look), as a snapshot for the reports. Changes nothing but
 * what it knows. */
#ifndef WATCHDOG_ROUND_SURVEY_H
#define WATCHDOG_ROUND_SURVEY_H

#include "watchdog/report/snapshot.h"
#include "watchdog/round/herd.h"
#include "watchdog/store/deliveries.h"

/*
 * Fills SNAPSHOT from the selected slots of HERD. Before an instance is shown as missing, /proc is
 * searched for it, as a round would before it starts it: SLOT->seen then has what was found.
 * SNAPSHOT borrows from HERD and must not outlive it; snapshot_free.
 */
void survey_take(struct herd *herd, struct snapshot *snapshot);

/*
 * Adds to SNAPSHOT the processes that bear our mark and belong to no instance; of the selected
 * instances alone unless IS_WHOLE (all slots must have been looked at then). Reads the environment
 * of every process of ours: dear. 0 or a negative errno.
 */
int survey_strays(struct herd *herd, bool is_whole, struct snapshot *snapshot);

/* How HERD's webhooks do, as their courier has left it; those that it has not spoken of yet with nothing owed or sent. */
void survey_deliveries(const struct herd *herd, struct deliveries *deliveries);

#endif
