/* SPDX-License-Identifier: ISC */
/*
 * pingmark: what has been sent of the newest beat, so that no later courier sends it again: an old success falsifies a monitor.
 *
 * The file `beat.sent` in the state directory: "cronherd-sent 1", "rid RID", and a line "ping NAME STEP" for each ping. Lost, it costs
 * one ping that is sent twice.
 */
#ifndef WATCHDOG_COURIER_PINGMARK_H
#define WATCHDOG_COURIER_PINGMARK_H

#include "watchdog/store/beatfile.h"

#define PINGMARK_FILE "beat.sent"

enum pingmark_step { PINGMARK_NONE, PINGMARK_STARTED, PINGMARK_ENDED };

struct pingmark {
	char *name;
	enum pingmark_step step;
};

struct pingmarks {
	char rid[BEATFILE_RID_SIZE]; /* of the beat that all this is about; "" none */
	struct pingmark *items;
	size_t count;
};

#define PINGMARKS_INIT { .rid = "" }

/* How far the ping NAME is with the beat RID. */
enum pingmark_step pingmark_get(const struct pingmarks *marks, const char *rid, const char *name);

/* It is so far now. What was known of another beat is forgotten. */
void pingmark_set(struct pingmarks *marks, const char *rid, const char *name, enum pingmark_step step);
void pingmark_free(struct pingmarks *marks);

/* Pure. Garbage is none. */
void pingmark_format(const struct pingmarks *marks, struct str *text);
void pingmark_parse(const char *text, struct pingmarks *marks);

void pingmark_load(int state_fd, struct pingmarks *marks);
int pingmark_save(int state_fd, const struct pingmarks *marks); /* 0 or a negative errno */

#endif
