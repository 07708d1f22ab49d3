/* SPDX-License-Identifier: ISC */
/* health: the exit status of `check`, as a table. */
#include "watchdog/report/health.h"

#include "tests/unit/check_main.h"
#include "tests/unit/snapshot_fixture.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

#define VIEW(...)                                                                                  \
	{                                                                                          \
		.memory_bytes = -1, .memory_limit_bytes = -1, __VA_ARGS__                          \
	}

#define BLOATED(used, limit)                                                                       \
	{                                                                                          \
		.state = STATE_RUNNING, .is_wanted = true, .memory_bytes = used,                   \
		.memory_limit_bytes = limit                                                        \
	}

static const struct {
	struct snapshot_instance view;
	enum health health;
} instances[] = {
	{ VIEW(.state = STATE_RUNNING, .pid = 1, .is_wanted = true), HEALTH_OK },
	{ VIEW(.state = STATE_STARTING, .pid = 1, .is_wanted = true), HEALTH_OK },
	{ VIEW(.state = STATE_STOPPING, .pid = 1, .is_wanted = true), HEALTH_OK },
	{ VIEW(.state = STATE_STOPPING, .pid = 1), HEALTH_OK },
	{ VIEW(.state = STATE_STOPPING, .pid = 1, .is_wanted = true, .is_stuck = true),
	  HEALTH_CRITICAL },
	{ VIEW(.state = STATE_STOPPING, .pid = 1, .is_stuck = true), HEALTH_WARNING },
	{ VIEW(.state = STATE_STOPPED, .held_by = "ann"), HEALTH_OK },
	{ VIEW(.state = STATE_STOPPED), HEALTH_OK },
	{ VIEW(.state = STATE_STOPPED, .is_wanted = true, .is_missed = true), HEALTH_CRITICAL },
	{ VIEW(.state = STATE_EXITED, .is_wanted = true, .is_missed = true), HEALTH_CRITICAL },
	{ VIEW(.state = STATE_EXITED, .is_missed = true, .config = SNAPSHOT_BROKEN),
	  HEALTH_CRITICAL },
	{ VIEW(.state = STATE_EXITED, .is_wanted = true), HEALTH_OK },
	{ VIEW(.state = STATE_BACKOFF, .is_wanted = true, .is_missed = true), HEALTH_WARNING },
	{ VIEW(.state = STATE_FATAL, .is_wanted = true, .is_missed = true), HEALTH_CRITICAL },
	{ VIEW(.state = STATE_UNKNOWN, .is_wanted = true), HEALTH_UNKNOWN },
	{ VIEW(.state = STATE_UNKNOWN, .held_by = "ann"), HEALTH_UNKNOWN },
	{ BLOATED(9, 10), HEALTH_OK },
	{ BLOATED(10, 10), HEALTH_WARNING },
	{ BLOATED(-1, 10), HEALTH_OK },
};

START_TEST(classifies_instances)
{
	ck_assert_int_eq(health_of(&instances[_i].view), instances[_i].health);
}
END_TEST

static const struct {
	enum health a, b, worse;
} pairs[] = {
	{ HEALTH_OK, HEALTH_WARNING, HEALTH_WARNING },
	{ HEALTH_UNKNOWN, HEALTH_WARNING, HEALTH_UNKNOWN },
	{ HEALTH_CRITICAL, HEALTH_UNKNOWN, HEALTH_CRITICAL },
	{ HEALTH_OK, HEALTH_OK, HEALTH_OK },
};

START_TEST(orders_by_weight)
{
	ck_assert_int_eq(health_worse(pairs[_i].a, pairs[_i].b), pairs[_i].worse);
	ck_assert_int_eq(health_worse(pairs[_i].b, pairs[_i].a), pairs[_i].worse);
}
END_TEST

/* ---- the herd ----------------------------------------------------------------------------- */

static struct health_verdict judge(struct snapshot snapshot)
{
	struct health_verdict verdict;

	health_judge(&snapshot, &verdict);
	return verdict;
}

