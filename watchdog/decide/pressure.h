/* SPDX-License-Identifier: ISC */
/* pressure: why a living process should be replaced by choice, gracefully and in its turn. Pure. */
#ifndef WATCHDOG_DECIDE_PRESSURE_H
#define WATCHDOG_DECIDE_PRESSURE_H

#include "watchdog/decide/decide.h"

/* REASON_NONE, MEMORY_LIMIT, HUNG (heartbeat, cpu_limit), CONFIG_CHANGED, DEPLOY or MAX_AGE. Input of roll. */
enum reason pressure_of(const struct situation *situation);

/* When max_age is reached for the instance ID: between nine tenths and the whole of it. */
int64_t pressure_age_ms(const char *id, int64_t max_age_ms);

/* Whether its heartbeat is older than heartbeat_timeout, by the wall clock. */
bool pressure_is_quiet(const struct situation *situation);

/* Whether what is under restart_on_change has changed since it was started or reloaded. */
bool pressure_is_deployed(const struct situation *situation);

#endif
