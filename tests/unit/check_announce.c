/* SPDX-License-Identifier: ISC */
/* announce: a record's life, step by step, and what is told of it; killed anywhere in between, the same. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/check_main.h"
#include "watchdog/decide/announce.h"
#include "watchdog/model/option.h"

#define BOOT "11111111-2222-3333-4444-555555555555"

static struct record record;
static struct worker_options options;
static struct announcement announcement;
static struct event events[ANNOUNCE_MAX];

static struct procid process(pid_t pid)
{
	struct procid id = { .pid = pid, .start_ticks = 100 + (uint64_t)pid };

	(void)snprintf(id.boot_id, sizeof(id.boot_id), "%s", BOOT);
	return id;
}

static void set_up(void)
{
	options_init(&options);
	record = (struct record)RECORD_INIT;
	announcement = (struct announcement){ .subject = "w:1",
					      .worker = "w",
					      .instance = 1,
					      .options = &options,
					      .rss_bytes = -1,
					      .memory_bytes = -1,
					      .now = { .boot_ms = 50000, .wall_ms = 1700000050000 } };
}

static void tear_down(void)
{
	options_free(&options);
}

static void start(pid_t pid)
{
	record.process = process(pid);
	record.state = STATE_RUNNING;
	record.starts++;
	record.started_boot_ms = 10000;
	record.started_wall_ms = 1700000010000;
}

static void end(enum reason reason)
{
	record.state = STATE_STOPPED;
	record.has_exit = 1;
	record.last_exit = (struct exitinfo){
		.known = true, .code = 3, .boot_ms = 40000, .wall_ms = 1700000040000, .peak_rss_bytes = 77
	};
	record.last_exit_reason = reason;
	record.ended = announce_key(&record.process);
	record.ended_pid = record.process.pid;
}

static size_t due(void)
{
	return announce_due(&record, &announcement, events);
}

START_TEST(nothing_happened)
{
	ck_assert_uint_eq(due(), 0);
}
END_TEST

START_TEST(start_is_told_once)
{
	char id[EVENT_ID_SIZE];

	start(42);
	record.start_reason = REASON_CRASHED;
	ck_assert_uint_eq(due(), 1);
	ck_assert_int_eq(events[0].type, EVENT_WORKER_STARTED);
	ck_assert_int_eq(events[0].pid, 42);
	ck_assert_int_eq(events[0].reason, REASON_CRASHED);
	ck_assert_int_eq(events[0].wall_ms, 1700000010000);
	ck_assert_int_eq(events[0].restarts, 0);
	memcpy(id, events[0].id, sizeof(id));
	/* Whoever makes it again makes the same. */
	announcement.now.wall_ms += 99999;
	ck_assert_uint_eq(due(), 1);
	ck_assert_str_eq(events[0].id, id);
	announce_settle(&record);
	ck_assert_uint_eq(due(), 0);
}
END_TEST

START_TEST(end_is_told_once)
{
	start(42);
	announce_settle(&record);
	end(REASON_CRASHED);
	ck_assert_uint_eq(due(), 1);
	ck_assert_int_eq(events[0].type, EVENT_WORKER_STOPPED);
	ck_assert_int_eq(events[0].pid, 42);
	ck_assert_int_eq(events[0].uptime_ms, 30000);
	ck_assert_int_eq(events[0].exit.code, 3);
	ck_assert_int_eq(events[0].rss_bytes, 77);
	ck_assert_int_eq(events[0].wall_ms, 1700000040000);
	announce_settle(&record);
	ck_assert_uint_eq(due(), 0);
}
END_TEST

START_TEST(unrecorded_start_and_end_in_order)
{
	start(42);
	end(REASON_KILLED);
	ck_assert_uint_eq(due(), 2);
	ck_assert_int_eq(events[0].type, EVENT_WORKER_STARTED);
	ck_assert_int_eq(events[1].type, EVENT_WORKER_STOPPED);
	ck_assert_str_ne(events[0].id, events[1].id);
}
END_TEST

