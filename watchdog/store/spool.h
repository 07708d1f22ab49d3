/* SPDX-License-Identifier: ISC */
/*
 * spool: events between a round, which has no time for a database, and the journal.
 *
 * A run that has something to tell makes one file in spool/ and holds an open-file lock on it for as long as it lives; each event
 * is one line of JSON (report/eventjson.h) behind the time at which it is spooled, written in one write(2) before the record that made
 * it is. Whoever serves the journal takes the lines (they have ids: twice is once), in the order of those times, and removes a file
 * whose writer has gone. A file has its name only when it is locked: one that is not is left.
 *
 * The file `owed` beside spool/ says that there is something to do, and its time of change from when on; a round that has nothing to
 * tell looks at nothing but that. Who makes a debt (a line in here, a dead letter that is owed again) makes it first and then says so.
 * The courier takes that note away (`owed.taken`) before it looks at what there is for the last time, leaves one of its own that says
 * when the next one is to come, and then destroys the taken one. Who made a debt before the note was taken is seen; who made one after
 * it has left another note. One that was taken and is still there was so by a courier that was killed.
 */
#ifndef WATCHDOG_STORE_SPOOL_H
#define WATCHDOG_STORE_SPOOL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPOOL_DIR "spool"
#define SPOOL_OWED	 "owed"
#define SPOOL_OWED_TAKEN "owed.taken"
#define SPOOL_NAME_SIZE 64
/* No run begins to spool where more than that waits already. */
#define SPOOL_MAX_BYTES (INT64_C(64) << 20)
#define SPOOL_FULL	ENOBUFS

/* The name of the lock (pidfiles/slotlock.h, in the file `locks`) that the one courier of a herd holds. */
#define SPOOL_COURIER_LOCK "@courier"

struct spool {
	int fd;                     /* -1 until the first line */
	char name[SPOOL_NAME_SIZE]; /* unique: also tells the events of one round from others */
	int64_t patience_ms;        /* how long what is spooled may wait for a courier */
};

#define SPOOL_INIT { .fd = -1 }

/*
 * Adds LINE (no newline in it; LEN bytes) whole or not at all, and says that it is owed. STATE_FD: the state directory. 0 or a negative
 * errno: then it may be there all the same.
 */
int spool_add(struct spool *spool, int state_fd, const char *line, size_t len);
void spool_close(struct spool *spool);

/*
 * When the courier is to be called, by the wall clock; INT64_MAX: nothing is owed. 0 where a courier has taken the note and did not come
 * to its end, or the time is farther ahead than any wait: the clock was set back.
 */
int64_t spool_owed_wall_ms(int state_fd);

/* The courier is to be called then, or earlier where that is so already. 0 or a negative errno. */
int spool_owe(int state_fd, int64_t wall_ms);

/* For the one courier: before it looks at what is owed, and when it has said by spool_owe when it is to be called again. */
void spool_take_owed(int state_fd);
void spool_drop_owed(int state_fd);

/* What was spooled: a line, without its newline, NUL-terminated; and the name of the file that it stands in. */
struct spool_line {
	const char *round;
	const char *text;
	size_t len;
};

struct spool_file;

/* The lines of all files. Those of one moment: with a line, every line that was there before it. */
struct spool_reading {
	struct spool_line *lines; /* in the order in which they were spooled, whoever spooled them */
	size_t count;
	struct spool_file *files;
	size_t file_count;
};

#define SPOOL_READING_INIT { .lines = NULL }

/* Reads what there is. Files that cannot be read are passed over. 0 or a negative errno; spool_reading_free in any case. */
int spool_read(int state_fd, struct spool_reading *reading);

/* The lines are durable elsewhere: the files whose writers have gone go. */
void spool_forget(int state_fd, const struct spool_reading *reading);

void spool_reading_free(struct spool_reading *reading);

#endif
