/* SPDX-License-Identifier: ISC */
/* snapshot_fixture: a herd made by hand, for the tests of what shows it. */
#ifndef TESTS_UNIT_SNAPSHOT_FIXTURE_H
#define TESTS_UNIT_SNAPSHOT_FIXTURE_H

#include "watchdog/report/snapshot.h"

#define FIXTURE_WALL_MS INT64_C(1800000000000) /* 2027-01-15T08:00:00Z */

#define FIXTURE_NOTHING                                                                            \
	.uptime_ms = -1, .rss_bytes = -1, .memory_bytes = -1, .memory_limit_bytes = -1

static struct snapshot_instance fixture_instances[] = {
	{ .id = "mail:1",
	  .worker = "mail",
	  .number = 1,
	  .state = STATE_RUNNING,
	  .pid = 4711,
	  .started_wall_ms = FIXTURE_WALL_MS - 10920000,
	  .uptime_ms = 10920000,
	  .rss_bytes = 47448064,
	  .memory_bytes = 47448064,
	  .memory_limit_bytes = 134217728,
	  .restarts = 2,
	  .has_exit = true,
	  .last_exit = { .known = true, .code = 0, .wall_ms = FIXTURE_WALL_MS - 10921000 },
	  .last_exit_reason = REASON_MEMORY_LIMIT,
	  .why = "running for 3h 2min",
	  .is_wanted = true },
	{ FIXTURE_NOTHING, .id = "mail:2", .worker = "mail", .number = 2, .state = STATE_FATAL,
	  .restarts = 0, .has_exit = true,
	  .last_exit = { .known = true,
			 .code = -1,
			 .signal = 11,
			 .wall_ms = FIXTURE_WALL_MS - 5000 },
	  .last_exit_reason = REASON_CRASHED, .next_start_wall_ms = FIXTURE_WALL_MS + 240000,
	  .why = "failed 4 times: a | b; next try in 4min", .is_wanted = true, .is_missed = true },
	{ FIXTURE_NOTHING, .id = "grün-作業:1", .worker = "grün-作業", .number = 1,
	  .state = STATE_STOPPED, .held_by = "deploy",
	  .held_until_wall_ms = FIXTURE_WALL_MS + 3600000,
	  .why = "held by deploy until 2027-01-15T09:00:00Z" },
};

static struct snapshot fixture_make(size_t count)
{
	struct snapshot snapshot = { .host = "box",
				     .user = "www",
				     .now = { .boot_ms = 50000000, .wall_ms = FIXTURE_WALL_MS },
				     .round_start_wall_ms = FIXTURE_WALL_MS - 12035,
				     .round_end_wall_ms = FIXTURE_WALL_MS - 12000,
				     .lapse_ms = 300000,
				     .instances = fixture_instances,
				     .count = count };

	for (size_t i = 0; i < count; i++)
		snapshot.by_state[fixture_instances[i].state]++;
	return snapshot;
}

#endif
