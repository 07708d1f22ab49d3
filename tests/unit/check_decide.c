/* SPDX-License-Identifier: ISC */
/* decide: every cell of the table state × seeing, and the arithmetic around it. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/check_main.h"
#include "watchdog/decide/backoff.h"
#include "watchdog/decide/decide.h"
#include "watchdog/decide/expect.h"
#include "watchdog/decide/intent.h"
#include "watchdog/decide/pressure.h"
#include "watchdog/decide/roll.h"
#include "watchdog/decide/settle.h"
#include "watchdog/model/option.h"

#define BOOT	   "11111111-2222-3333-4444-555555555555"
#define OTHER_BOOT "99999999-2222-3333-4444-555555555555"
#define NOW_MS	   INT64_C(10000000)
#define MB	   (INT64_C(1) << 20)

static struct worker worker;
static struct record record;
static struct observation seen;
static struct situation situation;
static struct decision decision;

static struct procid process(pid_t pid)
{
	struct procid id = { .pid = pid, .start_ticks = 100 + (uint64_t)pid };

	(void)snprintf(id.boot_id, sizeof(id.boot_id), "%s", BOOT);
	return id;
}

/* A worker at its defaults, and a record of a process 42 that has run for a hundred seconds. */
static void set_up(void)
{
	options_init(&worker.options);
	worker.name = (char *)(uintptr_t)"w";
	worker.definition = 7;
	record = (struct record)RECORD_INIT;
	(void)snprintf(record.boot_id, sizeof(record.boot_id), "%s", BOOT);
	record.process = process(42);
	record.definition = 7;
	record.started_boot_ms = NOW_MS - 100000;
	seen = (struct observation)OBSERVATION_INIT;
	situation = (struct situation){ .id = "w:1",
					.worker = &worker,
					.record = &record,
					.seen = &seen,
					.intent = INTENT_KEEP,
					.intent_reason = REASON_MANUAL,
					.is_ready = true,
					.boot_id = BOOT,
					.now = { .boot_ms = NOW_MS, .wall_ms = 1700000000000 } };
}

static void tear_down(void)
{
	options_free(&worker.options);
}

static void see_dead(void)
{
	seen.liveness = LIVENESS_DEAD;
	seen.process = record.process;
	seen.started_boot_ms = record.started_boot_ms;
}

static void see_exit(int code, int sig)
{
	see_dead();
	seen.exit.known = true;
	seen.exit.code = sig ? -1 : code;
	seen.exit.signal = sig;
	seen.exit.boot_ms = NOW_MS;
}

static void see_alive(void)
{
	seen.liveness = LIVENESS_ALIVE;
	seen.process = record.process;
	seen.definition = 7;
	seen.started_boot_ms = record.started_boot_ms;
	seen.rss_bytes = seen.memory_bytes = 10 * MB;
}

/* ---- the table ---------------------------------------------------------------------------- */

enum seeing { NOTHING, DEAD, ABSENT, WELL, UNWANTED, OUTDATED, EXCESSIVE };

static const char *const seeing_names[] = { "nothing",	"dead",	    "absent",	"well",
					    "unwanted", "outdated", "excessive" };

static void arrange(enum seeing what)
{
	switch (what) {
	case NOTHING:
		break;
	case ABSENT:
		situation.intent = INTENT_REST;
		see_dead();
		break;
	case DEAD:
		see_dead();
		break;
	case UNWANTED:
		situation.intent = INTENT_REST;
		see_alive();
		break;
	case OUTDATED:
		see_alive();
		seen.definition = 8;
		situation.may_replace = true;
		break;
	case EXCESSIVE:
		see_alive();
		worker.options.memory_max_bytes = 5 * MB;
		break;
	case WELL:
		see_alive();
		break;
	}
}

struct cell {
	enum state from;
	enum seeing seeing;
	enum action action;
	enum state to;
};

