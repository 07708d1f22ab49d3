/* SPDX-License-Identifier: ISC */
/* queue: order, retries, verdicts, digests, flapping, dead letters; against a real journal and a
 * network of ours. */
#include <inttypes.h>
#include <signal.h>
#include <sys/resource.h>

#include "tests/unit/check_main.h"
#include "tests/unit/fakehttp.h"
#include "tests/unit/journal_fixture.h"
#include "watchdog/courier/digest.h"
#include "watchdog/courier/queue.h"
#include "watchdog/net/verdict.h"

#define BOOT_MS INT64_C(1000000)

static struct webhook webhook;
static struct config config;
static struct out out = { .level = OUT_QUIET };
static struct courier_options options;
static struct errand errand;
static struct queue queue;
static bool is_open;

static void set_up(void)
{
	make_temp();
	fakehttp_reset();
	options = (struct courier_options){ .out = &out, .is_detached = true };
	errand = (struct errand){ .config = &config,
				  .options = &options,
				  .state_fd = -1,
				  .journal = open_journal(JOURNAL_WRITE),
				  .now = { .boot_ms = BOOT_MS, .wall_ms = NOW_MS },
				  .until_boot_ms = BOOT_MS + COURIER_BUDGET_MS };
	webhook = (struct webhook){ .name = mem_dup("hook") };
	options_init_in(webhook_option_table, &webhook.options);
	webhook.options.url = mem_dup("https://host/secret");
	webhook.options.timeout_ms = 15000;
	webhook.options.max_age_ms = 3 * DAY_MS;
	config = (struct config){ .webhooks = &webhook, .webhook_count = 1 };
	is_open = false;
}

static void close_queue(void)
{
	if (is_open)
		queue_close(&queue);
	is_open = false;
}

static void tear_down(void)
{
	close_queue();
	batch_free(&errand.batch);
	complaints_free(&errand.complaints);
	strlist_free(&errand.said);
	journal_close(errand.journal);
	options_free_in(webhook_option_table, &webhook.options);
	free(webhook.name);
	remove_temp();
}

/* As another courier finds it. */
static void open_queue(void)
{
	ck_well(batch_store(&errand.batch, errand.journal, &err));
	close_queue();
	is_open = true;
	ck_well(queue_open(&queue, &webhook, &errand, &err));
}

static void happen(const char *id, const char *type, const char *subject, const char *round)
{
	char *texts[] = { mem_dup(id), mem_dup(type), mem_dup(subject), mem_dup(round) };
	char source[] = "/cronherd/host/user";
	char data[] = "{\"worker\":\"mail\",\"pid\":42}";
	struct journal_event event = { .id = texts[0],
				       .type = texts[1],
				       .subject = texts[2],
				       .round = texts[3],
				       .source = source,
				       .data = data,
				       .wall_ms = NOW_MS };

	ck_assert_int_eq(ck_well(journal_add(errand.journal, &event, &err)), 1);
	ck_well(journal_owe(errand.journal, event.seq, "hook", errand.now.wall_ms, false, &err));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		free(texts[i]);
}

/* COUNT starts of as many instances, "e0" to "eN", each of a round of its own, or all of ROUND. */
static void happen_often(int count, const char *round)
{
	ck_well(journal_begin(errand.journal, &err));
	for (int i = 0; i < count; i++) {
		char id[16], subject[16], own[16];

		(void)snprintf(id, sizeof(id), "e%d", i);
		(void)snprintf(subject, sizeof(subject), "mail:%d", i);
		(void)snprintf(own, sizeof(own), "round%d", i);
		happen(id, "worker.started", subject, round ? round : own);
	}
	ck_well(journal_commit(errand.journal, &err));
}

static void step(void)
{
	ck_well(queue_step(&queue, &errand, &err));
}

static void pass(int64_t ms)
{
	errand.now.boot_ms += ms;
	errand.now.wall_ms += ms;
	errand.until_boot_ms += ms;
}

static void give(const struct http_result *result)
{
	struct sender *sender;

	ck_assert_uint_gt(fakehttp_count, 0);
	ck_assert(!fakehttp_requests[fakehttp_count - 1].is_answered);
	fakehttp_requests[fakehttp_count - 1].is_answered = true;
	sender = fakehttp_requests[fakehttp_count - 1].tag;
	sender->take(sender, &errand, result);
}

