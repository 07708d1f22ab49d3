/* SPDX-License-Identifier: ISC */
/*
 * pidreuse_fixture: scenarios in which a pid is used again at once.
 *
 * clone3(2) gives a process the number we want where we may choose: here as root, else in pid
 * and user namespaces of our own, where those are permitted.
 */
#ifndef TESTS_UNIT_PIDREUSE_FIXTURE_H
#define TESTS_UNIT_PIDREUSE_FIXTURE_H

#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "tests/unit/pidfiles_fixture.h"

#define PIDREUSE_NOT_PERMITTED 77

/* A new process with the number PID, which waits for its end; or a negative errno. */
static inline pid_t pidreuse_reborn(pid_t pid)
{
#ifdef SYS_clone3
	/* struct clone_args of Linux 5.5, which older headers do not have */
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls,
			set_tid, set_tid_size;
	} args = { .exit_signal = SIGCHLD,
		   .set_tid = (uint64_t)(uintptr_t)&pid,
		   .set_tid_size = 1 };
	long child = syscall(SYS_clone3, &args, sizeof(args));

	if (child == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(fixture_wait_for_ever(NULL));
	}
	return child < 0 ? -errno : (pid_t)child;
#else
	(void)pid;
	return -ENOSYS;
#endif
}

static inline bool pidreuse_is_permitted(void)
{
	pid_t child = fixture_sleeper();

	fixture_end(child);
	if (pidreuse_reborn(child) != child)
		return false;
	fixture_end(child);
	return true;
}

struct pidreuse_call {
	int (*scenario)(void *data);
	void *data;
};

static inline int pidreuse_in_namespace(const struct pidreuse_call *call)
{
	int status;

	if (unshare(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS) < 0)
		return PIDREUSE_NOT_PERMITTED;
	pid_t first = fork();
	if (first == 0) {
		if (mount("proc", "/proc", "proc", 0, NULL) < 0 || !pidreuse_is_permitted())
			_exit(PIDREUSE_NOT_PERMITTED);
		_exit(call->scenario(call->data));
	}
	if (first < 0 || waitpid(first, &status, 0) != first || !WIFEXITED(status))
		return 1;
	return WEXITSTATUS(status);
}

static inline int pidreuse_begin(void *data)
{
	const struct pidreuse_call *call = data;

	if (pidreuse_is_permitted())
		return call->scenario(call->data);
	return pidreuse_in_namespace(call);
}

/* Runs SCENARIO (which returns 0, or 1) where pids may be chosen; false where nowhere. */
static inline bool pidreuse_run(int (*scenario)(void *data), void *data)
{
	struct pidreuse_call call = { .scenario = scenario, .data = data };
	int status = fixture_in_child(pidreuse_begin, &call);

	ck_assert(status == 0 || status == PIDREUSE_NOT_PERMITTED);
	if (status == PIDREUSE_NOT_PERMITTED)
		(void)fprintf(stderr, "pids cannot be chosen here: an altered identity serves\n");
	return status == 0;
}

#endif
