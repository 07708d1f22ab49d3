/* SPDX-License-Identifier: ISC */
/* signal: one signal to each instance that is proven to be ours; records nothing, holds nothing. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "watchdog/base/signame.h"
#include "watchdog/round/pass.h"
#include "watchdog/round/target.h"
#include "watchdog/verbs/verb.h"

static const char *failure_text(int status)
{
	if (status == -EPERM)
		return "not permitted: run as root, or as its user";
	if (status == -EAGAIN)
		return "cannot tell whether it is still the same process; nothing was sent";
	return strerror(-status);
}

/* One line about SLOT; whether it was signalled. */
static bool signal_slot(struct herd *herd, const struct slot *slot, int sig)
{
	int status = -ESRCH;

	if (slot->seen.liveness == LIVENESS_UNKNOWN) {
		printf("%s: cannot tell whether it runs: %s\n", slot->id,
		       slot->seen.why ? slot->seen.why : "not known");
		return false;
	}
	if (slot->seen.liveness == LIVENESS_ALIVE)
		status = ending_signal(&herd->scene, &slot->seen.process, sig, KILLMODE_PROCESS);
	if (status == 0)
		printf("%s signalled %s (pid %d)\n", slot->id, signame_text(sig),
		       (int)slot->seen.process.pid);
	else if (status == -ESRCH)
		printf("%s: not running\n", slot->id);
	else
		printf("%s: not signalled (pid %d): %s\n", slot->id, (int)slot->seen.process.pid,
		       failure_text(status));
	return status == 0;
}

static int signal_all(struct herd *herd, int sig)
{
	int status = VERB_DONE;

	for (size_t i = 0; i < herd->count; i++)
		if (herd->slots[i].is_selected && !signal_slot(herd, &herd->slots[i], sig))
			status = VERB_PARTLY;
	return status;
}

static int work(const struct verb_call *call, struct herd *herd, int sig, char *const *targets,
		int count)
{
	struct err err = ERR_INIT;
	char foreign[512];

	if (herd_open(herd, call->config_file, HERD_READ, NULL, &call->out, &err) ||
	    target_select(herd, targets, count, &err))
		return verb_fail(call, &err);
	if (herd->scene.claim == LEASE_FOREIGN) {
		out_error(&call->out, "%s", herd_foreign_text(herd, foreign, sizeof(foreign)));
		return VERB_PARTLY;
	}
	pass_look(herd);
	return signal_all(herd, sig);
}

static int run(const struct verb_call *call)
{
	static const struct option options[] = { { NULL, 0, NULL, 0 } };
	struct herd herd;
	int sig, status;

	if (getopt_long(call->argc, call->argv, "", options, NULL) != -1)
		return verb_misuse(call, "");
	if (optind == call->argc)
		return verb_misuse(call, "which signal?");
	sig = signame_parse(call->argv[optind]);
	if (sig < 1)
		return verb_misuse(call, "no such signal: %s", call->argv[optind]);
	status = work(call, &herd, sig, call->argv + optind + 1, call->argc - optind - 1);
	herd_close(&herd);
	return status;
}

const struct verb verb_signal = {
	.name = "signal",
	.summary = "send one signal to the main process of each instance",
	.synopsis = "SIG [TARGET ...]",
	.help = "  SIG   HUP, SIGHUP or 1; USR2, RTMIN+1 ...\n\n"
		"Each process is proven to be the instance's before it gets the signal. One line "
		"an\n"
		"instance; exit status 1 if one of them was not signalled.\n\n"
		"signal does not hold: what TERM or KILL ends, the next round starts again. To end "
		"it\n"
		"and keep it down: `cronherd stop`.\n\n"
		"examples:\n"
		"  cronherd signal HUP             every instance\n"
		"  cronherd signal USR2 mail:1     one instance\n"
		"  cronherd signal INT @imports    a group\n",
	.run = run,
};
