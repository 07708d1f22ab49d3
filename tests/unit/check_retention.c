/* SPDX-License-Identifier: ISC */
/* retention: what goes by age, what by size, in which order; what is owed is the last. */
#include "tests/unit/check_main.h"
#include "tests/unit/journal_fixture.h"

static struct journal *journal;
static int64_t dropped;

static void set_up(void)
{
	make_temp();
	journal = open_journal(JOURNAL_WRITE);
}

static void tear_down(void)
{
	journal_close(journal);
	remove_temp();
}

static int trim(int64_t events_ms, int64_t dead_ms, int64_t samples_ms, int64_t bytes)
{
	struct journal_retention retention = { events_ms, dead_ms, samples_ms, bytes };

	return ck_well(journal_trim(journal, &retention, NOW_MS, &dropped, &err));
}

static bool has(const char *id)
{
	struct journal_event event;
	bool found = ck_well(journal_find(journal, id, &event, &err)) == 1;

	journal_event_free(&event);
	return found;
}

/* An event of so many days ago. */
static int64_t add_old(const char *id, int days)
{
	return add_event(journal, id, NOW_MS - days * DAY_MS);
}

static void owe(int64_t seq, const char *webhook)
{
	ck_well(journal_owe(journal, seq, webhook, NOW_MS, false, &err));
}

static void settle(int64_t seq, const char *webhook, enum journal_debt debt, int64_t wall_ms)
{
	ck_well(journal_settle(journal, webhook, seq, debt, wall_ms, "", &err));
}

/* ---- by age ------------------------------------------------------------------------------- */

START_TEST(the_old_go)
{
	add_old("a", 10);
	add_old("b", 3);
	add_old("c", 1);
	ck_assert_int_eq(trim(3 * DAY_MS, DAY_MS, DAY_MS, 0), 1);
	ck_assert_int_eq(dropped, 0);
	ck_assert(!has("a") && has("b") && has("c"));
	ck_assert_int_eq(trim(3 * DAY_MS, DAY_MS, DAY_MS, 0), 0);
	ck_assert_int_eq(trim(0, 0, 0, 0), 2);
	ck_assert_int_eq(count_events(journal), 0);
	/* Numbers are not given a second time. */
	ck_assert_int_gt(add_old("d", 0), 3);
}
END_TEST

START_TEST(what_is_owed_or_dead_stays)
{
	int64_t owed = add_old("owed", 10), dead = add_old("dead", 10);
	int64_t delivered = add_old("delivered", 10), half = add_old("half", 10);

	owe(owed, "a");
	owe(dead, "a");
	owe(delivered, "a");
	owe(half, "a");
	owe(half, "b");
	settle(dead, "a", JOURNAL_DEAD, NOW_MS - 2 * DAY_MS);
	settle(delivered, "a", JOURNAL_DELIVERED, NOW_MS - 9 * DAY_MS);
	settle(half, "a", JOURNAL_DELIVERED, NOW_MS - 9 * DAY_MS);
	ck_assert_int_eq(trim(5 * DAY_MS, 3 * DAY_MS, DAY_MS, 0), 1);
	ck_assert(has("owed") && has("dead") && has("half") && !has("delivered"));
	ck_assert_int_eq(tally_of(journal, "a").delivered, 2);
	ck_assert_int_eq(tally_of(journal, "a").dead, 1);
	/* Dead letters have an age of their own. */
	ck_assert_int_eq(trim(5 * DAY_MS, DAY_MS, DAY_MS, 0), 1);
	ck_assert(has("owed") && !has("dead") && has("half"));
	ck_assert_int_eq(tally_of(journal, "a").dead, 0);
	ck_assert_int_eq(tally_of(journal, "a").owed, 1);
	ck_assert_int_eq(tally_of(journal, "b").owed, 1);
	ck_assert_int_eq(dropped, 0);
}
END_TEST

static bool count_sample(const struct journal_sample *sample, void *data)
{
	int *count = data;

	ck_assert_ptr_nonnull(sample->subject);
	(*count)++;
	return true;
}

static int count_samples(void)
{
	int count = 0;

	ck_well(journal_samples(journal, 0, count_sample, &count, &err));
	return count;
}

