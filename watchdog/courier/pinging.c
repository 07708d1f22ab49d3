/* SPDX-License-Identifier: ISC */
#include "watchdog/courier/pinging.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "watchdog/base/mem.h"

/* A success that is older says nothing of now: it is the next round's to say. */
#define FRESH_MS INT64_C(120000)

/* Between tries; then it is given up, until there is a newer beat. */
static const int64_t delays_ms[] = { 5000, 15000 };

#define TRIES_MAX ((int)(sizeof(delays_ms) / sizeof(delays_ms[0])) + 1)

/* ---- the beat ----------------------------------------------------------------------------- */

static bool is_fresh(const struct beatfile *beat, int64_t now_wall_ms)
{
	int64_t age_ms;

	return !__builtin_sub_overflow(now_wall_ms, beat->end_wall_ms, &age_ms) &&
	       age_ms < FRESH_MS && age_ms > -FRESH_MS;
}

/* What PING has to say of the beat; false: nothing. BEAT borrows. */
static bool find(const struct pinging *pinging, const struct ping *ping, struct beat *beat)
{
	const char *name = ping_worker(&ping->options);
	const struct beatfile *file = &pinging->beat;
	const struct beatfile_worker *worker = name ? beatfile_worker(file, name) : NULL;

	if (!pinging->has_beat || (name && !worker))
		return false;
	*beat = (struct beat){ .is_good = file->exit_status == 0,
			       .exit_status = file->exit_status,
			       .host = pinging->host,
			       .start_wall_ms = file->start_wall_ms,
			       .end_wall_ms = file->end_wall_ms,
			       .rid = file->rid,
			       .body = file->body ? file->body : "" };
	if (worker) {
		beat->is_good = worker->is_good;
		beat->exit_status = !worker->is_good;
		beat->body = worker->sentence;
	}
	return true;
}

static void begin_target(struct pinging_target *target, const struct errand *errand)
{
	const struct pinging *pinging = target->pinging;
	struct beat beat;
	enum pingmark_step done;

	target->failures = 0;
	target->next_boot_ms = 0;
	target->is_cut = false;
	target->why[0] = '\0';
	target->is_over = !find(pinging, target->ping, &beat) ||
			  (beat.is_good && !is_fresh(&pinging->beat, errand->now.wall_ms));
	if (target->is_over)
		return;
	done = pingmark_get(&pinging->marks, beat.rid, target->ping->name);
	target->is_over = done == PINGMARK_ENDED;
	target->step = done == PINGMARK_STARTED ? BEAT_END : BEAT_START;
}

void pinging_look(struct pinging *pinging, struct errand *errand)
{
	struct beatfile beat;

	if (!pinging->count)
		return;
	/* None, or one that cannot be read: what there was goes on. */
	if (beatfile_read(errand->state_fd, &beat) ||
	    (pinging->has_beat && strcmp(beat.rid, pinging->beat.rid) == 0)) {
		beatfile_free(&beat);
		return;
	}
	beatfile_free(&pinging->beat);
	pinging->beat = beat;
	pinging->has_beat = true;
	for (size_t i = 0; i < pinging->count; i++)
		if (!pinging->targets[i].is_sending)
			begin_target(&pinging->targets[i], errand);
}

/* ---- open and close ----------------------------------------------------------------------- */

static void take(struct sender *sender, struct errand *errand, const struct http_result *result);

void pinging_open(struct pinging *pinging, struct errand *errand)
{
	*pinging = (struct pinging){ .beat = BEATFILE_INIT, .marks = PINGMARKS_INIT };
	pinging->count = errand->config->ping_count;
	pinging->targets = mem_alloc(pinging->count * sizeof(*pinging->targets));
	if (gethostname(pinging->host, sizeof(pinging->host) - 1))
		pinging->host[0] = '\0';
	for (size_t i = 0; i < pinging->count; i++) {
		const struct ping *ping = &errand->config->pings[i];
		struct pinging_target *target = &pinging->targets[i];

		*target = (struct pinging_target){
			.sender.take = take, .pinging = pinging, .ping = ping, .is_over = true
		};
		(void)snprintf(target->topic, sizeof(target->topic), "ping %s", ping->name);
		(void)http_host(ping->options.url, target->host, sizeof(target->host));
	}
	if (pinging->count)
		pingmark_load(errand->state_fd, &pinging->marks);
	pinging_look(pinging, errand);
}

void pinging_close(struct pinging *pinging)
{
	beatfile_free(&pinging->beat);
	pingmark_free(&pinging->marks);
	free(pinging->targets);
}

/* ---- what became of it -------------------------------------------------------------------- */

/* Lost, the mark costs a ping that is sent twice: no reason to fail. */
static void mark(struct pinging_target *target, struct errand *errand, enum pingmark_step step)
{
	struct pingmarks *marks = &target->pinging->marks;

	pingmark_set(marks, target->rid, target->ping->name, step);
	(void)pingmark_save(errand->state_fd, marks);
}

static void complain(struct pinging_target *target, struct errand *errand)
{
	errand_complain(errand, COMPLAINT_STANDING, target->topic, "%s does not take it: %s",
			target->host, target->why);
}

/* What another try will not mend: an address that is none, a service that wants something else. */
static bool is_refused(const struct http_result *result)
{
	return result->failure == HTTP_ANSWERED && result->status < 500 && result->status != 408 &&
	       result->status != 425 && result->status != 429;
}

