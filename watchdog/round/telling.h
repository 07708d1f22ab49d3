/* SPDX-License-Identifier: ISC */
/* telling: what a run has told so far; part of the herd (round/tell.h has what is done with it). */
#ifndef WATCHDOG_ROUND_TELLING_H
#define WATCHDOG_ROUND_TELLING_H

#include <stdbool.h>
#include <stdint.h>

#include "watchdog/store/spool.h"

struct telling {
	struct spool spool;
	char *source;      /* NULL until the first event */
	bool has_told;     /* since a courier was last begun */
	int failure;       /* errno of the last that could not be spooled; 0: all could */
};

#define TELLING_INIT { .spool = SPOOL_INIT }

#endif
