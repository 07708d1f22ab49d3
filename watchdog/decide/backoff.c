/* SPDX-License-Identifier: ISC */
#include "watchdog/decide/backoff.h"

int64_t backoff_delay_ms(const struct worker_options *options, int64_t count)
{
	int64_t delay = options->restart_delay_ms;
	int64_t most = options->restart_delay_max_ms;

	if (count <= 0)
		return 0;
	while (--count > 0 && delay < most && delay > 0)
		delay = delay > most / 2 ? most : delay * 2;
	return delay < most ? delay : most;
}

bool backoff_is_forgiven(const struct worker_options *options, int64_t uptime_ms)
{
	return uptime_ms >= options->startsecs_ms && uptime_ms / 10 >= options->restart_delay_ms;
}
