/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "watchdog/base/mem.h"
#include "watchdog/courier/intake.h"
#include "watchdog/verbs/events.h"

/* ---- what was spooled --------------------------------------------------------------------- */

void events_source_complain(struct events_source *source, const char *text)
{
	if (source->said && strcmp(source->said, text) == 0)
		return;
	out_warn(&source->events->call->out, "%s", text);
	free(source->said);
	source->said = mem_dup(text);
}

static int open_journal(struct events_source *source, enum journal_access access,
			struct journal **journal, struct err *err)
{
	struct str notice = STR_INIT;
	int status = journal_open(journal, source->events->config.state_dir, access, &notice, err);

	if (notice.len)
		out_warn(&source->events->call->out, "%s", str_text(&notice));
	str_free(&notice);
	return status;
}

/* By a journal of its own: most of the time there is nothing, and whoever only reads needs no right
 * to write. */
static void take_in(struct events_source *source, int state_fd)
{
	struct journal *journal = NULL;
	struct err err = ERR_INIT;
	size_t passed_over = 0;

	if (!inbox_has_spooled(&source->inbox, state_fd))
		return;
	if (open_journal(source, JOURNAL_WRITE, &journal, &err) == 0 &&
	    intake(journal, &source->events->config, state_fd, &passed_over, &err) >= 0) {
		if (passed_over)
			events_source_complain(source, "lines in spool/ that no round of ours has "
						       "written were passed over");
	} else {
		(void)err_wrap(&err, "what happened last could not be taken in");
		events_source_complain(source, err.text);
		source->inbox.spool = 0; /* to be tried again */
	}
	journal_close(journal);
}

/* ---- the journal -------------------------------------------------------------------------- */

/* Where reading goes on in a journal that was just opened: behind what was read last, if it has it. */
static int find_place(struct events_source *source, struct err *err)
{
	struct journal_event event;
	int found;

	if (!source->last_id)
		return 0;
	found = journal_find(source->journal, source->last_id, &event, err);
	source->after_seq = found == 1 ? event.seq : 0;
	if (found == 0 && source->last_wall_ms > source->since_wall_ms)
		source->since_wall_ms = source->last_wall_ms;
	journal_event_free(&event);
	return found < 0 ? -1 : 0;
}

static void close_journal(struct events_source *source)
{
	journal_close(source->journal);
	source->journal = NULL;
}

static int open_state_dir(const struct events *events, struct err *err)
{
	int fd = open(events->config.state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		(void)err_set(err, ERR_SYSTEM, errno, "cannot open the directory %s",
			      events->config.state_dir);
	return fd;
}

int events_source_refresh(struct events_source *source, struct err *err)
{
	int state_fd = open_state_dir(source->events, err);

	if (state_fd < 0 && err->sys_errno != ENOENT)
		return -1;
	if (state_fd >= 0) {
		take_in(source, state_fd);
		close(state_fd);
	}
	if (source->journal && (state_fd < 0 || !journal_is_current(source->journal)))
		close_journal(source);
	if (source->journal || state_fd < 0)
		return 0;
	if (open_journal(source, JOURNAL_READ, &source->journal, err))
		return -1;
	return find_place(source, err);
}

void events_source_close(struct events_source *source)
{
	close_journal(source);
	free(source->last_id);
	free(source->said);
}

/* ---- reading ------------------------------------------------------------------------------ */

/*
 * The journal is read in pieces, and printed in between: a reader that has stopped reading us (a
 * pager) would otherwise keep the journal locked against writers.
 */
#define PIECE 500

struct reading {
	struct events_source *source;
	struct strlist lines;
	int count; /* of what was read, wanted or not */
};

static bool read_event(const struct journal_event *event, void *data)
{
	struct reading *reading = data;
	struct events_source *source = reading->source;
	struct str line = STR_INIT;

	source->after_seq = event->seq;
	source->last_wall_ms = event->wall_ms;
	free(source->last_id);
	source->last_id = mem_dup(event->id);
	if (events_target_wants(source->events, event->type, event->subject)) {
		events_line_event(source->events, event, &line);
		strlist_take(&reading->lines, str_take(&line));
	}
	return ++reading->count < PIECE;
}

/* Those of one moment stay together: it is by the moment that reading goes on. */
static bool read_sample(const struct journal_sample *sample, void *data)
{
	struct reading *reading = data;
	struct events_source *source = reading->source;
	struct str line = STR_INIT;

	if (reading->count >= PIECE && sample->wall_ms != source->last_wall_ms)
		return false;
	source->last_wall_ms = sample->wall_ms;
	if (events_target_wants(source->events, NULL, sample->subject)) {
		events_line_sample(source->events, sample, &line);
		strlist_take(&reading->lines, str_take(&line));
	}
	reading->count++;
	return true;
}

static int read_piece(struct reading *reading, struct err *err)
{
	struct events_source *source = reading->source;
	int status;

	if (!source->events->is_samples)
		return journal_events(source->journal, source->since_wall_ms, source->after_seq,
				      read_event, reading, err);
	status = journal_samples(source->journal, source->since_wall_ms, read_sample, reading, err);
	if (reading->count)
		source->since_wall_ms = source->last_wall_ms + 1;
	return status;
}

int events_source_read(struct events_source *source, bool (*take)(const char *line, void *data),
		       void *data, struct err *err)
{
	struct reading reading = { .source = source };
	bool goes_on = true;
	int status = 0;

	while (source->journal && goes_on && status == 0) {
		reading.count = 0;
		status = read_piece(&reading, err);
		for (size_t i = 0; i < reading.lines.count && goes_on; i++)
			goes_on = take(reading.lines.items[i], data);
		strlist_free(&reading.lines);
		goes_on &= reading.count >= PIECE;
	}
	/* One that is corrupt is mended when it is opened again. */
	if (status < 0)
		close_journal(source);
	return status;
}
