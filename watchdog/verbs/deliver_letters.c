/* SPDX-License-Identifier: ISC */
/* deliver --dead, --replay, --purge, --enable: what could not be delivered, and what is to become
 * of it. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "watchdog/base/clock.h"
#include "watchdog/base/jsontext.h"
#include "watchdog/base/mem.h"
#include "watchdog/report/columns.h"
#include "watchdog/store/spool.h"
#include "watchdog/verbs/deliver.h"

#define COLUMN_COUNT 6

/* ---- --dead ------------------------------------------------------------------------------- */

static bool add_row(const struct journal_delivery *letter, void *data)
{
	struct strlist *cells = data;
	char time[CLOCK_RFC3339_SIZE];

	strlist_add(cells, clock_rfc3339(letter->event.wall_ms, time));
	strlist_add(cells, letter->webhook);
	strlist_add(cells, letter->event.type);
	strlist_add(cells, letter->event.subject);
	strlist_add(cells, letter->event.id);
	strlist_add(cells, letter->last);
	return true;
}

static int add_table(struct journal *journal, struct str *text, struct err *err)
{
	static const char *const titles[COLUMN_COUNT] = { "AT",	     "WEBHOOK", "EVENT",
							  "SUBJECT", "ID",	"WHY" };
	struct strlist cells = STRLIST_INIT;
	int status;

	for (size_t i = 0; i < COLUMN_COUNT; i++)
		strlist_add(&cells, titles[i]);
	status = journal_dead(journal, NULL, add_row, &cells, err);
	if (status >= 0 && cells.count > COLUMN_COUNT)
		columns_render(&cells, COLUMN_COUNT, 0, text);
	strlist_free(&cells);
	return status < 0 ? -1 : 0;
}

static void set(json_t *json, const char *name, json_t *value)
{
	(void)json_object_set_new(json, name, value);
}

static bool add_object(const struct journal_delivery *letter, void *data)
{
	json_t *json = json_object();

	set(json, "id", jsontext_string(letter->event.id));
	set(json, "webhook", jsontext_string(letter->webhook));
	set(json, "type", jsontext_string(letter->event.type));
	set(json, "subject", jsontext_string(letter->event.subject));
	set(json, "time", jsontext_time(letter->event.wall_ms));
	set(json, "dead_since", jsontext_time(letter->done_wall_ms));
	set(json, "attempts", json_integer(letter->attempts));
	set(json, "why", jsontext_string(letter->last));
	(void)json_array_append_new(data, json);
	return true;
}

static int add_json(struct journal *journal, struct str *text, struct err *err)
{
	json_t *json = json_object();
	json_t *letters = json_array();
	int status = journal_dead(journal, NULL, add_object, letters, err);

	set(json, "version", json_integer(1));
	set(json, "dead", letters);
	jsontext_finish(json, text);
	return status < 0 ? -1 : 0;
}

int deliver_dead(const struct deliver *deliver)
{
	struct journal *journal = NULL;
	struct str text = STR_INIT;
	struct err err = ERR_INIT;
	int status = deliver_open(deliver, &journal, JOURNAL_READ, &err);

	if (status == 0)
		status = deliver->is_json ? add_json(journal, &text, &err)
					  : add_table(journal, &text, &err);
	if (status == 0)
		fputs(str_text(&text), stdout);
	str_free(&text);
	journal_close(journal);
	return status ? verb_fail(deliver->call, &err) : VERB_DONE;
}

/* ---- whose -------------------------------------------------------------------------------- */

struct office {
	const struct deliver *deliver;
	struct journal *journal;
	struct tally tally;
	const struct tally_webhook *webhook; /* that is meant; NULL: any */
	const char *id;			     /* the dead letter; NULL: any */
};

static const struct tally_webhook *find(const struct office *office, const char *name)
{
	for (size_t i = 0; i < office->tally.count; i++)
		if (strcmp(office->tally.webhooks[i].name, name) == 0)
			return &office->tally.webhooks[i];
	return NULL;
}

struct search {
	const char *id;
	bool is_found;
};

static bool compare_id(const struct journal_delivery *letter, void *data)
{
	struct search *search = data;

	search->is_found = strcmp(letter->event.id, search->id) == 0;
	return !search->is_found;
}

/* Opens OFFICE and finds out what is meant. A verb's exit status. */
static int enter(struct office *office, const struct deliver *deliver)
{
	struct search search = { .id = deliver->what };
	struct err err = ERR_INIT;

	*office = (struct office){ .deliver = deliver };
	if (deliver_open(deliver, &office->journal, JOURNAL_WRITE, &err) ||
	    tally_take(&office->tally, office->journal, &deliver->config, &err))
		return verb_fail(deliver->call, &err);
	if (!deliver->what)
		return VERB_DONE;
	office->webhook = find(office, deliver->what);
	if (office->webhook)
		return VERB_DONE;
	office->id = deliver->what;
	if (journal_dead(office->journal, NULL, compare_id, &search, &err) < 0)
		return verb_fail(deliver->call, &err);
	return search.is_found
		       ? VERB_DONE
		       : deliver_refuse(deliver, "webhook or dead letter", &office->tally.names);
}

