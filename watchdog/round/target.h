/* SPDX-License-Identifier: ISC */
/* target: what a command line names: NAME, NAME:N, @GROUP, or a glob over ids; nothing means all. */
#ifndef WATCHDOG_ROUND_TARGET_H
#define WATCHDOG_ROUND_TARGET_H

#include "watchdog/base/err.h"
#include "watchdog/round/herd.h"

/*
 * Selects the slots that TARGETS (COUNT of them) name, and marks for looking at those whose state matters to
 * them (instances of the same worker, workers that they come after). An unknown target: -1 with ERR_USAGE naming it
 * and the nearest known one; nothing is selected then.
 */
int target_select(struct herd *herd, char *const *targets, int count, struct err *err);

/* As target_select, but passes over what is unknown: a minder may tell of the end of what is defined no more. */
void target_select_known(struct herd *herd, char *const *targets, int count);

#endif
