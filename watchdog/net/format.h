/* SPDX-License-Identifier: ISC */
/*
 * format: an event, or many, as a request's body and headers, in the words of one receiver. Pure: no I/O, no clock.
 *
 * Equal input, equal bytes: a retry sends what was sent before. Everything is repaired to valid UTF-8 on the way.
 */
#ifndef WATCHDOG_NET_FORMAT_H
#define WATCHDOG_NET_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "watchdog/base/err.h"
#include "watchdog/base/str.h"
#include "watchdog/model/event.h"
#include "watchdog/model/webhook.h"

/* An event as it is kept (journal/journal.h has the same members). */
struct format_event {
	const char *id;
	const char *type;    /* "worker.started" */
	const char *source;  /* "/cronherd/HOST/USER" */
	const char *subject; /* "": none */
	int64_t wall_ms;
	const char *data; /* a JSON object */
};

struct format_message {
	struct str body;
	struct strlist headers; /* content type and the format's own; not the signature, not the webhook's own */
};

void format_message_free(struct format_message *message);

/* EVENT for WEBHOOK. HELD_BACK: how many of the same subject were not told before it (0: none; chats say so). */
int format_event(const struct webhook_options *webhook, const struct format_event *event,
		 int64_t held_back, struct format_message *message, struct err *err);

/* COUNT events of one round as one: for chats a text, for CloudEvents one of type cronherd.webhook.digest whose id is made
 * from theirs. */
int format_digest(const struct webhook_options *webhook, const struct format_event *events,
		  size_t count, struct format_message *message, struct err *err);

/* The id of that one: to BUF. Equal events, equal id. */
void format_digest_id(const struct format_event *events, size_t count, char buf[EVENT_ID_SIZE]);

/* One line for people: "mail:2 stopped (crashed, exit 1) after 3h 2min". Also what `cronherd events` prints. */
void format_sentence(const struct format_event *event, struct str *text);

/* Whether TEXT is a template that format_event can fill in: NULL, or why not (static or in BUF). */
const char *format_check_template(const char *text, char *buf, size_t size);

#endif
