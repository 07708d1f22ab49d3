/* SPDX-License-Identifier: ISC */
/*
 * slotlock: one lock an instance, all in one file.
 *
 * A slot is one byte of the lock file, at an offset made from the instance's id, locked
 * by an open-file-description lock (F_OFD_SETLK, Linux 3.15; F_SETLK where EINVAL says
 * there is none). The kernel drops it with the process, so no stale lock can exist; the file
 * is never unlinked, mode 0600, close-on-exec. Two ids with one offset (1 in 2^62) would
 * wait for each other and nothing worse.
 */
#ifndef PIDFILES_SLOTLOCK_H
#define PIDFILES_SLOTLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct slotlock {
	int fd;       /* -1: not open. Open it once a process: see fcntl(2) on F_SETLK */
	int ofd;      /* 1 while open-file-description locks are believed to work */
};

#define SLOTLOCK_INIT { .fd = -1, .ofd = 1 }

/* Opens (creates) NAME in DIRFD. 0 or negative errno. */
int slotlock_open(struct slotlock *lock, int dirfd, const char *name);
void slotlock_close(struct slotlock *lock);

/* Takes ID's slot without waiting. 0; -EAGAIN another has it; other negative errno. Taking
 * a slot that LOCK has already is 0, and one release frees it. */
int slotlock_try(struct slotlock *lock, const char *id);

/* Whether somebody else has ID's slot; takes nothing. False also where that cannot be told. */
bool slotlock_is_taken(const struct slotlock *lock, const char *id);

/* Whether children inherit what LOCK has taken: it is free only when the last of them, too, has closed the descriptor (or when
 * somebody releases it). True of locks of open file descriptions. To be asked after slotlock_try(). */
bool slotlock_is_shared(const struct slotlock *lock);

void slotlock_release(struct slotlock *lock, const char *id);

#endif