/* What each cell does for the process 42 of set_up, due delays over. */
static const struct cell cells[] = {
	{ STATE_STOPPED, NOTHING, ACTION_NONE, STATE_UNKNOWN },
	{ STATE_STOPPED, DEAD, ACTION_START, STATE_STOPPED },
	{ STATE_STOPPED, ABSENT, ACTION_NONE, STATE_STOPPED },
	{ STATE_STOPPED, WELL, ACTION_NONE, STATE_RUNNING },
	{ STATE_STOPPED, UNWANTED, ACTION_SIGNAL, STATE_STOPPING },
	{ STATE_STOPPED, OUTDATED, ACTION_SIGNAL, STATE_STOPPING },
	{ STATE_STOPPED, EXCESSIVE, ACTION_KILL, STATE_STOPPING },
	{ STATE_STARTING, NOTHING, ACTION_NONE, STATE_UNKNOWN },
	{ STATE_STARTING, DEAD, ACTION_START, STATE_STOPPED },
	{ STATE_STARTING, ABSENT, ACTION_NONE, STATE_STOPPED },
	{ STATE_STARTING, WELL, ACTION_NONE, STATE_RUNNING },
	{ STATE_STARTING, UNWANTED, ACTION_SIGNAL, STATE_STOPPING },
	{ STATE_STARTING, OUTDATED, ACTION_SIGNAL, STATE_STOPPING },
	{ STATE_STARTING, EXCESSIVE, ACTION_KILL, STATE_STOPPING },
	{ STATE_RUNNING, NOTHING, ACTION_NONE, STATE_UNKNOWN },
	{ STATE_RUNNING, DEAD, ACTION_START, STATE_STOPPED },
	{ STATE_RUNNING, ABSENT, ACTION_NONE, STATE_STOPPED },
	{ STATE_RUNNING, WELL, ACTION_NONE, STATE_RUNNING },
	{ STATE_RUNNING, UNWANTED, ACTION_SIGNAL, STATE_STOPPING },
	{ STATE_RUNNING, OUTDATED, ACTION_SIGNAL, STATE_STOPPING },
	{ STATE_RUNNING, EXCESSIVE, ACTION_KILL, STATE_STOPPING },
	{ STATE_BACKOFF, NOTHING, ACTION_NONE, STATE_UNKNOWN },
	{ STATE_BACKOFF, DEAD, ACTION_START, STATE_BACKOFF },
	{ STATE_BACKOFF, ABSENT, ACTION_NONE, STATE_STOPPED },
	{ STATE_BACKOFF, WELL, ACTION_NONE, STATE_RUNNING },
	{ STATE_BACKOFF, UNWANTED, ACTION_SIGNAL, STATE_STOPPING },
	{ STATE_BACKOFF, OUTDATED, ACTION_SIGNAL, STATE_STOPPING },
	{ STATE_BACKOFF, EXCESSIVE, ACTION_KILL, STATE_STOPPING },
	{ STATE_STOPPING, NOTHING, ACTION_NONE, STATE_UNKNOWN },
	{ STATE_STOPPING, DEAD, ACTION_START, STATE_STOPPED },
	{ STATE_STOPPING, ABSENT, ACTION_NONE, STATE_STOPPED },
	{ STATE_STOPPING, WELL, ACTION_NONE, STATE_STOPPING },
	{ STATE_STOPPING, UNWANTED, ACTION_NONE, STATE_STOPPING },
	{ STATE_STOPPING, OUTDATED, ACTION_NONE, STATE_STOPPING },
	{ STATE_STOPPING, EXCESSIVE, ACTION_KILL, STATE_STOPPING },
	{ STATE_EXITED, NOTHING, ACTION_NONE, STATE_UNKNOWN },
	{ STATE_EXITED, DEAD, ACTION_START, STATE_EXITED },
	{ STATE_EXITED, ABSENT, ACTION_NONE, STATE_STOPPED },
	{ STATE_EXITED, WELL, ACTION_NONE, STATE_RUNNING },
	{ STATE_EXITED, UNWANTED, ACTION_SIGNAL, STATE_STOPPING },
	{ STATE_EXITED, OUTDATED, ACTION_SIGNAL, STATE_STOPPING },
	{ STATE_EXITED, EXCESSIVE, ACTION_KILL, STATE_STOPPING },
	{ STATE_FATAL, NOTHING, ACTION_NONE, STATE_UNKNOWN },
	{ STATE_FATAL, DEAD, ACTION_START, STATE_FATAL },
	{ STATE_FATAL, ABSENT, ACTION_NONE, STATE_STOPPED },
	{ STATE_FATAL, WELL, ACTION_NONE, STATE_RUNNING },
	{ STATE_FATAL, UNWANTED, ACTION_SIGNAL, STATE_STOPPING },
	{ STATE_FATAL, OUTDATED, ACTION_SIGNAL, STATE_STOPPING },
	{ STATE_FATAL, EXCESSIVE, ACTION_KILL, STATE_STOPPING },
};

#define CELL_COUNT ((int)(sizeof(cells) / sizeof(cells[0])))

START_TEST(every_cell)
{
	const struct cell *cell = &cells[_i];
	char where[64];

	(void)snprintf(where, sizeof(where), "%s × %s", state_name(cell->from),
		       seeing_names[cell->seeing]);
	record.state = cell->from;
	if (cell->from == STATE_STOPPING)
		record.stop_deadline_boot_ms = NOW_MS + 5000;
	arrange(cell->seeing);
	decide(&situation, &decision);
	ck_assert_msg(decision.action == cell->action, "%s: action %d, not %d", where,
		      decision.action, cell->action);
	ck_assert_msg(decision.state == cell->to, "%s: state %s, not %s", where,
		      state_name(decision.state), state_name(cell->to));
	if (cell->seeing == NOTHING)
		ck_assert_msg(record_equal(&decision.record, &record), "%s: record changed", where);
}
END_TEST

