/* SPDX-License-Identifier: ISC */
/*
 * procstat: the text of /proc/PID/stat, taken apart.
 *
 * Pure: no I/O, no allocation. The text is hostile: comm may hold spaces,
 * parentheses and newlines (prctl PR_SET_NAME), so fields are counted from the
 * last ')'. Field numbers are those of proc(5).
 */
#ifndef PIDFILES_PROCSTAT_H
#define PIDFILES_PROCSTAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* PF_KTHREAD of include/linux/sched.h, as shown in field 9. */
#define PROCSTAT_KERNEL_THREAD 0x00200000u

struct procstat {
	pid_t pid;            /* field 1 */
	char state;           /* 3: R S D T t Z X I … */
	pid_t ppid;           /* 4 */
	pid_t pgrp;           /* 5 */
	pid_t session;        /* 6 */
	unsigned flags;       /* 9 */
	uint64_t utime_ticks; /* 14, in 1/sysconf(_SC_CLK_TCK) s */
	uint64_t stime_ticks; /* 15 */
	long num_threads;     /* 20 */
	uint64_t start_ticks; /* 22, since boot, as seen in the reader's time namespace */
	uint64_t rss_pages;   /* 24: approximate since Linux 6.2, a first look only */
	int exit_status;      /* 52: as wait(2) gives it; 0 of who has not ended, where hidden, where there is no such field */
};

/*
 * Takes the LEN bytes at TEXT (need not be NUL-terminated) apart into OUT.
 * Returns 0, or -EBADMSG where the text is not that of a stat file (cut short
 * before the end of field 24, no ')', a number out of range); OUT is then unspecified.
 */
int procstat_parse(const char *text, size_t len, struct procstat *out);

/*
 * Whether the process has ended: state X, or Z with no thread left. A leader that
 * left by pthread_exit(3) shows Z while its other threads run on: that one lives.
 */
bool procstat_has_ended(const struct procstat *stat);

bool procstat_is_kernel_thread(const struct procstat *stat);

#endif
