/* SPDX-License-Identifier: ISC */
/* record: the codec gives back what it was given, and takes nothing that was altered. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/check_main.h"
#include "watchdog/model/record.h"

static struct record full(void)
{
	struct record record = RECORD_INIT;

	record.state = STATE_BACKOFF;
	(void)snprintf(record.boot_id, sizeof(record.boot_id), "11111111-2222-3333-4444-555555555555");
	record.process.pid = 4194304;
	record.process.start_ticks = UINT64_MAX;
	record.process.pidfd_inode = 1;
	record.definition = UINT64_C(0xfedcba9876543210);
	record.failures = 3;
	record.next_start_boot_ms = INT64_MAX;
	record.has_exit = 1;
	record.last_exit.known = true;
	record.last_exit.code = -1;
	record.last_exit.signal = 9;
	record.last_exit_reason = REASON_KILLED;
	record.stopping.killmode = 2;
	(void)snprintf(record.failure, sizeof(record.failure), "cannot execute /x y: No such file");
	return record;
}

START_TEST(gives_back)
{
	struct record before = full();
	struct record after;
	char text[RECORD_TEXT_MAX];
	size_t len = record_format(&before, text, sizeof(text));

	ck_assert_int_eq(record_parse(text, len, &after), 0);
	ck_assert(record_equal(&before, &after));
}
END_TEST

START_TEST(initial_is_short)
{
	struct record before = RECORD_INIT;
	struct record after;
	char text[RECORD_TEXT_MAX];
	size_t len = record_format(&before, text, sizeof(text));

	ck_assert_int_lt(len, 64);
	ck_assert_int_eq(record_parse(text, len, &after), 0);
	ck_assert(record_equal(&before, &after));
}
END_TEST

START_TEST(one_line_it_stays)
{
	struct record before = RECORD_INIT;
	struct record after;
	char text[RECORD_TEXT_MAX];

	(void)snprintf(before.failure, sizeof(before.failure), "a\nstate 3\nb");
	ck_assert_int_eq(record_parse(text, record_format(&before, text, sizeof(text)), &after), 0);
	ck_assert_int_eq(after.state, STATE_STOPPED);
	ck_assert_str_eq(after.failure, "a state 3 b");
}
END_TEST

/* Every byte changed, every length cut: nothing is believed, and the result is the initial record. */
START_TEST(altered_is_refused)
{
	struct record before = full();
	struct record initial = RECORD_INIT;
	struct record after;
	char text[RECORD_TEXT_MAX];
	size_t len = record_format(&before, text, sizeof(text));

	for (size_t i = 0; i < len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			text[i] = (char)(text[i] ^ (1 << bit));
			ck_assert_int_eq(record_parse(text, len, &after), -1);
			ck_assert(record_equal(&after, &initial));
			text[i] = (char)(text[i] ^ (1 << bit));
		}
		ck_assert_int_eq(record_parse(text, i, &after), -1);
	}
	ck_assert_int_eq(record_parse(text, len, &after), 0);
}
END_TEST

START_TEST(tells_boots_apart)
{
	struct record record = RECORD_INIT;

	ck_assert(!record_is_of_earlier_boot(&record, "b"));
	(void)snprintf(record.boot_id, sizeof(record.boot_id), "a");
	ck_assert(record_is_of_earlier_boot(&record, "b"));
	ck_assert(!record_is_of_earlier_boot(&record, "a"));
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("record");
	TCase *t = tcase_create("record");

	tcase_add_test(t, gives_back);
	tcase_add_test(t, initial_is_short);
	tcase_add_test(t, one_line_it_stays);
	tcase_add_test(t, altered_is_refused);
	tcase_add_test(t, tells_boots_apart);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite())