/* No cell is missing from the list, and none is in it twice. */
START_TEST(list_is_whole)
{
	for (int i = 0; i < CELL_COUNT; i++)
		for (int k = i + 1; k < CELL_COUNT; k++)
			ck_assert(cells[i].from != cells[k].from ||
				  cells[i].seeing != cells[k].seeing);
	ck_assert_int_eq(CELL_COUNT, STATE_UNKNOWN * 7);
}
END_TEST

START_TEST(frozen_is_left_alone)
{
	record.state = _i;
	situation.intent = INTENT_FREEZE;
	see_dead();
	decide(&situation, &decision);
	ck_assert_int_eq(decision.action, ACTION_NONE);
	ck_assert(record_equal(&decision.record, &record));
}
END_TEST

/* ---- ends --------------------------------------------------------------------------------- */

START_TEST(early_end_is_a_failed_start)
{
	record.state = STATE_STARTING;
	record.started_boot_ms = NOW_MS - 500;
	see_exit(0, 0);
	decide(&situation, &decision);
	ck_assert_int_eq(decision.action, ACTION_NONE);
	ck_assert_int_eq(decision.state, STATE_BACKOFF);
	ck_assert_int_eq(decision.record.failures, 1);
	ck_assert_int_eq(decision.record.next_start_boot_ms, NOW_MS + 1000);
	ck_assert_int_eq(decision.again_boot_ms, NOW_MS + 1000);
	ck_assert(decision.has_ended);
}
END_TEST

START_TEST(startretries_then_fatal_then_retried)
{
	static const enum state expected[] = { STATE_BACKOFF, STATE_BACKOFF, STATE_BACKOFF,
					       STATE_FATAL, STATE_FATAL };
	static const int64_t delay_ms[] = { 1000, 2000, 4000, 300000, 300000 };

	for (int i = 0; i < 5; i++) {
		settle_start_failed(&record, &worker, "cannot execute", situation.now, BOOT);
		ck_assert_int_eq(record.state, expected[i]);
		ck_assert_int_eq(record.next_start_boot_ms - NOW_MS, delay_ms[i]);
	}
	see_dead();
	decide(&situation, &decision);
	ck_assert_int_eq(decision.action, ACTION_NONE);
	situation.now.boot_ms += 300000;
	decide(&situation, &decision);
	ck_assert_int_eq(decision.action, ACTION_START);
	worker.options.give_up = 1;
	decide(&situation, &decision);
	ck_assert_int_eq(decision.action, ACTION_NONE);
	situation.is_retried = true;
	decide(&situation, &decision);
	ck_assert_int_eq(decision.action, ACTION_START);
}
END_TEST

START_TEST(crashes_back_off_geometrically)
{
	static const int64_t delay_ms[] = { 0, 1000, 2000, 4000, 8000 };

	for (int i = 0; i < 5; i++) {
		record.state = STATE_RUNNING;
		record.started_boot_ms = NOW_MS - 3000;
		see_exit(1, 0);
		decide(&situation, &decision);
		ck_assert_int_eq(decision.record.last_exit_reason, REASON_CRASHED);
		if (delay_ms[i] == 0) {
			ck_assert_int_eq(decision.action, ACTION_START);
		} else {
			ck_assert_int_eq(decision.state, STATE_BACKOFF);
			ck_assert_int_eq(decision.record.next_start_boot_ms, NOW_MS + delay_ms[i]);
		}
		record = decision.record;
	}
	record.state = STATE_RUNNING;
	record.started_boot_ms = NOW_MS - 10000;
	see_exit(1, 0);
	decide(&situation, &decision);
	ck_assert_int_eq(decision.action, ACTION_START);
}
END_TEST

START_TEST(planned_end_has_no_delay)
{
	record.state = STATE_RUNNING;
	record.crashes = 4;
	record.started_boot_ms = NOW_MS - 3000;
	see_exit(0, 0);
	decide(&situation, &decision);
	ck_assert_int_eq(decision.action, ACTION_START);
	ck_assert_int_eq(decision.record.crashes, 0);
	ck_assert_int_eq(decision.record.last_exit_reason, REASON_EXITED);
}
END_TEST

struct end {
	int64_t autorestart;
	int code, sig;
	enum action action;
	enum state state;
	enum reason reason;
};