static void add_samples(int count, int64_t first_wall_ms)
{
	static char subject[] = "mail:1";

	ck_well(journal_begin(journal, &err));
	for (int i = 0; i < count; i++) {
		struct journal_sample sample = { first_wall_ms + i * 1000, subject, i, i };

		ck_assert_int_eq(ck_well(journal_sample(journal, &sample, &err)), 1);
	}
	ck_well(journal_commit(journal, &err));
}

START_TEST(samples_have_an_age_of_their_own)
{
	add_old("a", 10);
	add_samples(10, NOW_MS - 2 * DAY_MS);
	add_samples(10, NOW_MS - HOUR_MS);
	ck_assert_int_eq(trim(20 * DAY_MS, DAY_MS, DAY_MS, 0), 0);
	ck_assert_int_eq(count_samples(), 10);
	ck_assert_int_eq(trim(20 * DAY_MS, DAY_MS, 0, 0), 0);
	ck_assert_int_eq(count_samples(), 0);
	ck_assert(has("a"));
	add_samples(1, NOW_MS);
	ck_assert_int_eq(count_samples(), 1);
}
END_TEST

START_TEST(old_flaps_go)
{
	struct journal_flap old = { .window_wall_ms = NOW_MS - 10 * DAY_MS, .told = 3 };
	struct journal_flap fresh = { .window_wall_ms = NOW_MS, .told = 4 };
	struct journal_flap found;

	ck_well(journal_flap_set(journal, "hook", "mail:1", &old, &err));
	ck_well(journal_flap_set(journal, "hook", "mail:2", &fresh, &err));
	(void)trim(DAY_MS, DAY_MS, DAY_MS, 0);
	ck_well(journal_flap_get(journal, "hook", "mail:1", &found, &err));
	ck_assert_int_eq(found.told, 0);
	ck_well(journal_flap_get(journal, "hook", "mail:2", &found, &err));
	ck_assert_int_eq(found.told, 4);
}
END_TEST

START_TEST(ages_without_bound_are_none)
{
	add_old("a", 10);
	ck_assert_int_eq(trim(INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX), 0);
	ck_assert(has("a"));
}
END_TEST

/* ---- by size ------------------------------------------------------------------------------ */

/* COUNT events PREFIX0, PREFIX1 … of about a kilobyte each. */
static void add_big(const char *prefix, int count, int64_t first_wall_ms)
{
	char filling[1001] = "";
	char *data;

	memset(filling, 'x', sizeof(filling) - 1);
	data = mem_format("{\"log_tail\":\"%s\"}", filling);
	ck_well(journal_begin(journal, &err));
	for (int i = 0; i < count; i++) {
		struct journal_event event = { .id = mem_format("%s%d", prefix, i),
					       .type = mem_dup("worker.started"),
					       .source = mem_dup("/s"),
					       .subject = mem_dup("mail:1"),
					       .round = mem_dup("r"),
					       .wall_ms = first_wall_ms + i * 1000,
					       .data = mem_dup(data) };

		ck_assert_int_eq(ck_well(journal_add(journal, &event, &err)), 1);
		journal_event_free(&event);
	}
	ck_well(journal_commit(journal, &err));
	free(data);
}

static int64_t file_bytes(void)
{
	char *path = mem_format("%s/" JOURNAL_FILE, temp);
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	free(path);
	return st.st_size;
}

#define WEEK_MS (7 * DAY_MS)

START_TEST(the_oldest_go_first)
{
	int gone;

	add_big("a", 2000, NOW_MS - DAY_MS);
	ck_assert_int_gt(file_bytes(), 2000000);
	gone = trim(WEEK_MS, WEEK_MS, WEEK_MS, 1000000);
	ck_assert_int_ge(gone, 1000);
	ck_assert_int_lt(gone, 1800);
	ck_assert_int_eq(dropped, 0);
	ck_assert_int_eq(count_events(journal), 2000 - gone);
	ck_assert(!has("a0") && has("a1999"));
	/* What has become free is given back. */
	ck_assert_int_le(file_bytes(), 1000000);
	ck_assert_int_eq(trim(WEEK_MS, WEEK_MS, WEEK_MS, 1000000), 0);
}
END_TEST

