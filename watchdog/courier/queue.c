/* SPDX-License-Identifier: ISC */
#include "watchdog/courier/queue.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watchdog/base/hash.h"
#include "watchdog/base/mem.h"
#include "watchdog/base/units.h"
#include "watchdog/config/secretfile.h"
#include "watchdog/courier/digest.h"
#include "watchdog/courier/filter.h"
#include "watchdog/courier/flap.h"
#include "watchdog/model/option.h"
#include "watchdog/net/verdict.h"

/* So many are read at a time where they go out one by one. */
#define WINDOW_SIZE 100
/* Chats, which have people behind them, get digests and no flapping by default. */
#define CHAT_LIMIT 10
/* A webhook that fails for so long is a person's business. */
#define LASTING_MS INT64_C(3600000)
/* When a secret that could not be read is looked at again. */
#define MUTE_MS INT64_C(300000)

/* ---- options ------------------------------------------------------------------------------ */

static int64_t limit_of(const struct webhook_options *options, int64_t limit)
{
	if (limit != OPTION_NONE)
		return limit;
	return webhook_is_chat(options->format) ? CHAT_LIMIT : 0;
}

static int64_t digest_limit(const struct queue *queue)
{
	return limit_of(&queue->webhook->options, queue->webhook->options.digest);
}

/* ---- what the journal has ----------------------------------------------------------------- */

static void free_window(struct queue *queue)
{
	for (size_t i = 0; i < queue->count; i++)
		journal_delivery_free(&queue->window[i]);
	queue->count = queue->at = 0;
}

/* What was owed while its section was in error was owed unfiltered; or what it asks for has changed
 * since. */
static void pass_unwanted(struct queue *queue, struct errand *errand)
{
	size_t kept = 0;

	for (size_t i = 0; i < queue->count; i++) {
		struct journal_delivery *delivery = &queue->window[i];

		if (filter_matches(&queue->webhook->options, errand->config, delivery->event.type,
				   delivery->event.subject)) {
			queue->window[kept++] = *delivery;
			continue;
		}
		batch_settle(&errand->batch, queue->webhook->name, delivery->event.seq,
			     JOURNAL_DELIVERED, errand->now.wall_ms, "not asked for");
		journal_delivery_free(delivery);
	}
	queue->count = kept;
}

static int read_window(struct queue *queue, struct errand *errand, struct err *err)
{
	size_t size = digest_limit(queue) > 0 ? DIGEST_MAX : WINDOW_SIZE;
	int count;

	free_window(queue);
	if (!queue->window)
		queue->window = mem_alloc(size * sizeof(*queue->window));
	count = journal_queue(errand->journal, queue->webhook->name, queue->window, size, err);
	if (count < 0)
		return -1;
	queue->count = (size_t)count;
	queue->is_whole = queue->count < size;
	pass_unwanted(queue, errand);
	return 0;
}

static void store_endpoint(struct queue *queue, struct errand *errand)
{
	batch_endpoint(&errand->batch, queue->webhook->name, &queue->endpoint);
}

/* What is known of another URL does not count. A wait never grows by a clock that is set back. */
static int read_endpoint(struct queue *queue, struct errand *errand, struct err *err)
{
	uint64_t url_hash = hash_text(HASH_INIT, queue->webhook->options.url);
	struct journal_endpoint *endpoint = &queue->endpoint;
	int64_t next_wall_ms;

	if (journal_endpoint_get(errand->journal, queue->webhook->name, endpoint, err) < 0)
		return -1;
	if (endpoint->url_hash != url_hash) {
		bool is_new = endpoint->url_hash == 0;

		*endpoint = (struct journal_endpoint){ .url_hash = url_hash };
		if (is_new)
			return 0;
		complaints_clear(&errand->complaints, queue->topic);
		store_endpoint(queue, errand);
		return 0;
	}
	next_wall_ms = verdict_due(endpoint->next_wall_ms, endpoint->failures, errand->now.wall_ms);
	if (next_wall_ms != endpoint->next_wall_ms) {
		endpoint->next_wall_ms = next_wall_ms;
		store_endpoint(queue, errand);
	}
	return 0;
}

