/* SPDX-License-Identifier: ISC */
/*
 * child: the steps between fork and exec, in the process that becomes the worker.
 *
 * Everything is prepared before the fork (struct child_plan); here only system calls are made, in a fixed order. The step that
 * fails is named, with its errno, over the news pipe; nothing is ever fallen back on.
 *
 * It may be a child of vfork(2), which runs in its parent's memory while that stands still, or goes on in it alone when the parent
 * is killed: nothing is allocated or freed, no stdio is used, no lock of libc's is taken, and nothing is written but errno,
 * the stack below child_run() and what identify() and publish() call their own. It does not rely on sharing: what the parent is to learn goes through the pipe. No
 * handler of the parent's may be installed (dispositions are the child's own, and default before it becomes another user).
 */
#ifndef WATCHDOG_ACT_CHILD_H
#define WATCHDOG_ACT_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "pidfiles/procid.h"
#include "watchdog/model/limit.h"

enum child_step {
	CHILD_SESSION,
	CHILD_ANNOUNCE,
	CHILD_CLOSE,
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

/* What the parent reads, none or more, and then end-of-file, which is that the command was executed or that the child has ended. */
struct child_news {
	int step; /* enum child_step */
	int sys_errno; /* 0: done, and PROCESS is about to be published (CHILD_ANNOUNCE only); else the child has ended for it */
	struct procid process;
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
	int gate_fd; /* read end: one byte lets us pass, end-of-file means exit. -1: the child announces itself */
	int lock_fd; /* without a gate: close-on-exec, whose being open holds the slot lock until the command executes */
	int news_fd; /* write end, close-on-exec */
	/* Without a gate. First makes the identity of the calling process and says to its minder whose it is; then, when the
	 * parent has been told, publishes it. 0 or a negative errno. */
	int (*identify)(void *data, struct procid *process);
	int (*publish)(void *data, const struct procid *process);
	void *announce_data;
};

/* Does not return: executes the worker, or ends. */
void child_run(const struct child_plan *plan) __attribute__((noreturn));

/* What step was being done, for a message: "change to directory". */
const char *child_step_text(enum child_step step);

#endif
