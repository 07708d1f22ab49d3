/* SPDX-License-Identifier: ISC */
/*
 * said: what rounds have complained of, so that cron mails it once and not each minute.
 *
 * The file `said` in the state directory holds one hash a line, of each complaint of the last round. Where it
 * cannot be written (a full disk is a complaint too) a file of our own in /dev/shm or /tmp serves. A complaint that
 * a round does not repeat is forgotten: when it comes back, it is said again.
 */
#ifndef WATCHDOG_STORE_SAID_H
#define WATCHDOG_STORE_SAID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SAID_MAX 2048 /* complaints remembered; beyond that they are said again */

struct said_hashes {
	uint64_t *items; /* room for SAID_MAX; NULL while there is none */
	size_t count;
};

struct said {
	int dir_fd;        /* the state directory; -1: none, the fallback is used */
	char fallback[64]; /* name in the fallback directory */
	struct said_hashes before;
	struct said_hashes now;
};

/* DIR_FD may be -1. HERD (the main file's path) tells herds of one user apart. */
void said_open(struct said *said, int dir_fd, const char *herd);

/* Notes TEXT as a complaint of this round; true where the last round did not have it. */
bool said_is_new(struct said *said, const char *text);

/* Notes TEXT as still standing if the last round had it; says nothing anew. */
void said_keep(struct said *said, const char *text);

/* Remembers this round's complaints, where they differ from the last one's. */
void said_write(const struct said *said);

/* After said_open, in any case. */
void said_free(struct said *said);

#endif
