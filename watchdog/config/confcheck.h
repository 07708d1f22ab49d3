/* SPDX-License-Identifier: ISC */
/* confcheck: what must hold between files, once all are read. */
#ifndef WATCHDOG_CONFIG_CONFCHECK_H
#define WATCHDOG_CONFIG_CONFCHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "watchdog/config/conferrors.h"
#include "watchdog/config/config.h"

/* Which part of a config's workers and groups one file gave. */
struct conffile {
	char *path;
	bool broken;
	bool complete; /* read to its end */
	size_t first_worker, worker_count;
	size_t first_group, group_count;
};

/*
 * Workers and groups that stand twice (the later is in error), `after` and groups that name
 * nobody (while a file could not be read to its end they may be in there: then it is no
 * error), and `after` that goes in a circle. Adds to ERRORS and marks the FILES broken.
 * CONFIG has those of broken files too; its indexes are not used.
 */
void confcheck(const struct config *config, struct conffile *files, size_t file_count,
	       struct conferrors *errors);

#endif
