/* SPDX-License-Identifier: ISC */
/*
 * converge: passes, and the waiting between them, until what was asked for is so.
 *
 * Waits on the pidfds of what is on its way down or up, so that an end is acted upon at once; without pidfds it looks each
 * fifth of a second. The pass after a wait is about the workers of whom something was heard, or is due, alone (slot.is_due); once in five
 * seconds it is about all.
 */
#ifndef WATCHDOG_ROUND_CONVERGE_H
#define WATCHDOG_ROUND_CONVERGE_H

#include <stdbool.h>

#include "watchdog/round/herd.h"

/* A plain round leaves what is not settled to the next one. */
#define CONVERGE_ROUND_MS 50000

struct convergence {
	/* Whether nothing is left to wait for at SLOT. */
	bool (*is_settled)(const struct slot *slot, void *data);
	/* Called after each pass; may be NULL. */
	void (*progress)(struct herd *herd, void *data);
	/* Whether the herd must be loaded anew before going on; may be NULL. Asked before each pass but the first. */
	bool (*is_stale)(void *data);
	void *data;
	int64_t until_boot_ms; /* not longer; CLOCK_NEVER */
	bool is_watching;      /* goes on until then even if all is settled, looking at everything */
};

enum converge_end {
	CONVERGE_SETTLED,
	CONVERGE_TIMED_OUT, /* also where another herder's lease forbids everything */
	CONVERGE_STALE
};

enum converge_end converge(struct herd *herd, const struct convergence *convergence);

#endif
