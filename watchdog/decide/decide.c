/* SPDX-License-Identifier: ISC */
#include "watchdog/decide/decide.h"

#include <string.h>

#include "watchdog/decide/announce.h"
#include "watchdog/decide/backoff.h"
#include "watchdog/decide/expect.h"
#include "watchdog/decide/pressure.h"
#include "watchdog/decide/settle.h"
#include "watchdog/model/option.h"

/* What a look amounts to, given what is wanted. Columns of the table. */
enum seeing {
	SEEING_NOTHING,   /* cannot tell */
	SEEING_DEAD,      /* and it should run */
	SEEING_ABSENT,    /* dead, and should be */
	SEEING_WELL,      /* alive, and should be */
	SEEING_UNWANTED,  /* alive, and should not be */
	SEEING_OUTDATED,  /* alive, to be replaced gracefully, and may be now */
	SEEING_EXCESSIVE  /* alive, over its hard limit */
};

#define SEEING_COUNT 7

typedef void cell(const struct situation *s, struct decision *d);

/* ---- what is common to cells ------------------------------------------------------------- */

static void enter(const struct situation *s, struct decision *d, enum state state)
{
	if (d->record.state != (int64_t)state)
		d->record.state_wall_ms = s->now.wall_ms;
	d->record.state = state;
}

static void forget_failures(struct record *record)
{
	record->failures = 0;
	record->crashes = 0;
	record->next_start_boot_ms = 0;
	record->next_start_wall_ms = 0;
	record->failure[0] = '\0';
}

static bool is_same(const struct procid *a, const struct procid *b)
{
	return a->pid == b->pid && a->start_ticks == b->start_ticks &&
	       strcmp(a->boot_id, b->boot_id) == 0;
}

static void start(const struct situation *s, struct decision *d)
{
	if (s->is_ready) {
		d->action = ACTION_START;
		return;
	}
	enter(s, d, STATE_STOPPED);
}

/* The process of the record has ended: why and how goes to last_exit. */
static void note_end(const struct situation *s, struct decision *d, enum reason reason)
{
	struct record *record = &d->record;

	record->last_exit = s->seen->exit;
	if (!record->last_exit.wall_ms)
		record->last_exit.wall_ms = s->now.wall_ms;
	record->has_exit = 1;
	record->last_exit_reason = reason;
	record->ends[reason]++;
	record->ended = record->process.pid ? announce_key(&record->process) : 0;
	record->ended_pid = record->process.pid;
	record->over_since_boot_ms = 0;
	/* Whatever follows: who is killed before it was recorded must not leave the same end to be found again. */
	enter(s, d, STATE_STOPPED);
	d->has_ended = true;
}

/* At most this long did it run: up to the moment of its end, or up to now. */
static int64_t uptime_ms(const struct situation *s, const struct record *record)
{
	int64_t end = s->seen->exit.boot_ms ? s->seen->exit.boot_ms : s->now.boot_ms;

	return end > record->started_boot_ms ? end - record->started_boot_ms : 0;
}

static void crash(const struct situation *s, struct decision *d)
{
	int64_t delay_ms = backoff_delay_ms(&s->worker->options, d->record.crashes++);

	if (delay_ms == 0) {
		start(s, d);
		return;
	}
	enter(s, d, STATE_BACKOFF);
	settle_next_start(&d->record, delay_ms, s->now);
}

/* It ran long enough, and ended without our asking. */
static void end_of_run(const struct situation *s, struct decision *d)
{
	const struct worker_options *options = &s->worker->options;
	bool is_expected = expect_has(options, &s->seen->exit);

	d->record.failures = 0;
	if (is_expected || backoff_is_forgiven(options, uptime_ms(s, &d->record)))
		d->record.crashes = 0;
	if (options->autorestart == AUTORESTART_NEVER ||
	    (options->autorestart == AUTORESTART_UNEXPECTED && is_expected))
		enter(s, d, STATE_EXITED);
	else if (is_expected)
		start(s, d);
	else
		crash(s, d);
}

/* What a forking worker has become since it was started is no other start. */
static bool is_successor(const struct situation *s, const struct record *record)
{
	return s->worker && s->worker->options.type == WORKER_FORKING && record->process.pid &&
	       (record->state == STATE_STARTING || record->state == STATE_RUNNING);
}

static void adopt(const struct situation *s, struct decision *d)
{
	struct record *record = &d->record;

	d->was_adopted = true;
	if (is_successor(s, record)) {
		announce_succession(record, &s->seen->process);
	} else {
		record->starts++;
		settle_start_reason(record, false);
	}
	record->process = s->seen->process;
	record->definition = s->seen->definition;
	record->started_boot_ms = s->seen->started_boot_ms;
	record->started_wall_ms = s->seen->started_wall_ms;
	record->over_since_boot_ms = 0;
	settle_vitals(record, s->seen->watched);
	enter(s, d, STATE_STARTING);
}

