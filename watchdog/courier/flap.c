/* SPDX-License-Identifier: ISC */
#include "watchdog/courier/flap.h"

#include "watchdog/model/event.h"

static bool is_damped(const struct journal_event *event)
{
	int type = event_type_from_name(event->type);

	return type == EVENT_WORKER_STARTED || type == EVENT_WORKER_STOPPED;
}

static bool is_within(const struct journal_flap *flap, int64_t wall_ms)
{
	int64_t distance_ms;

	/* A clock that was set back by much begins anew, too. */
	return !__builtin_sub_overflow(wall_ms, flap->window_wall_ms, &distance_ms) &&
	       distance_ms < FLAP_WINDOW_MS && distance_ms > -FLAP_WINDOW_MS;
}

bool flap_is_told(const struct journal_event *event, int64_t limit,
		  const struct journal_flap *before, struct journal_flap *after)
{
	*after = *before;
	if (limit > 0 && is_damped(event)) {
		if (!is_within(before, event->wall_ms))
			*after = (struct journal_flap){ .window_wall_ms = event->wall_ms,
							.held_back = before->held_back };
		if (after->told >= limit) {
			after->held_back++;
			return false;
		}
		after->told++;
	}
	after->held_back = 0;
	return true;
}

bool flap_is_same(const struct journal_flap *a, const struct journal_flap *b)
{
	return a->window_wall_ms == b->window_wall_ms && a->told == b->told &&
	       a->held_back == b->held_back;
}