static const struct end ends[] = {
	{ AUTORESTART_ALWAYS, 0, 0, ACTION_START, STATE_STOPPED, REASON_EXITED },
	{ AUTORESTART_ALWAYS, 3, 0, ACTION_START, STATE_STOPPED, REASON_CRASHED },
	{ AUTORESTART_ALWAYS, 0, SIGKILL, ACTION_START, STATE_STOPPED, REASON_KILLED },
	{ AUTORESTART_ALWAYS, 0, SIGSEGV, ACTION_START, STATE_STOPPED, REASON_CRASHED },
	{ AUTORESTART_UNEXPECTED, 0, 0, ACTION_NONE, STATE_EXITED, REASON_EXITED },
	{ AUTORESTART_UNEXPECTED, 3, 0, ACTION_START, STATE_STOPPED, REASON_CRASHED },
	{ AUTORESTART_NEVER, 0, 0, ACTION_NONE, STATE_EXITED, REASON_EXITED },
	{ AUTORESTART_NEVER, 3, 0, ACTION_NONE, STATE_EXITED, REASON_CRASHED },
};

START_TEST(autorestart_and_reasons)
{
	const struct end *end = &ends[_i];

	record.state = STATE_RUNNING;
	worker.options.autorestart = end->autorestart;
	see_exit(end->code, end->sig);
	decide(&situation, &decision);
	ck_assert_int_eq(decision.action, end->action);
	ck_assert_int_eq(decision.state, end->state);
	ck_assert_int_eq(decision.record.last_exit_reason, end->reason);
}
END_TEST

START_TEST(unseen_end_counts_as_unexpected)
{
	record.state = STATE_RUNNING;
	worker.options.autorestart = AUTORESTART_UNEXPECTED;
	see_dead();
	decide(&situation, &decision);
	ck_assert_int_eq(decision.action, ACTION_START);
	ck_assert_int_eq(decision.record.last_exit_reason, REASON_MISSING);
}
END_TEST

START_TEST(expected_by_signal_name)
{
	struct exitinfo by_term = { .known = true, .code = -1, .signal = SIGTERM };
	struct exitinfo code_15 = { .known = true, .code = 15 };

	ck_assert(!expect_has(&worker.options, &by_term));
	strlist_add(&worker.options.exitcodes, "TERM");
	ck_assert(expect_has(&worker.options, &by_term));
	ck_assert(!expect_has(&worker.options, &code_15));
	strlist_add(&worker.options.exitcodes, "15");
	ck_assert(expect_has(&worker.options, &code_15));
}
END_TEST

START_TEST(earlier_boot_starts_anew)
{
	record.state = _i;
	record.failures = 9;
	record.next_start_boot_ms = INT64_MAX;
	(void)snprintf(record.boot_id, sizeof(record.boot_id), "%s", OTHER_BOOT);
	see_dead();
	seen.process.pid = 0;
	decide(&situation, &decision);
	ck_assert_int_eq(decision.action, ACTION_START);
	ck_assert_int_eq(decision.record.failures, 0);
	if (_i == STATE_RUNNING || _i == STATE_STARTING || _i == STATE_STOPPING)
		ck_assert_int_eq(decision.record.last_exit_reason, REASON_HOST_REBOOTED);
	ck_assert_str_eq(decision.record.boot_id, BOOT);
}
END_TEST

/* ---- stops -------------------------------------------------------------------------------- */

START_TEST(signal_once_then_kill_at_the_deadline)
{
	record.state = STATE_RUNNING;
	situation.intent = INTENT_REST;
	see_alive();
	decide(&situation, &decision);
	ck_assert_int_eq(decision.action, ACTION_SIGNAL);
	ck_assert_int_eq(decision.signal, SIGTERM);
	ck_assert_int_eq(decision.again_boot_ms, NOW_MS + 10000);
	record = decision.record;
	decide(&situation, &decision);
	ck_assert_int_eq(decision.action, ACTION_NONE);
	situation.now.boot_ms += 10000;
	decide(&situation, &decision);
	ck_assert_int_eq(decision.action, ACTION_KILL);
	record = decision.record;
	decide(&situation, &decision);
	ck_assert_int_eq(decision.action, ACTION_NONE);
	situation.now.boot_ms += 10000;
	decide(&situation, &decision);
	ck_assert_int_eq(decision.action, ACTION_KILL);
}
END_TEST

START_TEST(now_kills_at_once)
{
	record.state = STATE_RUNNING;
	situation.intent = INTENT_REST;
	situation.at_once = true;
	see_alive();
	decide(&situation, &decision);
	ck_assert_int_eq(decision.action, ACTION_KILL);
	record.state = STATE_STOPPING;
	record.stop_deadline_boot_ms = NOW_MS + 9000;
	decide(&situation, &decision);
	ck_assert_int_eq(decision.action, ACTION_KILL);
}
END_TEST

