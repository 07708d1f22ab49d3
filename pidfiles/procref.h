/* SPDX-License-Identifier: ISC */
/*
 * procref: a process held fast while it is verified and acted upon.
 *
 * Order of calls: procref_open pins the number by a pidfd (or, where the kernel or a
 * seccomp filter denies pidfds, by an open /proc/PID directory), *then* verifies the
 * identity; only SAME leaves the reference open. procref_signal goes through the pin;
 * without a pidfd it verifies once more directly before kill(2).
 */
#ifndef PIDFILES_PROCREF_H
#define PIDFILES_PROCREF_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "pidfiles/procid.h"

struct procref {
	struct procid id;
	int pidfd; /* -1 where the kernel has none */
	int dirfd; /* /proc/PID where there is no pidfd, else -1 */
};

#define PROCREF_INIT { .pidfd = -1, .dirfd = -1 }

/*
 * Opens REF on ID. The full check: place, start time, pidfd inode where ID has one, and that
 * the number is a process's and not a mere thread's (OTHER). Where /proc hides the process,
 * an equal inode alone is proof. Anything but PROCID_SAME leaves REF closed (as PROCREF_INIT).
 */
enum procid_verdict procref_open(struct procref *ref, const struct proc *proc,
				 const struct procid_host *host, const struct procid *id);

void procref_close(struct procref *ref);

/*
 * Sends SIG to exactly that process. Returns 0; -ESRCH where it has ended (or its number
 * is another's now); -EPERM where not permitted; -EAGAIN where, without a pidfd, it cannot
 * be told whether it is still there: nothing was sent.
 */
int procref_signal(const struct procref *ref, const struct proc *proc, int sig);

/* Whether it has ended, asked through the pin. PROCID_SAME, GONE, OTHER or UNKNOWN. */
enum procid_verdict procref_ask(const struct procref *ref, const struct proc *proc);

/* A descriptor that polls readable when the process ends; -1 where there is none. */
int procref_pollfd(const struct procref *ref);

/* pidfd_open(2), CLOEXEC: a descriptor, or a negative errno. Only -ESRCH is proof of
 * death; -EINVAL or -ENOENT is a thread's number, the others say that there are no pidfds. */
int procref_pidfd_open(pid_t pid);

/* The inode of PIDFD, unique for a boot; 0 where the kernel has no pidfs. */
uint64_t procref_pidfd_inode(int pidfd);

/* Whether PIDFD's process has ended, with all its threads, reaped or not. */
bool procref_pidfd_ended(int pidfd);

#endif
