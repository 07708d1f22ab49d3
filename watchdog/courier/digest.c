/* SPDX-License-Identifier: ISC */
#include "watchdog/courier/digest.h"

#include <stdbool.h>
#include <string.h>

static bool belong_together(const struct journal_event *a, const struct journal_event *b)
{
	int64_t distance_ms;

	return strcmp(a->round, b->round) == 0 ||
	       (!__builtin_sub_overflow(a->wall_ms, b->wall_ms, &distance_ms) &&
		distance_ms <= DIGEST_SPAN_MS && distance_ms >= -DIGEST_SPAN_MS);
}

size_t digest_run(const struct journal_delivery *deliveries, size_t count)
{
	size_t run = count ? 1 : 0;

	while (run < count && run < DIGEST_MAX &&
	       belong_together(&deliveries[run - 1].event, &deliveries[run].event))
		run++;
	return run;
}

size_t digest_count(const struct journal_delivery *deliveries, size_t count, int64_t least,
		    int64_t begun_seq)
{
	size_t run = digest_run(deliveries, count);
	size_t begun = 0;

	while (begun < run && deliveries[begun].event.seq <= begun_seq)
		begun++;
	if (begun > 1)
		return begun;
	/* One alone is no digest, whatever LEAST says. */
	return least > 0 && run > 1 && run >= (size_t)least ? run : 1;
}