START_TEST(end_that_could_not_be_told_comes_before_the_next_start)
{
	start(42);
	announce_settle(&record);
	end(REASON_CRASHED);
	start(43);
	ck_assert_uint_eq(due(), 2);
	ck_assert_int_eq(events[0].type, EVENT_WORKER_STOPPED);
	ck_assert_int_eq(events[0].pid, 42);
	ck_assert_int_eq(events[0].uptime_ms, -1);
	ck_assert_int_eq(events[1].type, EVENT_WORKER_STARTED);
	ck_assert_int_eq(events[1].pid, 43);
}
END_TEST

START_TEST(bloated_between_start_and_end)
{
	options.memory_limit_bytes = 1000;
	start(42);
	announce_settle(&record);
	record.state = STATE_STOPPING;
	record.stop_reason = REASON_MEMORY_LIMIT;
	announcement.memory_bytes = 2000;
	ck_assert_uint_eq(due(), 1);
	ck_assert_int_eq(events[0].type, EVENT_WORKER_BLOATED);
	ck_assert_int_eq(events[0].rss_bytes, 2000);
	ck_assert_int_eq(events[0].memory_limit_bytes, 1000);
	announce_settle(&record);
	ck_assert_uint_eq(due(), 0);
	end(REASON_MEMORY_LIMIT);
	ck_assert_uint_eq(due(), 1);
	ck_assert_int_eq(events[0].type, EVENT_WORKER_STOPPED);
}
END_TEST

START_TEST(hung_is_told)
{
	start(42);
	announce_settle(&record);
	record.state = STATE_STOPPING;
	record.stop_reason = REASON_HUNG;
	ck_assert_uint_eq(due(), 1);
	ck_assert_int_eq(events[0].type, EVENT_WORKER_HUNG);
}
END_TEST

START_TEST(manual_stop_is_no_pressure)
{
	start(42);
	announce_settle(&record);
	record.state = STATE_STOPPING;
	record.stop_reason = REASON_MANUAL;
	ck_assert_uint_eq(due(), 0);
}
END_TEST

START_TEST(alarm_and_all_clear_each_time_anew)
{
	char first[EVENT_ID_SIZE];

	record.fatal = 1;
	(void)snprintf(record.failure, sizeof(record.failure), "no such program");
	ck_assert_uint_eq(due(), 1);
	ck_assert_int_eq(events[0].type, EVENT_WORKER_FATAL);
	ck_assert_str_eq(events[0].message, "no such program");
	memcpy(first, events[0].id, sizeof(first));
	announce_settle(&record);
	ck_assert_uint_eq(due(), 0);
	record.fatal = 0;
	ck_assert_uint_eq(due(), 1);
	ck_assert_int_eq(events[0].type, EVENT_WORKER_RECOVERED);
	announce_settle(&record);
	record.fatal = 1;
	ck_assert_uint_eq(due(), 1);
	ck_assert_str_ne(events[0].id, first);
}
END_TEST

/* Removed from the configuration, put back, and as broken as before: that is told again. */
START_TEST(another_record_has_other_alarms)
{
	char ids[2][EVENT_ID_SIZE];

	for (int i = 0; i < 2; i++) {
		record = (struct record)RECORD_INIT;
		record.state = STATE_FATAL;
		record.fatal = 1;
		announce_begin(&record, &(struct record)RECORD_INIT, announcement.now.wall_ms + i);
		ck_assert_uint_eq(due(), 1);
		ck_assert_int_eq(events[0].type, EVENT_WORKER_FATAL);
		memcpy(ids[i], events[0].id, EVENT_ID_SIZE);
		/* A successor makes the same, whenever it comes. */
		announce_begin(&record, &(struct record)RECORD_INIT, announcement.now.wall_ms + 9);
		ck_assert_uint_eq(due(), 1);
		ck_assert_str_eq(events[0].id, ids[i]);
	}
	ck_assert_str_ne(ids[0], ids[1]);
}
END_TEST

