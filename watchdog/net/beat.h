/* SPDX-License-Identifier: ISC */
/*
 * beat: a ping as requests to one style of monitoring, and what its answer means. Pure: no I/O, no clock.
 * Facts about the services: DESIGN.md, "Telling".
 */
#ifndef WATCHDOG_NET_BEAT_H
#define WATCHDOG_NET_BEAT_H

#include <stdbool.h>
#include <stdint.h>

#include "watchdog/base/err.h"
#include "watchdog/base/str.h"
#include "watchdog/model/ping.h"
#include "watchdog/net/http.h"

/* How the herd, or one worker, is: what a ping tells. */
struct beat {
	bool is_good;
	int exit_status;     /* of the round; of a worker 0 or 1 */
	const char *host;
	int64_t start_wall_ms;
	int64_t end_wall_ms;
	const char *rid;     /* a UUID: ties start and end together */
	const char *body;    /* what a person would want to read; "" nothing */
	int64_t body_max;    /* bytes of it that the service keeps, as far as it has said so; 0: it has not */
};

enum beat_step { BEAT_START, BEAT_END };

struct beat_request {
	const char *method; /* static */
	struct str url;     /* a secret */
	struct str body;
	struct strlist headers;
};

void beat_request_free(struct beat_request *request);

/* False where PING's style has no such step, or has nothing to say (PLAIN, Kuma have no start; PLAIN tells no failure). */
bool beat_make(const struct ping_options *ping, const struct beat *beat, enum beat_step step,
	       struct beat_request *request);

/* Whether the service means that it has taken it; WHY says what was wrong with the answer. */
bool beat_is_taken(const struct ping_options *ping, const struct http_result *result, char *why,
		   size_t size);

#endif
