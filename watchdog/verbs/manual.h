/* SPDX-License-Identifier: ISC */
/* manual: what start, stop and restart have in common: open, select, converge with progress, one line an instance. */
#ifndef WATCHDOG_VERBS_MANUAL_H
#define WATCHDOG_VERBS_MANUAL_H

#include "watchdog/round/herd.h"
#include "watchdog/verbs/verb.h"

struct manual {
	const struct verb_call *call;
	struct herd herd;
	const char *doing;                              /* "starting", for progress */
	bool (*is_settled)(const struct slot *slot);    /* nothing left to wait for */
	/* The line of SLOT, printed as "ID: LINE"; false where it did not get where it was asked to. */
	bool (*tell)(const struct slot *slot, struct str *line);
	int64_t patience_ms;                            /* beyond the longest wait that a slot itself needs */
};

/* Opens the herd for writing, says what is broken in the configuration, selects TARGETS. A verb's exit status, or
 * VERB_DONE; manual_close in any case. */
int manual_open(struct manual *manual, char *const *targets, int count);

/* Before a start: what is defined no more is not asked for, unless it is all that was named. */
void manual_pass_over_gone(struct manual *manual);

/* Converges the selected slots and prints their lines. A verb's exit status. */
int manual_converge(struct manual *manual);

void manual_close(struct manual *manual);

/* Whose word it is: the login name, where there is one. Allocated. */
char *manual_who(void);

/* Why SLOT is not where it should be, in a few words. */
void manual_explain(const struct slot *slot, struct str *line);

#endif
