/* SPDX-License-Identifier: ISC */
/*
 * layout: which slots a herd has: one for each instance that is defined, and one for each that only a pidfile or a record knows. They come from
 * configuration and directories, or from slots.cache where that is of the present files (store/slotcache.h), and go into it.
 */
#ifndef WATCHDOG_ROUND_LAYOUT_H
#define WATCHDOG_ROUND_LAYOUT_H

#include "watchdog/round/herd.h"

/* How many instances WORKER is to have: by its definition, or by a person's word. */
int64_t layout_numprocs(const struct herd *herd, const struct worker *worker);

/* How many instances are defined, over all workers. */
size_t layout_defined_count(const struct herd *herd);

/* All slots of HERD, in starting order; those of one worker side by side. Once, after HERD's stamp was taken. 0, or -1 with ERR. */
int layout_all(struct herd *herd, struct err *err);

/* Those alone of the workers of ONLY (ids, NULL-terminated) and of the workers that they come after. */
void layout_only(struct herd *herd, char *const *only);

void layout_free(struct herd *herd);

/* The first slot behind FIRST that is of another worker. */
size_t layout_end_of_worker(const struct herd *herd, size_t first);

/*
 * Makes SLOT of ENTRY, as layout_all does; IS_SAME_CONFIG: the cache is of HERD's configuration (config_index where it is not). Its name
 * is the worker's, or where there is none the entry's.
 */
void layout_recall(const struct herd *herd, const struct slotcache_entry *entry,
		   bool is_same_config, struct slot *slot);

/* Whether all that slots.cache depends on has had time to settle, so that it may be written. */
bool layout_is_settled(const struct herd *herd);

/* At the end of a round: writes slots.cache where it is not as it should be and nothing was in motion. Failing costs speed only. */
void layout_save(const struct herd *herd);

#endif