/* Whether anything gets through, whatever beat it was of. */
static void judge(struct pinging_target *target, struct errand *errand,
		  const struct http_result *result, bool is_taken)
{
	if (is_taken) {
		target->misses = 0;
		complaints_clear(&errand->complaints, target->topic);
	} else if (++target->misses >= TRIES_MAX || is_refused(result)) {
		complain(target, errand);
	}
}

static void take_end(struct pinging_target *target, struct errand *errand, bool is_taken)
{
	if (is_taken) {
		mark(target, errand, PINGMARK_ENDED);
		errand->done.pings++;
		target->is_over = true;
	} else if (++target->failures == TRIES_MAX) {
		errand->done.pings_failed++;
		target->is_over = true;
	} else {
		target->next_boot_ms = errand->now.boot_ms + delays_ms[target->failures - 1];
		/* The start, too, if it was not taken. */
		if (pingmark_get(&target->pinging->marks, target->rid, target->ping->name) ==
		    PINGMARK_NONE)
			target->step = BEAT_START;
	}
}

static void take(struct sender *sender, struct errand *errand, const struct http_result *result)
{
	struct pinging_target *target = (struct pinging_target *)sender;
	char why[sizeof(target->why)];
	bool is_taken = beat_is_taken(&target->ping->options, result, why, sizeof(why));

	target->is_sending = false;
	if (result->body_limit > 0)
		target->body_max = result->body_limit;
	out_info(errand->options->out, "%s (%s): %s: %s, %" PRId64 " ms", target->topic,
		 target->host, target->step == BEAT_START ? "start" : "end", why, result->took_ms);
	if (!is_taken)
		(void)snprintf(target->why, sizeof(target->why), "%s", why);
	if (target->step == BEAT_END)
		judge(target, errand, result, is_taken);
	if (strcmp(target->rid, target->pinging->beat.rid) != 0) {
		/* There is a newer one by now. */
		begin_target(target, errand);
	} else if (errand_was_cut(result, target->timeout_ms, target->ping->options.timeout_ms)) {
		target->is_cut = true;
	} else if (target->step == BEAT_START) {
		/* Whatever became of it: the end is what counts. */
		if (is_taken)
			mark(target, errand, PINGMARK_STARTED);
		target->step = BEAT_END;
	} else {
		take_end(target, errand, is_taken);
	}
}

/* ---- sending ------------------------------------------------------------------------------ */

static void send_request(struct pinging_target *target, struct errand *errand,
			 const struct beat_request *request)
{
	const struct ping_options *options = &target->ping->options;
	struct strlist headers = STRLIST_INIT;
	struct http_result result = { .failure = HTTP_UNUSABLE };
	struct err err = ERR_INIT;
	struct http_request http;

	strlist_copy(&headers, &request->headers);
	for (size_t i = 0; i < options->headers.count; i++)
		strlist_add(&headers, options->headers.items[i]);
	target->timeout_ms = errand_timeout_ms(errand, options->timeout_ms);
	http = (struct http_request){ .method = request->method,
				      .url = str_text(&request->url),
				      .headers = &headers,
				      .body = request->body.len ? str_text(&request->body) : NULL,
				      .body_len = request->body.len,
				      .timeout_ms = target->timeout_ms,
				      .ca_file = options->ca_file,
				      .proxy = options->proxy };
	target->is_sending = true;
	(void)snprintf(target->rid, sizeof(target->rid), "%s", target->pinging->beat.rid);
	if (http_begin(errand->http, &http, &target->sender, &err)) {
		(void)snprintf(result.why, sizeof(result.why), "%s", err.text);
		take(&target->sender, errand, &result);
	}
	strlist_free(&headers);
}

/* Steps that the style does not have are passed over. */
static void step_target(struct pinging_target *target, struct errand *errand)
{
	struct beat beat;
	struct beat_request request = { .method = NULL };

	if (!find(target->pinging, target->ping, &beat)) {
		target->is_over = true;
		return;
	}
	beat.body_max = target->body_max;
	if (beat_make(&target->ping->options, &beat, target->step, &request))
		send_request(target, errand, &request);
	else if (target->step == BEAT_START)
		target->step = BEAT_END;
	else
		target->is_over = true;
	beat_request_free(&request);
}

static bool is_waiting(const struct pinging_target *target)
{
	return !target->is_over && !target->is_cut && !target->is_sending;
}

void pinging_step(struct pinging *pinging, struct errand *errand)
{
	for (size_t i = 0; i < pinging->count; i++) {
		struct pinging_target *target = &pinging->targets[i];

		if (is_waiting(target) && target->next_boot_ms <= errand->now.boot_ms &&
		    errand_has_time(errand))
			step_target(target, errand);
	}
}

int64_t pinging_due_boot_ms(const struct pinging *pinging)
{
	int64_t due_boot_ms = CLOCK_NEVER;

	for (size_t i = 0; i < pinging->count; i++)
		if (is_waiting(&pinging->targets[i]) &&
		    pinging->targets[i].next_boot_ms < due_boot_ms)
			due_boot_ms = pinging->targets[i].next_boot_ms;
	return due_boot_ms;
}

void pinging_finish(struct pinging *pinging, struct errand *errand)
{
	for (size_t i = 0; i < pinging->count; i++)
		if (!pinging->targets[i].is_over && pinging->targets[i].why[0]) {
			complain(&pinging->targets[i], errand);
			errand->done.pings_failed++;
		}
}
