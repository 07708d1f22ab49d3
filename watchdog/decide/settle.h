/* SPDX-License-Identifier: ISC */
/* settle: folds what happened into a record. Pure. */
#ifndef WATCHDOG_DECIDE_SETTLE_H
#define WATCHDOG_DECIDE_SETTLE_H

#include <stdbool.h>

#include "watchdog/base/clock.h"
#include "watchdog/model/record.h"
#include "watchdog/model/worker.h"

/* Why the next start happens: because of how the last process ended, or because a person asked. Before settle_started. */
void settle_start_reason(struct record *record, bool is_manual);

/* A process whose heartbeat and use of the CPU nobody has followed yet. WATCHED: of observation.h, taken before it was started. */
void settle_vitals(struct record *record, uint64_t watched);

/* A successful start of PROCESS. */
void settle_started(struct record *record, const struct worker *worker,
		    const struct procid *process, uint64_t watched, struct clock now,
		    const char *boot_id);

/* A start that failed before anything was executed; WHY is one line. */
void settle_start_failed(struct record *record, const struct worker *worker, const char *why,
			 struct clock now, const char *boot_id);

/* One more failed start: to BACKOFF, or, after startretries of them, to FATAL; with the time of the next. */
void settle_failure(struct record *record, const struct worker_options *options, struct clock now);

void settle_next_start(struct record *record, int64_t delay_ms, struct clock now);

/* From now on RECORD's boot times are of this boot. */
void settle_boot(struct record *record, const char *boot_id);

/* How WORKER's process is to be stopped, should its definition be gone by then. */
void settle_stopping(struct record *record, const struct worker *worker);

#endif