/* The first round after an upgrade from a program that told nothing. */
START_TEST(what_was_so_before_is_no_news)
{
	struct record before;

	start(42);
	before = record;
	end(REASON_CRASHED);
	announce_begin(&record, &before, announcement.now.wall_ms);
	ck_assert_uint_eq(due(), 1);
	ck_assert_int_eq(events[0].type, EVENT_WORKER_STOPPED);
	announce_settle(&record);
	before = record;
	start(43);
	announce_begin(&record, &before, announcement.now.wall_ms);
	ck_assert_uint_eq(due(), 1);
	ck_assert_int_eq(events[0].pid, 43);
}
END_TEST

/* A record that was lost says nothing of what was told: its id does. */
START_TEST(what_a_lost_record_had_is_told_again)
{
	start(42);
	announce_begin(&record, &(struct record)RECORD_INIT, announcement.now.wall_ms);
	ck_assert_uint_eq(due(), 1);
	ck_assert_int_eq(events[0].type, EVENT_WORKER_STARTED);
}
END_TEST

START_TEST(a_successor_is_no_second_start)
{
	struct procid next = process(43);

	start(42);
	announce_settle(&record);
	announce_succession(&record, &next);
	record.process = next;
	ck_assert_uint_eq(due(), 0);
	end(REASON_CRASHED);
	ck_assert_uint_eq(due(), 1);
	ck_assert_int_eq(events[0].pid, 43);
}
END_TEST

START_TEST(ends_with_the_host_have_no_uptime)
{
	start(42);
	announce_settle(&record);
	end(REASON_HOST_REBOOTED);
	ck_assert_uint_eq(due(), 1);
	ck_assert_int_eq(events[0].uptime_ms, -1);
}
END_TEST

START_TEST(ids_tell_subjects_processes_and_types_apart)
{
	char ids[4][EVENT_ID_SIZE];
	const uint64_t facts[] = { 1, 2 };

	event_id(ids[0], EVENT_WORKER_STARTED, "a:1", facts, 1);
	event_id(ids[1], EVENT_WORKER_STARTED, "a:2", facts, 1);
	event_id(ids[2], EVENT_WORKER_STOPPED, "a:1", facts, 1);
	event_id(ids[3], EVENT_WORKER_STARTED, "a:1", facts, 2);
	for (int i = 0; i < 4; i++) {
		ck_assert_uint_eq(strlen(ids[i]), EVENT_ID_SIZE - 1);
		ck_assert_uint_eq(strspn(ids[i], "0123456789abcdef"), EVENT_ID_SIZE - 1);
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(ids[i], ids[j]);
	}
}
END_TEST

START_TEST(types_have_names)
{
	char full[64];

	ck_assert_int_eq(event_type_from_name(event_type_name((enum event_type)_i)), _i);
	(void)snprintf(full, sizeof(full), "cronherd.%s", event_type_name((enum event_type)_i));
	ck_assert_int_eq(event_type_from_name(full), _i);
	ck_assert_int_eq(event_type_from_name("worker.restarted"), -1);
}
END_TEST

static Suite *announce_suite(void)
{
	Suite *suite = suite_create("announce");
	TCase *tcase = tcase_create("announce");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, nothing_happened);
	tcase_add_test(tcase, start_is_told_once);
	tcase_add_test(tcase, end_is_told_once);
	tcase_add_test(tcase, unrecorded_start_and_end_in_order);
	tcase_add_test(tcase, end_that_could_not_be_told_comes_before_the_next_start);
	tcase_add_test(tcase, bloated_between_start_and_end);
	tcase_add_test(tcase, hung_is_told);
	tcase_add_test(tcase, manual_stop_is_no_pressure);
	tcase_add_test(tcase, alarm_and_all_clear_each_time_anew);
	tcase_add_test(tcase, another_record_has_other_alarms);
	tcase_add_test(tcase, what_was_so_before_is_no_news);
	tcase_add_test(tcase, what_a_lost_record_had_is_told_again);
	tcase_add_test(tcase, a_successor_is_no_second_start);
	tcase_add_test(tcase, ends_with_the_host_have_no_uptime);
	tcase_add_test(tcase, ids_tell_subjects_processes_and_types_apart);
	tcase_add_loop_test(tcase, types_have_names, 0, EVENT_TYPE_COUNT);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(announce_suite())
