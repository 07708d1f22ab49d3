/* SPDX-License-Identifier: ISC */
/*
 * clock: one reading of both clocks, passed on as a value.
 *
 * Everything that is decided uses boot time (CLOCK_BOOTTIME: goes on in suspend, never steps);
 * the wall clock is for people.
 */
#ifndef WATCHDOG_BASE_CLOCK_H
#define WATCHDOG_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

struct clock {
	int64_t boot_ms;
	int64_t wall_ms; /* Unix epoch */
};

#define CLOCK_NEVER INT64_MAX

struct clock clock_read(void);

/* Sleeps for about MS; a signal may end it sooner. */
void clock_pause(int64_t ms);

/* Start of a process in boot milliseconds, from its start_ticks; CLOCK_NEVER where beyond it. */
int64_t clock_from_ticks(uint64_t start_ticks);

#define CLOCK_RFC3339_SIZE 32
/* "2026-11-21T03:34:00.123Z" (UTC) to BUF; returns BUF. */
const char *clock_rfc3339(int64_t wall_ms, char buf[CLOCK_RFC3339_SIZE]);

#endif
