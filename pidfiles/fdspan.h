/* SPDX-License-Identifier: ISC */
/*
 * fdspan: closing descriptors that follow one another by one system call, close_range(2), where the kernel has it (Linux 5.9), or by one
 * each. Async-signal-safe. Errors of closing are not looked at: what was written is synced, or not worth it.
 */
#ifndef PIDFILES_FDSPAN_H
#define PIDFILES_FDSPAN_H

/* FIRST to LAST, both included; those that are not open do not matter. INT_MAX: all there are from FIRST on. */
void fdspan_close(int first, int last);

/* At most so many are open at a time because of a span. */
#define FDSPAN_MAX 8

/* Descriptors that nobody needs any more, each one more than the one before it. */
struct fdspan {
	int first;
	int count;
};

#define FDSPAN_INIT { .count = 0 }

/* FD, which is the caller's alone and is not used again, is closed: now, or together with those that come. */
void fdspan_add(struct fdspan *span, int fd);
/* Closes what is left. SPAN may be used again. */
void fdspan_end(struct fdspan *span);

#endif
