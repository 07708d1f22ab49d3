/* SPDX-License-Identifier: ISC */
/* pinging: the newest beat and no other, start and end, tries; against a network of ours. */
#include <fcntl.h>

#include "tests/unit/check_main.h"
#include "tests/unit/fakehttp.h"
#include "tests/unit/tempdir.h"
#include "watchdog/courier/pinging.h"

#define NOW_MS	INT64_C(1700000000000)
#define BOOT_MS INT64_C(1000000)

#define FIRST  "01234567-89ab-4def-8123-456789abcdef"
#define SECOND "11234567-89ab-4def-8123-456789abcdef"

static char *temp;
static struct ping ping;
static struct config config;
static struct out out = { .level = OUT_QUIET };
static const struct courier_options options = { .out = &out, .is_detached = true };
static struct errand errand;
static struct pinging pinging;
static bool is_open;

static void set_up(void)
{
	temp = tempdir_make();
	fakehttp_reset();
	errand = (struct errand){ .config = &config,
				  .options = &options,
				  .state_fd = open(temp, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
				  .now = { .boot_ms = BOOT_MS, .wall_ms = NOW_MS },
				  .until_boot_ms = BOOT_MS + COURIER_BUDGET_MS };
	ck_assert_int_ge(errand.state_fd, 0);
	ping = (struct ping){ .name = mem_dup("hc") };
	options_init_in(ping_option_table, &ping.options);
	ping.options.url = mem_dup("https://host/uuid");
	ping.options.style = PING_HEALTHCHECKS;
	config = (struct config){ .pings = &ping, .ping_count = 1 };
	is_open = false;
}

static void close_pinging(void)
{
	if (is_open)
		pinging_close(&pinging);
	is_open = false;
}

static void tear_down(void)
{
	close_pinging();
	complaints_free(&errand.complaints);
	options_free_in(ping_option_table, &ping.options);
	free(ping.name);
	close(errand.state_fd);
	tempdir_remove(temp);
}

static void beat(const char *rid, int exit_status, int64_t age_ms)
{
	struct beatfile file = { .start_wall_ms = NOW_MS - age_ms - 5,
				 .end_wall_ms = NOW_MS - age_ms,
				 .exit_status = exit_status };

	(void)snprintf(file.rid, sizeof(file.rid), "%s", rid);
	beatfile_add(&file, "mail", false, "mail:1 FATAL");
	file.body = mem_dup("a summary");
	ck_assert_int_eq(beatfile_write(errand.state_fd, &file), 0);
	beatfile_free(&file);
}

/* As another courier finds it. */
static void open_pinging(void)
{
	close_pinging();
	is_open = true;
	pinging_open(&pinging, &errand);
}

/* Until there is nothing more to begin at once. */
static void step(void)
{
	for (int i = 0; i < 4; i++)
		pinging_step(&pinging, &errand);
}

static void pass(int64_t ms)
{
	errand.now.boot_ms += ms;
	errand.now.wall_ms += ms;
}

static void answer(long status, const char *body)
{
	struct http_result result = { .failure = HTTP_ANSWERED,
				      .status = status,
				      .retry_after_s = -1 };
	struct sender *sender;

	ck_assert_uint_gt(fakehttp_count, 0);
	ck_assert(!fakehttp_requests[fakehttp_count - 1].is_answered);
	fakehttp_requests[fakehttp_count - 1].is_answered = true;
	str_add(&result.body, body);
	sender = fakehttp_requests[fakehttp_count - 1].tag;
	sender->take(sender, &errand, &result);
	http_result_free(&result);
}

static const char *url(size_t at)
{
	ck_assert_uint_lt(at, fakehttp_count);
	return fakehttp_requests[at].url;
}

START_TEST(start_then_end_and_never_again)
{
	beat(FIRST, 0, 100);
	open_pinging();
	step();
	ck_assert_uint_eq(fakehttp_count, 1);
	ck_assert_str_eq(url(0), "https://host/uuid/start?rid=" FIRST);
	ck_assert_int_eq(pinging_due_boot_ms(&pinging), CLOCK_NEVER);
	answer(200, "OK");
	step();
	ck_assert_str_eq(url(1), "https://host/uuid?rid=" FIRST);
	ck_assert_str_eq(fakehttp_requests[1].body, "a summary");
	answer(200, "OK");
	step();
	ck_assert_int_eq(errand.done.pings, 1);
	pinging_look(&pinging, &errand);
	step();
	open_pinging();
	step();
	ck_assert_uint_eq(fakehttp_count, 2);
	ck_assert_int_eq(pinging_due_boot_ms(&pinging), CLOCK_NEVER);
}
END_TEST

START_TEST(killed_between_start_and_end)
{
	beat(FIRST, 0, 100);
	open_pinging();
	step();
	answer(200, "OK");
	open_pinging();
	step();
	ck_assert_str_eq(url(1), "https://host/uuid?rid=" FIRST);
}
END_TEST

START_TEST(three_tries_then_a_complaint)
{
	beat(FIRST, 0, 100);
	open_pinging();
	step();
	answer(200, "OK");
	step();
	answer(500, "");
	ck_assert_int_eq(pinging_due_boot_ms(&pinging), errand.now.boot_ms + 5000);
	step();
	ck_assert_uint_eq(fakehttp_count, 2);
	pass(5000);
	step();
	ck_assert_str_eq(url(2), "https://host/uuid?rid=" FIRST);
	answer(503, "");
	ck_assert_int_eq(pinging_due_boot_ms(&pinging), errand.now.boot_ms + 15000);
	ck_assert_uint_eq(errand.complaints.count, 0);
	pass(15000);
	step();
	answer(500, "");
	ck_assert_int_eq(pinging_due_boot_ms(&pinging), CLOCK_NEVER);
	ck_assert_uint_eq(errand.complaints.count, 1);
	ck_assert_str_eq(errand.complaints.items[0].text,
			 "ping hc: host does not take it: 500: it does not take it");
	ck_assert_int_eq(errand.done.pings_failed, 1);
	/* The next round's is taken: nothing to complain of. */
	beat(SECOND, 0, 100);
	pinging_look(&pinging, &errand);
	step();
	answer(200, "OK");
	step();
	answer(200, "OK");
	ck_assert_uint_eq(errand.complaints.count, 0);
}
END_TEST

/* No retry mends it. */
START_TEST(what_the_service_refuses_is_told_at_once)
{
	beat(FIRST, 0, 100);
	open_pinging();
	step();
	answer(200, "OK");
	step();
	answer(200, "OK (not found)");
	ck_assert_uint_eq(errand.complaints.count, 1);
	ck_assert_int_eq(errand.done.pings_failed, 0);
	pass(5000);
	step();
	answer(200, "OK");
	ck_assert_uint_eq(errand.complaints.count, 0);
	ck_assert_int_eq(errand.done.pings, 1);
}
END_TEST

/* Rounds may come faster than three tries. */
START_TEST(newer_beats_hide_no_failure)
{
	static const char *const rids[] = { FIRST, SECOND, FIRST };

	for (int i = 0; i < 3; i++) {
		beat(rids[i], 0, 100);
		if (i == 0)
			open_pinging();
		pinging_look(&pinging, &errand);
		step();
		answer(200, "OK");
		step();
		answer(502, "");
		ck_assert_uint_eq(errand.complaints.count, i == 2);
	}
}
END_TEST

START_TEST(a_start_that_fails_keeps_no_end_back)
{
	beat(FIRST, 0, 100);
	open_pinging();
	step();
	answer(500, "");
	step();
	ck_assert_str_eq(url(1), "https://host/uuid?rid=" FIRST);
	answer(500, "");
	pass(5000);
	step();
	/* Not yet taken: it is tried again, too. */
	ck_assert_str_eq(url(2), "https://host/uuid/start?rid=" FIRST);
	answer(200, "OK");
	step();
	ck_assert_str_eq(url(3), "https://host/uuid?rid=" FIRST);
	answer(200, "OK");
	ck_assert_int_eq(errand.done.pings, 1);
	ck_assert_int_eq(errand.done.pings_failed, 0);
}
END_TEST

START_TEST(a_newer_beat_takes_the_place)
{
	beat(FIRST, 0, 100);
	open_pinging();
	step();
	beat(SECOND, 1, 50);
	pinging_look(&pinging, &errand);
	step();
	ck_assert_uint_eq(fakehttp_count, 1);
	answer(200, "OK");
	step();
	ck_assert_str_eq(url(1), "https://host/uuid/start?rid=" SECOND);
	answer(200, "OK");
	step();
	ck_assert_str_eq(url(2), "https://host/uuid/1?rid=" SECOND);
	answer(200, "OK");
	step();
	ck_assert_uint_eq(fakehttp_count, 3);
	ck_assert_int_eq(errand.done.pings, 1);
}
END_TEST

START_TEST(waiting_ends_with_a_newer_beat)
{
	beat(FIRST, 0, 100);
	open_pinging();
	step();
	answer(200, "OK");
	step();
	answer(500, "");
	beat(SECOND, 0, 50);
	pinging_look(&pinging, &errand);
	step();
	ck_assert_str_eq(url(2), "https://host/uuid/start?rid=" SECOND);
}
END_TEST

/* Minutes old, or from a future that a clock set back has left. */
START_TEST(an_old_success_is_never_sent)
{
	beat(FIRST, 0, _i ? -300000 : 300000);
	open_pinging();
	step();
	ck_assert_uint_eq(fakehttp_count, 0);
	beat(SECOND, 2, _i ? -300000 : 300000);
	pinging_look(&pinging, &errand);
	step();
	ck_assert_uint_eq(fakehttp_count, 1);
	answer(200, "OK");
	step();
	ck_assert_str_eq(url(1), "https://host/uuid/2?rid=" SECOND);
}
END_TEST

START_TEST(one_workers_own)
{
	free(ping.options.when);
	ping.options.when = mem_dup("worker mail");
	ping.options.style = PING_UPTIME_KUMA;
	beat(FIRST, 0, 100);
	open_pinging();
	step();
	ck_assert_uint_eq(fakehttp_count, 1);
	ck_assert_ptr_nonnull(strstr(url(0), "status=down"));
	ck_assert_ptr_nonnull(strstr(url(0), "FATAL"));
}
END_TEST

START_TEST(of_a_worker_that_the_beat_does_not_have_nothing_is_said)
{
	free(ping.options.when);
	ping.options.when = mem_dup("worker web");
	beat(FIRST, 3, 100);
	open_pinging();
	step();
	ck_assert_uint_eq(fakehttp_count, 0);
	ck_assert_int_eq(pinging_due_boot_ms(&pinging), CLOCK_NEVER);
}
END_TEST

START_TEST(plain_says_nothing_of_failures)
{
	ping.options.style = PING_PLAIN;
	beat(FIRST, 1, 100);
	open_pinging();
	step();
	ck_assert_uint_eq(fakehttp_count, 0);
	ck_assert_int_eq(pinging_due_boot_ms(&pinging), CLOCK_NEVER);
	pinging_finish(&pinging, &errand);
	ck_assert_int_eq(errand.done.pings_failed, 0);
}
END_TEST

START_TEST(left_unsent_at_the_end_is_complained_of)
{
	beat(FIRST, 0, 100);
	open_pinging();
	step();
	answer(200, "OK");
	step();
	answer(503, "");
	errand.now.boot_ms = errand.until_boot_ms - 1000;
	step();
	ck_assert_uint_eq(fakehttp_count, 2);
	pinging_finish(&pinging, &errand);
	ck_assert_uint_eq(errand.complaints.count, 1);
}
END_TEST

START_TEST(without_pings_nothing_is_read)
{
	config.ping_count = 0;
	beat(FIRST, 0, 100);
	open_pinging();
	step();
	ck_assert_uint_eq(fakehttp_count, 0);
	ck_assert_int_eq(pinging_due_boot_ms(&pinging), CLOCK_NEVER);
}
END_TEST

START_TEST(a_request_that_cannot_be_made_fails)
{
	fakehttp_refusal = "its ca_file cannot be read";
	beat(FIRST, 0, 100);
	open_pinging();
	for (int i = 0; i < 3; i++) {
		step();
		pass(15000);
	}
	ck_assert_uint_eq(errand.complaints.count, 1);
	ck_assert_ptr_nonnull(strstr(errand.complaints.items[0].text, fakehttp_refusal));
}
END_TEST

/* While a file is broken nobody knows what is gone. */
START_TEST(complaints_about_what_is_gone_are_forgotten)
{
	static const char *const topics[] = { "ping hc", "ping h", "ping hcx", "webhook hc",
					      "journal" };

	for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++)
		errand_complain(&errand, COMPLAINT_STANDING, topics[i], "why: it is so");
	config.error_count = 1;
	errand_forget(&errand);
	ck_assert_uint_eq(errand.complaints.count, 5);
	config.error_count = 0;
	errand_forget(&errand);
	ck_assert_uint_eq(errand.complaints.count, 2);
	ck_assert_str_eq(errand.complaints.items[0].text, "ping hc: why: it is so");
	ck_assert_str_eq(errand.complaints.items[1].text, "journal: why: it is so");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("pinging");
	TCase *t = tcase_create("pinging");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, start_then_end_and_never_again);
	tcase_add_test(t, killed_between_start_and_end);
	tcase_add_test(t, three_tries_then_a_complaint);
	tcase_add_test(t, what_the_service_refuses_is_told_at_once);
	tcase_add_test(t, newer_beats_hide_no_failure);
	tcase_add_test(t, a_start_that_fails_keeps_no_end_back);
	tcase_add_test(t, a_newer_beat_takes_the_place);
	tcase_add_test(t, waiting_ends_with_a_newer_beat);
	tcase_add_loop_test(t, an_old_success_is_never_sent, 0, 2);
	tcase_add_test(t, one_workers_own);
	tcase_add_test(t, of_a_worker_that_the_beat_does_not_have_nothing_is_said);
	tcase_add_test(t, plain_says_nothing_of_failures);
	tcase_add_test(t, left_unsent_at_the_end_is_complained_of);
	tcase_add_test(t, without_pings_nothing_is_read);
	tcase_add_test(t, a_request_that_cannot_be_made_fails);
	tcase_add_test(t, complaints_about_what_is_gone_are_forgotten);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite())
