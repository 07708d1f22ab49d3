/* SPDX-License-Identifier: ISC */
/* scale: how many instances a worker has, by a person's word; starts what is missing and stops what is too many. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/units.h"
#include "watchdog/verbs/manual.h"

/* How long another `scale` may have the file: it needs milliseconds. */
#define PATIENCE_MS 5000
#define PAUSE_MS    20
/* As the option `numprocs`. */
#define NUMPROCS_MAX 10000

#define RESET (-1)

struct wish {
	char *name;
	int64_t numprocs; /* RESET: as defined */
};

struct wishes {
	struct wish *items;
	size_t count;
};

/* ---- the command line --------------------------------------------------------------------- */

static int add_wish(const struct verb_call *call, struct wishes *wishes, const char *text, bool is_reset)
{
	const char *equal = strrchr(text, '=');
	struct wish wish = { .numprocs = RESET };

	if (is_reset == (equal != NULL))
		return verb_misuse(call, is_reset ? "--reset takes names alone, not \"%s\""
						  : "\"%s\" is not of the form NAME=N",
				   text);
	if (equal && units_parse_int(equal + 1, 0, NUMPROCS_MAX, &wish.numprocs))
		return verb_misuse(call, "\"%s\": N must be a whole number from 0 to %d", text,
				   NUMPROCS_MAX);
	wish.name = mem_dup_n(text, equal ? (size_t)(equal - text) : strlen(text));
	for (size_t i = 0; i < wishes->count; i++)
		if (strcmp(wishes->items[i].name, wish.name) == 0) {
			free(wish.name);
			return verb_misuse(call, "\"%s\": that worker is named twice", text);
		}
	wishes->items = mem_resize(wishes->items, wishes->count + 1, sizeof(wish));
	wishes->items[wishes->count++] = wish;
	return VERB_DONE;
}

static void free_wishes(struct wishes *wishes)
{
	for (size_t i = 0; i < wishes->count; i++)
		free(wishes->items[i].name);
	free(wishes->items);
}

/* ---- writing it down ---------------------------------------------------------------------- */

/* A worker must be right with that many, too. */
static int check(const struct verb_call *call, const struct herd *herd, const struct wish *wish)
{
	const struct worker *worker = config_worker(&herd->config, wish->name);
	struct worker scaled;
	char buf[512];
	const char *why;

	if (!worker && wish->numprocs == RESET && scales_find(&herd->scales, wish->name))
		return VERB_DONE;
	if (!worker) {
		out_error(&call->out, "no such worker: %s (see `cronherd config`)", wish->name);
		return VERB_USAGE;
	}
	if (wish->numprocs == RESET)
		return VERB_DONE;
	scaled = *worker;
	scaled.options.numprocs = wish->numprocs;
	why = worker_check(&scaled, buf, sizeof(buf));
	if (!why)
		return VERB_DONE;
	out_error(&call->out, "%s=%" PRId64 ": %s", wish->name, wish->numprocs, why);
	return VERB_USAGE;
}

static int take_lock(struct herd *herd, struct err *err)
{
	struct slotlock *lock = &herd->scene.lock;
	int status = lock->fd < 0 ? slotlock_open(lock, herd->scene.dir.fd, "locks") : 0;
	int64_t until_boot_ms = clock_read().boot_ms + PATIENCE_MS;

	while (status == 0 && (status = slotlock_try(lock, SCALES_LOCK)) == -EAGAIN &&
	       clock_read().boot_ms < until_boot_ms) {
		clock_pause(PAUSE_MS);
		status = 0;
	}
	return status ? err_set(err, ERR_SYSTEM, -status, "cannot lock %s/scale", herd->scene.dir.path) : 0;
}

/* All of it or nothing. */
static int write_down(struct herd *herd, const struct wishes *wishes, struct err *err)
{
	char *by = manual_who();
	struct scales scales;
	int status = take_lock(herd, err);

	if (status == 0) {
		status = scales_read(&scales, &herd->scene.dir, err);
		for (size_t i = 0; i < wishes->count; i++)
			scales_set(&scales, wishes->items[i].name, wishes->items[i].numprocs, by);
		if (status == 0)
			status = scales_write(&scales, &herd->scene.dir, err);
		scales_free(&scales);
		slotlock_release(&herd->scene.lock, SCALES_LOCK);
	}
	free(by);
	return status;
}

static int record(const struct verb_call *call, const struct wishes *wishes)
{
	struct manual manual = { .call = call };
	struct err err = ERR_INIT;
	int status = manual_open(&manual, NULL, 0);

	for (size_t i = 0; i < wishes->count && status == VERB_DONE; i++)
		status = check(call, &manual.herd, &wishes->items[i]);
	if (status == VERB_DONE && write_down(&manual.herd, wishes, &err))
		status = verb_fail(call, &err);
	manual_close(&manual);
	return status;
}

/* ---- getting there ------------------------------------------------------------------------ */

static bool is_too_many(const struct slot *slot)
{
	return slot->definition != DEFINITION_CURRENT;
}

