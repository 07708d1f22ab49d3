/* SPDX-License-Identifier: ISC */
#include "watchdog/courier/intake.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "watchdog/base/clock.h"
#include "watchdog/base/hash.h"
#include "watchdog/base/mem.h"
#include "watchdog/base/utf8.h"
#include "watchdog/courier/filter.h"
#include "watchdog/model/instance.h"
#include "watchdog/store/spool.h"

/* An event's data, and the rest of its line. */
#define LINE_MAX_BYTES (JOURNAL_DATA_MAX + 65536)

struct intake {
	struct journal *journal;
	const struct config *config;
	struct err *err;
	int64_t now_wall_ms;
	bool *is_disabled;     /* of each webhook */
	struct strlist unread; /* names of webhooks whose filters are not known */
	size_t passed_over;
	int new_events;
};

/* ---- who is owed -------------------------------------------------------------------------- */

static int look_at_endpoint(struct intake *intake, size_t i)
{
	const struct webhook *webhook = &intake->config->webhooks[i];
	struct journal_endpoint endpoint;

	if (journal_endpoint_get(intake->journal, webhook->name, &endpoint, intake->err) < 0)
		return -1;
	/* By a 410 of this URL: another one is another chance. */
	intake->is_disabled[i] = endpoint.disabled_wall_ms != 0 &&
				 endpoint.url_hash == hash_text(HASH_INIT, webhook->options.url);
	return 0;
}

static bool is_defined(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->webhook_count; i++)
		if (strcmp(config->webhooks[i].name, name) == 0)
			return true;
	return false;
}

/* Those in error; and where a file could not be read to its end, those that were there before and
 * may be in it. */
static int find_unread(struct intake *intake)
{
	const struct config *config = intake->config;
	struct strlist known = STRLIST_INIT;
	int status = 0;

	strlist_copy(&intake->unread, &config->broken_webhooks);
	if (config->broken_unread)
		status = journal_webhooks(intake->journal, &known, intake->err);
	for (size_t i = 0; i < known.count; i++)
		if (!is_defined(config, known.items[i]) &&
		    !strlist_has(&intake->unread, known.items[i]))
			strlist_add(&intake->unread, known.items[i]);
	strlist_free(&known);
	return status < 0 ? -1 : 0;
}

static int owe(struct intake *intake, const struct journal_event *event)
{
	const struct config *config = intake->config;

	for (size_t i = 0; i < config->webhook_count; i++)
		if (filter_matches(&config->webhooks[i].options, config, event->type,
				   event->subject) &&
		    journal_owe(intake->journal, event->seq, config->webhooks[i].name,
				intake->now_wall_ms, intake->is_disabled[i], intake->err))
			return -1;
	/* Unfiltered: who is mended by then filters when it is sent. */
	for (size_t i = 0; i < intake->unread.count; i++)
		if (journal_owe(intake->journal, event->seq, intake->unread.items[i],
				intake->now_wall_ms, false, intake->err))
			return -1;
	return 0;
}

/* ---- lines -------------------------------------------------------------------------------- */

static char *string_of(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return mem_dup(text ? text : "");
}

/* -1 where it is no number: times and sizes have no less. */
static int64_t number_of(const json_t *object, const char *member)
{
	const json_t *number = json_object_get(object, member);

	return json_is_integer(number) && json_integer_value(number) >= 0
		       ? json_integer_value(number)
		       : -1;
}

static char *data_of(const json_t *object)
{
	/* Jansson's text is freed by free(3): it was not told otherwise. */
	char *text = json_dumps(json_object_get(object, "data"), JSON_COMPACT);

	return text ? text : mem_dup("");
}

