/* SPDX-License-Identifier: ISC */
/* why: an instance's state in one sentence for a person: what is so, why, and what comes next.
 * Pure. */
#ifndef WATCHDOG_REPORT_WHY_H
#define WATCHDOG_REPORT_WHY_H

#include "watchdog/base/str.h"
#include "watchdog/report/snapshot.h"

/* Adds the sentence to WHY. VIEW: as filled from FACTS, but for its why. */
void why_explain(const struct snapshot *snapshot, const struct snapshot_facts *facts,
		 const struct snapshot_instance *view, struct str *why);

/* Adds how a process ended: "exited with 1", "ended by KILL", "ended, nobody saw how". */
void why_add_exit(const struct exitinfo *exit, struct str *why);

/* Adds WALL_MS as "2026-11-21T18:00:00Z". */
void why_add_time(int64_t wall_ms, struct str *why);

#endif
