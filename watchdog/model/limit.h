/* SPDX-License-Identifier: ISC */
/* limit: one item of the option `limits`, for who checks it and for who sets it. */
#ifndef WATCHDOG_MODEL_LIMIT_H
#define WATCHDOG_MODEL_LIMIT_H

#include <stdint.h>

#define LIMIT_INFINITY UINT64_MAX

struct rlimit_setting {
	int resource; /* RLIMIT_NOFILE … */
	uint64_t soft, hard;
};

/* "NAME=VALUE" (both limits) or "NAME=SOFT:HARD"; values: numbers with a size's suffix,
 * "unlimited" or "infinity". 0, or -1 where TEXT is not of that form or SOFT exceeds HARD. */
int limit_parse(const char *text, struct rlimit_setting *limit);

#endif
