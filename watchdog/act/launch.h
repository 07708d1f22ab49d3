/* SPDX-License-Identifier: ISC */
/*
 * launch: starting one instance so that it can never exist twice.
 *
 * The caller holds the instance's slot lock and has seen under it that nothing lives. Whoever finds the lock free must find the
 * process named, or none. There are two ways to that:
 *
 * Where the lock is of an open file description, the child (of vfork: nothing is copied) has its share in it. It publishes its own
 * pidfile, prepares, and executes, with which its share ends. We may be killed at any point: the lock stays taken until the child
 * is named and has executed, or has ended.
 *
 * Where the lock is the process's own (kernels before 3.15), it would end with us: the child (of fork) prepares and waits at a gate; we
 * publish the pidfile and open the gate; the child executes. Killed before the pidfile, we leave a child that reads end-of-file and
 * exits; after it, a process that the pidfile names.
 */
#ifndef WATCHDOG_ACT_LAUNCH_H
#define WATCHDOG_ACT_LAUNCH_H

#include "watchdog/act/scene.h"
#include "watchdog/model/instance.h"
#include "watchdog/model/record.h"

enum launch_outcome {
	LAUNCH_DONE,    /* PROCESS lives and is executing the command */
	LAUNCH_FAILED,  /* the definition's fault, or the host's towards it: counts as a failed start */
	LAUNCH_UNABLE   /* ours: no pidfile can be written, fork fails. Nothing was tried */
};

struct launch_result {
	enum launch_outcome outcome;
	struct procid process;
	char why[RECORD_FAILURE_SIZE]; /* FAILED, UNABLE: one line */
};

/* PROGRAM_ENV: nothing of our environment reaches the worker. */
void launch(struct scene *scene, const struct instance *instance, struct launch_result *result);

#endif
