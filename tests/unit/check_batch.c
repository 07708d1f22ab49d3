/* SPDX-License-Identifier: ISC */
/* batch: is stored as a whole or not at all, and when. */
#include "tests/unit/check_main.h"
#include "tests/unit/journal_fixture.h"
#include "watchdog/base/clock.h"
#include "watchdog/courier/batch.h"

static struct journal *journal;
static struct batch batch;

static void set_up(void)
{
	make_temp();
	journal = open_journal(JOURNAL_WRITE);
	batch = (struct batch)BATCH_INIT;
}

static void tear_down(void)
{
	batch_free(&batch);
	journal_close(journal);
	remove_temp();
}

START_TEST(stores_what_was_noted)
{
	const struct journal_flap flap = { .window_wall_ms = 1, .told = 2, .held_back = 3 };
	struct journal_endpoint endpoint = { .failures = 1 };
	struct journal_flap found;

	add_owed(journal, 3, NOW_MS);
	batch_settle(&batch, "hook", 1, JOURNAL_DELIVERED, NOW_MS, "200 OK");
	batch_settle(&batch, "hook", 2, JOURNAL_DEAD, NOW_MS, "422");
	batch_settle(&batch, "hook", 3, JOURNAL_OWED, NOW_MS, "500");
	batch_flap(&batch, "hook", "mail:1", &flap);
	batch_endpoint(&batch, "hook", &endpoint);
	endpoint.failures = 2;
	batch_endpoint(&batch, "hook", &endpoint);
	ck_assert_uint_eq(batch.count, 5);
	ck_assert_int_eq(tally_of(journal, "hook").owed, 3);
	ck_well(batch_store(&batch, journal, &err));
	ck_assert_uint_eq(batch.count, 0);
	ck_assert_int_eq(tally_of(journal, "hook").owed, 1);
	ck_assert_int_eq(tally_of(journal, "hook").delivered, 1);
	ck_assert_int_eq(tally_of(journal, "hook").dead, 1);
	ck_well(journal_endpoint_get(journal, "hook", &endpoint, &err));
	ck_assert_int_eq(endpoint.failures, 2);
	ck_well(journal_flap_get(journal, "hook", "mail:1", &found, &err));
	ck_assert_int_eq(found.held_back, 3);
}
END_TEST

START_TEST(buries_and_says_how_many)
{
	add_owed(journal, 3, NOW_MS);
	batch_bury(&batch, "hook", NOW_MS, "410 Gone");
	ck_assert(batch_is_due(&batch, clock_read().boot_ms));
	ck_well(batch_store(&batch, journal, &err));
	ck_assert(!batch.is_urgent);
	ck_assert_int_eq(batch.buried, 3);
	ck_assert_int_eq(tally_of(journal, "hook").dead, 3);
	batch_bury(&batch, "hook", NOW_MS, "410 Gone");
	ck_well(batch_store(&batch, journal, &err));
	ck_assert_int_eq(batch.buried, 3);
}
END_TEST

/* Somebody else writes for longer than is waited: nothing of it is stored, all of it is kept. */
START_TEST(all_or_nothing)
{
	struct journal *other = open_journal(JOURNAL_WRITE);

	add_owed(journal, 2, NOW_MS);
	batch_settle(&batch, "hook", 1, JOURNAL_DELIVERED, NOW_MS, "200 OK");
	batch_bury(&batch, "hook", NOW_MS, "410 Gone");
	ck_well(journal_begin(other, &err));
	ck_assert_int_eq(batch_store(&batch, journal, &err), -1);
	ck_assert_int_eq(err.sys_errno, JOURNAL_LOCKED);
	journal_rollback(other);
	journal_close(other);
	ck_assert_uint_eq(batch.count, 2);
	ck_assert_int_eq(batch.buried, 0);
	ck_assert_int_eq(tally_of(journal, "hook").owed, 2);
	ck_well(batch_store(&batch, journal, &err));
	ck_assert_int_eq(tally_of(journal, "hook").delivered, 1);
	ck_assert_int_eq(tally_of(journal, "hook").dead, 1);
}
END_TEST

START_TEST(is_due_by_age_and_by_number)
{
	int64_t now_boot_ms;

	ck_assert(!batch_is_due(&batch, INT64_MAX));
	batch_settle(&batch, "hook", 1, JOURNAL_DELIVERED, NOW_MS, "");
	now_boot_ms = batch.since_boot_ms;
	ck_assert(!batch_is_due(&batch, now_boot_ms + BATCH_AGE_MS - 1));
	ck_assert(batch_is_due(&batch, now_boot_ms + BATCH_AGE_MS));
	for (int i = 0; i < BATCH_MAX - 2; i++)
		batch_settle(&batch, "hook", 1, JOURNAL_DELIVERED, NOW_MS, "");
	ck_assert(!batch_is_due(&batch, now_boot_ms));
	batch_settle(&batch, "hook", 1, JOURNAL_DELIVERED, NOW_MS, "");
	ck_assert(batch_is_due(&batch, now_boot_ms));
}
END_TEST

START_TEST(the_last_word_on_a_flap)
{
	const struct journal_flap first = { .told = 1 };
	const struct journal_flap last = { .told = 2 };

	ck_assert_ptr_null(batch_find_flap(&batch, "hook", "mail:1"));
	batch_flap(&batch, "hook", "mail:1", &first);
	batch_flap(&batch, "hook", "mail:1", &last);
	batch_flap(&batch, "other", "mail:1", &first);
	batch_flap(&batch, "hook", "mail:2", &first);
	ck_assert_int_eq(batch_find_flap(&batch, "hook", "mail:1")->told, 2);
	ck_assert_ptr_null(batch_find_flap(&batch, "hook", "mail:3"));
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("batch");
	TCase *t = tcase_create("batch");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, stores_what_was_noted);
	tcase_add_test(t, buries_and_says_how_many);
	tcase_add_test(t, all_or_nothing);
	tcase_add_test(t, is_due_by_age_and_by_number);
	tcase_add_test(t, the_last_word_on_a_flap);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite())
