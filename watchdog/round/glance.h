/* SPDX-License-Identifier: ISC */
/*
 * glance: the look of a round that will find nothing to do, as most do.
 *
 * One instance after the other is taken from slots.cache, looked at (look_at) and judged (judge_alone) as in any pass, and forgotten again:
 * the herd is never laid out, so a thousand workers cost no more memory than one. Whatever cannot be settled for one instance alone
 * (anything to be done, said, told or awaited) ends the glance, and the round begins as if there had been none.
 */
#ifndef WATCHDOG_ROUND_GLANCE_H
#define WATCHDOG_ROUND_GLANCE_H

#include "watchdog/round/herd.h"

/*
 * HERD: opened with HERD_GLANCE. True: a pass over all instances would change nothing and say nothing, and there is no log to rotate; the
 * herd stays without slots. False: not so, or not to be told by a glance; nothing has been changed.
 */
bool glance_finds_all_well(struct herd *herd);

#endif
