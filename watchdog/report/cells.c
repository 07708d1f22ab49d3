/* SPDX-License-Identifier: ISC */
#include "watchdog/report/cells.h"

#include "watchdog/base/signame.h"
#include "watchdog/base/units.h"

void cells_add_span(int64_t ms, struct str *cell)
{
	char text[UNITS_TEXT_SIZE];

	str_add(cell, units_format_duration(ms >= 1000 ? ms / 1000 * 1000 : ms, text));
}

static void print_id(const struct snapshot *snapshot, const struct snapshot_instance *instance,
		     struct str *cell)
{
	(void)snapshot;
	str_add(cell, instance->id);
}

static void print_state(const struct snapshot *snapshot, const struct snapshot_instance *instance,
			struct str *cell)
{
	(void)snapshot;
	str_add(cell, state_name(instance->state));
}

static void print_pid(const struct snapshot *snapshot, const struct snapshot_instance *instance,
		      struct str *cell)
{
	(void)snapshot;
	if (instance->pid)
		str_addf(cell, "%d", (int)instance->pid);
}

static void print_uptime(const struct snapshot *snapshot, const struct snapshot_instance *instance,
			 struct str *cell)
{
	(void)snapshot;
	if (instance->uptime_ms >= 0)
		cells_add_span(instance->uptime_ms, cell);
}

static void print_memory(const struct snapshot *snapshot, const struct snapshot_instance *instance,
			 struct str *cell)
{
	char text[UNITS_TEXT_SIZE];

	(void)snapshot;
	if (instance->memory_bytes < 0)
		return;
	str_add(cell, units_format_size(instance->memory_bytes, text));
	if (instance->memory_limit_bytes >= 0)
		str_addf(cell, " of %s", units_format_size(instance->memory_limit_bytes, text));
}

static void print_restarts(const struct snapshot *snapshot,
			   const struct snapshot_instance *instance, struct str *cell)
{
	(void)snapshot;
	str_addf(cell, "%lld", (long long)instance->restarts);
}

/* Where the status says it all, the reason would only repeat it. */
static bool is_telling(enum reason reason)
{
	return reason != REASON_NONE && reason != REASON_MISSING && reason != REASON_EXITED &&
	       reason != REASON_CRASHED && reason != REASON_KILLED;
}

static void print_last_exit(const struct snapshot *snapshot,
			    const struct snapshot_instance *instance, struct str *cell)
{
	const struct exitinfo *exit = &instance->last_exit;
	int64_t age_ms = snapshot->now.wall_ms - exit->wall_ms;

	if (!instance->has_exit)
		return;
	if (!exit->known)
		str_add(cell, "?");
	else if (exit->signal)
		str_add(cell, signame_text(exit->signal));
	else
		str_addf(cell, "%d", exit->code);
	if (is_telling(instance->last_exit_reason))
		str_addf(cell, " (%s)", reason_name(instance->last_exit_reason));
	if (exit->wall_ms && age_ms >= 0) {
		str_add(cell, " ");
		cells_add_span(age_ms, cell);
		str_add(cell, " ago");
	}
}

static void print_why(const struct snapshot *snapshot, const struct snapshot_instance *instance,
		      struct str *cell)
{
	(void)snapshot;
	str_add(cell, instance->why);
}

const struct cells_column cells_columns[CELLS_COUNT] = {
	[CELLS_ID] = { "ID", print_id, false },
	[CELLS_STATE] = { "STATE", print_state, false },
	[CELLS_PID] = { "PID", print_pid, true },
	[CELLS_UPTIME] = { "UPTIME", print_uptime, true },
	[CELLS_MEMORY] = { "MEMORY", print_memory, true },
	[CELLS_RESTARTS] = { "RESTARTS", print_restarts, true },
	[CELLS_LAST_EXIT] = { "LAST EXIT", print_last_exit, false },
	[CELLS_WHY] = { "WHY AND NEXT", print_why, false },
};