static void complain_dead(struct queue *queue, struct errand *errand, const char *why)
{
	char topic[ERRAND_TOPIC_SIZE + 16];

	(void)snprintf(topic, sizeof(topic), "dead letters of %s", queue->webhook->name);
	errand_complain(errand, COMPLAINT_NOTE, topic, "%s; see `cronherd deliver --dead`", why);
}

static int bury_old(struct queue *queue, struct errand *errand, struct err *err)
{
	int64_t max_age_ms = queue->webhook->options.max_age_ms;
	char span[UNITS_TEXT_SIZE];
	char why[100];
	int count;

	(void)snprintf(why, sizeof(why), "not delivered within %s (max_age)",
		       units_format_duration(max_age_ms, span));
	count = journal_bury(errand->journal, queue->webhook->name,
			     errand->now.wall_ms - max_age_ms, errand->now.wall_ms, why, err);
	if (count < 0)
		return -1;
	if (count)
		complain_dead(queue, errand, why);
	errand->done.dead += count;
	return 0;
}

/* A 410 is for good; what has come since is dead letters, too. */
static void stay_disabled(struct queue *queue, struct errand *errand)
{
	errand_complain(errand, COMPLAINT_STANDING, queue->topic,
			"%s wants no more (410): disabled until its URL changes or `cronherd "
			"deliver --enable %s`",
			queue->host, queue->webhook->name);
	if (queue->at < queue->count || !queue->is_whole)
		batch_bury(&errand->batch, queue->webhook->name, errand->now.wall_ms, "disabled");
	free_window(queue);
	queue->is_whole = true;
}

int queue_look(struct queue *queue, struct errand *errand, struct err *err)
{
	if (read_endpoint(queue, errand, err) || bury_old(queue, errand, err) ||
	    read_window(queue, errand, err))
		return -1;
	if (queue->endpoint.disabled_wall_ms)
		stay_disabled(queue, errand);
	return 0;
}

/* ---- open and close ----------------------------------------------------------------------- */

static void read_secrets(struct queue *queue, struct errand *errand)
{
	struct err why = ERR_INIT;

	if (secretfile_secrets(&queue->webhook->options, &queue->secrets, &why) == 0)
		return;
	queue->is_mute = true;
	/* Said again by each courier as long as it is so. */
	errand_complain(errand, COMPLAINT_NOTE, queue->topic, "nothing is sent: %s", why.text);
}

static void take(struct sender *sender, struct errand *errand, const struct http_result *result);

int queue_open(struct queue *queue, const struct webhook *webhook, struct errand *errand,
	       struct err *err)
{
	*queue = (struct queue){ .sender.take = take,
				 .webhook = webhook,
				 .is_hasty = errand->options->is_now };
	(void)snprintf(queue->topic, sizeof(queue->topic), "webhook %s", webhook->name);
	(void)http_host(webhook->options.url, queue->host, sizeof(queue->host));
	read_secrets(queue, errand);
	if (queue_look(queue, errand, err))
		return -1;
	/* Enabled again, a secret that can be read again: that is over, though nothing was sent
	 * yet. */
	if (!queue->is_mute && !queue->endpoint.disabled_wall_ms &&
	    !queue->endpoint.failing_wall_ms)
		complaints_clear(&errand->complaints, queue->topic);
	return 0;
}

void queue_close(struct queue *queue)
{
	free_window(queue);
	free(queue->window);
	secretfile_wipe(&queue->secrets);
}

void queue_expect_more(struct queue *queue)
{
	queue->is_whole = false;
}

static bool has_more(const struct queue *queue)
{
	return !queue->endpoint.disabled_wall_ms && (queue->at < queue->count || !queue->is_whole);
}

/* Until when the event at the head waits for company, as far as that is known. */
static int64_t gathering_wall_ms(const struct queue *queue)
{
	if (queue->is_hasty || queue->at >= queue->count ||
	    queue->window[queue->at].event.seq != queue->gather_seq)
		return 0;
	return queue->gather_wall_ms;
}

