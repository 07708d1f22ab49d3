/* SPDX-License-Identifier: ISC */
#include "watchdog/decide/pressure.h"

#include "watchdog/base/hash.h"
#include "watchdog/model/option.h"

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

enum reason pressure_of(const struct situation *s)
{
	if (!s->worker || s->seen->liveness != LIVENESS_ALIVE || s->record->state == STATE_STOPPING)
		return REASON_NONE;
	if (is_bloated(s))
		return REASON_MEMORY_LIMIT;
	if (s->seen->definition && s->seen->definition != s->worker->definition)
		return REASON_CONFIG_CHANGED;
	if (is_aged(s))
		return REASON_MAX_AGE;
	return REASON_NONE;
}
