/* SPDX-License-Identifier: ISC */
/* start: lifts holds, starts, waits until each has outlived startsecs or failed. */
#include <getopt.h>

#include "watchdog/round/holding.h"
#include "watchdog/verbs/manual.h"

static bool is_settled(const struct slot *slot)
{
	if (slot->seen.liveness == LIVENESS_UNKNOWN && !slot->is_busy && !slot->is_pending &&
	    slot->record.state != STATE_STARTING)
		return true;
	if (!slot->is_ready && !slot->is_pending)
		return true; /* what it comes after is not on its way up */
	if (slot->is_retried || slot->is_busy || slot->is_pending)
		return slot->state == STATE_RUNNING || slot->intent == INTENT_FREEZE ||
		       slot->intent == INTENT_REST;
	return slot->state != STATE_STARTING && slot->state != STATE_STOPPING;
}

static bool tell(const struct slot *slot, struct str *line)
{
	bool is_up = slot->state == STATE_RUNNING;
	/* A worker that had its time and has done its work was started well. */
	bool was_up = slot->state == STATE_EXITED && slot->record.starts > slot->first_starts;

	if (is_up && slot_is_replaced(slot))
		str_addf(line, "started (pid %d)", (int)slot->record.process.pid);
	else if (is_up)
		str_addf(line, "already running (pid %d)", (int)slot->record.process.pid);
	else if (was_up)
		str_add(line, "started, and has exited");
	else if (slot->intent == INTENT_FREEZE || slot->definition != DEFINITION_CURRENT)
		str_add(line, "ERROR (not started: its definition is gone or broken)");
	else {
		str_add(line, "ERROR (");
		manual_explain(slot, line);
		str_add(line, ")");
	}
	return is_up || was_up;
}

static int work(struct manual *manual)
{
	struct err err = ERR_INIT;

	if (holding_lift(&manual->herd, &err))
		return verb_fail(manual->call, &err);
	manual_pass_over_gone(manual);
	for (size_t i = 0; i < manual->herd.count; i++)
		manual->herd.slots[i].is_retried = manual->herd.slots[i].is_selected;
	return manual_converge(manual);
}

static int run(const struct verb_call *call)
{
	static const struct option options[] = { { NULL, 0, NULL, 0 } };
	struct manual manual = { .call = call,
				 .doing = "starting",
				 .is_settled = is_settled,
				 .tell = tell,
				 .patience_ms = 10000 };
	int status;

	if (getopt_long(call->argc, call->argv, "", options, NULL) != -1)
		return verb_misuse(call, "");
	status = manual_open(&manual, call->argv + optind, call->argc - optind);
	if (status == VERB_DONE)
		status = work(&manual);
	manual_close(&manual);
	return status;
}

const struct verb verb_start = {
	.name = "start",
	.summary = "lift holds, start, wait until each instance has outlived startsecs",
	.synopsis = "[TARGET ...]",
	.help = "Prints one line an instance. Exit status 1 where one did not come up.\n\n"
		"examples:\n"
		"  cronherd start               every worker\n"
		"  cronherd start mail          all instances of mail\n"
		"  cronherd start mail:2 '*:1'  some instances\n",
	.run = run,
};
