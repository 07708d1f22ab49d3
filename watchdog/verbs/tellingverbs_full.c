/* SPDX-License-Identifier: ISC */
#include "watchdog/verbs/events_run.h"
#include "watchdog/verbs/tellingverbs.h"

int tellingverbs_events(const struct verb_call *call)
{
	return events_run(call);
}
