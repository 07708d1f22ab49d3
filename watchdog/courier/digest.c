/* SPDX-License-Identifier: ISC */
#include "watchdog/courier/digest.h"

#include <string.h>

size_t digest_run(const struct journal_delivery *deliveries, size_t count)
{
	size_t run = 0;

	while (run < count && run < DIGEST_MAX &&
	       strcmp(deliveries[run].event.round, deliveries[0].event.round) == 0)
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
