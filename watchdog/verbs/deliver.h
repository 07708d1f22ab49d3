/* SPDX-License-Identifier: ISC */
/* deliver: the parts of `deliver`, by what they do: deliver_send.c, deliver_ask.c, deliver_letters.c, deliver_status.c. */
#ifndef WATCHDOG_VERBS_DELIVER_H
#define WATCHDOG_VERBS_DELIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "watchdog/config/config.h"
#include "watchdog/courier/tally.h"
#include "watchdog/journal/journal.h"
#include "watchdog/verbs/verb.h"

struct deliver {
	const struct verb_call *call;
	struct config config;
	const char *what; /* the webhook or dead letter that is meant; NULL: all */
	bool is_now, is_json, is_detached;
};

/* Each: a verb's exit status. */
int deliver_send(struct deliver *deliver); /* reads the configuration anew where it changes */
int deliver_test(const struct deliver *deliver);
int deliver_reach(const struct deliver *deliver);
int deliver_status(const struct deliver *deliver);
int deliver_dead(const struct deliver *deliver);
int deliver_enable(const struct deliver *deliver);
int deliver_replay(const struct deliver *deliver);
int deliver_purge(const struct deliver *deliver);

/* Opens the journal, and says what was mended in it. 0, or -1 with ERR. */
int deliver_open(const struct deliver *deliver, struct journal **journal, enum journal_access access,
		 struct err *err);

/* "no such webhook: …", with the nearest of KNOWN; VERB_USAGE. */
int deliver_refuse(const struct deliver *deliver, const char *kinds, const struct strlist *known);

/* How WEBHOOK does, in a word for programs: "ok", "failing", "sleeping", "disabled", "broken", "removed". Pure. */
const char *deliver_state(const struct tally_webhook *webhook, int64_t now_wall_ms);

#endif
