/* SPDX-License-Identifier: ISC */
/* filter: who wants to hear of an event. Pure. */
#ifndef WATCHDOG_COURIER_FILTER_H
#define WATCHDOG_COURIER_FILTER_H

#include <stdbool.h>

#include "watchdog/config/config.h"
#include "watchdog/model/webhook.h"

/* Whether an event is about an instance: its subject is "NAME:N" then. */
bool filter_is_about_worker(const char *type, const char *subject);

/* Whether TARGET (NAME, NAME:N, @GROUP, a glob over ids) means the instance with the id SUBJECT, which need not be defined any more. */
bool filter_is_target(const struct config *config, const char *target, const char *subject);

/* Whether the webhook asks for it: by `events`, and by `workers`; what is about no worker is for those that name none. */
bool filter_matches(const struct webhook_options *options, const struct config *config,
		    const char *type, const char *subject);

#endif
