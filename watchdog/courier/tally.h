/* SPDX-License-Identifier: ISC */
/* tally: how all webhooks do, out of the journal: for people, and as the file `deliveries`. */
#ifndef WATCHDOG_COURIER_TALLY_H
#define WATCHDOG_COURIER_TALLY_H

#include <stddef.h>

#include "watchdog/config/config.h"
#include "watchdog/journal/journal.h"

struct tally_webhook {
	const char *name;              /* borrowed from the tally's names */
	const struct webhook *webhook; /* NULL: the configuration has none of that name, */
	bool is_broken;                /* but a file that cannot be read may have it */
	struct journal_tally tally;
	struct journal_endpoint endpoint;
};

struct tally {
	struct strlist names; /* the configuration's first, in its order; then those that only the journal knows */
	struct tally_webhook *webhooks;
	size_t count;
};

/* 0, or -1 with ERR; tally_free in any case. */
int tally_take(struct tally *tally, struct journal *journal, const struct config *config,
	       struct err *err);
void tally_free(struct tally *tally);

/* All that is owed and can be sent, now or later: not that of webhooks that are gone. */
int64_t tally_owed(const struct tally *tally);

/* Writes the file `deliveries` of those that are configured. 0 or a negative errno. */
int tally_publish(const struct tally *tally, int state_fd);

/* NULL where there is none of that name. */
const struct webhook *tally_find(const struct config *config, const char *name);

#endif
