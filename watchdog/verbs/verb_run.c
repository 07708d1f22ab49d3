/* SPDX-License-Identifier: ISC */
/* run: one round; what cron calls. Silent unless something needs a person, and then says it once. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/units.h"
#include "watchdog/config/conftell.h"
#include "watchdog/round/converge.h"
#include "watchdog/round/glance.h"
#include "watchdog/round/publish.h"
#include "watchdog/round/pulse.h"
#include "watchdog/round/rotate.h"
#include "watchdog/round/target.h"
#include "watchdog/round/tell.h"
#include "watchdog/store/complaints.h"
#include "watchdog/store/said.h"
#include "watchdog/verbs/verb.h"

struct round {
	const struct verb_call *call;
	struct herd herd;
	struct said said;
	char *const *targets;
	int target_count;
	bool is_part; /* targets were named */
	int64_t watch_ms;     /* --for */
	bool is_minded;
	const char *state_dir; /* of whoever began us */
	int64_t until_boot_ms;
};

/* ---- what needs a person ------------------------------------------------------------------ */

static void say(struct round *round, const char *text)
{
	if (said_is_new(&round->said, text) || isatty(STDERR_FILENO) ||
	    round->call->out.level == OUT_VERBOSE)
		out_error(&round->call->out, "%s", text);
}

/* Whether say_config() says TEXT already: what is wrong with the main file ends the round, too. */
static bool is_config_error(const struct config *config, const char *error)
{
	bool is_one = false;

	for (size_t i = 0; i < config->error_count && !is_one; i++) {
		struct str text = STR_INIT;

		config_error_text(&config->errors[i], &text);
		is_one = strcmp(str_text(&text), error) == 0;
		str_free(&text);
	}
	return is_one;
}

static int say_config(struct round *round)
{
	const struct config *config = &round->herd.config;

	for (size_t i = 0; i < config->error_count; i++) {
		struct str text = STR_INIT;

		config_error_text(&config->errors[i], &text);
		say(round, str_text(&text));
		str_free(&text);
	}
	return config->error_count ? VERB_USAGE : VERB_DONE;
}

static void add_fatal(const struct slot *slot, struct str *text)
{
	str_addf(text, "%s: does not start: %s", slot->id,
		 slot->record.failure[0] ? slot->record.failure
					 : "it ends within startsecs, see `cronherd logs`");
}

/* One more try after it was given out as FATAL: as long as it has not come up, that still stands. */
static bool is_tried_again(const struct slot *slot)
{
	return slot->state == STATE_STARTING && slot->instance.worker &&
	       slot->record.failures > slot->instance.worker->options.startretries;
}

static int say_slot(struct round *round, const struct slot *slot)
{
	struct str text = STR_INIT;
	int status = VERB_DONE;

	if (slot->problem[0]) {
		str_addf(&text, "%s: %s", slot->id, slot->problem);
		status = VERB_FAILED;
	} else if (slot->state == STATE_UNKNOWN) {
		str_addf(&text, "%s: cannot tell whether it runs: %s; nothing is done to it", slot->id,
			 slot->seen.why ? slot->seen.why : "not known");
		status = VERB_PARTLY;
	} else if (slot->seen.liveness == LIVENESS_ALIVE && slot->seen.concern) {
		str_addf(&text, "%s: %s", slot->id, slot->seen.concern);
		status = VERB_PARTLY;
	} else if (slot->state == STATE_FATAL) {
		add_fatal(slot, &text);
		status = VERB_PARTLY;
	} else if (is_tried_again(slot)) {
		add_fatal(slot, &text);
		said_keep(&round->said, str_text(&text));
		text.len = 0;
	} else if (slot->state == STATE_BACKOFF) {
		status = VERB_PARTLY;
	}
	if (text.len)
		say(round, str_text(&text));
	str_free(&text);
	return status;
}

/* Logs are rotated on the way, and files written for others; what fails there is no reason for another exit status. */
static void say_files(struct round *round)
{
	struct strlist problems = STRLIST_INIT;

	rotate_logs(&round->herd, &problems);
	publish_files(&round->herd, &problems);
	for (size_t i = 0; i < problems.count; i++)
		say(round, problems.items[i]);
	strlist_free(&problems);
}

