/* SPDX-License-Identifier: ISC */
/* backoff: how long to wait before the next start. Pure. */
#ifndef WATCHDOG_DECIDE_BACKOFF_H
#define WATCHDOG_DECIDE_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

#include "watchdog/model/worker.h"

/* restart_delay doubled with each of COUNT ends in a row (1: restart_delay itself; 0: none),
 * restart_delay_max at most. */
int64_t backoff_delay_ms(const struct worker_options *options, int64_t count);

/* Whether a process that ran for UPTIME_MS has shown that crashing is not its habit: ten times
 * restart_delay, and at least startsecs. */
bool backoff_is_forgiven(const struct worker_options *options, int64_t uptime_ms);

#endif
