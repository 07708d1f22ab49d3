/* SPDX-License-Identifier: ISC */
/*
 * child: the steps between fork and exec, in the process that becomes the worker.
 *
 * Everything is prepared before the fork (struct child_plan); here only async-signal-safe calls are made, in a
 * fixed order. The step that fails is named, with its errno, over the fault pipe; nothing is ever fallen back on.
 */
#ifndef WATCHDOG_ACT_CHILD_H
#define WATCHDOG_ACT_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "watchdog/model/limit.h"

enum child_step {
	CHILD_CLOSE,
	CHILD_SESSION,
	CHILD_SIGNALS,
	CHILD_LIMITS,
	CHILD_NICE,
	CHILD_OOM,
	CHILD_GROUPS,
	CHILD_USER,
	CHILD_DIRECTORY,
	CHILD_STDIN,
	CHILD_STDOUT,
	CHILD_STDERR,
	CHILD_GATE,
	CHILD_EXEC
};

struct child_fault {
	int step; /* enum child_step */
	int sys_errno;
};

struct child_plan {
	char *const *argv;
	char *const *envp;
	char *const *programs; /* paths to try in turn, NULL-terminated */
	const char *directory;
	mode_t umask;
	mode_t log_mode;
	bool has_user; /* change to uid, gid, groups */
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t group_count;
	const struct rlimit_setting *limits;
	size_t limit_count;
	bool has_nice;
	int nice;
	const char *oom_score_adj; /* NULL: inherited */
	const char *stdout_logfile; /* NULL: discarded */
	const char *stderr_logfile; /* NULL: discarded; same pointer as stdout_logfile: shared */
	int gate_fd;  /* read end: one byte lets us pass, end-of-file means exit */
	int fault_fd; /* write end, close-on-exec */
};

/* Does not return: executes the worker, or ends. */
void child_run(const struct child_plan *plan) __attribute__((noreturn));

/* What step was being done, for a message: "change to directory". */
const char *child_step_text(enum child_step step);

#endif