/* The process that was told to stop has gone and another one is there: it was told nothing. */
START_TEST(a_stop_is_of_one_process)
{
	record.state = STATE_STOPPING;
	record.stop_deadline_boot_ms = NOW_MS - 1;
	situation.intent = INTENT_REST;
	see_alive();
	seen.process = process(43);
	decide(&situation, &decision);
	ck_assert_int_eq(decision.action, ACTION_NONE);
	record = decision.record;
	decide(&situation, &decision);
	ck_assert_int_eq(decision.action, ACTION_SIGNAL);
}
END_TEST

START_TEST(absurd_times_do_not_mean_never)
{
	record.state = STATE_BACKOFF;
	record.next_start_boot_ms = INT64_MAX;
	see_dead();
	decide(&situation, &decision);
	ck_assert_int_eq(decision.again_boot_ms, NOW_MS + 300000);
	record.state = STATE_STOPPING;
	record.stop_deadline_boot_ms = INT64_MAX;
	see_alive();
	decide(&situation, &decision);
	ck_assert_int_eq(decision.again_boot_ms, NOW_MS + 10000);
}
END_TEST

START_TEST(removed_and_dead_is_forgotten)
{
	situation.worker = NULL;
	situation.intent = INTENT_REST;
	see_dead();
	decide(&situation, &decision);
	ck_assert_int_eq(decision.action, ACTION_FORGET);
}
END_TEST

START_TEST(waits_for_what_it_comes_after)
{
	situation.is_ready = false;
	see_dead();
	decide(&situation, &decision);
	ck_assert_int_eq(decision.action, ACTION_NONE);
	ck_assert_int_eq(decision.state, STATE_STOPPED);
}
END_TEST

START_TEST(edited_definition_is_tried_at_once)
{
	record.state = _i;
	record.definition = 6;
	record.next_start_boot_ms = NOW_MS + 200000;
	worker.options.autorestart = AUTORESTART_NEVER;
	see_dead();
	decide(&situation, &decision);
	ck_assert_int_eq(decision.action, ACTION_START);
}
END_TEST

/* ---- pressure ----------------------------------------------------------------------------- */

START_TEST(memory_limit_presses)
{
	record.state = STATE_RUNNING;
	see_alive();
	worker.options.memory_limit_bytes = 10 * MB + 1;
	ck_assert_int_eq(pressure_of(&situation), REASON_NONE);
	worker.options.memory_limit_bytes = 10 * MB;
	ck_assert_int_eq(pressure_of(&situation), REASON_MEMORY_LIMIT);
	worker.options.memory_limit_for_ms = 5000;
	ck_assert_int_eq(pressure_of(&situation), REASON_NONE);
	decide(&situation, &decision);
	ck_assert_int_eq(decision.record.over_since_boot_ms, NOW_MS);
	record = decision.record;
	situation.now.boot_ms += 5000;
	ck_assert_int_eq(pressure_of(&situation), REASON_MEMORY_LIMIT);
	seen.memory_bytes = -1;
	ck_assert_int_eq(pressure_of(&situation), REASON_NONE);
	decide(&situation, &decision);
	ck_assert_int_eq(decision.record.over_since_boot_ms, 0);
}
END_TEST

/* A start that nobody wrote down: its process is dead, and named by the pidfile alone. */
static void see_unrecorded(int code)
{
	see_exit(code, 0);
	seen.process = process(43);
}

START_TEST(an_unrecorded_end_is_told_whatever_is_wanted_now)
{
	record.state = (enum state)_i;
	see_unrecorded(3);
	decide(&situation, &decision);
	ck_assert(decision.has_ended);
	ck_assert_int_eq(decision.record.process.pid, 43);
	situation.intent = INTENT_REST;
	decide(&situation, &decision);
	ck_assert(decision.has_ended);
	ck_assert_int_eq(decision.record.process.pid, 43);
	ck_assert_int_eq(decision.state, STATE_STOPPED);
	ck_assert_int_eq(decision.action, ACTION_NONE);
}
END_TEST

START_TEST(who_never_passed_the_gate_was_never_there)
{
	record.state = (enum state)_i;
	see_unrecorded(EXITINFO_UNBORN);
	decide(&situation, &decision);
	ck_assert(!decision.has_ended);
	ck_assert_int_eq(decision.record.process.pid, 42);
	situation.intent = INTENT_REST;
	decide(&situation, &decision);
	ck_assert(!decision.has_ended);
}
END_TEST

