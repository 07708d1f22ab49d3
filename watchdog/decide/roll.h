/* SPDX-License-Identifier: ISC */
/*
 * roll: which instance of a worker may be taken down by choice now. Pure.
 *
 * One at a time: none while another is on its way down or up. A changed definition, or a
 * restart by hand, waits also while an instance that already has it (of a restart: that was asked
 * for, too) fails: a bad deploy costs one instance, not all.
 */
#ifndef WATCHDOG_DECIDE_ROLL_H
#define WATCHDOG_DECIDE_ROLL_H

#include <stdbool.h>
#include <stddef.h>

#include "watchdog/model/reason.h"
#include "watchdog/model/state.h"

struct roll_member {
	enum state state;
	enum reason pressure; /* REASON_NONE: none */
	bool is_current;      /* has, or last tried, the present definition */
	bool is_rising;       /* down, and about to be started */
	bool is_bystander;    /* not among those that a person asks to be replaced */
	bool is_down_by_will; /* held, disabled: does not count as missing */
};

#define ROLL_NONE ((size_t)-1)

/* Index of the member that may go, or ROLL_NONE. The most urgent first: memory_limit, then
 * config_changed, then max_age. */
size_t roll_choose(const struct roll_member *members, size_t count);

#endif
