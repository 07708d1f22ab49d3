/* SPDX-License-Identifier: ISC */
/*
 * atomfile: whole files, replaced in one step or not at all.
 *
 * Written to a temporary name of its own prefix in the same directory (O_EXCL), checked at
 * every call, then renamed. The old file stays as it was whenever anything fails, but for the
 * last step, the directory's fsync: then the new file is there and may not outlive a power loss.
 */
#ifndef PIDFILES_ATOMFILE_H
#define PIDFILES_ATOMFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Every temporary file is named ".tmp-…": what a crash leaves is known by it. */
#define ATOMFILE_PREFIX ".tmp-"

enum atomfile_durability {
	ATOMFILE_VOLATILE, /* need not outlive a power loss: rename alone */
	ATOMFILE_DURABLE   /* fsync of the file before, of the directory after the rename */
};

/* Makes NAME in DIRFD hold exactly the LEN bytes at DATA, with MODE. 0 or negative errno. */
int atomfile_write(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
		   enum atomfile_durability durability);

/*
 * Reads at most SIZE - 1 bytes of NAME in DIRFD into BUF and NUL-terminates. Opened with
 * O_NOFOLLOW, O_NONBLOCK, O_NOCTTY; must be a regular file with no second link whose owner
 * is we (effective uid) or root and which neither group nor others may write. (It may have no
 * link at all: replaced while it is read.) Returns the length, or a negative errno:
 * -EFBIG where longer, -ELOOP a symlink, -EPERM wrong owner, mode or kind, -ENOENT none.
 */
ssize_t atomfile_read(int dirfd, const char *name, char *buf, size_t size);

/* As atomfile_read, for a file whose owner must be OWNER or root. */
ssize_t atomfile_read_of(int dirfd, const char *name, uid_t owner, char *buf, size_t size);

/* False where there is nothing of that name in DIRFD, and to read it would fail with -ENOENT: cheaper than to try. Else true. */
bool atomfile_exists(int dirfd, const char *name);

/* Removes what crashed writers left in DIRFD and is older than MIN_AGE_S seconds.
 * Returns how many were removed, or a negative errno. */
int atomfile_sweep(int dirfd, int min_age_s);

#endif
