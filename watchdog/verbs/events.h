/* SPDX-License-Identifier: ISC */
/* events: the parts of `events`, by what they do: events_run.c, events_target.c, events_source.c, events_line.c. */
#ifndef WATCHDOG_VERBS_EVENTS_H
#define WATCHDOG_VERBS_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "watchdog/config/config.h"
#include "watchdog/courier/inbox.h"
#include "watchdog/journal/journal.h"
#include "watchdog/verbs/verb.h"

/* What was asked for. */
struct events {
	const struct verb_call *call;
	struct config config;
	char *const *targets;
	int target_count;
	int64_t since_wall_ms; /* 0: all */
	int64_t lines;	       /* the last so many of what there is; -1: all */
	bool is_following, is_json, is_samples;
};

/* ---- events_target.c ---------------------------------------------------------------------- */

/* Whether what is about SUBJECT was asked for. TYPE NULL: a sample. */
bool events_target_wants(const struct events *events, const char *type, const char *subject);

/* That each target is known, to the configuration or to the JOURNAL (NULL: there is none). VERB_DONE, or what was said. */
int events_target_check(const struct events *events, struct journal *journal);

/* ---- events_line.c: one line of output, with its newline ---------------------------------- */

void events_line_event(const struct events *events, const struct journal_event *event,
		       struct str *line);
void events_line_sample(const struct events *events, const struct journal_sample *sample,
			struct str *line);

/* ---- events_source.c: the journal, and how far it was read -------------------------------- */

/* Zero but for EVENTS and SINCE_WALL_MS to begin with. */
struct events_source {
	const struct events *events;
	struct journal *journal; /* NULL: there is no state directory */
	struct inbox inbox;
	int64_t since_wall_ms, after_seq;
	char *last_id;	      /* what was read last */
	int64_t last_wall_ms; /* when it was; of samples too */
	char *said;	      /* the last complaint: the same is not said again */
};

/*
 * Takes in what rounds have spooled, and opens the journal where it is not open, or is another by now. What cannot be taken in is
 * said, and no failure.
 */
int events_source_refresh(struct events_source *source, struct err *err);

/* Gives the LINEs of all that was asked for and not yet read to TAKE, until it returns false. */
int events_source_read(struct events_source *source, bool (*take)(const char *line, void *data),
		       void *data, struct err *err);

/* Says TEXT on standard error, unless it was said last. */
void events_source_complain(struct events_source *source, const char *text);

void events_source_close(struct events_source *source);

#endif
