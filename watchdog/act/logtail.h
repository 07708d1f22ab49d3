/* SPDX-License-Identifier: ISC */
/*
 * logtail: reads a worker's log for people, its end and what is added. Writes nothing but to
 * the stream that it was given. Knows how logfile.h rotates.
 */
#ifndef WATCHDOG_ACT_LOGTAIL_H
#define WATCHDOG_ACT_LOGTAIL_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "watchdog/base/err.h"
#include "watchdog/base/str.h"

/*
 * Prints the last LINES lines of PATH to OUT; where it has fewer, its backup PATH.1 is read as
 * what stands before it. *END (may be NULL): how much of PATH has been seen, for logtail_open.
 * -1 where PATH cannot be read (err->sys_errno ENOENT: there is none yet) or OUT not written.
 */
int logtail_print(const char *path, int64_t lines, FILE *out, int64_t *end, struct err *err);

/*
 * Appends at most the last LINES lines, and at most MAX_BYTES, of PATH to TEXT, without its last newline. The file must be a
 * regular one of OWNER's, and, where we are root, no link that others could change may be on the way to it: what is read goes to others.
 * Nothing is appended where that is not so, or there is nothing to read.
 */
void logtail_excerpt(const char *path, uid_t owner, int64_t lines, size_t max_bytes, struct str *text);

/* Follows a log through rotations. */
struct logtail {
	char *path;
	int fd; /* -1: there is no such file yet */
	int64_t offset;
	ino_t backup_inode; /* of PATH.1 when it was last looked at; 0: none */
};

#define LOGTAIL_INIT                                                                               \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/* Begins at OFFSET of PATH; where there is no such file yet, at the start of what comes. */
int logtail_open(struct logtail *tail, const char *path, int64_t offset, struct err *err);

/*
 * Prints to OUT (and flushes it) what has been added since the last call; *COUNT: how many
 * bytes that was. To be called again after a pause. After a rotation, what was not yet read
 * is taken from PATH.1; a log that became shorter without a new PATH.1 is read from its start.
 * Another file by that name is read after the end of the one that was open. Of several
 * rotations between two calls, only the last is followed.
 */
int logtail_read(struct logtail *tail, FILE *out, int64_t *count, struct err *err);

void logtail_close(struct logtail *tail);

#endif
