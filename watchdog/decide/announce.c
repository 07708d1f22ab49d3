/* SPDX-License-Identifier: ISC */
#include "watchdog/decide/announce.h"

#include "watchdog/base/hash.h"
#include "watchdog/model/option.h"

uint64_t announce_key(const struct procid *process)
{
	const uint64_t place[] = { process->pid_namespace, (uint64_t)process->pid,
				   process->start_ticks };
	uint64_t key = hash_bytes(hash_text(HASH_INIT, process->boot_id), place, sizeof(place));

	return key ? key : 1;
}

static struct event make(const struct record *record, const struct announcement *a,
			 enum event_type type)
{
	struct event event = EVENT_INIT;

	event.type = type;
	event.subject = a->subject;
	event.worker = a->worker;
	event.instance = a->instance;
	event.wall_ms = a->now.wall_ms;
	event.restarts = record->starts > 0 ? record->starts - 1 : 0;
	if (a->options) {
		event.command = a->options->command;
		if (a->options->memory_limit_bytes != OPTION_NONE)
			event.memory_limit_bytes = a->options->memory_limit_bytes;
	}
	return event;
}

/* An event that happens to a process once. */
static struct event make_of(const struct record *record, const struct announcement *a,
			    enum event_type type, uint64_t key)
{
	struct event event = make(record, a, type);

	event_id(event.id, type, a->subject, &key, 1);
	return event;
}

static struct event started(const struct record *record, const struct announcement *a, uint64_t key)
{
	struct event event = make_of(record, a, EVENT_WORKER_STARTED, key);

	event.pid = record->process.pid;
	event.reason = (enum reason)record->start_reason;
	if (record->started_wall_ms)
		event.wall_ms = record->started_wall_ms;
	return event;
}

static int64_t uptime_ms(const struct record *record, const struct announcement *a)
{
	const struct exitinfo *exit = &record->last_exit;

	/* What ended with its host did so nobody knows when. */
	if (record->last_exit_reason == REASON_HOST_REBOOTED)
		return -1;
	if (exit->boot_ms >= record->started_boot_ms)
		return exit->boot_ms - record->started_boot_ms;
	return a->now.boot_ms > record->started_boot_ms ? a->now.boot_ms - record->started_boot_ms
							: -1;
}

/* IS_LAST: the record still has the process that ended. */
static struct event stopped(const struct record *record, const struct announcement *a, bool is_last)
{
	struct event event = make_of(record, a, EVENT_WORKER_STOPPED, record->ended);

	event.pid = (pid_t)record->ended_pid;
	event.reason = (enum reason)record->last_exit_reason;
	event.exit = record->last_exit;
	event.rss_bytes = record->last_exit.peak_rss_bytes;
	if (record->last_exit.wall_ms)
		event.wall_ms = record->last_exit.wall_ms;
	if (is_last) {
		event.uptime_ms = uptime_ms(record, a);
		event.next_start_wall_ms = record->next_start_wall_ms;
	}
	return event;
}

/* Bloated or hung: why it is being stopped. EVENT_TYPE_COUNT: for no such reason. */
static enum event_type pressure_type(const struct record *record)
{
	if (record->state != STATE_STOPPING)
		return EVENT_TYPE_COUNT;
	if (record->stop_reason == REASON_MEMORY_LIMIT || record->stop_reason == REASON_MEMORY_MAX)
		return EVENT_WORKER_BLOATED;
	return record->stop_reason == REASON_HUNG ? EVENT_WORKER_HUNG : EVENT_TYPE_COUNT;
}

static struct event pressed(const struct record *record, const struct announcement *a, uint64_t key)
{
	struct event event = make_of(record, a, pressure_type(record), key);

	event.pid = record->process.pid;
	event.reason = (enum reason)record->stop_reason;
	event.rss_bytes = a->memory_bytes >= 0 ? a->memory_bytes : a->rss_bytes;
	if (event.reason == REASON_MEMORY_MAX && a->options &&
	    a->options->memory_max_bytes != OPTION_NONE)
		event.memory_limit_bytes = a->options->memory_max_bytes;
	if (a->now.boot_ms > record->started_boot_ms)
		event.uptime_ms = a->now.boot_ms - record->started_boot_ms;
	return event;
}

static struct event alarm(const struct record *record, const struct announcement *a)
{
	/* A worker that was removed and comes back has another record, whose counters begin anew. */
	const uint64_t facts[] = { a->herd,
				   hash_text(HASH_INIT, record->boot_id), /* hosts apart, too */
				   (uint64_t)record->born_wall_ms,
				   (uint64_t)record->alarms,
				   (uint64_t)record->starts,
				   record->ended };
	struct event event = make(record, a,
				  record->fatal ? EVENT_WORKER_FATAL : EVENT_WORKER_RECOVERED);

	event_id(event.id, event.type, a->subject, facts, sizeof(facts) / sizeof(facts[0]));
	if (!record->fatal) {
		event.pid = record->process.pid;
		return event;
	}
	event.message = record->failure[0] ? record->failure : "it ends within startsecs";
	event.next_start_wall_ms = record->next_start_wall_ms;
	if (record->failure[0] || !record->has_exit)
		return event;
	event.reason = (enum reason)record->last_exit_reason;
	event.exit = record->last_exit;
	return event;
}

void announce_begin(struct record *record, const struct record *before, int64_t now_wall_ms)
{
	struct record known = *before;

	if (record->born_wall_ms)
		return;
	record->born_wall_ms = now_wall_ms;
	announce_settle(&known);
	record->told = known.told;
}

size_t announce_due(const struct record *record, const struct announcement *a,
		    struct event events[ANNOUNCE_MAX])
{
	uint64_t key = record->process.pid ? announce_key(&record->process) : 0;
	bool has_end = record->ended && record->ended != record->told.ended;
	bool is_last = record->ended == key;
	size_t count = 0;

	/* Its start was not written down, or its successor's was before its end could be spooled. */
	if (has_end && !is_last)
		events[count++] = stopped(record, a, false);
	if (key && key != record->told.started)
		events[count++] = started(record, a, key);
	if (key && key != record->told.pressed && pressure_type(record) != EVENT_TYPE_COUNT)
		events[count++] = pressed(record, a, key);
	if (has_end && is_last)
		events[count++] = stopped(record, a, true);
	if (record->fatal != record->told.fatal)
		events[count++] = alarm(record, a);
	return count;
}

void announce_succession(struct record *record, const struct procid *next)
{
	if (record->told.started == announce_key(&record->process))
		record->told.started = announce_key(next);
}

void announce_settle(struct record *record)
{
	uint64_t key = record->process.pid ? announce_key(&record->process) : 0;

	record->alarms += record->fatal != record->told.fatal;
	record->told.started = key;
	record->told.ended = record->ended;
	record->told.fatal = record->fatal;
	if (pressure_type(record) != EVENT_TYPE_COUNT)
		record->told.pressed = key;
	record->untold = 0;
}