START_TEST(an_old_heartbeat_presses)
{
	record.state = STATE_RUNNING;
	see_alive();
	worker.options.heartbeat_timeout_ms = 30000;
	record.started_wall_ms = situation.now.wall_ms - 100000;
	seen.heartbeat_wall_ms = situation.now.wall_ms - 29000;
	ck_assert_int_eq(pressure_of(&situation), REASON_NONE);
	seen.heartbeat_wall_ms = situation.now.wall_ms - 31000;
	ck_assert_int_eq(pressure_of(&situation), REASON_HUNG);
	seen.heartbeat_wall_ms = 0; /* it never came */
	ck_assert_int_eq(pressure_of(&situation), REASON_HUNG);
	seen.heartbeat_wall_ms = -1; /* nobody knows */
	ck_assert_int_eq(pressure_of(&situation), REASON_NONE);
	seen.heartbeat_wall_ms = 0;
	seen.started_boot_ms = NOW_MS - 29000; /* it still has time */
	ck_assert_int_eq(pressure_of(&situation), REASON_NONE);
}
END_TEST

START_TEST(after_a_step_of_the_clock_it_is_seen_old_for_as_long_again)
{
	record.state = STATE_RUNNING;
	see_alive();
	worker.options.heartbeat_timeout_ms = 30000;
	record.started_wall_ms = situation.now.wall_ms - 100000;
	seen.heartbeat_wall_ms = situation.now.wall_ms;
	situation.now.wall_ms += 3600000; /* set forward by an hour */
	ck_assert_int_eq(pressure_of(&situation), REASON_NONE);
	decide(&situation, &decision);
	ck_assert_int_eq(decision.record.quiet_since_boot_ms, NOW_MS);
	record = decision.record;
	situation.now.boot_ms += 29000;
	situation.now.wall_ms += 29000;
	ck_assert_int_eq(pressure_of(&situation), REASON_NONE);
	situation.now.boot_ms += 2000;
	situation.now.wall_ms += 2000;
	ck_assert_int_eq(pressure_of(&situation), REASON_HUNG);
	seen.heartbeat_wall_ms = situation.now.wall_ms; /* a beat by the new time */
	ck_assert_int_eq(pressure_of(&situation), REASON_NONE);
	decide(&situation, &decision);
	ck_assert_int_eq(decision.record.quiet_since_boot_ms, 0);
}
END_TEST

START_TEST(racing_presses_after_its_time)
{
	record.state = STATE_RUNNING;
	see_alive();
	worker.options.cpu_limit = 50;
	worker.options.cpu_limit_for_ms = 60000;
	seen.cpu_ms = 5000;
	decide(&situation, &decision);
	ck_assert_int_eq(decision.record.cpu_mark_boot_ms, NOW_MS);
	record = decision.record;
	situation.now.boot_ms += 59000;
	seen.cpu_ms += 59000;
	decide(&situation, &decision);
	ck_assert(record_equal(&decision.record, &record)); /* nothing is written in between */
	situation.now.boot_ms += 1000;
	decide(&situation, &decision);
	record = decision.record;
	ck_assert_int_eq(pressure_of(&situation), REASON_HUNG);
	situation.now.boot_ms += 60000;
	seen.cpu_ms += 29000;
	decide(&situation, &decision);
	record = decision.record;
	ck_assert_int_eq(pressure_of(&situation), REASON_NONE);
}
END_TEST

START_TEST(changed_files_press_or_reload)
{
	record.state = STATE_RUNNING;
	see_alive();
	seen.watched = 1;
	decide(&situation, &decision); /* could not be looked at before */
	ck_assert_uint_eq(decision.record.watched, 1);
	record = decision.record;
	ck_assert_int_eq(pressure_of(&situation), REASON_NONE);
	seen.watched = 0; /* half a deployment */
	ck_assert_int_eq(pressure_of(&situation), REASON_NONE);
	seen.watched = 2;
	ck_assert_int_eq(pressure_of(&situation), REASON_DEPLOY);
	worker.options.reload_signal = SIGHUP;
	ck_assert_int_eq(pressure_of(&situation), REASON_NONE);
	decide(&situation, &decision);
	ck_assert_int_eq(decision.action, ACTION_RELOAD);
	ck_assert_int_eq(decision.signal, SIGHUP);
	record = decision.record;
	decide(&situation, &decision);
	ck_assert_int_eq(decision.action, ACTION_NONE);
	record.state = STATE_STARTING; /* it may not have its handler yet */
	record.started_boot_ms = NOW_MS;
	record.watched = 1;
	decide(&situation, &decision);
	ck_assert_int_eq(decision.action, ACTION_NONE);
}
END_TEST

START_TEST(age_is_spread_over_the_last_tenth)
{
	int64_t lowest = INT64_MAX;
	int64_t highest = 0;

	for (int i = 0; i < 1000; i++) {
		char id[32];
		int64_t age_ms;

		(void)snprintf(id, sizeof(id), "w:%d", i);
		age_ms = pressure_age_ms(id, 100000);
		ck_assert_int_ge(age_ms, 90000);
		ck_assert_int_le(age_ms, 100000);
		lowest = age_ms < lowest ? age_ms : lowest;
		highest = age_ms > highest ? age_ms : highest;
	}
	ck_assert_int_lt(lowest, 91000);
	ck_assert_int_gt(highest, 99000);
	record.state = STATE_RUNNING;
	see_alive();
	worker.options.max_age_ms = 200000;
	ck_assert_int_eq(pressure_of(&situation), REASON_NONE);
	worker.options.max_age_ms = 100000;
	ck_assert_int_eq(pressure_of(&situation), REASON_MAX_AGE);
}
END_TEST

