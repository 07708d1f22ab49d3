/* SPDX-License-Identifier: ISC */
#include "watchdog/courier/message.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "watchdog/base/mem.h"
#include "watchdog/net/format.h"
#include "watchdog/net/sign.h"

static struct format_event event_of(const struct journal_event *event)
{
	return (struct format_event){ .id = event->id,
				      .type = event->type,
				      .source = event->source,
				      .subject = event->subject,
				      .wall_ms = event->wall_ms,
				      .data = event->data };
}

static int format_several(const struct webhook_options *webhook,
			  const struct journal_delivery *deliveries, size_t count,
			  struct message *message, struct format_message *formatted,
			  struct err *err)
{
	char id[EVENT_ID_SIZE];

	struct format_event *events = mem_alloc(count * sizeof(*events));
	int status;

	for (size_t i = 0; i < count; i++)
		events[i] = event_of(&deliveries[i].event);
	format_digest_id(events, count, id);
	(void)snprintf(message->id, sizeof(message->id), "%s", id);
	status = format_digest(webhook, events, count, formatted, err);
	free(events);
	return status;
}

static int format_one(const struct webhook_options *webhook,
		      const struct journal_delivery *delivery, int64_t held_back,
		      struct message *message, struct format_message *formatted, struct err *err)
{
	const struct format_event event = event_of(&delivery->event);

	(void)snprintf(message->id, sizeof(message->id), "%s", event.id);
	return format_event(webhook, &event, held_back, formatted, err);
}

static int sign(struct message *message, const struct strlist *secrets, int64_t now_s,
		struct err *err)
{
	struct str signature = STR_INIT;

	if (!secrets->count)
		return 0;
	str_add(&signature, "webhook-signature: ");
	/* Never unsigned where a signature is asked for. */
	if (sign_standard(secrets, message->id, now_s, str_text(&message->body), message->body.len,
			  &signature)) {
		str_free(&signature);
		return err_set(err, ERR_SYSTEM, 0, "it cannot be signed");
	}
	strlist_take(&message->headers, mem_format("webhook-id: %s", message->id));
	strlist_take(&message->headers, mem_format("webhook-timestamp: %" PRId64, now_s));
	strlist_take(&message->headers, str_take(&signature));
	return 0;
}

int message_make(const struct webhook_options *webhook, const struct strlist *secrets,
		 const struct journal_delivery *deliveries, size_t count, int64_t held_back,
		 int64_t now_s, struct message *message, struct err *err)
{
	struct format_message formatted = { .body = STR_INIT };
	int status;

	*message = (struct message){ .body = STR_INIT };
	status = count > 1 ? format_several(webhook, deliveries, count, message, &formatted, err)
			   : format_one(webhook, deliveries, held_back, message, &formatted, err);
	if (status) {
		format_message_free(&formatted);
		return -1;
	}
	message->body = formatted.body;
	message->headers = formatted.headers;
	for (size_t i = 0; i < webhook->headers.count; i++)
		strlist_add(&message->headers, webhook->headers.items[i]);
	return sign(message, secrets, now_s, err);
}

void message_free(struct message *message)
{
	str_free(&message->body);
	strlist_free(&message->headers);
}

struct http_request message_request(const struct webhook_options *webhook,
				    const struct message *message, int64_t timeout_ms)
{
	return (struct http_request){ .method = "POST",
				      .url = webhook->url,
				      .headers = &message->headers,
				      .body = str_text(&message->body),
				      .body_len = message->body.len,
				      .timeout_ms = timeout_ms,
				      .ca_file = webhook->ca_file,
				      .proxy = webhook->proxy };
}
