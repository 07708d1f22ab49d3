/* SPDX-License-Identifier: ISC */
/*
 * logfile: rotation of a worker's log while the worker goes on writing it.
 *
 * The worker holds a descriptor with O_APPEND and is never told. So the log keeps its inode:
 * what is old is copied to PATH.1, and then cut off in front, by whole blocks, in one step
 * (FALLOC_FL_COLLAPSE_RANGE: ext4, XFS, f2fs). At most a block is left, so that PATH.N to
 * PATH.1 and PATH in a row are what was written, byte for byte; a line may begin in one and
 * end in the next.
 *
 * Where nothing can be cut off in front (tmpfs, btrfs, NFS, most of FUSE), the log is copied
 * up to its end, again until nothing is new, and truncated. What is written between that last
 * look and the truncation is lost: microseconds, but not none.
 *
 * Ended anywhere, by a signal or for want of space: nothing is lost. Between PATH.1 being
 * there and the log being cut, what is in PATH.1 is in the log too, and will be in the next
 * backup once more. Nothing is synced: after a power loss the last backup may lack bytes.
 *
 * Nothing in the log's directory is trusted, since it may be the worker's user's. As root, a
 * symlink on the way to it is followed only where root alone may change it; below, everything
 * goes through one descriptor of the directory, and no link is followed.
 */
#ifndef WATCHDOG_ACT_LOGFILE_H
#define WATCHDOG_ACT_LOGFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "watchdog/base/err.h"

/*
 * No more than the last so many bytes (or the last 2 * MAXBYTES, where that is more) of a log
 * go into its backup; what lies before is dropped. A sparse file of a worker's making, or a
 * log of months without cron, would else hold the round up and fill the disk.
 */
#define LOGFILE_COPY_BYTES (INT64_C(1) << 30)

/*
 * Rotates PATH where it is longer than MAXBYTES (0 or less: never); else this is a single
 * look. BACKUPS are kept, PATH.1 the newest, with PATH's owner and mode; 0 keeps none. A log
 * that is missing, is being rotated by another process (flock(2) on it), or is not longer
 * than a block where blocks are cut, is left as it is.
 *
 * 0 with *ROTATED, or -1: PATH is no regular file with a single link that belongs to OWNER
 * or us; its directory is not to be trusted or written; there is no space. The log is then as
 * it was, and no temporary file is left. A process that may be killed by SIGXFSZ ignores it.
 */
int logfile_rotate_if_needed(const char *path, uid_t owner, int64_t maxbytes, int backups,
			     bool *rotated, struct err *err);

#endif
