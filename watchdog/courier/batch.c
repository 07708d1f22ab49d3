/* SPDX-License-Identifier: ISC */
#include "watchdog/courier/batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watchdog/base/clock.h"
#include "watchdog/base/mem.h"

enum kind { SETTLE, FLAP, ENDPOINT, BURY };

struct batch_item {
	enum kind kind;
	const char *webhook;
	int64_t seq;
	enum journal_debt debt;
	int64_t wall_ms;
	char last[200];
	char *subject;
	struct journal_flap flap;
	struct journal_endpoint *endpoint;
};

/* ---- adding ------------------------------------------------------------------------------- */

static struct batch_item *add(struct batch *batch, enum kind kind, const char *webhook)
{
	struct batch_item *item;

	if (!batch->count)
		batch->since_boot_ms = clock_read().boot_ms;
	batch->items = mem_resize(batch->items, batch->count + 1, sizeof(*batch->items));
	item = &batch->items[batch->count++];
	*item = (struct batch_item){ .kind = kind, .webhook = webhook };
	return item;
}

void batch_settle(struct batch *batch, const char *webhook, int64_t seq, enum journal_debt debt,
		  int64_t now_wall_ms, const char *last)
{
	struct batch_item *item = add(batch, SETTLE, webhook);

	item->seq = seq;
	item->debt = debt;
	item->wall_ms = now_wall_ms;
	(void)snprintf(item->last, sizeof(item->last), "%s", last);
}

void batch_flap(struct batch *batch, const char *webhook, const char *subject,
		const struct journal_flap *flap)
{
	struct batch_item *item = add(batch, FLAP, webhook);

	item->subject = mem_dup(subject);
	item->flap = *flap;
}

void batch_endpoint(struct batch *batch, const char *webhook,
		    const struct journal_endpoint *endpoint)
{
	for (size_t i = 0; i < batch->count; i++)
		if (batch->items[i].kind == ENDPOINT &&
		    strcmp(batch->items[i].webhook, webhook) == 0) {
			*batch->items[i].endpoint = *endpoint;
			return;
		}
	struct batch_item *item = add(batch, ENDPOINT, webhook);
	item->endpoint = mem_alloc(sizeof(*item->endpoint));
	*item->endpoint = *endpoint;
}

void batch_bury(struct batch *batch, const char *webhook, int64_t now_wall_ms, const char *last)
{
	struct batch_item *item = add(batch, BURY, webhook);

	item->wall_ms = now_wall_ms;
	(void)snprintf(item->last, sizeof(item->last), "%s", last);
	batch->is_urgent = true;
}

const struct journal_flap *batch_find_flap(const struct batch *batch, const char *webhook,
					   const char *subject)
{
	for (size_t i = batch->count; i-- > 0;) {
		const struct batch_item *item = &batch->items[i];

		if (item->kind == FLAP && strcmp(item->subject, subject) == 0 &&
		    strcmp(item->webhook, webhook) == 0)
			return &item->flap;
	}
	return NULL;
}

/* ---- storing ------------------------------------------------------------------------------ */

bool batch_is_due(const struct batch *batch, int64_t now_boot_ms)
{
	return batch->count && (batch->is_urgent || batch->count >= BATCH_MAX ||
				now_boot_ms - batch->since_boot_ms >= BATCH_AGE_MS);
}

static int store_one(const struct batch_item *item, struct journal *journal, int64_t *buried,
		     struct err *err)
{
	int count;

	switch (item->kind) {
	case SETTLE:
		return journal_settle(journal, item->webhook, item->seq, item->debt, item->wall_ms,
				      item->last, err);
	case FLAP:
		return journal_flap_set(journal, item->webhook, item->subject, &item->flap, err);
	case ENDPOINT:
		return journal_endpoint_set(journal, item->webhook, item->endpoint, err);
	case BURY:
		count = journal_bury(journal, item->webhook, INT64_MAX, item->wall_ms, item->last,
				     err);
		*buried += count > 0 ? count : 0;
		return count < 0 ? -1 : 0;
	}
	return 0;
}

int batch_store(struct batch *batch, struct journal *journal, struct err *err)
{
	int64_t buried = batch->buried;

	if (!batch->count)
		return 0;
	if (journal_begin(journal, err))
		return -1;
	for (size_t i = 0; i < batch->count; i++)
		if (store_one(&batch->items[i], journal, &buried, err) < 0) {
			journal_rollback(journal);
			return -1;
		}
	if (journal_commit(journal, err))
		return -1;
	batch_free(batch);
	batch->buried = buried;
	return 0;
}

void batch_free(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		free(batch->items[i].subject);
		free(batch->items[i].endpoint);
	}
	free(batch->items);
	*batch = (struct batch)BATCH_INIT;
}
