/* SPDX-License-Identifier: ISC */
#include "watchdog/import/kaliop.h"
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

int tellingverbs_import_kaliop(const struct verb_call *call, struct importer *importer,
			       char *const *files, int count)
{
	(void)call;
	kaliop_import(importer, files, count);
	return VERB_DONE;
}
