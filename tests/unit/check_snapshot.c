/* SPDX-License-Identifier: ISC */
/* snapshot and why: what is shown of an instance, given what is recorded, seen and wanted. */
#include "watchdog/report/snapshot.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/check_main.h"
#include "watchdog/model/option.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))
#define BOOT	     "11111111-2222-3333-4444-555555555555"

static const struct clock now = { .boot_ms = 20000000, .wall_ms = INT64_C(1800000000000) };

static char name[] = "mail";
static struct worker worker;
static struct instance instance;
static struct record record;
static struct observation seen;
static struct snapshot snapshot;
static struct snapshot_facts facts;

static void set(const char *option, const char *value)
{
	ck_assert_ptr_null(option_set(option_find(option), &worker.options, value));
}

static struct procid process(pid_t pid)
{
	struct procid id = { .pid = pid, .start_ticks = 5 };

	(void)snprintf(id.boot_id, sizeof(id.boot_id), "%s", BOOT);
	return id;
}

static void setup(void)
{
	worker = (struct worker){ .name = name, .definition = 42 };
	options_init(&worker.options);
	instance = (struct instance){ .name = name, .number = 1, .worker = &worker };
	record = (struct record)RECORD_INIT;
	(void)snprintf(record.boot_id, sizeof(record.boot_id), "%s", BOOT);
	seen = (struct observation)OBSERVATION_INIT;
	snapshot = (struct snapshot)SNAPSHOT_INIT;
	snapshot.now = now;
	facts = (struct snapshot_facts){ .instance = &instance,
					 .id = "mail:1",
					 .intent = INTENT_KEEP,
					 .record = &record,
					 .seen = &seen,
					 .problem = "" };
}

static void teardown(void)
{
	options_free(&worker.options);
	snapshot_free(&snapshot);
}

/* Alive for UPTIME_MS, as the record knows it. */
static void make_alive(int64_t uptime_ms)
{
	seen.liveness = LIVENESS_ALIVE;
	seen.process = process(99);
	seen.definition = 42;
	seen.started_boot_ms = now.boot_ms - uptime_ms;
	seen.started_wall_ms = now.wall_ms - uptime_ms;
	seen.rss_bytes = seen.memory_bytes = 1000;
	record.process = seen.process;
	record.started_boot_ms = seen.started_boot_ms;
}

/* Dead after UPTIME_MS, as the record knows it. */
static void make_dead(int64_t uptime_ms)
{
	make_alive(uptime_ms);
	seen.liveness = LIVENESS_DEAD;
	seen.definition = 0;
	seen.rss_bytes = seen.memory_bytes = -1;
}

static const struct snapshot_instance *view(void)
{
	struct decision decision;
	bool is_defined =
		facts.definition == DEFINITION_CURRENT || facts.definition == DEFINITION_EXCESS;
	struct situation situation = { .id = facts.id,
				       .worker = is_defined ? &worker : NULL,
				       .record = &record,
				       .seen = &seen,
				       .intent = facts.intent,
				       .intent_reason = REASON_MANUAL,
				       .is_ready = !facts.waits_for,
				       .boot_id = BOOT,
				       .now = now };

	decide(&situation, &decision);
	facts.decision = &decision;
	snapshot_add(&snapshot, &facts);
	facts.decision = NULL;
	return &snapshot.instances[snapshot.count - 1];
}

/* ---- states ------------------------------------------------------------------------------- */

