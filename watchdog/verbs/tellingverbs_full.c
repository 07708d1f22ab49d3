/* SPDX-License-Identifier: ISC */
#include "watchdog/verbs/deliver_run.h"
#include "watchdog/verbs/events_run.h"
#include "watchdog/verbs/tellingverbs.h"

int tellingverbs_events(const struct verb_call *call)
{
	return events_run(call);
}

int tellingverbs_deliver(const struct verb_call *call)
{
	return deliver_run(call);
}
