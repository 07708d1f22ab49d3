/* SPDX-License-Identifier: ISC */
/* events: what happened, out of the journal. What it does: events_run.c, in cronherd-full. */
#include "watchdog/verbs/tellingverbs.h"

const struct verb verb_events = {
	.name = "events",
	.summary = "what happened: every start and stop, and why; newest last",
	.synopsis = "[--since WHEN] [-n N] [-f] [--json] [--samples] [TARGET ...]",
	.help = "      --since WHEN  from then on: \"2h\" ago, \"2026-11-21\", \"2026-11-21 03:34\",\n"
		"                    or RFC 3339\n"
		"  -n, --lines N     the last N of them (all; with -f 10)\n"
		"  -f, --follow      go on with what happens, until Ctrl-C\n"
		"      --json        one object a line for programs, see cronherd(1)\n"
		"      --samples     the samples of memory instead, where `history` has them kept\n\n"
		"Workers that are defined no more may be named as long as the journal knows them.\n\n"
		"examples:\n"
		"  cronherd events --since 1h     the last hour\n"
		"  cronherd events -n 20 mail     the last 20 of one worker\n"
		"  cronherd events -f '@shop'     a group, as it happens\n"
		"  cronherd events --json | jq -r 'select(.data.exit_code == 1).subject'\n",
	.run = tellingverbs_events,
};
