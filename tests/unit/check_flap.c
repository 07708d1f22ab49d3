/* SPDX-License-Identifier: ISC */
/* flap: so many starts and stops in ten minutes are told, the rest is counted; nothing else is held
 * back. */
#include <stdio.h>

#include "tests/unit/check_main.h"
#include "watchdog/courier/flap.h"

#define NOW_MS INT64_C(1700000000000)

static struct journal_flap flap;

static void set_up(void)
{
	flap = (struct journal_flap){ 0 };
}

/* What the message says was held back before it, or -1 where the event is held back itself. */
static int64_t happens(const char *type, int64_t limit, int64_t wall_ms)
{
	char copy[40];
	struct journal_event event = { .type = copy, .wall_ms = wall_ms };
	struct journal_flap after;
	int64_t held_back = flap.held_back;
	bool is_told;

	(void)snprintf(copy, sizeof(copy), "%s", type);
	is_told = flap_is_told(&event, limit, &flap, &after);
	flap = after;
	return is_told ? held_back : -1;
}

START_TEST(beyond_the_limit_is_held_back)
{
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(
			happens(i % 2 ? "worker.stopped" : "worker.started", 3, NOW_MS + i), 0);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(happens("worker.stopped", 3, NOW_MS + 100), -1);
	ck_assert_int_eq(happens("worker.started", 3, NOW_MS + FLAP_WINDOW_MS - 1), -1);
	/* Ten minutes after the first it begins anew, and says what was left out. */
	ck_assert_int_eq(happens("worker.started", 3, NOW_MS + FLAP_WINDOW_MS), 6);
	ck_assert_int_eq(happens("worker.started", 3, NOW_MS + FLAP_WINDOW_MS), 0);
	ck_assert_int_eq(happens("worker.started", 3, NOW_MS + FLAP_WINDOW_MS), 0);
	ck_assert_int_eq(happens("worker.started", 3, NOW_MS + FLAP_WINDOW_MS), -1);
}
END_TEST

static const char *const always[] = { "worker.bloated",	  "worker.hung",     "worker.fatal",
				      "worker.recovered", "config.broken",   "config.mended",
				      "host.rebooted",	  "webhook.dropped", "from.the.future" };

START_TEST(nothing_else_is_held_back)
{
	ck_assert_int_eq(happens("worker.started", 1, NOW_MS), 0);
	ck_assert_int_eq(happens("worker.started", 1, NOW_MS), -1);
	ck_assert_int_eq(happens(always[_i], 1, NOW_MS), 1);
	ck_assert_int_eq(happens(always[_i], 1, NOW_MS), 0);
	/* And it does not count, nor begin a new window. */
	ck_assert_int_eq(happens(always[_i], 1, NOW_MS + 2 * FLAP_WINDOW_MS), 0);
	ck_assert_int_eq(happens("worker.started", 1, NOW_MS + 1), -1);
}
END_TEST

START_TEST(without_a_limit_all_is_told)
{
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(happens("worker.started", 0, NOW_MS), 0);
	/* It was switched off meanwhile: what was held back is said all the same. */
	flap.held_back = 4;
	ck_assert_int_eq(happens("worker.started", 0, NOW_MS), 4);
	ck_assert_int_eq(happens("worker.started", 0, NOW_MS), 0);
}
END_TEST

START_TEST(a_clock_set_back_does_not_silence_for_ever)
{
	ck_assert_int_eq(happens("worker.started", 1, NOW_MS), 0);
	ck_assert_int_eq(happens("worker.started", 1, NOW_MS - 1000), -1);
	ck_assert_int_eq(happens("worker.started", 1, NOW_MS - FLAP_WINDOW_MS), 1);
	ck_assert_int_eq(happens("worker.started", 1, INT64_MIN), 0);
	ck_assert_int_eq(happens("worker.started", 1, INT64_MAX), 0);
}
END_TEST

START_TEST(the_same_is_the_same)
{
	const struct journal_flap a = { .window_wall_ms = 1, .told = 2, .held_back = 3 };
	struct journal_flap b = a;

	ck_assert(flap_is_same(&a, &b));
	b.held_back = 4;
	ck_assert(!flap_is_same(&a, &b));
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("flap");
	TCase *t = tcase_create("flap");

	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_add_test(t, beyond_the_limit_is_held_back);
	tcase_add_loop_test(t, nothing_else_is_held_back, 0,
			    (int)(sizeof(always) / sizeof(always[0])));
	tcase_add_test(t, without_a_limit_all_is_told);
	tcase_add_test(t, a_clock_set_back_does_not_silence_for_ever);
	tcase_add_test(t, the_same_is_the_same);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite())