static const struct {
	enum state recorded;
	enum liveness liveness;
	int64_t uptime_ms;
	enum intent intent;
	enum state shown;
	bool is_missed;
} states[] = {
	{ STATE_RUNNING, LIVENESS_ALIVE, 5000, INTENT_KEEP, STATE_RUNNING, false },
	{ STATE_STARTING, LIVENESS_ALIVE, 500, INTENT_KEEP, STATE_STARTING, false },
	{ STATE_STARTING, LIVENESS_ALIVE, 5000, INTENT_KEEP, STATE_RUNNING, false },
	{ STATE_STOPPING, LIVENESS_ALIVE, 5000, INTENT_KEEP, STATE_STOPPING, false },
	{ STATE_STOPPING, LIVENESS_ALIVE, 5000, INTENT_REST, STATE_STOPPING, false },
	/* A start that was not recorded. */
	{ STATE_STOPPED, LIVENESS_ALIVE, 5000, INTENT_KEEP, STATE_RUNNING, false },
	{ STATE_BACKOFF, LIVENESS_ALIVE, 500, INTENT_KEEP, STATE_STARTING, false },
	{ STATE_STOPPED, LIVENESS_ALIVE, 5000, INTENT_FREEZE, STATE_RUNNING, false },
	/* A stop that no round has begun. */
	{ STATE_RUNNING, LIVENESS_ALIVE, 5000, INTENT_REST, STATE_RUNNING, false },
	{ STATE_STARTING, LIVENESS_ALIVE, 500, INTENT_REST, STATE_STARTING, false },
	/* Never RUNNING what is dead. */
	{ STATE_RUNNING, LIVENESS_DEAD, 60000, INTENT_KEEP, STATE_EXITED, true },
	{ STATE_STARTING, LIVENESS_DEAD, 500, INTENT_KEEP, STATE_BACKOFF, true },
	{ STATE_STARTING, LIVENESS_DEAD, 60000, INTENT_KEEP, STATE_EXITED, true },
	{ STATE_RUNNING, LIVENESS_DEAD, 60000, INTENT_REST, STATE_STOPPED, false },
	{ STATE_RUNNING, LIVENESS_DEAD, 60000, INTENT_FREEZE, STATE_EXITED, false },
	{ STATE_STOPPING, LIVENESS_DEAD, 60000, INTENT_KEEP, STATE_STOPPED, true },
	{ STATE_STOPPING, LIVENESS_DEAD, 60000, INTENT_REST, STATE_STOPPED, false },
	{ STATE_STOPPING, LIVENESS_DEAD, 60000, INTENT_FREEZE, STATE_STOPPED, false },
	{ STATE_STOPPED, LIVENESS_DEAD, 60000, INTENT_KEEP, STATE_STOPPED, true },
	{ STATE_FATAL, LIVENESS_DEAD, 60000, INTENT_KEEP, STATE_FATAL, true },
	{ STATE_RUNNING, LIVENESS_UNKNOWN, 60000, INTENT_KEEP, STATE_UNKNOWN, false },
	{ STATE_RUNNING, LIVENESS_UNKNOWN, 60000, INTENT_FREEZE, STATE_UNKNOWN, false },
	{ STATE_STOPPED, LIVENESS_UNKNOWN, 60000, INTENT_REST, STATE_UNKNOWN, false },
};

START_TEST(shows_what_is_so)
{
	const struct snapshot_instance *shown;

	if (states[_i].liveness == LIVENESS_ALIVE)
		make_alive(states[_i].uptime_ms);
	if (states[_i].liveness == LIVENESS_DEAD)
		make_dead(states[_i].uptime_ms);
	record.state = states[_i].recorded;
	facts.intent = states[_i].intent;
	shown = view();
	ck_assert_str_eq(state_name(shown->state), state_name(states[_i].shown));
	ck_assert_int_eq(shown->is_missed, states[_i].is_missed);
	ck_assert_int_eq(shown->pid, states[_i].liveness == LIVENESS_ALIVE ? 99 : 0);
	ck_assert_uint_eq(snapshot.by_state[states[_i].shown], 1);
}
END_TEST

/* ---- values ------------------------------------------------------------------------------- */

START_TEST(counts_restarts_and_not_starts)
{
	make_alive(5000);
	record.state = STATE_RUNNING;
	ck_assert_int_eq(view()->restarts, 0);
	record.starts = 1;
	ck_assert_int_eq(view()->restarts, 0);
	record.starts = 4;
	ck_assert_int_eq(view()->restarts, 3);
}
END_TEST