static void say_problems(struct round *round, size_t first)
{
	for (size_t i = first; i < round->herd.problems.count; i++)
		say(round, round->herd.problems.items[i]);
}

static int say_all(struct round *round)
{
	int status = say_config(round);

	say_problems(round, 0);
	for (size_t i = 0; i < round->herd.count; i++) {
		int slot_status = VERB_DONE;

		if (round->herd.slots[i].is_selected)
			slot_status = say_slot(round, &round->herd.slots[i]);
		if (slot_status > status)
			status = slot_status;
	}
	return status;
}

/* What a courier, which nobody hears, had to say since. */
static void say_complaints(struct round *round)
{
	struct strlist lines = STRLIST_INIT;

	complaints_read(round->herd.scene.dir.fd, &lines);
	for (size_t i = 0; i < lines.count; i++)
		/* Without webhooks and pings there is no courier to forget it. */
		if (!conftell_is_orphan(&round->herd.config, lines.items[i]))
			say(round, lines.items[i]);
	strlist_free(&lines);
}

/* The end of a whole round: what a person is to know, and what others are to be told. */
static int say_and_tell(struct round *round)
{
	struct herd *herd = &round->herd;
	int status = say_all(round);
	size_t said = herd->problems.count;

	say_complaints(round);
	if (herd->config.ping_count)
		pulse_write(herd, status);
	tell_deliver(herd, herd->config.ping_count > 0);
	say_problems(round, said);
	return status;
}

/* ---- the round ---------------------------------------------------------------------------- */

/* A round ends when nothing that it began is in progress. One that a minder began stays for a short
 * backoff too, so that seconds are not rounded up to cron's minute. */
static bool is_settled(const struct slot *slot, void *data)
{
	const struct round *round = data;
	int64_t soon_boot_ms = round->herd.scene.now.boot_ms + CONVERGE_ROUND_MS;

	if (slot->seen.liveness == LIVENESS_UNKNOWN)
		return !slot->is_pending;
	if (slot->state == STATE_STOPPING || slot->is_pending)
		return false;
	/* Whoever has its lock may have seen it before it ended. */
	if (round->is_minded && slot->is_busy)
		return false;
	return !round->is_minded || slot->state != STATE_BACKOFF ||
	       slot->again_boot_ms > soon_boot_ms;
}

static bool is_stale(void *data)
{
	const struct round *round = data;

	return herd_is_stale(&round->herd);
}

/* The configuration has changed under us: the same program goes on, as a new one, with the same request. */
static void begin_anew(struct round *round)
{
	const struct verb_call *call = round->call;
	struct strlist argv = STRLIST_INIT;
	int64_t left_ms = round->until_boot_ms - clock_read().boot_ms;

	strlist_add(&argv, "cronherd");
	if (call->out.level != OUT_NORMAL)
		strlist_add(&argv, call->out.level == OUT_VERBOSE ? "-v" : "-q");
	strlist_add(&argv, "-c");
	strlist_add(&argv, round->herd.config.main_file);
	strlist_add(&argv, "run");
	if (round->watch_ms)
		strlist_take(&argv, mem_format("--for=%" PRId64 "ms", left_ms > 1 ? left_ms : 1));
	strlist_take(&argv, mem_format("--state-dir=%s", round->herd.config.state_dir));
	/* Without a start yet, there is no minder yet. */
	if (round->herd.is_prepared || round->is_minded)
		strlist_add(&argv, "--minded");
	strlist_add(&argv, "--");
	for (int i = 0; i < round->target_count; i++)
		strlist_add(&argv, round->targets[i]);
	(void)fflush(NULL); /* lest it be printed twice, or never; main looks at errors */
	execv("/proc/self/exe", argv.items);
	strlist_free(&argv);
}