int64_t queue_due_wall_ms(const struct queue *queue)
{
	int64_t gathering = gathering_wall_ms(queue);
	int64_t next = queue->is_hasty ? 0 : queue->endpoint.next_wall_ms;

	if (queue->sending || queue->is_cut || queue->is_mute || !has_more(queue))
		return INT64_MAX;
	return gathering > next ? gathering : next;
}

int64_t queue_owed_wall_ms(const struct queue *queue, int64_t now_wall_ms)
{
	if (!has_more(queue))
		return INT64_MAX;
	return queue->is_mute ? now_wall_ms + MUTE_MS : queue->endpoint.next_wall_ms;
}

/* ---- what became of it -------------------------------------------------------------------- */

/* The COUNT deliveries from AT on. But for those that stay owed the queue goes on behind them. */
static void settle(struct queue *queue, struct errand *errand, size_t count, enum journal_debt debt,
		   const char *last)
{
	const struct journal_delivery *first = &queue->window[queue->at];
	const char *name = queue->webhook->name;

	for (size_t i = 0; i < count; i++)
		batch_settle(&errand->batch, name, first[i].event.seq, debt, errand->now.wall_ms,
			     last);
	if (debt == JOURNAL_OWED)
		return;
	if (queue->has_flap)
		batch_flap(&errand->batch, name, first->event.subject, &queue->flap);
	if (first[count - 1].event.seq >= queue->endpoint.digest_seq)
		queue->endpoint.digest_seq = 0;
	queue->endpoint.refusals = 0;
	queue->at += count;
	if (debt == JOURNAL_DEAD) {
		errand->batch.is_urgent = true;
		errand->done.dead += (int64_t)count;
	} else {
		errand->done.delivered += (int64_t)count;
	}
}

static void recover(struct queue *queue)
{
	queue->endpoint.failures = 0;
	queue->endpoint.next_wall_ms = 0;
	queue->endpoint.failing_wall_ms = 0;
}

/* Waits by the schedule. */
static void put_off(struct queue *queue, const struct errand *errand)
{
	struct journal_endpoint *endpoint = &queue->endpoint;

	endpoint->failures++;
	endpoint->next_wall_ms =
		errand->now.wall_ms + verdict_delay_ms(endpoint->failures, queue->id);
}

/* As long as it was told to. */
static void put_to_sleep(struct queue *queue, const struct errand *errand,
			 const struct http_result *result)
{
	queue->endpoint.failures = 0;
	queue->endpoint.next_wall_ms =
		errand->now.wall_ms + verdict_sleep_ms(result->retry_after_s);
}

static void complain_lasting(struct queue *queue, struct errand *errand)
{
	char since[CLOCK_RFC3339_SIZE];

	if (errand->now.wall_ms - queue->endpoint.failing_wall_ms < LASTING_MS)
		return;
	errand_complain(errand, COMPLAINT_STANDING, queue->topic,
			"nothing gets through to %s since %s; see `cronherd deliver --status`",
			queue->host, clock_rfc3339(queue->endpoint.failing_wall_ms, since));
}

/* Three tries are enough for what is not wanted; the next ones go on. */
static void take_refusal(struct queue *queue, struct errand *errand, size_t count, const char *why)
{
	char text[300];

	if (++queue->endpoint.refusals < VERDICT_REFUSED_MAX) {
		settle(queue, errand, count, JOURNAL_OWED, why);
		put_off(queue, errand);
		return;
	}
	settle(queue, errand, count, JOURNAL_DEAD, why);
	recover(queue);
	(void)snprintf(text, sizeof(text), "%s refuses what it is sent (%s)", queue->host, why);
	complain_dead(queue, errand, text);
}

static void take_gone(struct queue *queue, struct errand *errand, const char *why)
{
	recover(queue);
	queue->endpoint.digest_seq = 0;
	queue->endpoint.refusals = 0;
	queue->endpoint.disabled_wall_ms = errand->now.wall_ms;
	batch_bury(&errand->batch, queue->webhook->name, errand->now.wall_ms, why);
	free_window(queue);
	queue->is_whole = true;
	stay_disabled(queue, errand);
}

