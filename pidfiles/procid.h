/* SPDX-License-Identifier: ISC */
/*
 * procid: which process, beyond its number.
 *
 * A pid is reused; a pid with its start time, on one boot, in one pid namespace, is
 * not, but for processes that came and went within one clock tick: there the inode of
 * the pidfd tells (pidfs, Linux 6.9 on), unique for a boot.
 *
 * Three answers and no fourth: SAME lives, GONE and OTHER are proof that it does not,
 * UNKNOWN is proof of nothing.
 */
#ifndef PIDFILES_PROCID_H
#define PIDFILES_PROCID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "pidfiles/proc.h"

#define PROCID_BOOT_SIZE 40

/* Where we look from; read once a run. */
struct procid_host {
	char boot_id[PROCID_BOOT_SIZE]; /* /proc/sys/kernel/random/boot_id */
	uint64_t pid_namespace;         /* inode; 0 where the kernel has none */
	uint64_t time_namespace;        /* inode; 0 where the kernel has none */
};

struct procid {
	pid_t pid; /* 0: none */
	char boot_id[PROCID_BOOT_SIZE];
	uint64_t pid_namespace;
	uint64_t time_namespace;
	uint64_t start_ticks;
	uint64_t pidfd_inode; /* 0 where not known (no pidfs) */
};

enum procid_verdict {
	PROCID_SAME,   /* that very process lives */
	PROCID_GONE,   /* it has ended */
	PROCID_OTHER,  /* the number belongs to another process now: it has ended */
	PROCID_UNKNOWN /* cannot tell: do nothing */
};

/* Pure. Whether the LEN bytes at TEXT have the form of a boot id: a UUID in lower case. */
bool procid_is_boot_id(const char *text, size_t len);

/* Fills HOST. Returns 0 or a negative errno (no boot id: -ENOENT; not a UUID: -EBADMSG). */
int procid_host_read(const struct proc *proc, struct procid_host *host);

/*
 * The identity of the living process PID, with its pidfd inode where there is one.
 * Returns 0 or a negative errno: -ESRCH where it has ended or is the number of a mere
 * thread; others (-ENOENT, -EACCES: /proc hides it) are no proof of that.
 */
int procid_of(const struct proc *proc, const struct procid_host *host, pid_t pid,
	      struct procid *id);

/*
 * Pure: what STAT (of process ID->pid, just read) says of ID. GONE where it has ended,
 * OTHER where start times differ or it is a kernel thread, UNKNOWN where ID has no start
 * time. Neither boot nor namespaces nor inode are looked at here: see procid_place,
 * procref_open.
 */
enum procid_verdict procid_compare(const struct procid *id, const struct procstat *stat);

/*
 * Pure: what the place alone says: GONE where ID is of another boot, UNKNOWN where it is of
 * another pid or time namespace of this boot (it may live where we cannot see) or says no
 * boot or no pid, SAME where the place is ours.
 */
enum procid_verdict procid_place(const struct procid *id, const struct procid_host *host);

/*
 * The cheap look: place, then one read of stat, falling back to kill(pid, 0) where /proc
 * hides the process. STAT (may be NULL) is filled where it could be read; its pid is 0 else.
 * Gives GONE only on ESRCH from the kernel, a true zombie (seen twice), or another boot.
 * A thread's number is not told from a process's here: see procref_open.
 */
enum procid_verdict procid_look(const struct proc *proc, const struct procid_host *host,
				const struct procid *id, struct procstat *stat);

#endif
