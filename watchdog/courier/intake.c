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

/* How much of a file was taken. What has grown since is for the next time. */
struct taken {
	char *name;
	size_t len;
};

struct intake {
	struct journal *journal;
	const struct config *config;
	struct err *err;
	int64_t now_wall_ms;
	bool *is_disabled;     /* of each webhook; NULL until the first file */
	struct strlist unread; /* names of webhooks whose filters are not known */
	struct taken *taken;
	size_t taken_count;
	size_t gone_count; /* of these, from the first on: looked at once more */
	size_t passed_over;
	int new_events;
	bool has_failed;
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

static int take_line(struct intake *intake, const char *line, size_t len, const char *round)
{
	json_t *object = len > LINE_MAX_BYTES ? NULL : json_loadb(line, len, 0, NULL);
	int status = 0;

	if (!json_is_object(object))
		intake->passed_over++;
	else if (json_object_get(object, "sample"))
		status = take_sample(intake, object);
	else
		status = take_event(intake, object, round);
	json_decref(object);
	return status;
}

/* ---- files -------------------------------------------------------------------------------- */

/* What is needed for the first file; most of the time there is none. */
static int prepare(struct intake *intake)
{
	if (intake->is_disabled)
		return 0;
	intake->is_disabled = mem_alloc((intake->config->webhook_count + 1) * sizeof(bool));
	if (journal_begin(intake->journal, intake->err) || find_unread(intake))
		return -1;
	for (size_t i = 0; i < intake->config->webhook_count; i++)
		if (look_at_endpoint(intake, i))
			return -1;
	return 0;
}

static int take_lines(struct intake *intake, const char *name, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (take_line(intake, text, len, name))
			return -1;
		text += len + (text[len] == '\n');
	}
	return 0;
}

static void note(struct intake *intake, const char *name, size_t len)
{
	if ((intake->taken_count & (intake->taken_count - 1)) == 0) /* full at each power of two */
		intake->taken =
			mem_resize(intake->taken, intake->taken_count ? intake->taken_count * 2 : 1,
				   sizeof(*intake->taken));
	intake->taken[intake->taken_count++] = (struct taken){ .name = mem_dup(name), .len = len };
}

/* Nothing is durable yet, so nothing goes. */
static enum spool_taken take(const char *name, char *text, void *data)
{
	struct intake *intake = data;

	if (!intake->has_failed && (prepare(intake) || take_lines(intake, name, text)))
		intake->has_failed = true;
	if (!intake->has_failed)
		note(intake, name, strlen(text));
	return SPOOL_KEEP;
}

/* The second time, when all is: what is as it was taken may go. Both times by order of names. */
static enum spool_taken let_go(const char *name, char *text, void *data)
{
	struct intake *intake = data;
	const struct taken *taken;
	int order = -1;

	while (intake->gone_count < intake->taken_count && order < 0) {
		taken = &intake->taken[intake->gone_count];
		order = strcmp(taken->name, name);
		if (order == 0 && strlen(text) != taken->len)
			return SPOOL_KEEP;
		intake->gone_count += order <= 0;
	}
	return order == 0 ? SPOOL_STORED : SPOOL_KEEP;
}

static void free_intake(struct intake *intake)
{
	for (size_t i = 0; i < intake->taken_count; i++)
		free(intake->taken[i].name);
	free(intake->taken);
	free(intake->is_disabled);
	strlist_free(&intake->unread);
}

static int take_in(struct intake *intake, int state_fd)
{
	int seen = spool_each(state_fd, take, intake);

	if (seen < 0)
		(void)err_set(intake->err, ERR_SYSTEM, -seen,
			      "cannot read spool/ in the state directory");
	if (!intake->is_disabled) /* not one file */
		return seen < 0 ? -1 : 0;
	/* Those before one that could not be read are whole. */
	if (intake->has_failed) {
		journal_rollback(intake->journal);
		return -1;
	}
	if (journal_commit(intake->journal, intake->err))
		return -1;
	(void)spool_each(state_fd, let_go,
			 intake); /* what stays is taken again, and known by its ids */
	return seen < 0 ? -1 : intake->new_events;
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
