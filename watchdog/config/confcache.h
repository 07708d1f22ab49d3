/* SPDX-License-Identifier: ISC */
/*
 * confcache: the configuration as it was compiled from files that have not changed since.
 *
 * A cache, never a second truth: used only where the files' stamp, this program's option table and what else shapes the result
 * (user, HOME, XDG directories, host name) are as they were; else ignored, and written anew. Only configurations
 * without errors are kept. The files that webhooks and pings name count, too. The file lives in $localstatedir/cache/cronherd (root) or
 * ${XDG_CACHE_HOME:-~/.cache}/cronherd, one for each main file.
 *
 * Its content: confimage.h. A secret may be in it: nobody else may read it.
 */
#ifndef WATCHDOG_CONFIG_CONFCACHE_H
#define WATCHDOG_CONFIG_CONFCACHE_H

#include <stdbool.h>

#include "watchdog/config/config.h"

/*
 * Fills CONFIG, whose main_file is set, from the cache; false where there is none to be trusted (CONFIG is unchanged but for its stamp). BEFORE, which
 * is the caller's to free in any case: where only the files' stamps were not as they should be, what the cache has, with its files.
 */
bool confcache_load(struct config *config, struct config *before);

/* Writes CONFIG, which has no errors and a settled stamp. Failing costs speed only. */
void confcache_save(const struct config *config);

#endif