/* The look shows another process than the record knows: a start whose record was lost. */
static void adopt_if_new(const struct situation *s, struct decision *d)
{
	if (!is_same(&s->seen->process, &d->record.process))
		adopt(s, d);
}

static void watch_memory(const struct situation *s, struct decision *d)
{
	int64_t limit = s->worker->options.memory_limit_bytes;
	bool is_over = limit != OPTION_NONE && s->seen->memory_bytes >= limit;
	int64_t due_boot_ms;

	if (!is_over)
		d->record.over_since_boot_ms = 0;
	else if (!d->record.over_since_boot_ms)
		d->record.over_since_boot_ms = s->now.boot_ms;
	due_boot_ms = d->record.over_since_boot_ms + s->worker->options.memory_limit_for_ms;
	/* One that is over for long enough waits for its turn. */
	if (is_over && due_boot_ms > s->now.boot_ms)
		d->again_boot_ms = due_boot_ms;
}

static void watch_heartbeat(const struct situation *s, struct decision *d)
{
	if (!pressure_is_quiet(s))
		d->record.quiet_since_boot_ms = 0;
	else if (!d->record.quiet_since_boot_ms)
		d->record.quiet_since_boot_ms = s->now.boot_ms;
}

/* One mark each cpu_limit_for: what was used since the last one is the use over that time. */
static void watch_cpu(const struct situation *s, struct decision *d)
{
	const struct worker_options *options = &s->worker->options;
	struct record *record = &d->record;
	int64_t span_ms = s->now.boot_ms - record->cpu_mark_boot_ms;

	if (options->cpu_limit == OPTION_NONE || s->seen->cpu_ms < 0)
		return;
	if (record->cpu_mark_boot_ms && span_ms < options->cpu_limit_for_ms)
		return;
	record->is_racing = record->cpu_mark_boot_ms && span_ms > 0 &&
			    (s->seen->cpu_ms - record->cpu_mark_ms) * 100 >=
				    options->cpu_limit * span_ms;
	record->cpu_mark_boot_ms = s->now.boot_ms;
	record->cpu_mark_ms = s->seen->cpu_ms;
}

/* What was not there to be looked at when it was started counts from now on. */
static void watch_files(const struct situation *s, struct decision *d)
{
	int64_t sig = s->worker->options.reload_signal;

	if (!d->record.watched)
		d->record.watched = s->seen->watched;
	if (sig == OPTION_NONE || !pressure_is_deployed(s))
		return;
	d->record.watched = s->seen->watched;
	d->action = ACTION_RELOAD;
	d->signal = (int)sig;
}

static void watch(const struct situation *s, struct decision *d)
{
	watch_memory(s, d);
	watch_heartbeat(s, d);
	watch_cpu(s, d);
	watch_files(s, d);
}

static void begin_stop(const struct situation *s, struct decision *d, enum reason reason,
		       bool is_killed)
{
	struct record *record = &d->record;

	enter(s, d, STATE_STOPPING);
	record->stop_reason = reason;
	record->killed = is_killed;
	record->stop_deadline_boot_ms = s->now.boot_ms + record->stopping.stopwaitsecs_ms;
	d->again_boot_ms = record->stop_deadline_boot_ms;
	d->action = is_killed ? ACTION_KILL : ACTION_SIGNAL;
	d->signal = (int)record->stopping.stopsignal;
}

/* ---- cells -------------------------------------------------------------------------------- */

/* Cannot tell. What was recorded stands; what is shown is UNKNOWN. */
static void puzzle(const struct situation *s, struct decision *d)
{
	(void)s;
	d->state = STATE_UNKNOWN;
}

static void rest(const struct situation *s, struct decision *d)
{
	forget_failures(&d->record);
	enter(s, d, STATE_STOPPED);
	if (!s->worker || s->intent_reason == REASON_REMOVED)
		d->action = ACTION_FORGET;
}

static void end_then_keep(const struct situation *s, struct decision *d)
{
	const struct worker_options *options = &s->worker->options;
	bool is_early = s->seen->is_starter ||
			uptime_ms(s, &d->record) < options->startsecs_ms;

	note_end(s, d, expect_reason(options, &s->seen->exit));
	if (is_early)
		settle_failure(&d->record, options, s->now);
	else
		end_of_run(s, d);
	if (d->record.state == STATE_BACKOFF || d->record.state == STATE_FATAL)
		d->again_boot_ms = d->record.next_start_boot_ms;
}

static void end_then_rest(const struct situation *s, struct decision *d)
{
	note_end(s, d, s->worker ? expect_reason(&s->worker->options, &s->seen->exit)
				 : REASON_MISSING);
	rest(s, d);
}

