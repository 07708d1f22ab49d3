/* SPDX-License-Identifier: ISC */
/* format_template: a body as the webhook's own template (model/template.h) says. Pure. */
#ifndef WATCHDOG_NET_FORMAT_TEMPLATE_H
#define WATCHDOG_NET_FORMAT_TEMPLATE_H

#include <jansson.h>

#include "watchdog/base/err.h"
#include "watchdog/model/webhook.h"
#include "watchdog/net/format.h"

/* DATA: EVENT's, parsed; its log is cut where the body would be too long. 0, or -1 where it is too long all the same. */
int format_template(const struct webhook_options *webhook, const struct format_event *event,
		    json_t *data, struct format_message *message, struct err *err);

#endif
