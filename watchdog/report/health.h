/* SPDX-License-Identifier: ISC */
/*
 * health: what `check` thinks of a herd. Pure.
 *
 * OK: what is to run, runs. What is held, not enabled, or has ended as autorestart says, is well.
 * WARNING: BACKOFF, over memory_limit, hanging though it need not run, broken configuration, no
 * round, strays. CRITICAL: is to run and does not, FATAL, hanging. UNKNOWN: cannot tell. Of
 * several, CRITICAL is worst, then UNKNOWN, then WARNING.
 */
#ifndef WATCHDOG_REPORT_HEALTH_H
#define WATCHDOG_REPORT_HEALTH_H

#include <stdbool.h>
#include <stddef.h>

#include "watchdog/report/snapshot.h"

/* The numbers are a monitoring plugin's exit statuses. */
enum health { HEALTH_OK, HEALTH_WARNING, HEALTH_CRITICAL, HEALTH_UNKNOWN };

struct health_verdict {
	enum health health;
	size_t wanted;	/* that are to run */
	size_t running; /* of those: STARTING and RUNNING */
	size_t ended;	/* as autorestart says: these are well */
	size_t held;
	size_t unwell;	/* instances whose health is not OK */
	bool is_silent; /* no round for longer than one may expect, or never */
};

const char *health_name(enum health health);

enum health health_worse(enum health a, enum health b);

enum health health_of(const struct snapshot_instance *instance);

void health_judge(const struct snapshot *snapshot, struct health_verdict *verdict);

/* Whether INSTANCE is to have a process: not what has ended as its autorestart says; but what a broken file leaves as it is, where
 * it runs. */
bool health_is_to_run(const struct snapshot_instance *instance);

/* Whether INSTANCE is over its memory_limit. */
bool health_is_bloated(const struct snapshot_instance *instance);

#endif