START_TEST(samples_go_by_their_age_too)
{
	add_samples(20000, NOW_MS - DAY_MS);
	add_big("a", 500, NOW_MS - HOUR_MS);
	ck_assert_int_gt(file_bytes(), 900000);
	/* All that goes is older than every event. */
	ck_assert_int_eq(trim(WEEK_MS, WEEK_MS, WEEK_MS, 800000), 0);
	ck_assert_int_lt(count_samples(), 20000);
	ck_assert_int_gt(count_samples(), 0);
	ck_assert_int_eq(count_events(journal), 500);
	/* Samples that are younger than events outlive them. */
	add_samples(100, NOW_MS);
	ck_assert_int_gt(trim(WEEK_MS, WEEK_MS, WEEK_MS, 200000), 0);
	ck_assert_int_ge(count_samples(), 100);
}
END_TEST

START_TEST(what_is_owed_goes_last)
{
	int64_t total;
	int gone;

	add_big("owed", 600, NOW_MS - 3 * DAY_MS);
	add_big("dead", 600, NOW_MS - 2 * DAY_MS);
	add_big("told", 600, NOW_MS - DAY_MS);
	ck_well(journal_begin(journal, &err));
	for (int i = 1; i <= 1800; i++)
		owe(i, "hook");
	for (int i = 601; i <= 1800; i++)
		settle(i, "hook", i <= 1200 ? JOURNAL_DEAD : JOURNAL_DELIVERED, NOW_MS);
	ck_well(journal_commit(journal, &err));
	total = file_bytes();
	/* First what was told, though it is the youngest; */
	gone = trim(WEEK_MS, WEEK_MS, WEEK_MS, total - total / 8);
	ck_assert_int_gt(gone, 0);
	ck_assert_int_lt(gone, 600);
	ck_assert_int_eq(dropped, 0);
	ck_assert(has("owed0") && has("dead0") && !has("told0") && has("told599"));
	/* then dead letters, the oldest first; */
	(void)trim(WEEK_MS, WEEK_MS, WEEK_MS, total / 2);
	ck_assert_int_eq(dropped, 0);
	ck_assert(has("owed0") && !has("dead0") && has("dead599") && !has("told599"));
	ck_assert_int_eq(tally_of(journal, "hook").owed, 600);
	/* and in the end even what is owed, which is counted. */
	gone = trim(WEEK_MS, WEEK_MS, WEEK_MS, total / 5);
	ck_assert_int_gt(dropped, 0);
	ck_assert_int_lt(dropped, 600);
	ck_assert_int_gt(gone, dropped);
	ck_assert(!has("owed0") && has("owed599") && !has("dead599"));
	ck_assert_int_eq(tally_of(journal, "hook").owed, 600 - dropped);
	ck_assert_int_eq(tally_of(journal, "hook").dead, 0);
	ck_assert_int_eq(tally_of(journal, "hook").delivered, 600);
	ck_assert_int_le(file_bytes(), total / 5);
}
END_TEST

START_TEST(a_bound_below_all_ends)
{
	add_big("a", 100, NOW_MS);
	owe(1, "hook");
	ck_assert_int_eq(trim(WEEK_MS, WEEK_MS, WEEK_MS, 1), 100);
	ck_assert_int_eq(dropped, 1);
	ck_assert_int_eq(count_events(journal), 0);
	ck_assert_int_eq(tally_of(journal, "hook").owed, 0);
	add_big("b", 1, NOW_MS);
}
END_TEST

START_TEST(a_part_of_a_transaction)
{
	add_big("a", 300, NOW_MS - 10 * DAY_MS);
	ck_well(journal_begin(journal, &err));
	ck_assert_int_eq(trim(WEEK_MS, WEEK_MS, WEEK_MS, 0), 300);
	journal_rollback(journal);
	ck_assert_int_eq(count_events(journal), 300);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("retention");
	TCase *tests = tcase_create("all");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, the_old_go);
	tcase_add_test(tests, what_is_owed_or_dead_stays);
	tcase_add_test(tests, samples_have_an_age_of_their_own);
	tcase_add_test(tests, old_flaps_go);
	tcase_add_test(tests, ages_without_bound_are_none);
	tcase_add_test(tests, the_oldest_go_first);
	tcase_add_test(tests, samples_go_by_their_age_too);
	tcase_add_test(tests, what_is_owed_goes_last);
	tcase_add_test(tests, a_bound_below_all_ends);
	tcase_add_test(tests, a_part_of_a_transaction);
	suite_add_tcase(suite, tests);
	return suite;
}

CHECK_MAIN(make_suite())