START_TEST(pressure_waits_for_its_turn)
{
	record.state = STATE_RUNNING;
	see_alive();
	seen.definition = 8;
	ck_assert_int_eq(pressure_of(&situation), REASON_CONFIG_CHANGED);
	decide(&situation, &decision);
	ck_assert_int_eq(decision.action, ACTION_NONE);
	situation.may_replace = true;
	decide(&situation, &decision);
	ck_assert_int_eq(decision.action, ACTION_SIGNAL);
	ck_assert_int_eq(decision.record.stop_reason, REASON_CONFIG_CHANGED);
}
END_TEST

START_TEST(a_healthy_one_changes_nothing)
{
	record.state = STATE_RUNNING;
	record.stopping.killmode = worker.options.killmode;
	see_alive();
	decide(&situation, &decision);
	ck_assert_int_eq(decision.action, ACTION_NONE);
	ck_assert(record_equal(&decision.record, &record));
	ck_assert_int_eq(decision.again_boot_ms, CLOCK_NEVER);
}
END_TEST

/* ---- roll --------------------------------------------------------------------------------- */

struct roll_case {
	const char *name;
	struct roll_member members[3];
	int chosen; /* -1: none */
};

#define UP	    { .state = STATE_RUNNING, .is_current = true }
#define PRESSED(r)  { .state = STATE_RUNNING, .pressure = (r) }
#define OLD	    PRESSED(REASON_CONFIG_CHANGED)
#define IN(s)	    { .state = (s), .is_current = true }

static const struct roll_case rolls[] = {
	{ "nobody is pressed", { UP, UP, UP }, -1 },
	{ "one", { UP, OLD, UP }, 1 },
	{ "one of three", { OLD, OLD, OLD }, 0 },
	{ "while another starts", { IN(STATE_STARTING), OLD, OLD }, -1 },
	{ "while another stops", { OLD, IN(STATE_STOPPING), OLD }, -1 },
	{ "while one cannot be told", { OLD, IN(STATE_UNKNOWN), OLD }, -1 },
	{ "while the new one fails", { IN(STATE_BACKOFF), OLD, OLD }, -1 },
	{ "while the new one is fatal", { IN(STATE_FATAL), OLD, OLD }, -1 },
	{ "an old one that failed hinders nobody", { { .state = STATE_FATAL }, OLD, UP }, 1 },
	{ "memory goes all the same",
	  { IN(STATE_BACKOFF), PRESSED(REASON_MEMORY_LIMIT), UP }, 1 },
	{ "memory before definition before age",
	  { PRESSED(REASON_MAX_AGE), OLD, PRESSED(REASON_MEMORY_LIMIT) }, 2 },
	{ "definition before age", { PRESSED(REASON_MAX_AGE), OLD, UP }, 1 },
	{ "held ones do not count",
	  { { .state = STATE_BACKOFF, .is_current = true, .is_down_by_will = true }, OLD, UP }, 1 },
};

START_TEST(roll_takes_one_at_a_time)
{
	const struct roll_case *c = &rolls[_i];
	size_t chosen = roll_choose(c->members, 3);

	ck_assert_msg((int)(chosen == ROLL_NONE ? (size_t)-1 : chosen) == c->chosen, "%s: %d",
		      c->name, (int)chosen);
}
END_TEST

/* ---- intent ------------------------------------------------------------------------------- */

START_TEST(removed_is_missed_twice)
{
	struct intent_input input = { .definition = DEFINITION_REMOVED,
				      .record = &record,
				      .now = situation.now };
	struct intent_output output = intent_of(&input);

	ck_assert_int_eq(output.intent, INTENT_FREEZE);
	ck_assert_int_eq(output.missing_since_boot_ms, NOW_MS);
	record.missing_since_boot_ms = output.missing_since_boot_ms;
	input.now.boot_ms += INTENT_REMOVED_AFTER_MS - 1;
	ck_assert_int_eq(intent_of(&input).intent, INTENT_FREEZE);
	input.now.boot_ms++;
	ck_assert_int_eq(intent_of(&input).intent, INTENT_REST);
	input.definition = DEFINITION_CURRENT;
	input.is_enabled = true;
	ck_assert_int_eq(intent_of(&input).missing_since_boot_ms, 0);
}
END_TEST

