/* SPDX-License-Identifier: ISC */
/* confcheck: what must hold between files, once all are read. */
#ifndef WATCHDOG_CONFIG_CONFCHECK_H
#define WATCHDOG_CONFIG_CONFCHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "watchdog/config/conferrors.h"
#include "watchdog/config/config.h"
#include "watchdog/config/confsection.h"

/* Which part of a config's workers and groups one file gave. */
struct conffile {
	char *path;
	bool broken;
	bool complete; /* read to its end */
	size_t first_worker, worker_count;
	size_t first_group, group_count;
	uint64_t stamp; /* 0, or of a file that a later reading can take over (config_file) */
};

/* What was read of all files, broken or not. */
struct confcheck {
	const struct config *config; /* its indexes are not used */
	struct conffile *files;
	size_t file_count;
	struct confsection *sections;
	size_t section_count;
};

/*
 * Workers and groups that stand twice (the later is in error), `after` and groups that name
 * nobody (while a file could not be read to its end they may be in there: then it is no
 * error), and `after` that goes in a circle. Adds to ERRORS and marks the files broken.
 *
 * Likewise webhooks and pings that stand twice, and `workers` and `when` that name nobody (globs may): marks
 * those sections broken, never a file.
 */
void confcheck(const struct confcheck *input, struct conferrors *errors);

#endif
