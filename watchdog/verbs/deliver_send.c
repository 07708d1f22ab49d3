/* SPDX-License-Identifier: ISC */
/* deliver, --test, --reach: what goes out. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "watchdog/base/clock.h"
#include "watchdog/base/mem.h"
#include "watchdog/base/units.h"
#include "watchdog/base/utf8.h"
#include "watchdog/courier/courier.h"
#include "watchdog/courier/trial.h"
#include "watchdog/verbs/deliver.h"

/* Another courier's time, and a little more. */
#define BUSY_MS	      (INT64_C(5000) + COURIER_BUDGET_MS)
#define BUSY_PAUSE_MS 50
/* A host that takes longer than that is not well. */
#define REACH_MS INT64_C(10000)
/* Of an answer, for people. */
#define ANSWER_MAX 200

/* ---- what is owed ------------------------------------------------------------------------- */

static void add_count(int64_t count, const char *one, const char *many, struct str *line)
{
	if (count)
		str_addf(line, "%s%" PRId64 " %s", line->len ? ", " : "", count,
			 count == 1 ? one : many);
}

static void print(const struct deliver *deliver, const struct courier_done *done)
{
	int64_t wait_ms = done->next_wall_ms - clock_read().wall_ms;
	struct str line = STR_INIT;
	char span[UNITS_TEXT_SIZE];

	if (deliver->is_detached || deliver->call->out.level == OUT_QUIET)
		return;
	add_count(done->delivered, "event delivered", "events delivered", &line);
	add_count(done->dead, "dead letter", "dead letters", &line);
	add_count(done->pings, "ping", "pings", &line);
	add_count(done->pings_failed, "ping failed", "pings failed", &line);
	add_count(done->owed, "event still owed", "events still owed", &line);
	if (done->owed && done->next_wall_ms != INT64_MAX && wait_ms >= 1000)
		str_addf(&line, ": the next try is in %s",
			 units_format_duration(wait_ms / 1000 * 1000, span));
	printf("%s\n", line.len ? str_text(&line) : "nothing is owed");
	str_free(&line);
}

static void add_done(struct courier_done *done, const struct courier_done *more)
{
	done->delivered += more->delivered;
	done->dead += more->dead;
	done->failed += more->failed;
	done->pings += more->pings;
	done->pings_failed += more->pings_failed;
}

/* As often as the configuration changes meanwhile, but no longer for that. */
static enum courier_end run_courier(struct deliver *deliver, struct courier_done *done,
				    struct err *err)
{
	const struct courier_options options = { .out = &deliver->call->out,
						 .is_now = deliver->is_now,
						 .is_detached = deliver->is_detached,
						 .until_boot_ms = clock_read().boot_ms +
								  COURIER_BUDGET_MS };
	struct courier_done before = { .delivered = 0 };
	enum courier_end end;

	while ((end = courier_run(&deliver->config, &options, done, err)) == COURIER_OUTDATED &&
	       clock_read().boot_ms < options.until_boot_ms) {
		add_done(&before, done);
		config_free(&deliver->config);
		if (config_load(&deliver->config, deliver->call->config_file, err))
			return COURIER_FAILED;
	}
	add_done(done, &before);
	return end;
}

/* Detached, there is one to do it. A person wants to see it done. */
static enum courier_end wait_for_courier(struct deliver *deliver, struct courier_done *done,
					 struct err *err)
{
	const struct timespec pause = { .tv_nsec = BUSY_PAUSE_MS * 1000000L };
	int64_t until_boot_ms = clock_read().boot_ms + BUSY_MS;
	enum courier_end end = run_courier(deliver, done, err);

	if (end == COURIER_BUSY && !deliver->is_detached)
		out_info(&deliver->call->out,
			 "a courier that a round has begun is at work: waiting for it");
	while (end == COURIER_BUSY && !deliver->is_detached &&
	       clock_read().boot_ms < until_boot_ms) {
		(void)nanosleep(&pause, NULL); /* shorter is well too */
		end = run_courier(deliver, done, err);
	}
	return end;
}

int deliver_send(struct deliver *deliver)
{
	struct courier_done done;
	struct err err = ERR_INIT;

	switch (wait_for_courier(deliver, &done, &err)) {
	case COURIER_DONE:
		print(deliver, &done);
		return done.dead || done.pings_failed ? VERB_PARTLY : VERB_DONE;
	case COURIER_OWING:
	case COURIER_OUTDATED:
		print(deliver, &done);
		return VERB_PARTLY;
	case COURIER_BUSY:
		if (!deliver->is_detached)
			out_warn(&deliver->call->out,
				 "another courier is at work: it sends what is owed");
		return VERB_PARTLY;
	case COURIER_FAILED:
		break;
	}
	return deliver->is_detached ? err_exit_status(&err) : verb_fail(deliver->call, &err);
}

