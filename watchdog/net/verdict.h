/* SPDX-License-Identifier: ISC */
/*
 * verdict: what an answer means for an event and for the endpoint; and when the next try is due. Pure: no I/O, no clock.
 * The table is DESIGN.md's, "Telling".
 */
#ifndef WATCHDOG_NET_VERDICT_H
#define WATCHDOG_NET_VERDICT_H

#include <stddef.h>
#include <stdint.h>

#include "watchdog/net/http.h"

enum verdict {
	VERDICT_DELIVERED,
	VERDICT_RETRY,      /* by the schedule; a 429 without Retry-After too */
	VERDICT_SLEEP,      /* the endpoint asked for a pause: nothing is sent to it before */
	VERDICT_MISTAKE,    /* by the schedule, and a person is told at once: URL, secret or certificate are wrong */
	VERDICT_REFUSED,    /* this event is not wanted: a few tries, then a dead letter; the next go on */
	VERDICT_GONE        /* 410: the endpoint is disabled, its queue dead letters */
};

/* Tries of an event that is REFUSED before it is a dead letter. */
#define VERDICT_REFUSED_MAX 3

/* WHY: a few words for people, without URL ("410 Gone: it wants no more"). What the answer's body says plays no part: the formats that
 * there are mean their status. */
enum verdict verdict_of(const struct http_result *result, char *why, size_t size);

/*
 * After the FAILURES-th failed try in a row (from 1): how long until the next: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h and
 * again 24 h, each up to a fifth more or less, as ID and FAILURES say.
 */
int64_t verdict_delay_ms(int64_t failures, const char *id);

/* A pause asked for by Retry-After: one minute to a day. */
int64_t verdict_sleep_ms(int64_t retry_after_s);

/*
 * NEXT_WALL_MS as stored after FAILURES; never further ahead of NOW than its own step allows (the clock may have been set back).
 * FAILURES 0: it is a pause that was asked for, of a day at most.
 */
int64_t verdict_due(int64_t next_wall_ms, int64_t failures, int64_t now_wall_ms);

#endif