static void answer(long status)
{
	const struct http_result result = {
		.failure = HTTP_ANSWERED, .status = status, .retry_after_s = -1, .body_limit = -1
	};

	give(&result);
}

static const char *body(size_t at)
{
	ck_assert_uint_lt(at, fakehttp_count);
	return fakehttp_requests[at].body;
}

static bool is_of(size_t at, const char *id)
{
	char *wanted = mem_format("\"id\":\"%s\"", id);
	bool is = strstr(body(at), wanted) != NULL;

	free(wanted);
	return is;
}

/* Complaint that begins with TOPIC; NULL: there is none. */
static const char *complaint(const char *topic)
{
	for (size_t i = 0; i < errand.complaints.count; i++)
		if (strncmp(errand.complaints.items[i].text, topic, strlen(topic)) == 0)
			return errand.complaints.items[i].text;
	return NULL;
}

static struct journal_tally stored(void)
{
	ck_well(batch_store(&errand.batch, errand.journal, &err));
	return tally_of(errand.journal, "hook");
}

/* ---- order -------------------------------------------------------------------------------- */

START_TEST(in_order_one_at_a_time)
{
	char id[16];

	happen_often(250, NULL);
	open_queue();
	for (size_t i = 0; i < 250; i++) {
		ck_assert_int_le(queue_due_wall_ms(&queue), errand.now.wall_ms);
		for (int k = 0; k < 3 && fakehttp_count == i; k++)
			step();
		ck_assert_uint_eq(fakehttp_count, i + 1);
		step();
		ck_assert_uint_eq(fakehttp_count, i + 1);
		ck_assert_int_eq(queue_due_wall_ms(&queue), INT64_MAX);
		(void)snprintf(id, sizeof(id), "e%zu", i);
		ck_assert_msg(is_of(i, id), "%s: %s", id, body(i));
		answer(204);
	}
	step();
	ck_assert_uint_eq(fakehttp_count, 250);
	ck_assert_int_eq(queue_due_wall_ms(&queue), INT64_MAX);
	ck_assert_int_eq(stored().delivered, 250);
	ck_assert_int_eq(stored().owed, 0);
	ck_assert_int_eq(errand.done.delivered, 250);
}
END_TEST

START_TEST(what_is_not_stored_is_sent_again)
{
	happen_often(2, NULL);
	open_queue();
	step();
	answer(200);
	batch_free(&errand.batch); /* killed */
	open_queue();
	step();
	ck_assert_str_eq(body(0), body(1));
	answer(200);
	step();
	answer(200);
	ck_assert_int_eq(stored().delivered, 2);
}
END_TEST

/* A file size limit is a full disk in a small way: what was sent could not be noted, and would be
 * sent each minute. */
START_TEST(with_a_full_disk_nothing_is_sent)
{
	struct rlimit limit, small;
	int status;

	happen_often(2, NULL);
	open_queue();
	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = limit;
	small.rlim_cur = 100;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	status = queue_step(&queue, &errand, &err);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(status, -1);
	ck_assert_msg(err.sys_errno == JOURNAL_FULL, "%s", err.text);
	ck_assert_uint_eq(fakehttp_count, 0);
	step();
	ck_assert_uint_eq(fakehttp_count, 1);
}
END_TEST

START_TEST(what_comes_meanwhile_is_sent)
{
	open_queue();
	ck_assert_int_eq(queue_due_wall_ms(&queue), INT64_MAX);
	happen_often(1, NULL);
	step();
	ck_assert_uint_eq(fakehttp_count, 0);
	queue_expect_more(&queue);
	step();
	ck_assert_uint_eq(fakehttp_count, 1);
}
END_TEST

/* ---- retries ------------------------------------------------------------------------------ */

