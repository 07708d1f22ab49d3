/* SPDX-License-Identifier: ISC */
#include "watchdog/round/survey.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "watchdog/act/observe.h"
#include "watchdog/base/clock.h"
#include "watchdog/base/mem.h"
#include "watchdog/config/account.h"

/* ---- deciding, as the next round would ---------------------------------------------------- */

/* The first of the workers that SLOT comes after of which an instance does not run. */
static const char *waits_for(const struct herd *herd, const struct slot *slot)
{
	const struct worker *worker = slot->instance.worker;

	if (!worker || !worker->options.after.count || slot->seen.liveness != LIVENESS_DEAD)
		return NULL;
	for (size_t i = 0; i < herd->count; i++) {
		const struct slot *other = &herd->slots[i];
		bool counts = other->definition == DEFINITION_CURRENT ||
			      other->definition == DEFINITION_BROKEN;

		if (counts && !slot_is_up(other) &&
		    strlist_has(&worker->options.after, other->instance.name))
			return other->instance.name;
	}
	for (size_t i = 0; i < worker->options.after.count; i++)
		if (herd_lacks(herd, worker->options.after.items[i]))
			return worker->options.after.items[i];
	return NULL;
}

static void decide_on(const struct herd *herd, const struct slot *slot, bool is_ready,
		      struct decision *decision)
{
	bool is_defined =
		slot->definition == DEFINITION_CURRENT || slot->definition == DEFINITION_EXCESS;
	struct situation situation = { .id = slot->id,
				       .worker = is_defined ? slot->instance.worker : NULL,
				       .record = &slot->record,
				       .seen = &slot->seen,
				       .intent = slot->intent,
				       .intent_reason = REASON_MANUAL,
				       .is_ready = is_ready,
				       .boot_id = herd->scene.host.boot_id,
				       .now = herd->scene.now };

	decide(&situation, decision);
}

/* What has lost its pidfile and its record lives all the same: never call it dead unsearched. */
static void search(struct herd *herd)
{
	for (size_t i = 0; i < herd->count; i++) {
		struct slot *slot = &herd->slots[i];
		struct decision decision;

		if (!slot->is_looked_at || slot->seen.liveness != LIVENESS_DEAD)
			continue;
		decide_on(herd, slot, true, &decision);
		if (decision.action != ACTION_START)
			continue;
		observe(&herd->scene, &slot->instance, slot->has_pidfile ? &slot->pidfile : NULL,
			&slot->record, OBSERVE_SEARCH, &slot->seen);
		decide_on(herd, slot, true, &decision);
		slot->state = decision.state;
	}
}

/* ---- the snapshot ------------------------------------------------------------------------- */

static void add_slot(const struct herd *herd, const struct slot *slot, struct snapshot *snapshot)
{
	struct decision decision;
	struct snapshot_facts facts = { .instance = &slot->instance,
					.id = slot->id,
					.definition = slot->definition,
					.hold = slot->hold,
					.intent = slot->intent,
					.record = &slot->record,
					.seen = &slot->seen,
					.decision = &decision,
					.pressure = slot->pressure,
					.waits_for = waits_for(herd, slot),
					.problem = slot->problem,
					.is_busy = slot->is_busy };

	decide_on(herd, slot, !facts.waits_for, &decision);
	snapshot_add(snapshot, &facts);
}

static void name_place(const struct herd *herd, struct snapshot *snapshot)
{
	struct lease here = lease_of(&herd->scene.host);
	struct account account;
	char foreign[512];

	snapshot->state_dir = herd->config.state_dir;
	snapshot->host = snapshot_text(snapshot, here.host);
	if (account_find(NULL, &account) == 0) {
		snapshot->user = snapshot_text(snapshot, account.name);
		account_free(&account);
	}
	if (herd->scene.claim == LEASE_FOREIGN)
		snapshot->foreign =
			snapshot_text(snapshot, herd_foreign_text(herd, foreign, sizeof(foreign)));
}

static void add_scales(const struct herd *herd, struct snapshot *snapshot)
{
	for (size_t i = 0; i < herd->scales.count; i++) {
		const struct scale *scale = &herd->scales.items[i];
		const struct worker *worker = config_worker(&herd->config, scale->name);

		snapshot_add_scale(snapshot, scale->name, scale->numprocs,
				   worker ? worker->options.numprocs : -1, scale->by);
	}
}

