/* SPDX-License-Identifier: ISC */
/*
 * announce: what is to be told of an instance. Pure.
 *
 * A record says both what is so (its process, the last end, whether it is FATAL) and what was told of it (`told`). The events are the
 * difference of the two; they are spooled before the record is written with `told` brought up to date. A round killed
 * between the two leaves the difference to its successor, which makes the same events with the same ids.
 */
#ifndef WATCHDOG_DECIDE_ANNOUNCE_H
#define WATCHDOG_DECIDE_ANNOUNCE_H

#include <stddef.h>
#include <stdint.h>

#include "watchdog/base/clock.h"
#include "watchdog/model/event.h"
#include "watchdog/model/record.h"
#include "watchdog/model/worker.h"

/* Started, bloated or hung, stopped, and another started; fatal or recovered. */
#define ANNOUNCE_MAX 6

struct announcement {
	const char *subject; /* NAME:N */
	const char *worker;
	int64_t instance;
	uint64_t herd;       /* tells this state directory from others */
	const struct worker_options *options; /* NULL where no definition has it any more */
	int64_t rss_bytes;    /* as just seen; -1 */
	int64_t memory_bytes; /* likewise, by the worker's metric */
	struct clock now;
};

/* What stands for a process in a record's `ended` and `told`; never 0. */
uint64_t announce_key(const struct procid *process);

/*
 * Before announce_due. BEFORE: as it was last written. A RECORD that is new gets its time of birth; of one that a program has written
 * which told nothing, what it had is no news.
 */
void announce_begin(struct record *record, const struct record *before, int64_t now_wall_ms);

/* The events that RECORD owes, in the order in which they happened, to EVENTS; their number. Borrows from RECORD and ANNOUNCEMENT. */
size_t announce_due(const struct record *record, const struct announcement *announcement,
		    struct event events[ANNOUNCE_MAX]);

/* NEXT takes the place of RECORD's process without a start of its own: if that was told, so is this. */
void announce_succession(struct record *record, const struct procid *next);

/* All of it has been told. */
void announce_settle(struct record *record);

#endif