START_TEST(retried_as_it_was)
{
	happen_often(2, NULL);
	open_queue();
	step();
	answer(500);
	ck_assert_int_ge(queue_due_wall_ms(&queue), NOW_MS + 4000);
	ck_assert_int_le(queue_due_wall_ms(&queue), NOW_MS + 6000);
	step();
	ck_assert_uint_eq(fakehttp_count, 1);
	/* The next courier knows. */
	open_queue();
	ck_assert_int_eq(queue.endpoint.failures, 1);
	ck_assert_int_eq(queue.endpoint.failing_wall_ms, NOW_MS);
	ck_assert_int_eq(queue_owed_wall_ms(&queue, errand.now.wall_ms),
			 queue.endpoint.next_wall_ms);
	step();
	ck_assert_uint_eq(fakehttp_count, 1);
	pass(6000);
	step();
	ck_assert_uint_eq(fakehttp_count, 2);
	ck_assert_str_eq(body(0), body(1));
	answer(503);
	ck_assert_int_ge(queue_due_wall_ms(&queue), errand.now.wall_ms + 4 * 60000);
	pass(6 * 60000);
	step();
	answer(200);
	ck_assert_int_eq(queue.endpoint.failures, 0);
	ck_assert_int_eq(queue.endpoint.failing_wall_ms, 0);
	step();
	ck_assert(is_of(3, "e1"));
}
END_TEST

