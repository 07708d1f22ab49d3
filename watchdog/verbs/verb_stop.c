/* SPDX-License-Identifier: ISC */
/* stop: holds first (durably), then stops gracefully, escalates, waits. */
#include <getopt.h>
#include <stdlib.h>

#include "watchdog/base/units.h"
#include "watchdog/round/holding.h"
#include "watchdog/verbs/manual.h"

/* It has been stopped, and somebody else has started it since: the hold expired, or a person lifted it. */
static bool is_back(const struct slot *slot)
{
	return slot->first.pid && !slot->is_held && slot->seen.liveness == LIVENESS_ALIVE &&
	       slot_is_replaced(slot);
}

static bool is_settled(const struct slot *slot)
{
	if (slot->seen.liveness == LIVENESS_UNKNOWN)
		return !slot->is_busy && !slot->is_pending;
	if (is_back(slot))
		return true;
	/* The pidfile goes last, whoever settles the end. */
	return slot->seen.liveness == LIVENESS_DEAD && slot->was_locked &&
	       slot->state != STATE_STOPPING && !slot->has_pidfile;
}

static bool tell(const struct slot *slot, struct str *line)
{
	bool is_down = slot->seen.liveness == LIVENESS_DEAD;

	if (is_down && slot->was_alive) {
		str_add(line, slot->record.killed ? "stopped (killed)" : "stopped");
		if (slot->leftovers)
			str_addf(line, "; %zu process%s that it left %s ended", slot->leftovers,
				 slot->leftovers > 1 ? "es" : "", slot->leftovers > 1 ? "were" : "was");
	} else if (is_down) {
		str_add(line, "not running, held");
	} else if (is_back(slot)) {
		str_add(line, "stopped, and started again since: it is not held any more");
	} else {
		str_add(line, "ERROR (");
		manual_explain(slot, line);
		str_add(line, ")");
	}
	return is_down || is_back(slot);
}

/* What the command line says. */
struct wish {
	bool at_once;
	bool is_until_reboot;
	int64_t hold_ms; /* 0: no end */
};

static int place_holds(struct herd *herd, const struct wish *wish, struct err *err)
{
	struct holds_now now = herd_holds_now(herd);
	char *by = manual_who();
	struct hold hold = { .by = by };
	int status;

	if (wish->hold_ms)
		hold.until_wall_ms = now.wall_ms + wish->hold_ms;
	if (wish->is_until_reboot)
		hold.boot = now.boot;
	status = holding_place(herd, &hold, err);
	free(by);
	return status;
}

static bool is_nobody_left(const struct herd *herd)
{
	for (size_t i = 0; i < herd->count; i++)
		if (herd->slots[i].seen.liveness != LIVENESS_DEAD)
			return false;
	return true;
}

static int work(struct manual *manual, const struct wish *wish)
{
	struct err err = ERR_INIT;
	int status = place_holds(&manual->herd, wish, &err);

	if (status)
		return verb_fail(manual->call, &err);
	for (size_t i = 0; i < manual->herd.count; i++) {
		struct slot *slot = &manual->herd.slots[i];

		slot->is_put_down = slot->is_selected;
		slot->at_once = wish->at_once && slot->is_selected;
	}
	status = manual_converge(manual);
	/* The host or the container ends: the next one may be another. Where that fails, it has to wait. */
	if (wish->is_until_reboot && manual->herd.scene.claim != LEASE_FOREIGN &&
	    is_nobody_left(&manual->herd))
		(void)lease_release(&manual->herd.scene.dir);
	return status;
}

static int run(const struct verb_call *call)
{
	static const struct option options[] = { { "now", no_argument, NULL, 'n' },
						 { "for", required_argument, NULL, 'f' },
						 { "until-reboot", no_argument, NULL, 'r' },
						 { NULL, 0, NULL, 0 } };
	struct manual manual = { .call = call,
				 .doing = "stopping",
				 .is_settled = is_settled,
				 .tell = tell,
				 .patience_ms = 10000 };
	struct wish wish = { .hold_ms = 0 };
	int option, status;

	while ((option = getopt_long(call->argc, call->argv, "", options, NULL)) != -1) {
		if (option == 'n')
			wish.at_once = true;
		else if (option == 'r')
			wish.is_until_reboot = true;
		else if (option != 'f')
			return verb_misuse(call, "");
		else if (units_parse_duration(optarg, &wish.hold_ms) || wish.hold_ms < 1000)
			return verb_misuse(call, "--for takes a duration of at least 1s, not \"%s\"",
					   optarg);
	}
	if (wish.hold_ms && wish.is_until_reboot)
		return verb_misuse(call, "--for and --until-reboot exclude one another");
	status = manual_open(&manual, call->argv + optind, call->argc - optind);
	if (status == VERB_DONE)
		status = work(&manual, &wish);
	manual_close(&manual);
	return status;
}

const struct verb verb_stop = {
	.name = "stop",
	.summary = "hold and stop; lasts until `start`, across rounds and reboots",
	.synopsis = "[--now] [--for DURATION | --until-reboot] [TARGET ...]",
	.help = "  --now            KILL at once, no stop signal\n"
		"  --for DURATION   the hold expires then\n"
		"  --until-reboot   the hold expires with this boot of the host, or with this container;\n"
		"                   what is held for longer stays so\n\n"
		"Sends stopsignal once, waits stopwaitsecs, then KILL. One line an instance.\n\n"
		"examples:\n"
		"  cronherd stop                    every worker\n"
		"  cronherd stop --for 10min mail   back by itself in ten minutes\n"
		"  cronherd stop @imports 'web:*'   a group and a glob\n"
		"  cronherd stop --until-reboot     before a container ends\n",
	.run = run,
};
