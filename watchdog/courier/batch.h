/* SPDX-License-Identifier: ISC */
/*
 * batch: what became of deliveries, until it is stored. A transaction for each would cost more than sending them.
 *
 * What is in here when the process is killed is sent once more, under the same ids.
 */
#ifndef WATCHDOG_COURIER_BATCH_H
#define WATCHDOG_COURIER_BATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "watchdog/journal/journal.h"

/* Is to be stored when it is that old, or has that many. */
#define BATCH_AGE_MS 250
#define BATCH_MAX    256

struct batch_item;

struct batch {
	struct batch_item *items;
	size_t count;
	int64_t since_boot_ms; /* of the first one */
	bool is_urgent;        /* must not be forgotten: is to be stored before anything else is done */
	int64_t buried;        /* so many have become dead letters by batch_bury, in all that was stored */
};

#define BATCH_INIT { .items = NULL }

/* As the functions of the journal, later. WEBHOOK is borrowed until it is stored; the rest is copied. */
void batch_settle(struct batch *batch, const char *webhook, int64_t seq, enum journal_debt debt,
		  int64_t now_wall_ms, const char *last);
void batch_flap(struct batch *batch, const char *webhook, const char *subject,
		const struct journal_flap *flap);
/* The last one of each webhook counts. */
void batch_endpoint(struct batch *batch, const char *webhook, const struct journal_endpoint *endpoint);
/* All that is owed to it; urgent. */
void batch_bury(struct batch *batch, const char *webhook, int64_t now_wall_ms, const char *last);

/* What is to be stored of SUBJECT; NULL where nothing is. Valid until the next call. */
const struct journal_flap *batch_find_flap(const struct batch *batch, const char *webhook,
					   const char *subject);

bool batch_is_due(const struct batch *batch, int64_t now_boot_ms);

/* Stores all of it, or none, in one transaction, and is empty then. 0 or -1 with ERR. */
int batch_store(struct batch *batch, struct journal *journal, struct err *err);
void batch_free(struct batch *batch);

#endif
