/* SPDX-License-Identifier: ISC */
/* clock: reads the clocks and turns readings into text; waits for nothing. */
#include "watchdog/base/clock.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

static int64_t read_ms(clockid_t id)
{
	struct timespec now = { 0 };

	/* Fails only for clocks that the kernel has not: it has had both since 2.6.39. */
	(void)clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct clock clock_read(void)
{
	return (struct clock){
		.boot_ms = read_ms(CLOCK_BOOTTIME),
		.wall_ms = read_ms(CLOCK_REALTIME),
	};
}

void clock_pause(int64_t ms)
{
	struct timespec pause = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000 };

	(void)nanosleep(&pause, NULL); /* shorter is as good */
}

int64_t clock_from_ticks(uint64_t start_ticks)
{
	long asked = sysconf(_SC_CLK_TCK);
	uint64_t per_second = asked > 0 ? (uint64_t)asked : 100;
	uint64_t seconds = start_ticks / per_second;
	uint64_t rest_ms = start_ticks % per_second * 1000 / per_second;

	if (seconds >= (uint64_t)CLOCK_NEVER / 1000)
		return CLOCK_NEVER;
	return (int64_t)(seconds * 1000 + rest_ms);
}

const char *clock_rfc3339(int64_t wall_ms, char buf[CLOCK_RFC3339_SIZE])
{
	int64_t ms = wall_ms % 1000;
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm = { 0 };

	if (ms < 0) {
		ms += 1000;
		seconds--;
	}
	/* Neither can fail: the largest year of an int64_t in ms has nine digits. */
	(void)gmtime_r(&seconds, &tm);
	size_t used = strftime(buf, CLOCK_RFC3339_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(buf + used, CLOCK_RFC3339_SIZE - used, ".%03dZ", (int)ms);
	return buf;
}