static const struct {
	enum state state;
	enum liveness liveness;
	int64_t restarts;
} counts[] = {
	{ STATE_STARTING, LIVENESS_ALIVE, 3 },  { STATE_RUNNING, LIVENESS_ALIVE, 3 },
	{ STATE_STOPPING, LIVENESS_ALIVE, 3 },  { STATE_RUNNING, LIVENESS_UNKNOWN, 3 },
	/* Nothing has been started since the last of them. */
	{ STATE_STOPPED, LIVENESS_DEAD, 2 },    { STATE_BACKOFF, LIVENESS_DEAD, 2 },
	{ STATE_FATAL, LIVENESS_DEAD, 2 },      { STATE_EXITED, LIVENESS_DEAD, 2 },
	{ STATE_BACKOFF, LIVENESS_UNKNOWN, 2 },
};

START_TEST(counts_restarts_by_reason)
{
	const struct snapshot_instance *shown;

	set("autorestart", "unexpected"); /* EXITED stays so */
	if (counts[_i].liveness == LIVENESS_ALIVE)
		make_alive(5000);
	if (counts[_i].liveness == LIVENESS_DEAD)
		make_dead(5000);
	record.state = counts[_i].state;
	record.has_exit = 1;
	record.last_exit_reason = REASON_CRASHED;
	record.ends[REASON_CRASHED] = 3;
	record.ends[REASON_OOM] = 7;
	record.next_start_boot_ms = now.boot_ms + 5000;
	shown = view();
	ck_assert_int_eq(shown->restarts_by[REASON_CRASHED], counts[_i].restarts);
	ck_assert_int_eq(shown->restarts_by[REASON_OOM], 7);
	ck_assert_int_eq(shown->restarts_by[REASON_EXITED], 0);
}
END_TEST

/* A counter that went down would look like a new one. */
START_TEST(counts_no_end_before_it_is_followed_by_a_start)
{
	make_dead(60000);
	record.state = STATE_RUNNING;
	record.ends[REASON_CRASHED] = 3;
	seen.exit = (struct exitinfo){ .known = true, .code = -1, .signal = SIGSEGV };
	ck_assert_int_eq(view()->restarts_by[REASON_CRASHED], 3);
	/* A record that another one wrote, without counts. */
	record.state = STATE_BACKOFF;
	record.has_exit = 1;
	record.last_exit_reason = REASON_OOM;
	ck_assert_int_eq(view()->restarts_by[REASON_OOM], 0);
}
END_TEST

/* No round has seen the end yet: it is shown all the same. */
START_TEST(shows_an_end_that_is_not_recorded)
{
	const struct snapshot_instance *shown;

	make_dead(60000);
	record.state = STATE_RUNNING;
	seen.exit = (struct exitinfo){
		.known = true, .code = -1, .signal = SIGSEGV, .wall_ms = now.wall_ms - 7000
	};
	shown = view();
	ck_assert(shown->has_exit);
	ck_assert_int_eq(shown->last_exit.signal, SIGSEGV);
	ck_assert_int_eq(shown->last_exit_reason, REASON_CRASHED);
}
END_TEST

static const struct {
	enum definition definition;
	enum liveness liveness;
	uint64_t hash;
	enum snapshot_config config;
} configs[] = {
	{ DEFINITION_CURRENT, LIVENESS_ALIVE, 42, SNAPSHOT_CURRENT },
	{ DEFINITION_CURRENT, LIVENESS_ALIVE, 43, SNAPSHOT_CHANGED },
	{ DEFINITION_CURRENT, LIVENESS_ALIVE, 0, SNAPSHOT_CURRENT },
	{ DEFINITION_CURRENT, LIVENESS_DEAD, 43, SNAPSHOT_CURRENT },
	{ DEFINITION_EXCESS, LIVENESS_ALIVE, 42, SNAPSHOT_REMOVED },
	{ DEFINITION_REMOVED, LIVENESS_ALIVE, 42, SNAPSHOT_REMOVED },
	{ DEFINITION_BROKEN, LIVENESS_ALIVE, 42, SNAPSHOT_BROKEN },
};