/* A pidfile names a dead process that the record has not heard of: its start was not recorded. */
static bool is_unrecorded_end(const struct situation *s, const struct record *record)
{
	const struct exitinfo *exit = &s->seen->exit;
	bool is_unborn = exit->known && !exit->signal && exit->code == EXITINFO_UNBORN;

	return s->seen->process.pid && !is_unborn && !is_same(&s->seen->process, &record->process);
}

/* Not to run, and does not; but somebody may have started it, and been killed before that was recorded. */
static void rest_stopped(const struct situation *s, struct decision *d)
{
	if (!is_unrecorded_end(s, &d->record)) {
		rest(s, d);
		return;
	}
	adopt(s, d);
	d->was_adopted = false;
	end_then_rest(s, d);
}

static void start_stopped(const struct situation *s, struct decision *d)
{
	if (is_unrecorded_end(s, &d->record)) {
		adopt(s, d);
		d->was_adopted = false;
		end_then_keep(s, d);
		return;
	}
	start(s, d);
}

/* Whether waiting has become pointless: a person asks, or the definition is another. */
static bool is_fresh_try(const struct situation *s)
{
	return s->is_retried || (s->record->definition &&
				 s->record->definition != s->worker->definition);
}

static void start_when_due(const struct situation *s, struct decision *d)
{
	struct record *record = &d->record;
	int64_t most = s->now.boot_ms + s->worker->options.restart_delay_max_ms;

	if (is_unrecorded_end(s, record)) {
		start_stopped(s, d);
		return;
	}
	if (is_fresh_try(s)) {
		forget_failures(record);
		start(s, d);
		return;
	}
	/* A corrupt time far ahead must not mean never. */
	if (record->next_start_boot_ms > most)
		record->next_start_boot_ms = most;
	if (record->next_start_boot_ms <= s->now.boot_ms)
		start(s, d);
	else
		d->again_boot_ms = record->next_start_boot_ms;
}

static void start_fatal(const struct situation *s, struct decision *d)
{
	if (s->worker->options.give_up && !is_fresh_try(s))
		return;
	start_when_due(s, d);
}

static void start_exited(const struct situation *s, struct decision *d)
{
	if (is_unrecorded_end(s, &d->record) || is_fresh_try(s) ||
	    s->worker->options.autorestart == AUTORESTART_ALWAYS)
		start_stopped(s, d);
}

/* The stop is complete and it shall run: a planned end, so without delay. */
static void restart(const struct situation *s, struct decision *d)
{
	note_end(s, d, (enum reason)d->record.stop_reason);
	forget_failures(&d->record);
	enter(s, d, STATE_STOPPED);
	start(s, d);
}

static void finish_stop(const struct situation *s, struct decision *d)
{
	note_end(s, d, (enum reason)d->record.stop_reason);
	rest(s, d);
}

static void rise(const struct situation *s, struct decision *d)
{
	int64_t ready_boot_ms;

	adopt_if_new(s, d);
	ready_boot_ms = d->record.started_boot_ms + s->worker->options.startsecs_ms;
	if (d->record.state != STATE_STARTING) {
		watch(s, d);
		return;
	}
	if (s->now.boot_ms < ready_boot_ms) {
		d->again_boot_ms = ready_boot_ms;
		return;
	}
	d->record.failures = 0;
	d->record.fatal = 0;
	d->record.failure[0] = '\0';
	enter(s, d, STATE_RUNNING);
	watch(s, d);
}

static void adopt_and_rise(const struct situation *s, struct decision *d)
{
	adopt(s, d);
	rise(s, d);
}

static void stop(const struct situation *s, struct decision *d)
{
	adopt_if_new(s, d);
	begin_stop(s, d, s->intent_reason, s->at_once);
}

static void replace(const struct situation *s, struct decision *d)
{
	enum reason reason = s->intent == INTENT_RENEW ? s->intent_reason : pressure_of(s);

	adopt_if_new(s, d);
	begin_stop(s, d, reason, s->at_once);
}

static void kill_it(const struct situation *s, struct decision *d)
{
	adopt_if_new(s, d);
	begin_stop(s, d, REASON_MEMORY_MAX, true);
}

/* The signal was sent once and is never repeated; at the deadline comes KILL, again each
 * stopwaitsecs for what hangs in the kernel. */