/* Has the next round begin a courier, if IS_OWED, and others know how it stands. */
static int leave(struct office *office, bool is_owed)
{
	const struct deliver *deliver = office->deliver;
	int state_fd = open(deliver->config.state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err err = ERR_INIT;
	struct tally tally;
	int status = tally_take(&tally, office->journal, &deliver->config, &err);
	int failure = 0;

	if (status == 0 && state_fd >= 0)
		failure = tally_publish(&tally, state_fd);
	if (is_owed && state_fd >= 0 && failure == 0)
		failure = spool_owe(state_fd, clock_read().wall_ms);
	if (failure < 0)
		out_warn(&deliver->call->out, "%s cannot be written: %s", deliver->config.state_dir,
			 strerror(-failure));
	if (state_fd >= 0)
		close(state_fd);
	tally_free(&tally);
	return status ? verb_fail(deliver->call, &err) : VERB_DONE;
}

static void free_office(struct office *office)
{
	tally_free(&office->tally);
	journal_close(office->journal);
}

/* ---- --replay, --purge -------------------------------------------------------------------- */

/* Whether letters of WEBHOOK would only die again: that is said. */
static bool is_hopeless(const struct office *office, const struct tally_webhook *webhook)
{
	const struct out *out = &office->deliver->call->out;
	const char *name = webhook->name;

	if (webhook->endpoint.disabled_wall_ms)
		out_warn(out, "webhook %s: it is disabled: `cronherd deliver --enable %s` first",
			 name, name);
	else if (!webhook->webhook && !webhook->is_broken)
		out_warn(out, "webhook %s: the configuration has it no more", name);
	else
		return false;
	return true;
}

/* How many, or -1 with ERR. PASSED_OVER: what is wanted cannot be had for all. */
static int64_t replay(const struct office *office, bool *passed_over, struct err *err)
{
	int64_t sum = 0;

	for (size_t i = 0; i < office->tally.count; i++) {
		const struct tally_webhook *webhook = &office->tally.webhooks[i];
		int count;

		if (!webhook->tally.dead || (office->webhook && office->webhook != webhook))
			continue;
		if (is_hopeless(office, webhook)) {
			*passed_over = true;
			continue;
		}
		count = journal_replay(office->journal, webhook->name, office->id,
				       clock_read().wall_ms, err);
		if (count < 0)
			return -1;
		sum += count;
	}
	return sum;
}

int deliver_replay(const struct deliver *deliver)
{
	struct office office;
	struct err err = ERR_INIT;
	bool passed_over = false;
	int status = enter(&office, deliver);
	int64_t count;

	if (status == VERB_DONE) {
		count = replay(&office, &passed_over, &err);
		if (count >= 0)
			printf("%" PRId64 " dead letter%s owed again%s\n", count,
			       count == 1 ? " is" : "s are",
			       count ? ": the next round sends, or `cronherd deliver`" : "");
		status = count < 0 ? verb_fail(deliver->call, &err) : leave(&office, count > 0);
	}
	free_office(&office);
	return status == VERB_DONE && passed_over ? VERB_PARTLY : status;
}

int deliver_purge(const struct deliver *deliver)
{
	struct office office;
	struct err err = ERR_INIT;
	int status = enter(&office, deliver);
	int count;

	if (status == VERB_DONE) {
		count = journal_purge(office.journal, office.webhook ? office.webhook->name : NULL,
				      office.id, &err);
		if (count >= 0)
			printf("%d dead letter%s forgotten\n", count, count == 1 ? " is" : "s are");
		status = count < 0 ? verb_fail(deliver->call, &err) : leave(&office, false);
	}
	free_office(&office);
	return status;
}

/* ---- --enable ----------------------------------------------------------------------------- */

static int enable(struct office *office)
{
	const struct tally_webhook *webhook = office->webhook;
	struct journal_endpoint endpoint = webhook->endpoint;
	bool was_disabled = endpoint.disabled_wall_ms != 0;
	struct err err = ERR_INIT;

	endpoint.disabled_wall_ms = 0;
	endpoint.failures = 0;
	endpoint.next_wall_ms = 0;
	if (journal_endpoint_set(office->journal, webhook->name, &endpoint, &err))
		return verb_fail(office->deliver->call, &err);
	printf("webhook %s %s\n", webhook->name,
	       was_disabled ? "is enabled" : "was not disabled; its next try is at once");
	if (webhook->tally.dead)
		printf("its dead letters stay: `cronherd deliver --replay %s` owes them again\n",
		       webhook->name);
	/* If only to forget what was complained of. */
	return leave(office, true);
}

int deliver_enable(const struct deliver *deliver)
{
	struct office office;
	int status = enter(&office, deliver);

	if (status == VERB_DONE)
		status = office.webhook ? enable(&office)
					: deliver_refuse(deliver, "webhook", &office.tally.names);
	free_office(&office);
	return status;
}