/* ---- --test ------------------------------------------------------------------------------- */

static const char *meaning(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_DELIVERED:
		return "delivered";
	case VERDICT_RETRY:
		return "an event would be tried again";
	case VERDICT_SLEEP:
		return "it would be left alone for as long as it says";
	case VERDICT_MISTAKE:
		return "an event would be tried again, but something is to be put right first";
	case VERDICT_REFUSED:
		return "an event would be a dead letter after some tries";
	case VERDICT_GONE:
		return "it would be disabled";
	}
	return "";
}

/* Whoever answers may write what it likes. */
static void print_answer(const struct http_result *result)
{
	size_t len = strcspn(str_text(&result->body), "\r\n");
	char *line = mem_dup_n(str_text(&result->body), len < ANSWER_MAX ? len : ANSWER_MAX);

	utf8_make_line(line);
	if (line[0])
		printf("  %s\n", line);
	free(line);
}

static int test(const struct deliver *deliver, const struct webhook *webhook)
{
	struct http_result result;
	enum verdict verdict = VERDICT_RETRY;
	char why[200];
	char host[128];
	struct err err = ERR_INIT;
	int status = trial_send(webhook, &result, &verdict, why, sizeof(why), &err);

	if (status == 0) {
		printf("webhook %s: %s: %s (%" PRId64 " ms): %s\n", webhook->name,
		       http_host(webhook->options.url, host, sizeof(host)), why, result.took_ms,
		       meaning(verdict));
		print_answer(&result);
		status = verdict == VERDICT_DELIVERED ? VERB_DONE : VERB_PARTLY;
	} else {
		out_error(&deliver->call->out, "webhook %s: %s", webhook->name, err.text);
		status = err_exit_status(&err);
	}
	http_result_free(&result);
	return status;
}

int deliver_test(const struct deliver *deliver)
{
	const struct webhook *webhook = tally_find(&deliver->config, deliver->what);
	struct strlist known = STRLIST_INIT;
	int status;

	if (webhook)
		return test(deliver, webhook);
	for (size_t i = 0; i < deliver->config.webhook_count; i++)
		strlist_add(&known, deliver->config.webhooks[i].name);
	status = deliver_refuse(deliver, "webhook", &known);
	strlist_free(&known);
	return status;
}

/* ---- --reach ------------------------------------------------------------------------------ */

static int64_t at_most(int64_t ms, int64_t most_ms)
{
	return ms < most_ms ? ms : most_ms;
}

static void lay_out(const struct config *config, struct trial_host *hosts)
{
	for (size_t i = 0; i < config->webhook_count; i++) {
		const struct webhook_options *options = &config->webhooks[i].options;

		*hosts++ =
			(struct trial_host){ .url = options->url,
					     .ca_file = options->ca_file,
					     .proxy = options->proxy,
					     .timeout_ms = at_most(options->timeout_ms, REACH_MS) };
	}
	for (size_t i = 0; i < config->ping_count; i++) {
		const struct ping_options *options = &config->pings[i].options;

		*hosts++ =
			(struct trial_host){ .url = options->url,
					     .ca_file = options->ca_file,
					     .proxy = options->proxy,
					     .timeout_ms = at_most(options->timeout_ms, REACH_MS) };
	}
}

static bool print_host(const struct deliver *deliver, const char *kind, const char *name,
		       const struct trial_host *host)
{
	bool is_well = host->result.failure == HTTP_ANSWERED;
	char text[128];

	(void)http_host(host->url, text, sizeof(text));
	if (is_well && deliver->call->out.level != OUT_QUIET)
		printf("OK    %s %s: %s answers (%" PRId64 " ms)\n", kind, name, text,
		       host->result.took_ms);
	else if (!is_well)
		printf("BAD   %s %s: %s: %s\n", kind, name, text, host->result.why);
	return is_well;
}

int deliver_reach(const struct deliver *deliver)
{
	const struct config *config = &deliver->config;
	size_t count = config->webhook_count + config->ping_count;
	struct trial_host *hosts = mem_alloc(count * sizeof(*hosts));
	struct err err = ERR_INIT;
	int status = VERB_DONE;

	lay_out(config, hosts);
	if (trial_reach(hosts, count, &err))
		status = verb_fail(deliver->call, &err);
	for (size_t i = 0; i < count && status <= VERB_PARTLY; i++) {
		bool is_webhook = i < config->webhook_count;
		const char *name = is_webhook ? config->webhooks[i].name
					      : config->pings[i - config->webhook_count].name;

		if (!print_host(deliver, is_webhook ? "webhook" : "ping", name, &hosts[i]))
			status = VERB_PARTLY;
	}
	for (size_t i = 0; i < count; i++)
		http_result_free(&hosts[i].result);
	free(hosts);
	return status;
}
