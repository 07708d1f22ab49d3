/* SPDX-License-Identifier: ISC */
/*
 * courier: takes what rounds have spooled into the journal, sends what is owed to each webhook, and the pings.
 *
 * One at a time for a herd (SPOOL_COURIER_LOCK), COURIER_BUDGET_MS at most. Each webhook is a queue in order with one request
 * under way; webhooks go side by side. As long as it lives it looks at spool/ and the beat again and again, so that what
 * a round spools meanwhile is sent without another courier.
 */
#ifndef WATCHDOG_COURIER_COURIER_H
#define WATCHDOG_COURIER_COURIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "watchdog/base/err.h"
#include "watchdog/base/out.h"
#include "watchdog/config/config.h"

#define COURIER_BUDGET_MS 50000

struct courier_options {
	const struct out *out;
	bool is_now;      /* waits for nothing: every delay counts as over, once */
	int64_t until_boot_ms; /* its end; 0: COURIER_BUDGET_MS from now */
	bool is_detached; /* a round began it: says nothing, keeps its complaints for the next round (store/complaints.h) */
};

/* What a run has done, for who wants to say it. */
struct courier_done {
	int64_t delivered;    /* events */
	int64_t dead;         /* events that became dead letters */
	int64_t failed;       /* tries of webhooks that went wrong */
	int64_t pings;        /* taken */
	int64_t pings_failed; /* given up */
	int64_t owed;         /* events, at the end */
	int64_t next_wall_ms; /* when the next try is due; INT64_MAX: nothing is owed that could be sent */
};

enum courier_end {
	COURIER_DONE,   /* nothing is owed any more */
	COURIER_OWING,  /* something is, for later */
	COURIER_BUSY,   /* another courier is at work: it will send it */
	COURIER_OUTDATED, /* the configuration has changed: to be run again with the new one */
	COURIER_FAILED
};

/* DONE is filled in any case. */
enum courier_end courier_run(const struct config *config, const struct courier_options *options,
			     struct courier_done *done, struct err *err);

#endif