START_TEST(counts)
{
	struct health_verdict verdict = judge(fixture_make(3));

	ck_assert_int_eq(verdict.health, HEALTH_CRITICAL);
	ck_assert_uint_eq(verdict.wanted, 2);
	ck_assert_uint_eq(verdict.running, 1);
	ck_assert_uint_eq(verdict.held, 1);
	ck_assert_uint_eq(verdict.unwell, 1);
	ck_assert(!verdict.is_silent);
}
END_TEST

START_TEST(does_not_miss_what_has_ended_as_planned)
{
	struct snapshot_instance ended = VIEW(.state = STATE_EXITED, .is_wanted = true);
	struct snapshot snapshot = fixture_make(0);
	struct health_verdict verdict;

	snapshot.instances = &ended;
	snapshot.count = 1;
	verdict = judge(snapshot);
	ck_assert_int_eq(verdict.health, HEALTH_OK);
	ck_assert_uint_eq(verdict.wanted, 0);
	ck_assert_uint_eq(verdict.ended, 1);
}
END_TEST

/* What only a broken file knows goes on: it counts, for as long as it runs. */
START_TEST(counts_what_is_left_running)
{
	struct snapshot_instance left =
		VIEW(.state = STATE_RUNNING, .pid = 7, .config = SNAPSHOT_BROKEN);
	struct snapshot snapshot = fixture_make(0);
	struct health_verdict verdict;

	snapshot.instances = &left;
	snapshot.count = 1;
	verdict = judge(snapshot);
	ck_assert_uint_eq(verdict.wanted, 1);
	ck_assert_uint_eq(verdict.running, 1);
}
END_TEST

static const struct {
	int64_t ago_ms; /* INT64_MIN: never */
	size_t count;
	const char *foreign;
	size_t errors, strays;
	enum health health;
	bool is_silent;
} herds[] = {
	{ 1000, 1, NULL, 0, 0, HEALTH_OK, false },
	{ 300000, 1, NULL, 0, 0, HEALTH_OK, false },
	{ 300001, 1, NULL, 0, 0, HEALTH_WARNING, true },
	{ -60000, 1, NULL, 0, 0, HEALTH_OK, false }, /* a clock set back */
	{ INT64_MIN, 1, NULL, 0, 0, HEALTH_WARNING, true },
	{ INT64_MIN, 0, NULL, 0, 0, HEALTH_OK, false },
	{ 1000, 1, NULL, 1, 0, HEALTH_WARNING, false },
	{ 1000, 1, NULL, 0, 1, HEALTH_WARNING, false },
	{ 1000, 0, "box2 herds", 0, 0, HEALTH_UNKNOWN, false },
	{ 900000, 0, "box2 herds", 1, 0, HEALTH_UNKNOWN, false },
};

START_TEST(judges_the_herd)
{
	struct snapshot snapshot = fixture_make(0);
	struct health_verdict verdict;

	snapshot.count = herds[_i].count;
	snapshot.round_end_wall_ms =
		herds[_i].ago_ms == INT64_MIN ? 0 : FIXTURE_WALL_MS - herds[_i].ago_ms;
	snapshot.foreign = herds[_i].foreign;
	snapshot.error_count = herds[_i].errors;
	snapshot.stray_count = herds[_i].strays;
	verdict = judge(snapshot);
	ck_assert_int_eq(verdict.health, herds[_i].health);
	ck_assert_int_eq(verdict.is_silent, herds[_i].is_silent);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("health");
	TCase *tcase = tcase_create("health");

	tcase_add_loop_test(tcase, classifies_instances, 0, COUNT(instances));
	tcase_add_loop_test(tcase, orders_by_weight, 0, COUNT(pairs));
	tcase_add_test(tcase, counts);
	tcase_add_test(tcase, does_not_miss_what_has_ended_as_planned);
	tcase_add_test(tcase, counts_what_is_left_running);
	tcase_add_loop_test(tcase, judges_the_herd, 0, COUNT(herds));
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
