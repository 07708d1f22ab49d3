/* SPDX-License-Identifier: ISC */
/* restart: another process in the place of each, one instance of a worker at a time. */
#include <getopt.h>

#include "watchdog/round/holding.h"
#include "watchdog/verbs/manual.h"

static bool is_settled(const struct slot *slot)
{
	if (slot->seen.liveness == LIVENESS_UNKNOWN || slot->intent == INTENT_FREEZE ||
	    slot->intent == INTENT_REST)
		return !slot->is_busy && !slot->is_pending;
	if (slot->is_busy || slot->is_pending || slot->state == STATE_STARTING ||
	    slot->state == STATE_STOPPING)
		return false;
	return slot_is_replaced(slot) || slot->has_failed || slot->pressure == REASON_MANUAL;
}

static bool tell(const struct slot *slot, struct str *line)
{
	bool is_done = slot_is_replaced(slot) && slot->state == STATE_RUNNING;

	if (is_done) {
		str_addf(line, "restarted (pid %d)", (int)slot->record.process.pid);
	} else if (slot->pressure == REASON_MANUAL && slot->state == STATE_RUNNING) {
		str_add(line, "ERROR (left as it is: another instance did not come up again)");
	} else {
		str_add(line, "ERROR (");
		manual_explain(slot, line);
		str_add(line, ")");
	}
	return is_done;
}

static int work(struct manual *manual, bool all_at_once)
{
	struct err err = ERR_INIT;

	if (holding_lift(&manual->herd, &err))
		return verb_fail(manual->call, &err);
	manual_pass_over_gone(manual);
	for (size_t i = 0; i < manual->herd.count; i++) {
		struct slot *slot = &manual->herd.slots[i];

		slot->is_renewed = slot->is_selected;
		slot->is_retried = slot->is_selected;
		slot->all_at_once = all_at_once;
	}
	return manual_converge(manual);
}

static int run(const struct verb_call *call)
{
	static const struct option options[] = { { "all-at-once", no_argument, NULL, 'a' },
						 { NULL, 0, NULL, 0 } };
	struct manual manual = { .call = call,
				 .doing = "restarting",
				 .is_settled = is_settled,
				 .tell = tell,
				 .patience_ms = 10000 };
	bool all_at_once = false;
	int option, status;

	while ((option = getopt_long(call->argc, call->argv, "", options, NULL)) != -1) {
		if (option != 'a')
			return verb_misuse(call, "");
		all_at_once = true;
	}
	status = manual_open(&manual, call->argv + optind, call->argc - optind);
	if (status == VERB_DONE)
		status = work(&manual, all_at_once);
	manual_close(&manual);
	return status;
}

const struct verb verb_restart = {
	.name = "restart",
	.summary = "stop and start again, one instance of a worker at a time",
	.synopsis = "[--all-at-once] [TARGET ...]",
	.help = "  --all-at-once   do not wait for one before the next\n\n"
		"Stops at the first instance that does not come up again. Lifts holds.\n\n"
		"examples:\n"
		"  cronherd restart mail        after a deploy\n"
		"  cronherd restart --all-at-once\n",
	.run = run,
};