START_TEST(tells_of_the_definition)
{
	make_alive(5000);
	seen.liveness = configs[_i].liveness;
	seen.definition = configs[_i].hash;
	facts.definition = configs[_i].definition;
	facts.intent = facts.definition == DEFINITION_CURRENT ? INTENT_KEEP : INTENT_FREEZE;
	ck_assert_int_eq(view()->config, configs[_i].config);
}
END_TEST

START_TEST(misses_what_ran_when_its_file_broke)
{
	make_dead(60000);
	instance.worker = NULL;
	facts.intent = INTENT_FREEZE;
	facts.definition = DEFINITION_BROKEN;
	record.state = STATE_RUNNING;
	ck_assert(view()->is_missed);
	record.state = STATE_STOPPED;
	ck_assert(!view()->is_missed);
}
END_TEST

START_TEST(tells_what_hangs)
{
	make_alive(90000);
	record.state = STATE_STOPPING;
	record.killed = 1;
	record.state_wall_ms = now.wall_ms - 70000;
	ck_assert(!view()->is_stuck);
	record.state_wall_ms--;
	ck_assert(view()->is_stuck);
}
END_TEST

START_TEST(cleans_what_comes_from_outside)
{
	char by[] = "a\033[31m\xff";
	struct hold hold = { .by = by };

	make_dead(5000);
	facts.hold = &hold;
	facts.intent = INTENT_REST;
	ck_assert_str_eq(view()->held_by, "a?[31m?");
}
END_TEST

/* ---- sentences ---------------------------------------------------------------------------- */

static void expect_why(const char *expected)
{
	ck_assert_str_eq(view()->why, expected);
}

START_TEST(explains_the_living)
{
	char by[] = "deploy";
	struct hold hold = { .by = by, .until_wall_ms = now.wall_ms + 3600000 };

	make_alive(10923456);
	record.state = STATE_RUNNING;
	expect_why("running for 3h 2min");
	facts.pressure = REASON_CONFIG_CHANGED;
	expect_why("running for 3h 2min; its definition has changed: to be replaced when its turn "
		   "comes");
	facts.pressure = REASON_NONE;
	facts.is_busy = true;
	expect_why("another round is at work on it; running for 3h 2min");
	facts.is_busy = false;
	seen.recovered = true;
	expect_why("running for 3h 2min; its pidfile is lost, the next round writes it anew");
	seen.recovered = false;
	facts.hold = &hold;
	facts.intent = INTENT_REST;
	expect_why("running for 3h 2min; held by deploy until 2027-01-15T09:00:00Z: the next "
		   "round stops it");
	facts.hold = NULL;
	facts.definition = DEFINITION_EXCESS;
	expect_why("running for 3h 2min; not among numprocs any more: the next round stops it");
	facts.definition = DEFINITION_BROKEN;
	facts.intent = INTENT_FREEZE;
	expect_why("running for 3h 2min; its definition cannot be read (a file is broken): left "
		   "as it is");
}
END_TEST

START_TEST(explains_what_is_in_between)
{
	make_alive(400);
	record.state = STATE_STARTING;
	expect_why("started 400ms ago, has to last 1s");
	record.state = STATE_STOPPING;
	record.stop_reason = REASON_MEMORY_LIMIT;
	record.stop_deadline_boot_ms = now.boot_ms + 3001;
	expect_why("stopping: over its memory_limit; KILL in 4s");
	record.stop_deadline_boot_ms = now.boot_ms;
	expect_why("stopping: over its memory_limit; the next round kills it");
	record.killed = 1;
	record.state_wall_ms = now.wall_ms;
	expect_why("stopping: over its memory_limit; killed, not gone yet");
}
END_TEST

static void set_failing(enum state state, int64_t failures, const char *failure)
{
	record.state = state;
	record.failures = failures;
	record.next_start_boot_ms = now.boot_ms + 3500;
	record.next_start_wall_ms = now.wall_ms + 3500;
	(void)snprintf(record.failure, sizeof(record.failure), "%s", failure);
}