static void take_failure(struct queue *queue, struct errand *errand, size_t count,
			 enum verdict verdict, const struct http_result *result, const char *why)
{
	errand->done.failed++;
	if (!queue->endpoint.failing_wall_ms)
		queue->endpoint.failing_wall_ms = errand->now.wall_ms;
	if (verdict == VERDICT_REFUSED) {
		take_refusal(queue, errand, count, why);
		return;
	}
	if (verdict == VERDICT_GONE) {
		take_gone(queue, errand, why);
		return;
	}
	settle(queue, errand, count, JOURNAL_OWED, why);
	if (verdict == VERDICT_SLEEP)
		put_to_sleep(queue, errand, result);
	else
		put_off(queue, errand);
	if (verdict == VERDICT_MISTAKE)
		errand_complain(errand, COMPLAINT_STANDING, queue->topic,
				"%s: %s; what it is owed waits", queue->host, why);
	else
		complain_lasting(queue, errand);
}

static void say(const struct queue *queue, const struct errand *errand, size_t count,
		const struct http_result *result, const char *why)
{
	const struct journal_event *event = &queue->window[queue->at].event;

	if (count > 1)
		out_info(errand->options->out,
			 "%s (%s): %zu events of one round: %s, %" PRId64 " ms", queue->topic,
			 queue->host, count, why, result->took_ms);
	else
		out_info(errand->options->out, "%s (%s): %s %s: %s, %" PRId64 " ms", queue->topic,
			 queue->host, event->type, event->subject, why, result->took_ms);
}

static void take(struct sender *sender, struct errand *errand, const struct http_result *result)
{
	struct queue *queue = (struct queue *)sender;
	size_t count = queue->sending;
	char why[sizeof(queue->endpoint.last)];
	enum verdict verdict = verdict_of(result, why, sizeof(why));

	queue->sending = 0;
	say(queue, errand, count, result, why);
	if (errand_was_cut(result, queue->timeout_ms, queue->webhook->options.timeout_ms)) {
		queue->is_cut = true;
		return;
	}
	queue->endpoint.tried_wall_ms = errand->now.wall_ms;
	(void)snprintf(queue->endpoint.last, sizeof(queue->endpoint.last), "%s", why);
	if (verdict == VERDICT_DELIVERED) {
		settle(queue, errand, count, JOURNAL_DELIVERED, why);
		recover(queue);
		complaints_clear(&errand->complaints, queue->topic);
	} else {
		take_failure(queue, errand, count, verdict, result, why);
	}
	store_endpoint(queue, errand);
}

/* ---- sending ------------------------------------------------------------------------------ */

static size_t next_count(const struct queue *queue)
{
	return digest_count(queue->window + queue->at, queue->count - queue->at,
			    digest_limit(queue), queue->endpoint.digest_seq);
}

/* Whether the window has to be read anew to know what comes next. */
static bool is_short(const struct queue *queue)
{
	size_t left = queue->count - queue->at;

	if (queue->is_whole)
		return false;
	return !left ||
	       (digest_limit(queue) > 0 && digest_run(queue->window + queue->at, left) == left);
}

/* Passes over those at the head that are held back. */
static int hold_back(struct queue *queue, struct errand *errand, int64_t *held_back,
		     struct err *err)
{
	const struct webhook_options *options = &queue->webhook->options;
	int64_t limit = limit_of(options, options->flap);

	*held_back = 0;
	queue->has_flap = false;
	while (limit > 0 && queue->at < queue->count && next_count(queue) == 1) {
		const struct journal_event *event = &queue->window[queue->at].event;
		const char *name = queue->webhook->name;
		const struct journal_flap *known =
			batch_find_flap(&errand->batch, name, event->subject);
		struct journal_flap before;

		if (known)
			before = *known;
		else if (journal_flap_get(errand->journal, name, event->subject, &before, err) < 0)
			return -1;
		if (flap_is_told(event, limit, &before, &queue->flap)) {
			*held_back = before.held_back;
			queue->has_flap = !flap_is_same(&before, &queue->flap);
			return 0;
		}
		batch_settle(&errand->batch, name, event->seq, JOURNAL_DELIVERED,
			     errand->now.wall_ms, "held back (flapping)");
		batch_flap(&errand->batch, name, event->subject, &queue->flap);
		queue->at++;
	}
	return 0;
}

