/* SPDX-License-Identifier: ISC */
/*
 * decide: what to do with one instance. Pure: no I/O, no clock, no allocation.
 *
 * A table, state (of the record) × seeing, of small functions: DESIGN.md has it in prose and
 * tests/unit/check_decide.c walks every cell. What an action produced is folded
 * into the record by decide/settle.h, or comes back as the next look's observation.
 *
 * "Cannot tell" leads to no action in any state.
 */
#ifndef WATCHDOG_DECIDE_DECIDE_H
#define WATCHDOG_DECIDE_DECIDE_H

#include <stdbool.h>

#include "watchdog/base/clock.h"
#include "watchdog/model/observation.h"
#include "watchdog/model/record.h"
#include "watchdog/model/worker.h"

/* What is wanted of the instance, by configuration and by people. */
enum intent {
	INTENT_KEEP,   /* to run */
	INTENT_REST,   /* not to run: held, disabled, removed, not among numprocs */
	INTENT_RENEW,  /* to run, but as another process than the one seen (restart) */
	INTENT_FREEZE  /* nobody knows (broken configuration): leave it exactly as it is */
};

struct situation {
	const char *id;              /* NAME:N; spreads max_age */
	const struct worker *worker; /* NULL where no definition has it; then never KEEP */
	const struct record *record;
	const struct observation *seen;
	enum intent intent;
	enum reason intent_reason; /* REST, RENEW: why (manual, removed, …) */
	bool may_replace; /* roll lets this one be taken down by choice */
	bool at_once;     /* REST, RENEW: KILL without a grace period */
	bool is_ready;    /* all that it comes `after` run */
	bool is_retried;  /* a person asks now: delays and FATAL do not count */
	const char *boot_id;
	struct clock now;
};

enum action {
	ACTION_NONE,
	ACTION_START,
	ACTION_SIGNAL, /* the stop signal: record first, then send */
	ACTION_RELOAD, /* reload_signal: record first, then send */
	ACTION_KILL,   /* KILL, to what killmode says */
	ACTION_FORGET  /* its definition is gone and it is dead: drop record and pidfile */
};

struct decision {
	enum action action;
	int signal;              /* ACTION_SIGNAL, ACTION_RELOAD */
	bool has_ended;          /* an end was found and is in record.last_exit: sweep, tell */
	bool was_adopted;        /* alive, though the record did not say so */
	enum state state;        /* as shown: STATE_UNKNOWN where one cannot tell */
	struct record record;    /* the next one; to be saved where it differs */
	int64_t again_boot_ms;   /* when something will be due; CLOCK_NEVER */
};

void decide(const struct situation *situation, struct decision *decision);

#endif