static void continue_stop(const struct situation *s, struct decision *d)
{
	struct record *record = &d->record;
	int64_t wait_ms = record->stopping.stopwaitsecs_ms;

	if (!is_same(&s->seen->process, &record->process)) {
		/* The one that was told has gone; this one has not been told anything. */
		adopt(s, d);
		d->again_boot_ms = s->now.boot_ms;
		return;
	}
	if (record->stop_deadline_boot_ms > s->now.boot_ms + wait_ms)
		record->stop_deadline_boot_ms = s->now.boot_ms + wait_ms;
	if (record->stop_deadline_boot_ms <= s->now.boot_ms || (s->at_once && !record->killed)) {
		d->action = ACTION_KILL;
		record->killed = 1;
		record->stop_deadline_boot_ms = s->now.boot_ms + (wait_ms > 1000 ? wait_ms : 1000);
	}
	d->again_boot_ms = record->stop_deadline_boot_ms;
}

static void kill_stopping(const struct situation *s, struct decision *d)
{
	if (!d->record.killed)
		d->record.stop_deadline_boot_ms = s->now.boot_ms;
	continue_stop(s, d);
}

/* ---- the table ---------------------------------------------------------------------------- */

static cell *const table[STATE_UNKNOWN][SEEING_COUNT] = {
	/*                   NOTHING DEAD            ABSENT         WELL            UNWANTED
	 *                   OUTDATED       EXCESSIVE */
	[STATE_STOPPED]  = { puzzle, start_stopped,  rest_stopped,  adopt_and_rise, stop,
			     replace,       kill_it },
	[STATE_STARTING] = { puzzle, end_then_keep,  end_then_rest, rise,           stop,
			     replace,       kill_it },
	[STATE_RUNNING]  = { puzzle, end_then_keep,  end_then_rest, rise,           stop,
			     replace,       kill_it },
	[STATE_BACKOFF]  = { puzzle, start_when_due, rest_stopped,  adopt_and_rise, stop,
			     replace,       kill_it },
	[STATE_STOPPING] = { puzzle, restart,        finish_stop,   continue_stop,  continue_stop,
			     continue_stop, kill_stopping },
	[STATE_EXITED]   = { puzzle, start_exited,   rest_stopped,  adopt_and_rise, stop,
			     replace,       kill_it },
	[STATE_FATAL]    = { puzzle, start_fatal,    rest_stopped,  adopt_and_rise, stop,
			     replace,       kill_it },
};

static bool is_excessive(const struct situation *s)
{
	int64_t max = s->worker ? s->worker->options.memory_max_bytes : OPTION_NONE;

	return max != OPTION_NONE && s->seen->memory_bytes >= max;
}

static enum seeing see(const struct situation *s)
{
	bool is_kept = s->intent == INTENT_KEEP || s->intent == INTENT_RENEW;

	switch (s->seen->liveness) {
	case LIVENESS_UNKNOWN:
		return SEEING_NOTHING;
	case LIVENESS_DEAD:
		return is_kept ? SEEING_DEAD : SEEING_ABSENT;
	case LIVENESS_ALIVE:
		break;
	}
	if (!is_kept)
		return SEEING_UNWANTED;
	if (is_excessive(s))
		return SEEING_EXCESSIVE;
	if (s->may_replace &&
	    (s->intent == INTENT_RENEW || pressure_of(s) != REASON_NONE))
		return SEEING_OUTDATED;
	return SEEING_WELL;
}

/* Every time in the record belongs to a boot that is over, and so does its process. */
static void rebase(const struct situation *s, struct decision *d)
{
	struct record *record = &d->record;

	if (!record_is_of_earlier_boot(record, s->boot_id))
		return;
	/* One that lives has a record that was put back from a backup. */
	if (s->seen->liveness == LIVENESS_DEAD &&
	    (record->state == STATE_STARTING || record->state == STATE_RUNNING ||
	     record->state == STATE_STOPPING))
		note_end(s, d, REASON_HOST_REBOOTED);
	forget_failures(record);
	record->over_since_boot_ms = 0;
	record->missing_since_boot_ms = 0;
	enter(s, d, STATE_STOPPED);
}

void decide(const struct situation *s, struct decision *d)
{
	*d = (struct decision){ .action = ACTION_NONE,
				.record = *s->record,
				.again_boot_ms = CLOCK_NEVER };
	d->state = STATE_COUNT;
	if (s->intent == INTENT_FREEZE) {
		d->state = s->seen->liveness == LIVENESS_UNKNOWN ? STATE_UNKNOWN
								 : (enum state)d->record.state;
		return;
	}
	if (s->seen->liveness != LIVENESS_UNKNOWN)
		rebase(s, d);
	if (s->worker && s->seen->liveness == LIVENESS_ALIVE)
		settle_stopping(&d->record, s->worker);
	table[d->record.state][see(s)](s, d);
	/* A record that says nothing yet need not say of which boot. */
	if (!record_equal(&d->record, s->record) && s->seen->liveness != LIVENESS_UNKNOWN)
		settle_boot(&d->record, s->boot_id);
	if (d->state == STATE_COUNT)
		d->state = (enum state)d->record.state;
}
