/* SPDX-License-Identifier: ISC */
/*
 * slotcache: all pidfiles and records in one file, for the look of a round that will most likely change nothing.
 *
 * A cache, never a second truth: used only where the two directories (their inodes and times: every
 * change in them goes by rename) are as they were when it was made, and each pidfile is still the very file. What it says of definitions
 * counts only where the configuration is the same, too. What is acted upon is
 * read anew from the files themselves, under the lock. Missing, stale, cut or altered, it is ignored and written anew.
 */
#ifndef WATCHDOG_STORE_SLOTCACHE_H
#define WATCHDOG_STORE_SLOTCACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pidfiles/pidfile.h"
#include "watchdog/model/record.h"
#include "watchdog/model/worker.h"
#include "watchdog/store/statedir.h"

#define SLOTCACHE_NO_WORKER UINT32_MAX

struct slotcache_entry {
	char name[WORKER_NAME_MAX + 8]; /* NUL-terminated */
	int32_t number;
	/* By the configuration of the stamp: */
	uint32_t worker;                /* its index, or SLOTCACHE_NO_WORKER */
	int32_t definition;             /* the caller's */
	int32_t has_pidfile;            /* 0: there was none that proves anything */
	uint64_t pidfile_inode;
	int64_t pidfile_changed_ns;     /* its ctime */
	struct pidfile pidfile;
	struct record record;
};

struct slotcache_stamp {
	uint64_t config;
	uint64_t directories;
	int64_t newest_wall_ms; /* not part of the comparison */
};

/* The stamp of what is in DIR now, beside CONFIG's. */
struct slotcache_stamp slotcache_stamp_of(const struct statedir *dir, uint64_t config);

/*
 * Reading, an entry at a time, because memory that is touched for the first time is the dearest thing in a round:
 *     if (slotcache_open(&reader, ...)) {
 *         while ((entry = slotcache_next(&reader))) ...
 *         slotcache_close(&reader);
 *     }
 * Each entry is sound by itself, but only the end tells whether they are what was written: what was made of them
 * counts if slotcache_is_whole says so after the last.
 */
struct slotcache_reader {
	int fd;
	size_t count;      /* of entries */
	bool is_same_config;
	size_t left;       /* entries not given yet */
	size_t buffered;   /* entries in BUFFER, of which AT is the next */
	size_t at;
	uint64_t sum;      /* of what was read */
	uint64_t checksum; /* what it should be in the end */
	struct slotcache_entry *buffer;
};

/* True where there is a cache of just STAMP's directories. */
bool slotcache_open(struct slotcache_reader *reader, const struct statedir *dir,
		    const struct slotcache_stamp *stamp);
/* NULL after the last, or where the rest cannot be used. Valid until the next call. */
const struct slotcache_entry *slotcache_next(struct slotcache_reader *reader);
bool slotcache_is_whole(const struct slotcache_reader *reader);
void slotcache_close(struct slotcache_reader *reader);

struct stat;
/* The time of a file's last change, as entries have it. */
int64_t slotcache_changed_ns(const struct stat *st);

/* Writes ENTRIES. STAMP must have been taken before they were read, and be settled: nothing in it changed in the two
 * seconds before. Failing costs speed only. */
void slotcache_save(const struct statedir *dir, const struct slotcache_stamp *stamp,
		    const struct slotcache_entry *entries, size_t count);

#endif
