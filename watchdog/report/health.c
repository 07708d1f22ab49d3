/* SPDX-License-Identifier: ISC */
#include "watchdog/report/health.h"

static const char *const names[] = { [HEALTH_OK] = "OK",
				     [HEALTH_WARNING] = "WARNING",
				     [HEALTH_CRITICAL] = "CRITICAL",
				     [HEALTH_UNKNOWN] = "UNKNOWN" };

const char *health_name(enum health health)
{
	return names[health];
}

static int weight(enum health health)
{
	switch (health) {
	case HEALTH_OK:
		return 0;
	case HEALTH_WARNING:
		return 1;
	case HEALTH_UNKNOWN:
		return 2;
	case HEALTH_CRITICAL:
		break;
	}
	return 3;
}

enum health health_worse(enum health a, enum health b)
{
	return weight(a) > weight(b) ? a : b;
}

bool health_is_bloated(const struct snapshot_instance *instance)
{
	return instance->memory_limit_bytes >= 0 &&
	       instance->memory_bytes >= instance->memory_limit_bytes;
}

enum health health_of(const struct snapshot_instance *instance)
{
	if (instance->state == STATE_UNKNOWN)
		return HEALTH_UNKNOWN;
	if (instance->state == STATE_FATAL)
		return HEALTH_CRITICAL;
	if (instance->state == STATE_BACKOFF)
		return HEALTH_WARNING;
	if (instance->is_missed)
		return HEALTH_CRITICAL;
	if (instance->is_stuck)
		return instance->is_wanted ? HEALTH_CRITICAL : HEALTH_WARNING;
	return health_is_bloated(instance) ? HEALTH_WARNING : HEALTH_OK;
}

bool health_is_to_run(const struct snapshot_instance *instance)
{
	bool is_left = instance->config == SNAPSHOT_BROKEN && !instance->held_by && instance->pid;
	bool is_kept = instance->is_wanted && instance->state != STATE_EXITED;

	return instance->is_missed || is_kept || is_left;
}

static void count(const struct snapshot_instance *instance, struct health_verdict *verdict)
{
	enum health health = health_of(instance);

	verdict->health = health_worse(verdict->health, health);
	verdict->unwell += health != HEALTH_OK;
	verdict->ended += instance->is_wanted && !health_is_to_run(instance);
	verdict->held += instance->held_by != NULL;
	verdict->wanted += health_is_to_run(instance);
	verdict->running += health_is_to_run(instance) &&
			    (instance->state == STATE_RUNNING || instance->state == STATE_STARTING);
}

/* A clock that was set back tells of no silence. */
static bool is_silent(const struct snapshot *snapshot, size_t wanted)
{
	if (snapshot->foreign)
		return false;
	if (!snapshot->round_end_wall_ms)
		return wanted > 0;
	return snapshot->now.wall_ms - snapshot->round_end_wall_ms > snapshot->lapse_ms;
}

void health_judge(const struct snapshot *snapshot, struct health_verdict *verdict)
{
	*verdict = (struct health_verdict){ .health = HEALTH_OK };
	for (size_t i = 0; i < snapshot->count; i++)
		count(&snapshot->instances[i], verdict);
	verdict->is_silent = is_silent(snapshot, verdict->wanted);
	if (snapshot->foreign)
		verdict->health = health_worse(verdict->health, HEALTH_UNKNOWN);
	if (verdict->is_silent || snapshot->error_count || snapshot->stray_count)
		verdict->health = health_worse(verdict->health, HEALTH_WARNING);
}
