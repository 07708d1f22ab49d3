/* SPDX-License-Identifier: ISC */
/*
 * spool: events between a round, which has no time for a database, and the journal.
 *
 * A run that has something to tell makes one file in spool/ and holds an open-file lock on it for as long as it lives; each event
 * is one line of JSON (report/eventjson.h), written in one write(2) before the record that made it is. Whoever serves the
 * journal takes the lines (they have ids: twice is once) and removes a file whose writer has gone.
 *
 * The file `owed` beside spool/ says that there is something to do, and its time of change from when on; a round that has nothing to
 * tell looks at nothing but that. It is made after the first file in spool/ is there, and removed before spool/ is looked at for the
 * last time, so that no line is left lying.
 */
#ifndef WATCHDOG_STORE_SPOOL_H
#define WATCHDOG_STORE_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPOOL_DIR "spool"
#define SPOOL_OWED "owed"
#define SPOOL_NAME_SIZE 64

/* The name of the lock (pidfiles/slotlock.h, in the file `locks`) that the one courier of a herd holds. */
#define SPOOL_COURIER_LOCK "@courier"

struct spool {
	int fd;                     /* -1 until the first line */
	char name[SPOOL_NAME_SIZE]; /* unique: also tells the events of one round from others */
	int64_t patience_ms;        /* how long what is spooled may wait for a courier; set it before the first line */
};

#define SPOOL_INIT { .fd = -1 }

/* Adds LINE (no newline in it; LEN bytes) whole or not at all. STATE_FD: the state directory. 0 or a negative errno. */
int spool_add(struct spool *spool, int state_fd, const char *line, size_t len);
void spool_close(struct spool *spool);

/* When the courier is to be called, by the wall clock; INT64_MAX: nothing is owed. A time that no wait reaches (the clock was set back since)
 * counts as come. */
int64_t spool_owed_wall_ms(int state_fd);

/* Says when. INT64_MAX: nothing is owed any more. 0 or a negative errno. */
int spool_set_owed(int state_fd, int64_t wall_ms);

/* What spool_each does with one file after its lines were taken: */
enum spool_taken {
	SPOOL_KEEP,  /* they could not be stored: left lying */
	SPOOL_STORED /* they are durable: the file goes if its writer has gone */
};

/*
 * Gives each file's text (whole lines only; NUL-terminated) to TAKE, oldest file first. Returns how many files were seen, or a
 * negative errno. Files that cannot be read are passed over.
 */
int spool_each(int state_fd, enum spool_taken (*take)(const char *name, char *text, void *data),
	       void *data);

#endif
