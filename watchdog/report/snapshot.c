/* SPDX-License-Identifier: ISC */
#include "watchdog/report/snapshot.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/utf8.h"
#include "watchdog/model/option.h"
#include "watchdog/report/why.h"

/* Where no definition says when a start has succeeded: the option's default. */
#define STARTSECS_MS 1000
/* What outlives KILL by this much beyond its stopwaitsecs hangs in the kernel. */
#define STUCK_MS 60000

/* ---- state -------------------------------------------------------------------------------- */

static bool is_same(const struct procid *a, const struct procid *b)
{
	return a->pid == b->pid && a->start_ticks == b->start_ticks &&
	       strcmp(a->boot_id, b->boot_id) == 0;
}

static int64_t uptime_ms(const struct snapshot_facts *facts, struct clock now)
{
	int64_t ms = now.boot_ms - facts->seen->started_boot_ms;

	return ms > 0 ? ms : 0;
}

static enum state state_of_living(const struct snapshot_facts *facts, struct clock now)
{
	const struct worker *worker = facts->instance->worker;
	int64_t startsecs_ms = worker ? worker->options.startsecs_ms : STARTSECS_MS;
	enum state decided = facts->decision->state;

	if (facts->record->state == STATE_STOPPING &&
	    is_same(&facts->record->process, &facts->seen->process))
		return STATE_STOPPING;
	if (decided == STATE_STARTING || decided == STATE_RUNNING)
		return decided;
	/* A stop that is decided is not one that has begun; and a start may not be recorded. */
	return uptime_ms(facts, now) < startsecs_ms ? STATE_STARTING : STATE_RUNNING;
}

/* Whether it ran when it was last recorded, and is about to run again. */
static bool is_between(const struct snapshot_facts *facts)
{
	int64_t was = facts->record->state;

	return facts->decision->action == ACTION_START &&
	       (was == STATE_STARTING || was == STATE_RUNNING);
}

static enum state state_of_dead(const struct snapshot_facts *facts)
{
	enum state decided = facts->decision->state;

	/* Left as it is: nothing was decided. */
	if (decided == STATE_STARTING || decided == STATE_RUNNING || is_between(facts))
		return STATE_EXITED;
	return decided == STATE_STOPPING ? STATE_STOPPED : decided;
}

static enum state state_of(const struct snapshot_facts *facts, struct clock now)
{
	switch (facts->seen->liveness) {
	case LIVENESS_ALIVE:
		return state_of_living(facts, now);
	case LIVENESS_DEAD:
		return state_of_dead(facts);
	case LIVENESS_UNKNOWN:
		break;
	}
	return STATE_UNKNOWN;
}

/* ---- what it means ------------------------------------------------------------------------ */

static bool was_left_running(const struct snapshot_facts *facts)
{
	int64_t state = facts->record->state;

	return facts->intent == INTENT_FREEZE && facts->definition == DEFINITION_BROKEN &&
	       (state == STATE_STARTING || state == STATE_RUNNING || state == STATE_BACKOFF ||
		state == STATE_FATAL);
}

static bool is_missed(const struct snapshot_facts *facts, const struct snapshot_instance *view)
{
	if (facts->seen->liveness != LIVENESS_DEAD)
		return false;
	if (!view->is_wanted)
		return was_left_running(facts);
	return facts->decision->action == ACTION_START || facts->waits_for ||
	       view->state == STATE_BACKOFF || view->state == STATE_FATAL;
}

static bool is_stuck(const struct snapshot_facts *facts, enum state state, struct clock now)
{
	const struct record *record = facts->record;

	return state == STATE_STOPPING && record->killed &&
	       now.wall_ms - record->state_wall_ms > record->stopping.stopwaitsecs_ms + STUCK_MS;
}

static enum snapshot_config config_of(const struct snapshot_facts *facts)
{
	const struct worker *worker = facts->instance->worker;

	switch (facts->definition) {
	case DEFINITION_BROKEN:
		return SNAPSHOT_BROKEN;
	case DEFINITION_EXCESS:
	case DEFINITION_REMOVED:
		return SNAPSHOT_REMOVED;
	case DEFINITION_CURRENT:
		break;
	}
	return facts->seen->liveness == LIVENESS_ALIVE && worker && facts->seen->definition &&
			       facts->seen->definition != worker->definition
		       ? SNAPSHOT_CHANGED
		       : SNAPSHOT_CURRENT;
}

/* ---- filling ------------------------------------------------------------------------------ */

static void fill_process(struct snapshot_instance *view, const struct snapshot_facts *facts,
			 struct clock now)
{
	const struct observation *seen = facts->seen;

	if (seen->liveness != LIVENESS_ALIVE)
		return;
	view->pid = seen->process.pid;
	view->uptime_ms = uptime_ms(facts, now);
	view->started_wall_ms =
		seen->started_wall_ms ? seen->started_wall_ms : now.wall_ms - view->uptime_ms;
	view->rss_bytes = seen->rss_bytes;
	/* Without a definition there is no metric and no scope. */
	view->memory_bytes = facts->instance->worker ? seen->memory_bytes : seen->rss_bytes;
}

/* Whether the last end that RECORD knows of was followed by a start. */
static bool was_started_again(const struct record *record)
{
	return record->state == STATE_STARTING || record->state == STATE_RUNNING ||
	       record->state == STATE_STOPPING;
}

