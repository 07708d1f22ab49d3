/* SPDX-License-Identifier: ISC */
#include "watchdog/decide/settle.h"

#include <stdio.h>

#include "watchdog/decide/backoff.h"

void settle_next_start(struct record *record, int64_t delay_ms, struct clock now)
{
	record->next_start_boot_ms = now.boot_ms + delay_ms;
	record->next_start_wall_ms = now.wall_ms + delay_ms;
}

void settle_boot(struct record *record, const char *boot_id)
{
	(void)snprintf(record->boot_id, sizeof(record->boot_id), "%s", boot_id);
}

void settle_stopping(struct record *record, const struct worker *worker)
{
	record->stopping.stopsignal = worker->options.stopsignal;
	record->stopping.stopwaitsecs_ms = worker->options.stopwaitsecs_ms;
	record->stopping.killmode = worker->options.killmode;
}

void settle_failure(struct record *record, const struct worker_options *options, struct clock now)
{
	bool is_fatal = ++record->failures > options->startretries;
	int64_t delay_ms = is_fatal ? options->restart_delay_max_ms
				    : backoff_delay_ms(options, record->failures);
	enum state state = is_fatal ? STATE_FATAL : STATE_BACKOFF;

	if (record->state != (int64_t)state)
		record->state_wall_ms = now.wall_ms;
	record->state = state;
	record->fatal |= is_fatal;
	settle_next_start(record, delay_ms, now);
}

void settle_vitals(struct record *record, uint64_t watched)
{
	record->quiet_since_boot_ms = 0;
	record->cpu_mark_boot_ms = 0;
	record->cpu_mark_ms = 0;
	record->is_racing = 0;
	record->watched = watched;
}

void settle_start_reason(struct record *record, bool is_manual)
{
	if (is_manual)
		record->start_reason = REASON_MANUAL;
	else
		record->start_reason = record->has_exit ? record->last_exit_reason : REASON_MISSING;
}

void settle_started(struct record *record, const struct worker *worker,
		    const struct procid *process, uint64_t watched, struct clock now,
		    const char *boot_id)
{
	record->state = worker->options.startsecs_ms ? STATE_STARTING : STATE_RUNNING;
	if (record->state == STATE_RUNNING)
		record->fatal = 0;
	record->state_wall_ms = now.wall_ms;
	record->process = *process;
	record->definition = worker->definition;
	record->started_boot_ms = now.boot_ms;
	record->started_wall_ms = now.wall_ms;
	record->starts++;
	record->next_start_boot_ms = 0;
	record->next_start_wall_ms = 0;
	record->over_since_boot_ms = 0;
	settle_vitals(record, watched);
	record->failure[0] = '\0';
	settle_stopping(record, worker);
	settle_boot(record, boot_id);
}

void settle_start_failed(struct record *record, const struct worker *worker, const char *why,
			 struct clock now, const char *boot_id)
{
	record->definition = worker->definition;
	(void)snprintf(record->failure, sizeof(record->failure), "%s", why);
	settle_failure(record, &worker->options, now);
	settle_boot(record, boot_id);
}
