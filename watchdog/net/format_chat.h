/* SPDX-License-Identifier: ISC */
/* format_chat: for people, as they get it on their phone: a sentence, and the end of the log. Slack, Discord, ntfy. Pure. */
#ifndef WATCHDOG_NET_FORMAT_CHAT_H
#define WATCHDOG_NET_FORMAT_CHAT_H

#include <jansson.h>
#include <stdint.h>

#include "watchdog/net/format.h"

/* FORMAT: enum webhook_format, one of those for which webhook_is_chat. DATA: EVENT's, parsed. */
void format_chat(int64_t format, const struct format_event *event, const json_t *data,
		 struct format_message *message);

#endif
