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

/* CloudEvents shall be smaller; who wants more has to ask. The log is cut first, at its beginning. */
#define FORMAT_BODY_MAX 65536

struct format_message {
	struct str body;
	struct strlist headers; /* content type and the format's own; not the signature, not the webhook's own */
};

void format_message_free(struct format_message *message);

/*
 * EVENT for WEBHOOK. HELD_BACK: how many of the same subject were not told before it (0: none). Chats say so, data has it as
 * `held_back`. MESSAGE is set in any case. -1: a template that gives more than FORMAT_BODY_MAX, which no retry mends.
 */
int format_event(const struct webhook_options *webhook, const struct format_event *event,
		 int64_t held_back, struct format_message *message, struct err *err);

/*
 * COUNT (at least 1) events of one round as one of type webhook.digest, whose id is made from theirs. Its data has `count`, and `events`:
 * id, type, subject, time, reason and sentence of each, as many of them as there is room for: those first that are no mere starts
 * and stops. Chats get a list of sentences.
 */
int format_digest(const struct webhook_options *webhook, const struct format_event *events,
		  size_t count, struct format_message *message, struct err *err);

/* The id of that one, to BUF. */
void format_digest_id(const struct format_event *events, size_t count, char buf[EVENT_ID_SIZE]);

/*
 * One line for people: "mail:2 stopped: crashed with exit code 255 after 3h 2min, starts again in 4s". Also what `cronherd events`
 * prints. Chats name the host besides.
 */
void format_sentence(const struct format_event *event, struct str *text);

#endif