static void count_restarts(struct snapshot_instance *view, const struct record *record)
{
	view->restarts = record->starts > 1 ? record->starts - 1 : 0;
	memcpy(view->restarts_by, record->ends, sizeof(view->restarts_by));
	if (record->has_exit && !was_started_again(record) &&
	    view->restarts_by[record->last_exit_reason] > 0)
		view->restarts_by[record->last_exit_reason]--;
}

static void fill_history(struct snapshot_instance *view, const struct snapshot_facts *facts)
{
	const struct record *record = &facts->decision->record;
	const struct worker *worker = facts->instance->worker;
	bool has_given_up = view->state == STATE_FATAL && worker && worker->options.give_up;

	count_restarts(view, record);
	view->has_exit = record->has_exit;
	view->last_exit = record->last_exit;
	view->last_exit_reason = (enum reason)record->last_exit_reason;
	if ((view->state == STATE_BACKOFF || view->state == STATE_FATAL) && !has_given_up)
		view->next_start_wall_ms = record->next_start_wall_ms;
}

static void fill_definition(struct snapshot *snapshot, struct snapshot_instance *view,
			    const struct snapshot_facts *facts)
{
	const struct worker *worker = facts->instance->worker;

	view->config = config_of(facts);
	view->is_wanted = facts->intent == INTENT_KEEP || facts->intent == INTENT_RENEW;
	if (worker && worker->options.memory_limit_bytes != OPTION_NONE)
		view->memory_limit_bytes = worker->options.memory_limit_bytes;
	if (!facts->hold)
		return;
	view->held_by = snapshot_text(snapshot, facts->hold->by);
	view->held_until_wall_ms = facts->hold->until_wall_ms;
	view->is_held_until_reboot = facts->hold->boot.id[0] != '\0';
}

static struct snapshot_instance *add(struct snapshot *snapshot)
{
	size_t count = snapshot->count;

	if ((count & (count - 1)) == 0) /* full at each power of two */
		snapshot->instances = mem_resize(snapshot->instances, count ? count * 2 : 1,
						 sizeof(*snapshot->instances));
	return &snapshot->instances[snapshot->count++];
}

void snapshot_add(struct snapshot *snapshot, const struct snapshot_facts *facts)
{
	struct snapshot_instance *view = add(snapshot);
	struct str why = STR_INIT;

	*view = (struct snapshot_instance){ .id = facts->id,
					    .worker = facts->instance->name,
					    .number = facts->instance->number,
					    .state = state_of(facts, snapshot->now),
					    .uptime_ms = -1,
					    .rss_bytes = -1,
					    .memory_bytes = -1,
					    .memory_limit_bytes = -1 };
	fill_process(view, facts, snapshot->now);
	fill_history(view, facts);
	fill_definition(snapshot, view, facts);
	view->is_missed = is_missed(facts, view);
	view->is_stuck = is_stuck(facts, view->state, snapshot->now);
	why_explain(snapshot, facts, view, &why);
	view->why = snapshot_text(snapshot, str_text(&why));
	str_free(&why);
	snapshot->by_state[view->state]++;
}

void snapshot_add_stray(struct snapshot *snapshot, pid_t pid, const char *id)
{
	struct snapshot_stray *stray;

	snapshot->strays =
		mem_resize(snapshot->strays, snapshot->stray_count + 1, sizeof(*snapshot->strays));
	stray = &snapshot->strays[snapshot->stray_count++];
	*stray = (struct snapshot_stray){ .pid = pid };
	memcpy(stray->id, id, strnlen(id, sizeof(stray->id) - 1));
	/* It comes from a process's environment. */
	utf8_make_line(stray->id);
}

void snapshot_add_scale(struct snapshot *snapshot, const char *worker, int64_t numprocs,
			int64_t defined, const char *by)
{
	snapshot->scales =
		mem_resize(snapshot->scales, snapshot->scale_count + 1, sizeof(*snapshot->scales));
	snapshot->scales[snapshot->scale_count++] =
		(struct snapshot_scale){ .worker = snapshot_text(snapshot, worker),
					 .numprocs = numprocs,
					 .defined = defined,
					 .by = snapshot_text(snapshot, by) };
}

void snapshot_scale_text(const struct snapshot_scale *scale, struct str *text)
{
	str_addf(text, "%s is scaled to %" PRId64 " ", scale->worker, scale->numprocs);
	if (scale->defined >= 0)
		str_addf(text, "(defined: %" PRId64 ") ", scale->defined);
	str_addf(text, "by %s; `cronherd scale --reset %s` takes that back", scale->by, scale->worker);
}

const char *snapshot_text(struct snapshot *snapshot, const char *text)
{
	char *copy = mem_dup(text);

	utf8_make_line(copy);
	strlist_take(&snapshot->texts, copy);
	return copy;
}

void snapshot_free(struct snapshot *snapshot)
{
	free(snapshot->instances);
	free(snapshot->strays);
	free(snapshot->scales);
	strlist_free(&snapshot->texts);
	*snapshot = (struct snapshot)SNAPSHOT_INIT;
}

/* The wall clock may have been set back within the round. */
int64_t snapshot_round_ms(const struct snapshot *snapshot)
{
	int64_t ms = snapshot->round_end_wall_ms - snapshot->round_start_wall_ms;

	return snapshot->round_start_wall_ms && ms >= 0 ? ms : -1;
}

const char *snapshot_config_name(enum snapshot_config config)
{
	static const char *const names[] = { [SNAPSHOT_CURRENT] = "current",
					     [SNAPSHOT_CHANGED] = "changed",
					     [SNAPSHOT_REMOVED] = "removed",
					     [SNAPSHOT_BROKEN] = "broken" };

	return names[config];
}
