/* SPDX-License-Identifier: ISC */
/*
 * beatfile: what pings tell, from the round that knows it to the courier that sends it.
 *
 * The file `beat` in the state directory, replaced whole by each round that has pings: how the herd is, and how each worker is
 * that a ping asks for. Only the newest is ever sent. Text; what was cut is known by the length of its last part, and is none.
 */
#ifndef WATCHDOG_STORE_BEATFILE_H
#define WATCHDOG_STORE_BEATFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "watchdog/base/str.h"

#define BEATFILE_NAME "beat"
#define BEATFILE_RID_SIZE 37
/* Of a body; receivers keep less. What is longer loses its end. */
#define BEATFILE_BODY_MAX 32768

struct beatfile_worker {
	char *name;
	bool is_good;
	char *sentence; /* one line for people */
};

struct beatfile {
	int64_t start_wall_ms; /* of the round */
	int64_t end_wall_ms;
	int exit_status;
	char rid[BEATFILE_RID_SIZE]; /* a UUID: tells this beat from all others */
	struct beatfile_worker *workers;
	size_t worker_count;
	char *body; /* a summary for people; NULL: none */
};

#define BEATFILE_INIT { .workers = NULL }

/* A new rid. */
void beatfile_make_rid(char rid[BEATFILE_RID_SIZE]);

/* Adds a worker; copies. NAME: as a worker's; SENTENCE: becomes one line. */
void beatfile_add(struct beatfile *beat, const char *name, bool is_good, const char *sentence);
void beatfile_free(struct beatfile *beat);

/* NULL where there is none. */
const struct beatfile_worker *beatfile_worker(const struct beatfile *beat, const char *name);

/* Pure. beatfile_parse: 0, or -EBADMSG, BEAT then is empty. */
void beatfile_format(const struct beatfile *beat, struct str *text);
int beatfile_parse(const char *text, size_t len, struct beatfile *beat);

/* 0 or a negative errno. */
int beatfile_write(int state_fd, const struct beatfile *beat);

/* 0; -ENOENT none; -EBADMSG garbage; another negative errno. beatfile_free in any case. */
int beatfile_read(int state_fd, struct beatfile *beat);

#endif
