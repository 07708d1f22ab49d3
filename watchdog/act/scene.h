/* SPDX-License-Identifier: ISC */
/* scene: where acting takes place: the definitions, /proc, the state directory, the clock. Owned by
 * the round; everything in act borrows it. */
#ifndef WATCHDOG_ACT_SCENE_H
#define WATCHDOG_ACT_SCENE_H

#include "pidfiles/proc.h"
#include "pidfiles/procid.h"
#include "pidfiles/slotlock.h"
#include "watchdog/act/proctable.h"
#include "watchdog/base/clock.h"
#include "watchdog/base/out.h"
#include "watchdog/config/config.h"
#include "watchdog/store/exitnote.h"
#include "watchdog/store/lease.h"
#include "watchdog/store/statedir.h"

struct scene {
	const struct config *config;
	const struct out *out;
	struct proc proc;
	struct procid_host host;
	uint64_t init_ticks; /* start time of pid 1: of the host's boot, or of our container; 0: not known */
	struct statedir dir;
	struct slotlock lock;
	enum lease_claim claim;
	bool is_exact; /* memory is measured by each worker's metric and scope, near its limit or not */
	struct clock now;             /* of the present pass */
	struct proctable table;       /* all processes, read when first asked for in a pass */
	struct exitnotes announced;   /* likewise: whose processes have been announced */
};

#endif