/* 0 or -1: it could not be stored. A line that is none is passed over. */
static int take_event(struct intake *intake, const json_t *object, const char *round)
{
	struct journal_event event = { .id = string_of(object, "id"),
				       .type = string_of(object, "type"),
				       .source = string_of(object, "source"),
				       .subject = string_of(object, "subject"),
				       .wall_ms = number_of(object, "at_ms"),
				       .round = mem_dup(round),
				       .data = data_of(object) };
	int status = 0;

	utf8_make_line(event.subject); /* the name of a file may have anything in it */
	if (!journal_event_is_sound(&event))
		intake->passed_over++;
	else
		status = journal_add(intake->journal, &event, intake->err);
	if (status == 1) {
		intake->new_events++;
		status = owe(intake, &event);
	}
	journal_event_free(&event);
	return status;
}

static int take_sample(struct intake *intake, const json_t *object)
{
	struct journal_sample sample = { .wall_ms = number_of(object, "at_ms"),
					 .subject = string_of(object, "sample"),
					 .rss_bytes = number_of(object, "rss_bytes"),
					 .memory_bytes = number_of(object, "memory_bytes") };
	char name[WORKER_NAME_MAX + 1];
	int number;
	int status = 0;

	if (sample.wall_ms < 0 || !instance_from_id(sample.subject, name, &number))
		intake->passed_over++;
	else
		status = journal_sample(intake->journal, &sample, intake->err);
	free(sample.subject);
	return status < 0 ? -1 : 0;
}

static int take_line(struct intake *intake, const struct spool_line *line)
{
	json_t *object =
		line->len > LINE_MAX_BYTES ? NULL : json_loadb(line->text, line->len, 0, NULL);
	int status = 0;

	if (!json_is_object(object))
		intake->passed_over++;
	else if (json_object_get(object, "sample"))
		status = take_sample(intake, object);
	else
		status = take_event(intake, object, line->round);
	json_decref(object);
	return status;
}

/* ---- all of it ---------------------------------------------------------------------------- */

/* Within the transaction. */
static int look_at_webhooks(struct intake *intake)
{
	intake->is_disabled = mem_alloc((intake->config->webhook_count + 1) * sizeof(bool));
	if (find_unread(intake))
		return -1;
	for (size_t i = 0; i < intake->config->webhook_count; i++)
		if (look_at_endpoint(intake, i))
			return -1;
	return 0;
}

static int take_lines(struct intake *intake, const struct spool_reading *reading)
{
	if (look_at_webhooks(intake))
		return -1;
	for (size_t i = 0; i < reading->count; i++)
		if (take_line(intake, &reading->lines[i]))
			return -1;
	return 0;
}

static int store(struct intake *intake, const struct spool_reading *reading)
{
	if (journal_begin(intake->journal, intake->err))
		return -1;
	if (take_lines(intake, reading) == 0)
		return journal_commit(intake->journal, intake->err);
	journal_rollback(intake->journal);
	return -1;
}

static int take_in(struct intake *intake, int state_fd)
{
	struct spool_reading reading;
	int seen = spool_read(state_fd, &reading);
	int status = 0;

	if (seen < 0)
		status = err_set(intake->err, ERR_SYSTEM, -seen,
				 "cannot read spool/ in the state directory");
	/* Most of the time there is nothing. */
	else if (reading.count)
		status = store(intake, &reading);
	/* Durable by now: what stays is taken again, and known by its ids. */
	if (status == 0 && reading.file_count)
		spool_forget(state_fd, &reading);
	spool_reading_free(&reading);
	return status < 0 ? -1 : intake->new_events;
}

static void free_intake(struct intake *intake)
{
	free(intake->is_disabled);
	strlist_free(&intake->unread);
}

int intake(struct journal *journal, const struct config *config, int state_fd, size_t *passed_over,
	   struct err *err)
{
	struct intake intake = { .journal = journal,
				 .config = config,
				 .err = err,
				 .now_wall_ms = clock_read().wall_ms,
				 .unread = STRLIST_INIT };
	int status = take_in(&intake, state_fd);

	if (status >= 0)
		*passed_over += intake.passed_over;
	free_intake(&intake);
	return status;
}
