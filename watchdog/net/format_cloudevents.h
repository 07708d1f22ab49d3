/* SPDX-License-Identifier: ISC */
/*
 * format_cloudevents: CloudEvents 1.0, structured and binary. Structured, with `timestamp` equal to `time`, it is a payload of
 * Standard Webhooks too. Pure. DATA: EVENT's, parsed; it is cut where the body would be too long.
 */
#ifndef WATCHDOG_NET_FORMAT_CLOUDEVENTS_H
#define WATCHDOG_NET_FORMAT_CLOUDEVENTS_H

#include <jansson.h>

#include "watchdog/net/format.h"

void format_cloudevents_structured(const struct format_event *event, json_t *data,
				   struct format_message *message);
void format_cloudevents_binary(const struct format_event *event, json_t *data,
			       struct format_message *message);

#endif
