/* SPDX-License-Identifier: ISC */
/*
 * confreuse: after an edit, the files that have not changed, from the configuration that was compiled before it.
 *
 * A file counts as the same where its path and its stamp (confstamp_add_at, taken before it would be read) are, and where it would begin with
 * the defaults that it began with then. What else shapes workers, confcache has compared.
 */
#ifndef WATCHDOG_CONFIG_CONFREUSE_H
#define WATCHDOG_CONFIG_CONFREUSE_H

#include <stdint.h>

#include "watchdog/config/config.h"
#include "watchdog/config/nameindex.h"

struct confreuse {
	const struct config *before; /* the caller's, for as long as this is used */
	struct nameindex files;
};

/* BEFORE may have no files; then nothing will be found. DEFAULTS: of the main file as it is now. */
void confreuse_begin(struct confreuse *reuse, const struct config *before, const struct worker_options *defaults);
void confreuse_end(struct confreuse *reuse);

/* One of BEFORE's files, or NULL. */
const struct config_file *confreuse_find(const struct confreuse *reuse, const char *path, uint64_t stamp);

#endif