START_TEST(explains_the_failing)
{
	make_dead(60000);
	set_failing(STATE_BACKOFF, 3, "cannot execute /usr/bin/foo: No such file or directory");
	expect_why("failed 3 times: cannot execute /usr/bin/foo: No such file or directory; next "
		   "try in 4s");
	record.next_start_boot_ms = now.boot_ms - 1;
	expect_why("failed 3 times: cannot execute /usr/bin/foo: No such file or directory; the "
		   "next round tries again");
	facts.waits_for = "db-proxy";
	record.failure[0] = '\0';
	record.has_exit = 1;
	record.last_exit = (struct exitinfo){ .known = true, .code = 3 };
	set_failing(STATE_FATAL, 1, "");
	expect_why("failed once: exited with 3; next try in 4s");
	set("give_up", "true");
	expect_why("failed once: exited with 3; given up (give_up), `cronherd start mail:1` tries "
		   "again");
	set_failing(STATE_BACKOFF, 0, "");
	record.crashes = 2;
	record.last_exit = (struct exitinfo){ .known = true, .code = -1, .signal = SIGSEGV };
	expect_why("crashed 2 times: ended by SEGV; next try in 4s");
}
END_TEST

START_TEST(explains_the_dead)
{
	char by[] = "ann";
	struct hold hold = { .by = by };

	make_dead(60000);
	record.state = STATE_STOPPED;
	expect_why("the next round starts it");
	facts.waits_for = "db-proxy";
	expect_why("waiting for db-proxy");
	facts.waits_for = NULL;
	record.state = STATE_RUNNING;
	seen.exit = (struct exitinfo){ .known = true };
	expect_why("exited with 0; the next round starts it");
	seen.exit.known = false;
	expect_why("ended, nobody saw how; the next round starts it");
	seen.exit.known = true;
	set("autorestart", "unexpected");
	expect_why("exited with 0; left so by autorestart = unexpected");
	facts.intent = INTENT_REST;
	expect_why("not enabled; `cronherd start mail` starts it");
	facts.hold = &hold;
	expect_why("held by ann");
	facts.hold = NULL;
	facts.definition = DEFINITION_REMOVED;
	expect_why("not defined any more");
	facts.definition = DEFINITION_BROKEN;
	facts.intent = INTENT_FREEZE;
	expect_why("exited with 0; its definition cannot be read (a file is broken): left as it "
		   "is");
}
END_TEST

START_TEST(explains_what_it_cannot_tell)
{
	expect_why("cannot tell: not known why");
	seen.why = "/proc hides it";
	expect_why("cannot tell: /proc hides it");
	snapshot.foreign = "box2 herds";
	expect_why("cannot tell: herded from elsewhere");
	facts.problem = "cannot read its record: Permission denied";
	expect_why("cannot tell: cannot read its record: Permission denied");
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("snapshot");
	TCase *tcase = tcase_create("snapshot");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, shows_what_is_so, 0, COUNT(states));
	tcase_add_test(tcase, counts_restarts_and_not_starts);
	tcase_add_loop_test(tcase, counts_restarts_by_reason, 0, COUNT(counts));
	tcase_add_test(tcase, counts_no_end_before_it_is_followed_by_a_start);
	tcase_add_test(tcase, shows_an_end_that_is_not_recorded);
	tcase_add_loop_test(tcase, tells_of_the_definition, 0, COUNT(configs));
	tcase_add_test(tcase, misses_what_ran_when_its_file_broke);
	tcase_add_test(tcase, tells_what_hangs);
	tcase_add_test(tcase, cleans_what_comes_from_outside);
	tcase_add_test(tcase, explains_the_living);
	tcase_add_test(tcase, explains_what_is_in_between);
	tcase_add_test(tcase, explains_the_failing);
	tcase_add_test(tcase, explains_the_dead);
	tcase_add_test(tcase, explains_what_it_cannot_tell);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