void survey_take(struct herd *herd, struct snapshot *snapshot)
{
	*snapshot = (struct snapshot)SNAPSHOT_INIT;
	snapshot->now = herd->scene.now;
	snapshot->round_start_wall_ms = herd->lease.round_start_wall_ms;
	snapshot->round_end_wall_ms = herd->lease.round_end_wall_ms;
	snapshot->lapse_ms = lease_lapse_ms(herd->lease.interval_ms);
	snapshot->errors = herd->config.errors;
	snapshot->error_count = herd->config.error_count;
	name_place(herd, snapshot);
	add_scales(herd, snapshot);
	search(herd);
	for (size_t i = 0; i < herd->count; i++)
		if (herd->slots[i].is_selected && !herd->slots[i].is_forgotten)
			add_slot(herd, &herd->slots[i], snapshot);
}

static bool has_webhook(const struct deliveries *deliveries, const char *name)
{
	for (size_t i = 0; i < deliveries->count; i++)
		if (strcmp(deliveries->webhooks[i].name, name) == 0)
			return true;
	return false;
}

void survey_deliveries(const struct herd *herd, struct deliveries *deliveries)
{
	*deliveries = (struct deliveries)DELIVERIES_INIT;
	/* Who only shows it can do no better than leave it out: the courier says what is wrong. */
	if (herd->scene.dir.fd >= 0)
		(void)deliveries_read(herd->scene.dir.fd, deliveries);
	for (size_t i = 0; i < herd->config.webhook_count; i++)
		if (!has_webhook(deliveries, herd->config.webhooks[i].name))
			deliveries_add(deliveries, &(struct deliveries_webhook){
							   .name = herd->config.webhooks[i].name });
}

/* ---- strays ------------------------------------------------------------------------------- */

/* So short before the look, or after it: it may be what a round at work has started. */
#define YOUNG_MS 1000

static int by_id(const void *a, const void *b)
{
	const struct slot *const *left = a;
	const struct slot *const *right = b;

	return strcmp((*left)->id, (*right)->id);
}

static int to_id(const void *key, const void *element)
{
	const struct slot *const *slot = element;

	return strcmp(key, (*slot)->id);
}

static bool is_young(const struct scene *scene, const struct proctable_mark *mark)
{
	return clock_from_ticks(mark->start_ticks) > scene->now.boot_ms - YOUNG_MS;
}

static bool is_stray(const struct scene *scene, const struct proctable_mark *mark,
		     const struct slot *slot)
{
	const struct proctable_entry *entry = proctable_find(&scene->table, mark->pid);

	switch (slot->seen.liveness) {
	case LIVENESS_UNKNOWN:
		return false;
	case LIVENESS_ALIVE:
		return !proctable_belongs(entry, slot->seen.process.pid);
	case LIVENESS_DEAD:
		break;
	}
	return true;
}

static void add_strays(const struct scene *scene, const struct slot **slots, size_t count,
		       bool is_whole, struct snapshot *snapshot)
{
	for (size_t i = 0; i < scene->table.mark_count; i++) {
		const struct proctable_mark *mark = &scene->table.marks[i];
		const struct slot **slot = bsearch(mark->id, slots, count, sizeof(*slots), to_id);
		bool is_asked = is_whole || (slot && (*slot)->is_selected);

		/* A worker may run this very command. */
		if (!is_asked || mark->pid == getpid() || is_young(scene, mark))
			continue;
		if (!slot || is_stray(scene, mark, *slot))
			snapshot_add_stray(snapshot, mark->pid, mark->id);
	}
}

int survey_strays(struct herd *herd, bool is_whole, struct snapshot *snapshot)
{
	struct scene *scene = &herd->scene;
	const struct slot **slots;
	int status;

	status = proctable_read_marks(&scene->table, &scene->proc, geteuid(),
				      scene->host.pid_namespace, scene->dir.path);
	if (status < 0)
		return status;
	slots = mem_alloc((herd->count + 1) * sizeof(*slots));
	for (size_t i = 0; i < herd->count; i++)
		slots[i] = &herd->slots[i];
	qsort(slots, herd->count, sizeof(*slots), by_id);
	add_strays(scene, slots, herd->count, is_whole, snapshot);
	free(slots);
	return 0;
}