START_TEST(signed_anew_at_each_try)
{
	char *first;

	strlist_add(&webhook.options.secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
	strlist_add(&webhook.options.headers, "X-Mine: 1");
	happen_often(1, NULL);
	open_queue();
	step();
	ck_assert_str_eq(fakehttp_header(0, "webhook-id"), "e0");
	ck_assert_str_eq(fakehttp_header(0, "webhook-timestamp"), "1700000000");
	ck_assert_str_eq(fakehttp_header(0, "X-Mine"), "1");
	first = mem_dup(fakehttp_header(0, "webhook-signature"));
	ck_assert_int_eq(strncmp(first, "v1,", 3), 0);
	answer(500);
	pass(6000);
	step();
	ck_assert_str_eq(fakehttp_header(1, "webhook-id"), "e0");
	ck_assert_str_eq(fakehttp_header(1, "webhook-timestamp"), "1700000006");
	ck_assert_str_ne(fakehttp_header(1, "webhook-signature"), first);
	ck_assert_str_eq(body(0), body(1));
	free(first);
}
END_TEST

START_TEST(now_waits_for_nothing_once)
{
	happen_often(1, NULL);
	open_queue();
	step();
	answer(500);
	options.is_now = true;
	open_queue();
	ck_assert_int_eq(queue_due_wall_ms(&queue), 0);
	step();
	ck_assert_uint_eq(fakehttp_count, 2);
	answer(500);
	ck_assert_int_gt(queue_due_wall_ms(&queue), errand.now.wall_ms);
}
END_TEST

START_TEST(a_clock_set_back_makes_no_wait_longer)
{
	happen_often(1, NULL);
	open_queue();
	step();
	answer(500);
	errand.now.wall_ms -= 100 * DAY_MS;
	open_queue();
	ck_assert_int_le(queue_due_wall_ms(&queue), errand.now.wall_ms + 6000);
	/* And that is how it stays, also for those that come after. */
	pass(6000);
	open_queue();
	step();
	ck_assert_uint_eq(fakehttp_count, 2);
}
END_TEST

START_TEST(nothing_is_begun_in_the_last_moment)
{
	happen_often(1, NULL);
	open_queue();
	errand.until_boot_ms = BOOT_MS + ERRAND_LAST_MS - 1;
	step();
	ck_assert_uint_eq(fakehttp_count, 0);
	errand.until_boot_ms = BOOT_MS + 5000;
	step();
	ck_assert_uint_eq(fakehttp_count, 1);
	ck_assert_int_eq(fakehttp_requests[0].timeout_ms, 5000 - ERRAND_RESERVE_MS);
}
END_TEST

START_TEST(a_time_cut_short_is_nobodys_fault)
{
	const struct http_result timeout = { .failure = HTTP_TIMEOUT,
					     .why = "no answer",
					     .took_ms = 5000 - ERRAND_RESERVE_MS };

	happen_often(1, NULL);
	open_queue();
	errand.until_boot_ms = BOOT_MS + 5000;
	step();
	give(&timeout);
	ck_assert_int_eq(queue_due_wall_ms(&queue), INT64_MAX);
	ck_assert_int_eq(queue_owed_wall_ms(&queue, errand.now.wall_ms), 0);
	errand.until_boot_ms = BOOT_MS + COURIER_BUDGET_MS;
	open_queue();
	ck_assert_int_eq(queue.endpoint.failures, 0);
	step();
	ck_assert_int_eq(fakehttp_requests[1].timeout_ms, 15000);
	give(&timeout);
	ck_assert_int_eq(queue.endpoint.failures, 1);
}
END_TEST

/* A connection has five seconds at most, however much is left. */
START_TEST(what_had_its_time_has_failed)
{
	const struct http_result timeout = { .failure = HTTP_TIMEOUT,
					     .why = "no connection",
					     .took_ms = 5001 };

	happen_often(1, NULL);
	open_queue();
	errand.until_boot_ms = BOOT_MS + 12000;
	step();
	ck_assert_int_lt(fakehttp_requests[0].timeout_ms, 15000);
	give(&timeout);
	ck_assert_int_eq(queue.endpoint.failures, 1);
}
END_TEST

/* ---- verdicts ----------------------------------------------------------------------------- */

START_TEST(refused_three_times_is_dead)
{
	happen_often(2, NULL);
	open_queue();
	step();
	answer(500); /* does not count as a refusal */
	for (int i = 0; i < VERDICT_REFUSED_MAX; i++) {
		pass(24 * HOUR_MS / 4);
		open_queue();
		step();
		ck_assert(is_of(fakehttp_count - 1, "e0"));
		answer(422);
	}
	ck_assert_ptr_nonnull(strstr(complaint("dead letters of hook: "), "422"));
	ck_assert(errand.batch.is_urgent);
	ck_assert_int_eq(stored().dead, 1);
	step();
	ck_assert(is_of(fakehttp_count - 1, "e1"));
	answer(422);
	ck_assert_int_eq(queue.endpoint.refusals, 1);
	ck_assert_int_eq(stored().dead, 1);
}
END_TEST

START_TEST(gone_is_disabled_until_the_url_changes)
{
	happen_often(3, NULL);
	open_queue();
	step();
	answer(410);
	ck_assert(errand.batch.is_urgent);
	ck_assert_int_eq(stored().dead, 3);
	ck_assert_int_eq(errand.batch.buried, 3);
	ck_assert_ptr_nonnull(strstr(complaint("webhook hook: "), "--enable hook"));
	open_queue();
	ck_assert_int_eq(queue_owed_wall_ms(&queue, NOW_MS), INT64_MAX);
	/* One that came when nobody knew yet. */
	happen("late", "worker.stopped", "mail:1", "late");
	open_queue();
	step();
	ck_assert_uint_eq(fakehttp_count, 1);
	ck_assert_int_eq(stored().dead, 4);
	free(webhook.options.url);
	webhook.options.url = mem_dup("https://host/other");
	happen("later", "worker.stopped", "mail:1", "later");
	open_queue();
	ck_assert_ptr_null(complaint("webhook hook: "));
	step();
	ck_assert(is_of(1, "later"));
	ck_assert_str_eq(fakehttp_requests[1].url, "https://host/other");
}
END_TEST

START_TEST(enabled_by_a_person_meanwhile)
{
	struct journal_endpoint endpoint;

	happen_often(1, NULL);
	open_queue();
	step();
	answer(410);
	ck_assert_int_eq(stored().dead, 1);
	ck_well(journal_endpoint_get(errand.journal, "hook", &endpoint, &err));
	endpoint.disabled_wall_ms = 0;
	ck_well(journal_endpoint_set(errand.journal, "hook", &endpoint, &err));
	open_queue();
	ck_assert_ptr_null(complaint("webhook hook: "));
	ck_assert_int_eq(ck_well(journal_replay(errand.journal, "hook", NULL, NOW_MS, &err)), 1);
	ck_well(queue_look(&queue, &errand, &err));
	step();
	ck_assert_uint_eq(fakehttp_count, 2);
	answer(200);
	ck_assert_ptr_null(complaint("webhook hook: "));
}
END_TEST

START_TEST(sleeps_as_it_was_told)
{
	const struct http_result pause = {
		.failure = HTTP_ANSWERED, .status = 429, .retry_after_s = 1800, .body_limit = -1
	};

	happen_often(2, NULL);
	open_queue();
	step();
	give(&pause);
	ck_assert_int_eq(queue_due_wall_ms(&queue), NOW_MS + 1800 * 1000);
	open_queue();
	pass(1799 * 1000);
	step();
	ck_assert_uint_eq(fakehttp_count, 1);
	pass(1000);
	step();
	ck_assert_uint_eq(fakehttp_count, 2);
	ck_assert_str_eq(body(0), body(1));
	give(&pause);
	/* Not longer than a day, whatever the clock says. */
	errand.now.wall_ms -= 100 * DAY_MS;
	open_queue();
	ck_assert_int_le(queue_due_wall_ms(&queue), errand.now.wall_ms + 2 * DAY_MS);
}
END_TEST

START_TEST(mistakes_are_told_at_once)
{
	const struct http_result tls = { .failure = HTTP_TLS, .why = "certificate has expired" };

	happen_often(1, NULL);
	open_queue();
	step();
	if (_i == 0)
		answer(404);
	else
		give(&tls);
	ck_assert_ptr_nonnull(strstr(complaint("webhook hook: host: "), _i ? "expired" : "404"));
	ck_assert_ptr_null(strstr(complaint("webhook hook: "), "secret"));
	ck_assert_int_eq(stored().owed, 1);
	pass(6000);
	step();
	answer(200);
	ck_assert_ptr_null(complaint("webhook hook: "));
}
END_TEST

START_TEST(lasting_failures_are_told)
{
	happen_often(1, NULL);
	open_queue();
	for (int i = 0; i < 4; i++) {
		step();
		answer(502);
		ck_assert_int_eq(complaint("webhook hook: ") != NULL, i >= 2);
		pass(40 * 60000);
	}
	ck_assert_ptr_nonnull(strstr(complaint("webhook hook: "), "2023-11-14T22:13:20.000Z"));
}
END_TEST

START_TEST(a_request_that_cannot_be_made_is_a_mistake)
{
	happen_often(1, NULL);
	open_queue();
	fakehttp_refusal = "its ca_file cannot be read";
	step();
	ck_assert_uint_eq(fakehttp_count, 0);
	ck_assert_ptr_nonnull(strstr(complaint("webhook hook: "), fakehttp_refusal));
	ck_assert_int_eq(queue.endpoint.failures, 1);
	ck_assert_int_eq(stored().owed, 1);
}
END_TEST

START_TEST(a_message_that_cannot_be_made_is_dead)
{
	struct str text = STR_INIT;

	for (int i = 0; i < 1000; i++)
		str_add(&text, "{{type}}{{source}}{{subject}}{{time}}");
	webhook.options.format = WEBHOOK_TEMPLATE;
	webhook.options.template_text = str_take(&text);
	happen_often(2, NULL);
	open_queue();
	step();
	step();
	ck_assert_uint_eq(fakehttp_count, 0);
	ck_assert_int_eq(stored().dead, 2);
	ck_assert_ptr_nonnull(complaint("dead letters of hook: "));
}
END_TEST

START_TEST(too_old_is_dead)
{
	happen_often(2, NULL);
	pass(2 * DAY_MS);
	happen("young", "worker.stopped", "mail:1", "young");
	pass(DAY_MS + 1);
	open_queue();
	ck_assert_int_eq(stored().dead, 2);
	ck_assert_int_eq(errand.done.dead, 2);
	ck_assert_ptr_nonnull(strstr(complaint("dead letters of hook: "), "3d"));
	step();
	ck_assert(is_of(0, "young"));
}
END_TEST

START_TEST(never_unsigned_for_want_of_a_secret)
{
	strlist_add(&webhook.options.secret_file, "/nonexistent/secret");
	happen_often(1, NULL);
	open_queue();
	step();
	ck_assert_uint_eq(fakehttp_count, 0);
	ck_assert_ptr_nonnull(
		strstr(complaint("webhook hook: nothing is sent"), "/nonexistent/secret"));
	ck_assert_int_eq(queue_due_wall_ms(&queue), INT64_MAX);
	ck_assert_int_gt(queue_owed_wall_ms(&queue, NOW_MS), NOW_MS);
	ck_assert_int_lt(queue_owed_wall_ms(&queue, NOW_MS), NOW_MS + HOUR_MS);
	ck_assert_int_eq(stored().owed, 1);
	/* Mended: whoever looks next has nothing to complain of. */
	strlist_free(&webhook.options.secret_file);
	open_queue();
	ck_assert_ptr_null(complaint("webhook hook: "));
}
END_TEST

START_TEST(what_is_not_asked_for_is_passed_over)
{
	strlist_add(&webhook.options.events, "worker.stopped");
	strlist_add(&webhook.options.workers, "mail");
	happen_often(150, NULL);
	happen("this", "worker.stopped", "mail:7", "r");
	happen("not", "worker.stopped", "web:1", "r");
	open_queue();
	for (int i = 0; i < 3 && !fakehttp_count; i++)
		step();
	ck_assert(is_of(0, "this"));
	answer(200);
	step();
	ck_assert_uint_eq(fakehttp_count, 1);
	ck_assert_int_eq(stored().owed, 0);
	ck_assert_int_eq(errand.done.delivered, 1);
}
END_TEST

/* ---- digests ------------------------------------------------------------------------------ */

START_TEST(a_digest_is_the_same_at_each_try)
{
	char *first;

	webhook.options.digest = 5;
	happen_often(7, "same");
	pass(DIGEST_GATHER_MS);
	open_queue();
	step();
	ck_assert_ptr_nonnull(strstr(body(0), "webhook.digest"));
	ck_assert_ptr_nonnull(strstr(body(0), "\"count\":7"));
	first = mem_dup(body(0));
	/* Killed, and more of that round have come. */
	happen("more", "worker.fatal", "mail:99", "same");
	open_queue();
	step();
	ck_assert_str_eq(body(1), first);
	answer(500);
	pass(6000);
	open_queue();
	step();
	ck_assert_str_eq(body(2), first);
	answer(200);
	ck_assert_int_eq(stored().delivered, 7);
	ck_assert_int_eq(queue.endpoint.digest_seq, 0);
	for (int i = 0; i < 3 && fakehttp_count == 3; i++)
		step();
	ck_assert(is_of(3, "more"));
	answer(200);
	ck_assert_int_eq(stored().delivered, 8);
	ck_assert_int_eq(errand.done.delivered, 8);
	free(first);
}
END_TEST

START_TEST(the_first_waits_for_company)
{
	webhook.options.digest = 3;
	happen("e0", "worker.stopped", "mail:1", "one");
	open_queue();
	step();
	ck_assert_uint_eq(fakehttp_count, 0);
	ck_assert_int_eq(queue_due_wall_ms(&queue), errand.now.wall_ms + DIGEST_GATHER_MS);
	pass(DIGEST_GATHER_MS / 2);
	happen("e1", "worker.stopped", "mail:2", "two");
	happen("e2", "worker.stopped", "mail:3", "three");
	queue_expect_more(&queue);
	step();
	ck_assert_uint_eq(fakehttp_count, 0);
	pass(DIGEST_GATHER_MS / 2);
	step();
	ck_assert_ptr_nonnull(strstr(body(0), "\"count\":3"));
	answer(200);
	ck_assert_int_eq(stored().delivered, 3);
}
END_TEST

START_TEST(few_are_no_digest)
{
	webhook.options.digest = 5;
	happen_often(4, "same");
	pass(DIGEST_GATHER_MS);
	open_queue();
	for (int i = 0; i < 4; i++) {
		step();
		ck_assert_ptr_null(strstr(body((size_t)i), "digest"));
		answer(200);
	}
	ck_assert_int_eq(stored().delivered, 4);
}
END_TEST

START_TEST(a_digest_has_what_matters_first)
{
	webhook.options.digest = 2;
	webhook.options.format = WEBHOOK_SLACK;
	happen_often(300, "same");
	happen("bad", "worker.fatal", "mail:777", "same");
	pass(DIGEST_GATHER_MS);
	open_queue();
	step();
	ck_assert_ptr_nonnull(strstr(body(0), "mail:777"));
	answer(200);
	ck_assert_int_eq(stored().delivered, 301);
}
END_TEST

START_TEST(chats_get_digests_by_default)
{
	webhook.options.format = WEBHOOK_SLACK;
	happen_often(12, "same");
	pass(DIGEST_GATHER_MS);
	open_queue();
	step();
	answer(200);
	ck_assert_int_eq(stored().delivered, 12);
}
END_TEST

/* ---- flapping ----------------------------------------------------------------------------- */

START_TEST(flapping_is_held_back)
{
	webhook.options.flap = 2;
	for (int i = 0; i < 6; i++) {
		char id[16];

		(void)snprintf(id, sizeof(id), "e%d", i);
		happen(id, i % 2 ? "worker.stopped" : "worker.started", "mail:1", id);
	}
	happen("other", "worker.started", "mail:2", "other");
	happen("fatal", "worker.fatal", "mail:1", "fatal");
	open_queue();
	for (size_t i = 0; i < 4; i++) {
		if (i == 1)
			open_queue();
		step();
		ck_assert_uint_eq(fakehttp_count, i + 1);
		answer(200);
	}
	ck_assert(is_of(0, "e0"));
	ck_assert(is_of(1, "e1"));
	ck_assert(is_of(2, "other"));
	ck_assert(is_of(3, "fatal"));
	ck_assert_ptr_null(strstr(body(2), "held_back"));
	ck_assert_ptr_nonnull(strstr(body(3), "\"held_back\":4"));
	step();
	ck_assert_uint_eq(fakehttp_count, 4);
	ck_assert_int_eq(stored().owed, 0);
	ck_assert_int_eq(errand.done.delivered, 4);
}
END_TEST

START_TEST(what_was_held_back_is_told_at_each_try)
{
	webhook.options.flap = 1;
	happen("a", "worker.started", "mail:1", "a");
	happen("b", "worker.stopped", "mail:1", "b");
	happen("c", "worker.fatal", "mail:1", "c");
	open_queue();
	step();
	answer(200);
	step();
	ck_assert_ptr_nonnull(strstr(body(1), "\"held_back\":1"));
	answer(500);
	pass(6000);
	open_queue();
	step();
	ck_assert_str_eq(body(1), body(2));
	answer(200);
	happen("d", "worker.fatal", "mail:1", "d");
	queue_expect_more(&queue);
	step();
	ck_assert(is_of(3, "d"));
	ck_assert_ptr_null(strstr(body(3), "held_back"));
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("queue");
	TCase *t = tcase_create("queue");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, in_order_one_at_a_time);
	tcase_add_test(t, what_is_not_stored_is_sent_again);
	tcase_add_test(t, with_a_full_disk_nothing_is_sent);
	tcase_add_test(t, what_comes_meanwhile_is_sent);
	tcase_add_test(t, retried_as_it_was);
	tcase_add_test(t, signed_anew_at_each_try);
	tcase_add_test(t, now_waits_for_nothing_once);
	tcase_add_test(t, a_clock_set_back_makes_no_wait_longer);
	tcase_add_test(t, nothing_is_begun_in_the_last_moment);
	tcase_add_test(t, a_time_cut_short_is_nobodys_fault);
	tcase_add_test(t, what_had_its_time_has_failed);
	tcase_add_test(t, refused_three_times_is_dead);
	tcase_add_test(t, gone_is_disabled_until_the_url_changes);
	tcase_add_test(t, enabled_by_a_person_meanwhile);
	tcase_add_test(t, sleeps_as_it_was_told);
	tcase_add_loop_test(t, mistakes_are_told_at_once, 0, 2);
	tcase_add_test(t, lasting_failures_are_told);
	tcase_add_test(t, a_request_that_cannot_be_made_is_a_mistake);
	tcase_add_test(t, a_message_that_cannot_be_made_is_dead);
	tcase_add_test(t, too_old_is_dead);
	tcase_add_test(t, never_unsigned_for_want_of_a_secret);
	tcase_add_test(t, what_is_not_asked_for_is_passed_over);
	tcase_add_test(t, a_digest_is_the_same_at_each_try);
	tcase_add_test(t, the_first_waits_for_company);
	tcase_add_test(t, few_are_no_digest);
	tcase_add_test(t, a_digest_has_what_matters_first);
	tcase_add_test(t, chats_get_digests_by_default);
	tcase_add_test(t, flapping_is_held_back);
	tcase_add_test(t, what_was_held_back_is_told_at_each_try);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite())
