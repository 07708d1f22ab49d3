/* SPDX-License-Identifier: ISC */
#include "watchdog/courier/tally.h"

#include <stdlib.h>
#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/store/deliveries.h"

const struct webhook *tally_find(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->webhook_count; i++)
		if (strcmp(config->webhooks[i].name, name) == 0)
			return &config->webhooks[i];
	return NULL;
}

static int collect_names(struct tally *tally, struct journal *journal, const struct config *config,
			 struct err *err)
{
	struct strlist known = STRLIST_INIT;
	int status;

	for (size_t i = 0; i < config->webhook_count; i++)
		strlist_add(&tally->names, config->webhooks[i].name);
	status = journal_webhooks(journal, &known, err);
	for (size_t i = 0; status >= 0 && i < known.count; i++)
		if (!tally_find(config, known.items[i]))
			strlist_add(&tally->names, known.items[i]);
	strlist_free(&known);
	return status < 0 ? -1 : 0;
}

int tally_take(struct tally *tally, struct journal *journal, const struct config *config,
	       struct err *err)
{
	*tally = (struct tally){ .names = STRLIST_INIT };
	if (collect_names(tally, journal, config, err))
		return -1;
	tally->webhooks = mem_alloc(tally->names.count * sizeof(*tally->webhooks));
	for (size_t i = 0; i < tally->names.count; i++) {
		struct tally_webhook *webhook = &tally->webhooks[i];

		webhook->name = tally->names.items[i];
		webhook->webhook = tally_find(config, webhook->name);
		webhook->is_broken =
			!webhook->webhook && (config->broken_unread ||
					      strlist_has(&config->broken_webhooks, webhook->name));
		if (journal_tally(journal, webhook->name, &webhook->tally, err) < 0 ||
		    journal_endpoint_get(journal, webhook->name, &webhook->endpoint, err) < 0)
			return -1;
		tally->count++;
	}
	return 0;
}

void tally_free(struct tally *tally)
{
	free(tally->webhooks);
	strlist_free(&tally->names);
}

int64_t tally_owed(const struct tally *tally)
{
	int64_t owed = 0;

	for (size_t i = 0; i < tally->count; i++)
		if (tally->webhooks[i].webhook || tally->webhooks[i].is_broken)
			owed += tally->webhooks[i].tally.owed;
	return owed;
}

int tally_publish(const struct tally *tally, int state_fd)
{
	struct deliveries deliveries = DELIVERIES_INIT;
	int status;

	for (size_t i = 0; i < tally->count; i++) {
		const struct tally_webhook *from = &tally->webhooks[i];
		struct deliveries_webhook to = { .name = tally->names.items[i],
						 .owed = from->tally.owed,
						 .delivered = from->tally.delivered,
						 .dead = from->tally.dead,
						 .failing_wall_ms = from->endpoint.failing_wall_ms,
						 .is_disabled =
							 from->endpoint.disabled_wall_ms != 0 };

		if (from->webhook)
			deliveries_add(&deliveries, &to);
	}
	status = deliveries_write(state_fd, &deliveries);
	deliveries_free(&deliveries);
	return status;
}
