/* SPDX-License-Identifier: ISC */
/*
 * dirnames: what lies in a directory, by getdents64(2), with a buffer that is small enough for the stack: opendir(3) allocates 32 KiB,
 * which a round would pay for with fresh pages each time.
 *
 *	dirnames_begin(&names, fd);
 *	while ((name = dirnames_next(&names)))
 *		...
 *	if (names.failure) ...
 */
#ifndef WATCHDOG_BASE_DIRNAMES_H
#define WATCHDOG_BASE_DIRNAMES_H

#include <stddef.h>
#include <stdint.h>

struct dirnames {
	int failure; /* errno of what ended it; 0: it was read to its end */
	unsigned char type; /* of the name that was given last: DT_LNK …, or DT_UNKNOWN */
	int fd;
	size_t at, len; /* in ENTRIES */
	uint64_t entries[512];
};

/* FD: a directory, open for reading, and the caller's; it is read from its start, wherever it stood. */
void dirnames_begin(struct dirnames *names, int fd);

/* The next name but "." and "..", good until the next call; NULL: there is no more, or FAILURE. */
const char *dirnames_next(struct dirnames *names);

#endif
