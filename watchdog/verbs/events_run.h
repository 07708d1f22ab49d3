/* SPDX-License-Identifier: ISC */
/* events_run: what the verb `events` does where the journal can be read. */
#ifndef WATCHDOG_VERBS_EVENTS_RUN_H
#define WATCHDOG_VERBS_EVENTS_RUN_H

#include "watchdog/verbs/verb.h"

int events_run(const struct verb_call *call);

#endif