/* Which events are in it must not change between two tries, whoever makes the second. */
static int fix_digest(struct queue *queue, struct errand *errand, size_t count, struct err *err)
{
	int64_t last_seq = queue->window[queue->at + count - 1].event.seq;

	if (count == 1 || queue->endpoint.digest_seq == last_seq)
		return 0;
	queue->endpoint.digest_seq = last_seq;
	store_endpoint(queue, errand);
	return batch_store(&errand->batch, errand->journal, err);
}

/* With a journal that stores nothing (a full disk, a lock) the same would be sent again by each
 * courier, minute by minute. */
static int prove_journal(struct queue *queue, struct errand *errand, struct err *err)
{
	if (errand->is_journal_proven)
		return 0;
	store_endpoint(queue, errand);
	if (batch_store(&errand->batch, errand->journal, err))
		return -1;
	errand->is_journal_proven = true;
	return 0;
}

static void begin(struct queue *queue, struct errand *errand, const struct message *message)
{
	struct http_request request;
	struct http_result result = { .failure = HTTP_UNUSABLE };
	struct err err = ERR_INIT;

	queue->timeout_ms = errand_timeout_ms(errand, queue->webhook->options.timeout_ms);
	request = message_request(&queue->webhook->options, message, queue->timeout_ms);
	if (http_begin(errand->http, &request, &queue->sender, &err) == 0)
		return;
	(void)snprintf(result.why, sizeof(result.why), "%s", err.text);
	take(&queue->sender, errand, &result);
}

static int send_next(struct queue *queue, struct errand *errand, int64_t held_back, struct err *err)
{
	size_t count = next_count(queue);
	struct message message;
	struct err why = ERR_INIT;

	if (prove_journal(queue, errand, err) || fix_digest(queue, errand, count, err))
		return -1;
	if (message_make(&queue->webhook->options, &queue->secrets, queue->window + queue->at,
			 count, held_back, errand->now.wall_ms / 1000, &message, &why) == 0) {
		queue->sending = count;
		queue->is_hasty = false;
		(void)snprintf(queue->id, sizeof(queue->id), "%s", message.id);
		begin(queue, errand, &message);
	} else {
		/* It would be no better at the next try. */
		settle(queue, errand, count, JOURNAL_DEAD, why.text);
		store_endpoint(queue, errand);
		complain_dead(queue, errand, why.text);
	}
	message_free(&message);
	return 0;
}

/* Whether a new one at the head, for people, is to wait for others that belong to it. One that was
 * tried does not. */
static bool is_gathering(struct queue *queue, const struct errand *errand)
{
	const struct journal_delivery *head = &queue->window[queue->at];
	int64_t latest_wall_ms = errand->now.wall_ms + DIGEST_GATHER_MS;

	if (queue->at >= queue->count || digest_limit(queue) == 0 || head->attempts > 0 ||
	    head->event.seq <= queue->endpoint.digest_seq)
		return false;
	if (head->event.seq != queue->gather_seq) {
		queue->gather_seq = head->event.seq;
		queue->gather_wall_ms = head->owed_wall_ms + DIGEST_GATHER_MS;
	}
	/* The clock was set back. */
	if (queue->gather_wall_ms > latest_wall_ms)
		queue->gather_wall_ms = latest_wall_ms;
	return gathering_wall_ms(queue) > errand->now.wall_ms;
}

int queue_step(struct queue *queue, struct errand *errand, struct err *err)
{
	int64_t held_back;

	if (queue_due_wall_ms(queue) > errand->now.wall_ms || !errand_has_time(errand))
		return 0;
	if (is_short(queue) &&
	    (batch_store(&errand->batch, errand->journal, err) || read_window(queue, errand, err)))
		return -1;
	if (is_gathering(queue, errand))
		return 0;
	if (hold_back(queue, errand, &held_back, err))
		return -1;
	return queue->at < queue->count ? send_next(queue, errand, held_back, err) : 0;
}
