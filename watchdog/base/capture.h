/* SPDX-License-Identifier: ISC */
/*
 * capture: runs a short program and brings back all that it said.
 *
 * No shell. The program is looked up in PATH where its name has no slash. It starts with
 * default signal dispositions, an empty mask and LC_ALL=C (its messages are read by code),
 * in a process group of its own, which is killed whole at the deadline. What it is to read is a whole file before it begins
 * (crontab(1) would take a pipe's early end for the end of the crontab); both pipes are served at once, so that neither side
 * can block the other.
 */
#ifndef WATCHDOG_BASE_CAPTURE_H
#define WATCHDOG_BASE_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "watchdog/base/err.h"
#include "watchdog/base/str.h"

/* More than this on either stream is a failure: nothing that is run here says so much. */
#define CAPTURE_MAX_BYTES ((size_t)16 * 1024 * 1024)

struct capture {
	struct str output; /* standard output and standard error: any bytes */
	struct str errors;
	bool input_cut; /* the program did not read all of its standard input */
	int status;	/* as of waitpid(2) */
};

#define CAPTURE_INIT                                                                               \
	{                                                                                          \
		.status = 0                                                                        \
	}

/*
 * Runs ARGV (NULL-terminated), writes INPUT_LEN bytes at INPUT to it (NULL: /dev/null), and
 * waits until it has ended and closed both streams. 0 whatever its status was. -1: it could
 * not be run (err->sys_errno ENOENT: no such program), said too much, or had not ended after
 * TIMEOUT_MS (ETIMEDOUT; it was killed).
 */
int capture_run(struct capture *capture, const char *const argv[], const char *input,
		size_t input_len, int timeout_ms, struct err *err);

void capture_free(struct capture *capture);

#endif