START_TEST(who_has_a_say)
{
	struct intent_input input = { .record = &record, .is_enabled = true };

	ck_assert_int_eq(intent_of(&input).intent, INTENT_KEEP);
	input.is_renewed = true;
	ck_assert_int_eq(intent_of(&input).intent, INTENT_RENEW);
	input.is_held = true;
	ck_assert_int_eq(intent_of(&input).intent, INTENT_REST);
	input.definition = DEFINITION_BROKEN;
	ck_assert_int_eq(intent_of(&input).intent, INTENT_REST);
	input.is_held = false;
	ck_assert_int_eq(intent_of(&input).intent, INTENT_FREEZE);
	input.definition = DEFINITION_EXCESS;
	ck_assert_int_eq(intent_of(&input).intent, INTENT_REST);
	input.definition = DEFINITION_CURRENT;
	input.is_enabled = false;
	ck_assert_int_eq(intent_of(&input).intent, INTENT_REST);
	record.wanted = 1;
	ck_assert_int_eq(intent_of(&input).intent, INTENT_RENEW);
}
END_TEST

START_TEST(backoff_ends_at_its_maximum)
{
	worker.options.restart_delay_ms = 0;
	ck_assert_int_eq(backoff_delay_ms(&worker.options, 50), 0);
	worker.options.restart_delay_ms = 7000;
	ck_assert_int_eq(backoff_delay_ms(&worker.options, 0), 0);
	ck_assert_int_eq(backoff_delay_ms(&worker.options, 1), 7000);
	ck_assert_int_eq(backoff_delay_ms(&worker.options, INT64_MAX), 300000);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("decide");
	TCase *t = tcase_create("decide");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, every_cell, 0, CELL_COUNT);
	tcase_add_test(t, list_is_whole);
	tcase_add_loop_test(t, frozen_is_left_alone, 0, STATE_UNKNOWN);
	tcase_add_test(t, early_end_is_a_failed_start);
	tcase_add_test(t, startretries_then_fatal_then_retried);
	tcase_add_test(t, crashes_back_off_geometrically);
	tcase_add_test(t, planned_end_has_no_delay);
	tcase_add_loop_test(t, autorestart_and_reasons, 0, (int)(sizeof(ends) / sizeof(ends[0])));
	tcase_add_test(t, unseen_end_counts_as_unexpected);
	tcase_add_test(t, expected_by_signal_name);
	tcase_add_loop_test(t, earlier_boot_starts_anew, 0, STATE_UNKNOWN);
	tcase_add_test(t, signal_once_then_kill_at_the_deadline);
	tcase_add_test(t, now_kills_at_once);
	tcase_add_test(t, a_stop_is_of_one_process);
	tcase_add_test(t, absurd_times_do_not_mean_never);
	tcase_add_test(t, removed_and_dead_is_forgotten);
	tcase_add_test(t, waits_for_what_it_comes_after);
	tcase_add_test(t, memory_limit_presses);
	tcase_add_loop_test(t, an_unrecorded_end_is_told_whatever_is_wanted_now, STATE_STOPPED,
			    STATE_STOPPED + 1);
	tcase_add_loop_test(t, an_unrecorded_end_is_told_whatever_is_wanted_now, STATE_BACKOFF,
			    STATE_BACKOFF + 1);
	tcase_add_loop_test(t, an_unrecorded_end_is_told_whatever_is_wanted_now, STATE_EXITED,
			    STATE_FATAL + 1);
	tcase_add_loop_test(t, who_never_passed_the_gate_was_never_there, STATE_STOPPED,
			    STATE_STOPPED + 1);
	tcase_add_loop_test(t, who_never_passed_the_gate_was_never_there, STATE_BACKOFF,
			    STATE_BACKOFF + 1);
	tcase_add_test(t, an_old_heartbeat_presses);
	tcase_add_test(t, after_a_step_of_the_clock_it_is_seen_old_for_as_long_again);
	tcase_add_test(t, racing_presses_after_its_time);
	tcase_add_test(t, changed_files_press_or_reload);
	tcase_add_test(t, age_is_spread_over_the_last_tenth);
	tcase_add_test(t, pressure_waits_for_its_turn);
	tcase_add_test(t, a_healthy_one_changes_nothing);
	tcase_add_loop_test(t, roll_takes_one_at_a_time, 0,
			    (int)(sizeof(rolls) / sizeof(rolls[0])));
	tcase_add_test(t, removed_is_missed_twice);
	tcase_add_test(t, who_has_a_say);
	tcase_add_test(t, backoff_ends_at_its_maximum);
	tcase_add_loop_test(t, edited_definition_is_tried_at_once, STATE_BACKOFF, STATE_BACKOFF + 1);
	tcase_add_loop_test(t, edited_definition_is_tried_at_once, STATE_EXITED, STATE_FATAL + 1);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite())