static int converge_herd(struct round *round)
{
	int64_t most_ms = round->watch_ms ? round->watch_ms : CONVERGE_ROUND_MS;
	struct convergence convergence = { .is_settled = is_settled,
					   .data = round,
					   .is_watching = round->watch_ms != 0 };
	char foreign[512];
	enum converge_end end;

	round->until_boot_ms = round->herd.scene.now.boot_ms + most_ms;
	convergence.until_boot_ms = round->until_boot_ms;
	convergence.is_stale = is_stale;
	end = converge(&round->herd, &convergence);
	if (end == CONVERGE_STALE)
		begin_anew(round);
	if (round->herd.scene.claim == LEASE_FOREIGN) {
		say(round, herd_foreign_text(&round->herd, foreign, sizeof(foreign)));
		return VERB_PARTLY;
	}
	if (!round->is_part) {
		say_files(round);
		herd_finish_round(&round->herd);
		tell_samples(&round->herd);
	}
	return round->is_part ? say_all(round) : say_and_tell(round);
}

/* A minder begins us for those that have just ended. */
static bool is_healing(const struct round *round)
{
	return round->is_minded && round->is_part;
}

/* Who goes on looking needs the herd; who is called for some of it looks at those alone. */
static enum herd_access access_of(const struct round *round)
{
	if (is_healing(round))
		return HERD_HEAL;
	return round->is_part || round->watch_ms ? HERD_WRITE : HERD_GLANCE;
}

/* Opens the herd and selects what this round is for; where a glance has found all well, nothing. 0, or -1 with ERR. */
static int open_herd(struct round *round, struct err *err)
{
	struct herd *herd = &round->herd;
	struct herd_terms terms = { .state_dir = round->state_dir, .only = round->targets };
	enum herd_access access = access_of(round);

	if (herd_open(herd, round->call->config_file, access, &terms, &round->call->out, err))
		return -1;
	herd->is_minded = round->is_minded;
	if (access == HERD_HEAL) {
		target_select_known(herd, round->targets, round->target_count);
		return 0;
	}
	if (access == HERD_GLANCE && glance_finds_all_well(herd))
		return 0;
	if (access == HERD_GLANCE && herd_lay_out(herd, err))
		return -1;
	return target_select(herd, round->targets, round->target_count, err);
}

static int work(struct round *round)
{
	struct err err = ERR_INIT;
	struct herd *herd = &round->herd;
	int status;

	round->is_part = round->target_count > 0;
	status = open_herd(round, &err);
	said_open(&round->said, herd->scene.dir.fd,
		  herd->config.main_file ? herd->config.main_file : "");
	if (status == 0) {
		status = converge_herd(round);
	} else {
		(void)say_config(round);
		if (!is_config_error(&herd->config, err.text))
			say(round, err.text);
		status = err_exit_status(&err);
	}
	/* A part of the herd cannot say what the whole has stopped complaining of. */
	if (!round->is_part)
		said_write(&round->said);
	said_free(&round->said);
	herd_close(herd);
	return status;
}

static int run(const struct verb_call *call)
{
	static const struct option options[] = { { "for", required_argument, NULL, 'f' },
						 { "minded", no_argument, NULL, 'm' },
						 { "state-dir", required_argument, NULL, 's' },
						 { NULL, 0, NULL, 0 } };
	struct round round = { .call = call };
	int option;

	while ((option = getopt_long(call->argc, call->argv, "", options, NULL)) != -1) {
		if (option == 'm')
			round.is_minded = true;
		else if (option == 's')
			round.state_dir = optarg;
		else if (option != 'f')
			return verb_misuse(call, "");
		else if (units_parse_duration(optarg, &round.watch_ms) || round.watch_ms < 1)
			return verb_misuse(call, "--for takes a duration, not \"%s\"", optarg);
	}
	round.targets = call->argv + optind;
	round.target_count = call->argc - optind;
	return work(&round);
}

const struct verb verb_run = {
	.name = "run",
	.summary = "one round: start the missing, restart the dead and the bloated; what cron calls",
	.synopsis = "[--for DURATION] [TARGET ...]",
	.help = "  --for DURATION   keep looking, and reacting at once, for that long\n\n"
		"Prints nothing unless something needs a person, and that once.\n\n"
		"examples:\n"
		"  * * * * * cronherd run                    a crontab line\n"
		"  */15 * * * * cronherd run --for 14min50s  where cron is rare\n",
	.run = run,
};
