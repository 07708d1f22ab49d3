/* SPDX-License-Identifier: ISC */
/* message: the request that tells a webhook of one event, or of several as one. Pure: no I/O, no clock. */
#ifndef WATCHDOG_COURIER_MESSAGE_H
#define WATCHDOG_COURIER_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "watchdog/base/err.h"
#include "watchdog/base/str.h"
#include "watchdog/journal/journal.h"
#include "watchdog/model/webhook.h"
#include "watchdog/net/http.h"

struct message {
	char id[JOURNAL_ID_MAX + 1]; /* the event's; of several one made from theirs: the same at each try */
	struct str body;
	struct strlist headers;
};

/*
 * DELIVERIES: COUNT of them, at least one. SECRETS: signs with each; none, no signature. HELD_BACK: as format_event. NOW_S: of this
 * try. 0, or -1 with ERR: no such message can be made, now or later. message_free in any case.
 */
int message_make(const struct webhook_options *webhook, const struct strlist *secrets,
		 const struct journal_delivery *deliveries, size_t count, int64_t held_back,
		 int64_t now_s, struct message *message, struct err *err);
void message_free(struct message *message);

/* The request to WEBHOOK that carries MESSAGE; borrows from both. */
struct http_request message_request(const struct webhook_options *webhook,
				    const struct message *message, int64_t timeout_ms);

#endif