static bool is_settled(const struct slot *slot)
{
	if (slot->seen.liveness == LIVENESS_UNKNOWN)
		return !slot->is_busy && !slot->is_pending;
	if (is_too_many(slot))
		return slot->seen.liveness == LIVENESS_DEAD && slot->state != STATE_STOPPING;
	if (slot->is_busy || slot->is_pending)
		return false;
	return slot->state != STATE_STARTING && slot->state != STATE_STOPPING;
}

static bool tell(const struct slot *slot, struct str *line)
{
	if (is_too_many(slot) && slot->seen.liveness == LIVENESS_DEAD) {
		str_add(line, slot->was_alive ? "stopped" : "not running");
		return true;
	}
	if (!is_too_many(slot) && slot->state == STATE_RUNNING) {
		str_addf(line, "%s (pid %d)", slot_is_replaced(slot) ? "started" : "already running",
			 (int)slot->record.process.pid);
		return true;
	}
	if (!is_too_many(slot) && slot->intent == INTENT_REST) {
		str_add(line, slot->is_held ? "held: not started" : "not enabled: not started");
		return true;
	}
	str_add(line, "ERROR (");
	manual_explain(slot, line);
	str_add(line, ")");
	return false;
}

/* By name and not by target: one whose definition is gone is no target any more once its number is taken back. */
static int converge_on(const struct verb_call *call, const struct wishes *wishes)
{
	struct manual manual = { .call = call,
				 .doing = "scaling",
				 .is_settled = is_settled,
				 .tell = tell,
				 .patience_ms = 10000 };
	struct strlist names = STRLIST_INIT;
	int status;

	for (size_t i = 0; i < wishes->count; i++)
		strlist_add(&names, wishes->items[i].name);
	status = manual_open(&manual, NULL, 0);
	if (status == VERB_DONE) {
		for (size_t i = 0; i < manual.herd.count; i++)
			manual.herd.slots[i].is_selected =
				strlist_has(&names, manual.herd.slots[i].instance.name);
		status = manual_converge(&manual);
	}
	manual_close(&manual);
	strlist_free(&names);
	return status;
}

/* ---- the verb ----------------------------------------------------------------------------- */

static int list(const struct verb_call *call)
{
	struct manual manual = { .call = call };
	int status = manual_open(&manual, NULL, 0);

	for (size_t i = 0; i < manual.herd.scales.count && status == VERB_DONE; i++) {
		const struct scale *scale = &manual.herd.scales.items[i];
		const struct worker *worker = config_worker(&manual.herd.config, scale->name);

		printf("%s=%" PRId64 " by %s", scale->name, scale->numprocs, scale->by);
		if (worker)
			printf(" (defined: %" PRId64 ")", worker->options.numprocs);
		printf("\n");
	}
	manual_close(&manual);
	return status;
}

/* --reset without names: all there are. */
static int wish_all_back(const struct verb_call *call, struct wishes *wishes)
{
	struct manual manual = { .call = call };
	int status = manual_open(&manual, NULL, 0);

	for (size_t i = 0; i < manual.herd.scales.count && status == VERB_DONE; i++)
		status = add_wish(call, wishes, manual.herd.scales.items[i].name, true);
	manual_close(&manual);
	return status;
}

static int work(const struct verb_call *call, struct wishes *wishes, bool is_reset)
{
	int status = VERB_DONE;

	for (int i = optind; i < call->argc && status == VERB_DONE; i++)
		status = add_wish(call, wishes, call->argv[i], is_reset);
	if (status == VERB_DONE && is_reset && !wishes->count)
		status = wish_all_back(call, wishes);
	if (status != VERB_DONE || !wishes->count)
		return status;
	status = record(call, wishes);
	return status == VERB_DONE ? converge_on(call, wishes) : status;
}

static int run(const struct verb_call *call)
{
	static const struct option options[] = { { "reset", no_argument, NULL, 'r' },
						 { NULL, 0, NULL, 0 } };
	struct wishes wishes = { 0 };
	bool is_reset = false;
	int option;
	int status;

	while ((option = getopt_long(call->argc, call->argv, "", options, NULL)) != -1) {
		if (option != 'r')
			return verb_misuse(call, "");
		is_reset = true;
	}
	if (!is_reset && optind == call->argc)
		return list(call);
	status = work(call, &wishes, is_reset);
	free_wishes(&wishes);
	return status;
}

const struct verb verb_scale = {
	.name = "scale",
	.summary = "set how many instances a worker has, until it is set anew or taken back",
	.synopsis = "[NAME=N ... | --reset [NAME ...]]",
	.help = "  --reset   back to numprocs as defined; without names: all\n\n"
		"Starts what is missing, stops what is too many (the highest numbers), waits, and touches nobody\n"
		"else. Lasts over rounds and reboots. Without arguments: prints what is set.\n\n"
		"examples:\n"
		"  cronherd scale mail=5 images=0   five of one, none of the other\n"
		"  cronherd scale --reset mail      as its file says\n",
	.run = run,
};
