/* SPDX-License-Identifier: ISC */
/* expect: what an end means. Pure. */
#ifndef WATCHDOG_DECIDE_EXPECT_H
#define WATCHDOG_DECIDE_EXPECT_H

#include <stdbool.h>

#include "watchdog/model/exitinfo.h"
#include "watchdog/model/reason.h"
#include "watchdog/model/worker.h"

/* Whether `exitcodes` lists this end; one that nobody saw is not expected. */
bool expect_has(const struct worker_options *options, const struct exitinfo *exit);

/* The reason of an end that we did not ask for. */
enum reason expect_reason(const struct worker_options *options, const struct exitinfo *exit);

#endif
