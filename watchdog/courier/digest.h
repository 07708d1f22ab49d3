/* SPDX-License-Identifier: ISC */
/* digest: how many events go out as one message. Pure: no I/O, no clock. */
#ifndef WATCHDOG_COURIER_DIGEST_H
#define WATCHDOG_COURIER_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "watchdog/journal/journal.h"

/* At most so many in one: their ids alone are half of what a CloudEvent should be. */
#define DIGEST_MAX 1000

/* Two events that happened within that time of each other belong together, though a minder had a round of its own begin for each. */
#define DIGEST_SPAN_MS INT64_C(5000)

/* So long the first event waits for others that belong to it, where there may be a digest. */
#define DIGEST_GATHER_MS INT64_C(2000)

/* Of the COUNT deliveries at the head of a queue, in order, those that belong to one happening: each of the same round as the one before
 * it, or soon after it. */
size_t digest_run(const struct journal_delivery *deliveries, size_t count);

/*
 * How many of them are one message; 1: the first alone. LEAST: so many that belong together become one (0: never).
 * BEGUN_SEQ: the last of those that were put in one before (0: none): a try that is made again has the same.
 */
size_t digest_count(const struct journal_delivery *deliveries, size_t count, int64_t least,
		    int64_t begun_seq);

#endif
