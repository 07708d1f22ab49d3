/* SPDX-License-Identifier: ISC */
#include "watchdog/decide/pressure.h"

#include "watchdog/base/hash.h"
#include "watchdog/model/option.h"

/* A clock may be slewed, or a leap second be smeared, by that much between two looks. */
#define CLOCK_SLACK_MS 10000

int64_t pressure_age_ms(const char *id, int64_t max_age_ms)
{
	int64_t tenth_ms = max_age_ms / 10;

	return max_age_ms - (int64_t)(hash_text(HASH_INIT, id) % (uint64_t)(tenth_ms + 1));
}

static bool is_bloated(const struct situation *s)
{
	const struct worker_options *options = &s->worker->options;
	int64_t since = s->record->over_since_boot_ms;

	if (options->memory_limit_bytes == OPTION_NONE ||
	    s->seen->memory_bytes < options->memory_limit_bytes)
		return false;
	if (options->memory_limit_for_ms <= 0)
		return true;
	return since && s->now.boot_ms - since >= options->memory_limit_for_ms;
}

static bool is_aged(const struct situation *s)
{
	int64_t max_age_ms = s->worker->options.max_age_ms;

	return max_age_ms != OPTION_NONE &&
	       s->now.boot_ms - s->seen->started_boot_ms >=
		       pressure_age_ms(s->id, max_age_ms);
}

bool pressure_is_quiet(const struct situation *s)
{
	int64_t timeout_ms = s->worker->options.heartbeat_timeout_ms;
	int64_t last_wall_ms = s->seen->heartbeat_wall_ms;

	if (timeout_ms == OPTION_NONE || last_wall_ms < 0)
		return false;
	/* It has as long for its first beat as for any other. */
	if (s->now.boot_ms - s->seen->started_boot_ms <= timeout_ms)
		return false;
	return s->now.wall_ms - last_wall_ms > timeout_ms;
}

/* The clock was set, by more than it is ever slewed, since the process was started. */
static bool was_clock_set(const struct situation *s)
{
	int64_t now_ms = s->now.wall_ms - s->now.boot_ms;
	int64_t then_ms = s->record->started_wall_ms - s->record->started_boot_ms;
	int64_t off_ms = now_ms > then_ms ? now_ms - then_ms : then_ms - now_ms;

	return !s->record->started_wall_ms || off_ms > CLOCK_SLACK_MS;
}

/* Where the clock was set, an old time proves nothing: it must be seen old for as long again. */
static bool is_hung(const struct situation *s)
{
	int64_t since = s->record->quiet_since_boot_ms;

	if (!pressure_is_quiet(s))
		return false;
	return !was_clock_set(s) ||
	       (since && s->now.boot_ms - since > s->worker->options.heartbeat_timeout_ms);
}

bool pressure_is_deployed(const struct situation *s)
{
	return s->record->watched && s->seen->watched && s->record->watched != s->seen->watched;
}

static bool is_racing(const struct situation *s)
{
	return s->worker->options.cpu_limit != OPTION_NONE && s->record->is_racing;
}

enum reason pressure_of(const struct situation *s)
{
	if (!s->worker || s->seen->liveness != LIVENESS_ALIVE || s->record->state == STATE_STOPPING)
		return REASON_NONE;
	if (is_bloated(s))
		return REASON_MEMORY_LIMIT;
	if (is_hung(s) || is_racing(s))
		return REASON_HUNG;
	if (s->seen->definition && s->seen->definition != s->worker->definition)
		return REASON_CONFIG_CHANGED;
	if (s->worker->options.reload_signal == OPTION_NONE && pressure_is_deployed(s))
		return REASON_DEPLOY;
	if (is_aged(s))
		return REASON_MAX_AGE;
	return REASON_NONE;
}
