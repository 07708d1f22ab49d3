/* SPDX-License-Identifier: ISC */
/*
 * proc: reading single processes under one proc root.
 *
 * All functions return 0 or a negative errno. -ENOENT and -ESRCH are *not*
 * proof of death (hidepid hides even our own non-dumpable processes): only
 * procid and procref draw such conclusions.
 */
#ifndef PIDFILES_PROC_H
#define PIDFILES_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "pidfiles/fdspan.h"
#include "pidfiles/procstat.h"

struct proc {
	int dirfd; /* O_PATH descriptor of the root, close-on-exec */
	/* Who looks at many may lend a span, by which files that have been read are closed; it is the lender's to end. NULL: at once. */
	struct fdspan *spent;
};

#define PROC_INIT { .dirfd = -1 }

/*
 * Opens ROOT ("/proc"; tests pass a folder of their own). Where VERIFY is set the
 * file system must be procfs (statfs magic 0x9fa0) and number us as we number ourselves
 * ("self" is getpid(2)), else -ENOTSUP: a bind mount, an empty directory or the procfs of
 * another pid namespace in its place must never read as "all dead".
 * The caller closes with proc_close.
 */
int proc_open(struct proc *proc, const char *root, bool verify);
void proc_close(struct proc *proc);

/* One read of PID/stat. -EBADMSG where it is not a stat or not of PID. */
int proc_stat(const struct proc *proc, pid_t pid, struct procstat *out);

/* PID's directory, O_PATH and close-on-exec: a descriptor, or a negative errno. It never
 * leads to a later process of the same number. */
int proc_open_pid(const struct proc *proc, pid_t pid);

/* The stat in PIDDIR, a descriptor by proc_open_pid; -ESRCH there is proof of death. */
int proc_stat_at(int piddir, struct procstat *out);

/* Real uid of PID: the first number of "Uid:" in status. (The owner of the directory is
 * the effective uid, or root for a process that is not dumpable.) */
int proc_uid(const struct proc *proc, pid_t pid, uid_t *uid);

/* Thread group of PID ("Tgid:" of status); a thread's own id differs from it. */
int proc_tgid(const struct proc *proc, pid_t pid, pid_t *tgid);

/* Resident bytes by statm (exact, unlike stat's field 24). A leader that left while
 * its threads run shows 0 there: then a living thread's statm is read. 0 where there is
 * no memory (a kernel thread, a zombie). */
int proc_rss_bytes(const struct proc *proc, pid_t pid, int64_t *bytes);

enum proc_rollup {
	PROC_ROLLUP_PSS, /* proportional set size */
	PROC_ROLLUP_USS  /* private clean + private dirty */
};

/* By smaps_rollup (dear: about 200 stats), or smaps where the kernel (< 4.14) has
 * no rollup. -EACCES where not permitted, -ESRCH where there is no memory (left): unreadable
 * is not zero. */
int proc_rollup_bytes(const struct proc *proc, pid_t pid, enum proc_rollup which, int64_t *bytes);

/* Copies the value of environment variable NAME of PID, as it was at its exec, to
 * VALUE (NUL-terminated). -ENODATA: not there; -ENAMETOOLONG: longer than SIZE - 1. */
int proc_getenv(const struct proc *proc, pid_t pid, const char *name, char *value, size_t size);

/* Inode of PID/ns/KIND ("pid", "time"), PID 0 meaning ourselves.
 * -ENOENT where the kernel has no such namespace. */
int proc_namespace(const struct proc *proc, pid_t pid, const char *kind, uint64_t *inode);

/*
 * Calls EACH for the stat of every process that is visible, in directory order, until
 * it returns other than 0; that value is returned. Processes that vanish meanwhile
 * or cannot be looked at are passed over; any other failure ends it with a negative errno.
 */
int proc_each(const struct proc *proc, int (*each)(const struct procstat *stat, void *data),
	      void *data);

#endif
