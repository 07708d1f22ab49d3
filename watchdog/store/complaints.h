/* SPDX-License-Identifier: ISC */
/*
 * complaints: what a courier has to say to a person, who does not see it: it has no terminal and no cron. The next round prints it.
 *
 * The file `complaints` in the state directory: a line each, "WALL_MS KIND TOPIC: TEXT". A courier loads it, says anew of each thing
 * that it has tried how that went, and saves it; what it has not tried stays as it was. No file: nothing to say.
 */
#ifndef WATCHDOG_STORE_COMPLAINTS_H
#define WATCHDOG_STORE_COMPLAINTS_H

#include <stddef.h>
#include <stdint.h>

#include "watchdog/base/str.h"

#define COMPLAINTS_FILE "complaints"
/* More are not kept. */
#define COMPLAINTS_MAX 256
/* So long stands what happened once, so that a round has the time to print it. */
#define COMPLAINTS_NOTE_MS INT64_C(3600000)

enum complaint_kind {
	COMPLAINT_STANDING, /* until it is cleared */
	COMPLAINT_NOTE      /* happened once */
};

struct complaint {
	int64_t wall_ms; /* since */
	enum complaint_kind kind;
	char *text; /* "TOPIC: TEXT", one line */
};

struct complaints {
	struct complaint *items;
	size_t count;
};

#define COMPLAINTS_INIT { .items = NULL }

/*
 * Says TEXT of TOPIC ("webhook chat"; no ": " in it), in the place of what was said of it. TEXT: no figures that change from day to day,
 * or it is printed each time.
 */
void complaints_set(struct complaints *complaints, enum complaint_kind kind, const char *topic,
		    const char *text, int64_t now_wall_ms);
void complaints_clear(struct complaints *complaints, const char *topic);

/* Drops notes older than COMPLAINTS_NOTE_MS, and those from the future: the clock was set back. */
void complaints_age(struct complaints *complaints, int64_t now_wall_ms);
void complaints_free(struct complaints *complaints);

/* Pure. A line that is none of ours is passed over. */
void complaints_format(const struct complaints *complaints, struct str *text);
void complaints_parse(const char *text, struct complaints *complaints);

/* Empty where there is no file, or none that can be read. */
void complaints_load(int state_fd, struct complaints *complaints);

/* Replaces the file where it says something else; removes it where there is nothing to say. 0 or a negative errno. */
int complaints_save(int state_fd, const struct complaints *complaints);

/* For a round: adds the texts to LINES. */
void complaints_read(int state_fd, struct strlist *lines);

#endif
