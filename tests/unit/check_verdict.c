/* SPDX-License-Identifier: ISC */
/* verdict: the table of answers, and the schedule. */
#include "watchdog/net/verdict.h"

#include <string.h>

#include "tests/unit/check_main.h"
#include "watchdog/base/mem.h"

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS INT64_C(60000)
#define HOUR_MS	  INT64_C(3600000)
#define NOW_MS	  INT64_C(1700000000000)

static const struct {
	enum http_failure failure;
	long status;
	int64_t retry_after_s;
	enum verdict verdict;
	const char *why;
} answers[] = {
	{ HTTP_ANSWERED, 200, -1, VERDICT_DELIVERED, "200 OK" },
	{ HTTP_ANSWERED, 204, -1, VERDICT_DELIVERED, "204 No Content" },
	{ HTTP_ANSWERED, 200, 60, VERDICT_DELIVERED, "200 OK" },
	{ HTTP_ANSWERED, 299, -1, VERDICT_DELIVERED, "299" },
	{ HTTP_ANSWERED, 300, -1, VERDICT_MISTAKE,
	  "300: a redirect is not followed, give the new URL" },
	{ HTTP_ANSWERED, 301, -1, VERDICT_MISTAKE,
	  "301 Moved Permanently: a redirect is not followed, give the new URL" },
	{ HTTP_ANSWERED, 302, -1, VERDICT_MISTAKE, NULL },
	{ HTTP_ANSWERED, 304, -1, VERDICT_MISTAKE, NULL },
	{ HTTP_ANSWERED, 307, -1, VERDICT_MISTAKE, NULL },
	{ HTTP_ANSWERED, 308, -1, VERDICT_MISTAKE, NULL },
	{ HTTP_ANSWERED, 400, -1, VERDICT_REFUSED, "400 Bad Request" },
	{ HTTP_ANSWERED, 401, -1, VERDICT_MISTAKE,
	  "401 Unauthorized: check URL, headers and secret" },
	{ HTTP_ANSWERED, 402, -1, VERDICT_REFUSED, "402" },
	{ HTTP_ANSWERED, 403, -1, VERDICT_MISTAKE, NULL },
	{ HTTP_ANSWERED, 404, -1, VERDICT_MISTAKE, "404 Not Found: check the URL" },
	{ HTTP_ANSWERED, 405, -1, VERDICT_REFUSED, NULL },
	{ HTTP_ANSWERED, 407, -1, VERDICT_MISTAKE, NULL },
	{ HTTP_ANSWERED, 408, -1, VERDICT_RETRY, "408 Request Timeout" },
	{ HTTP_ANSWERED, 409, -1, VERDICT_REFUSED, NULL },
	{ HTTP_ANSWERED, 410, -1, VERDICT_GONE, "410 Gone: it wants no more" },
	{ HTTP_ANSWERED, 413, -1, VERDICT_REFUSED, NULL },
	{ HTTP_ANSWERED, 415, -1, VERDICT_REFUSED, NULL },
	{ HTTP_ANSWERED, 418, -1, VERDICT_REFUSED, "418" },
	{ HTTP_ANSWERED, 422, -1, VERDICT_REFUSED, NULL },
	{ HTTP_ANSWERED, 425, -1, VERDICT_RETRY, NULL },
	{ HTTP_ANSWERED, 429, -1, VERDICT_RETRY, "429 Too Many Requests" },
	{ HTTP_ANSWERED, 429, 30, VERDICT_SLEEP, "429 Too Many Requests: it asks for a pause" },
	{ HTTP_ANSWERED, 499, -1, VERDICT_REFUSED, NULL },
	{ HTTP_ANSWERED, 500, -1, VERDICT_RETRY, "500 Internal Server Error" },
	{ HTTP_ANSWERED, 500, 30, VERDICT_RETRY, NULL },
	{ HTTP_ANSWERED, 502, -1, VERDICT_RETRY, NULL },
	{ HTTP_ANSWERED, 503, -1, VERDICT_RETRY, "503 Service Unavailable" },
	{ HTTP_ANSWERED, 503, 30, VERDICT_SLEEP, "503 Service Unavailable: it asks for a pause" },
	{ HTTP_ANSWERED, 504, -1, VERDICT_RETRY, NULL },
	{ HTTP_ANSWERED, 599, -1, VERDICT_RETRY, "599" },
	{ HTTP_ANSWERED, 999, -1, VERDICT_RETRY, "999" },
	{ HTTP_TIMEOUT, 0, -1, VERDICT_RETRY, "the reason" },
	{ HTTP_NETWORK, 0, -1, VERDICT_RETRY, "the reason" },
	{ HTTP_TLS, 0, -1, VERDICT_MISTAKE, "the reason" },
	{ HTTP_UNUSABLE, 0, -1, VERDICT_MISTAKE, "the reason" },
};

START_TEST(judges_answers)
{
	struct http_result result = { .failure = answers[_i].failure,
				      .status = answers[_i].status,
				      .retry_after_s = answers[_i].retry_after_s,
				      .why = "the reason" };
	char why[200];

	ck_assert_int_eq(verdict_of(&result, why, sizeof(why)), answers[_i].verdict);
	ck_assert_uint_gt(strlen(why), 0);
	if (answers[_i].why)
		ck_assert_str_eq(why, answers[_i].why);
	ck_assert_int_eq(verdict_of(&result, why, 4), answers[_i].verdict);
	ck_assert_uint_le(strlen(why), 3);
}
END_TEST

static const struct {
	int64_t failures;
	int64_t step_ms;
} steps[] = {
	{ 1, 5 * SECOND_MS }, { 2, 5 * MINUTE_MS },   { 3, 30 * MINUTE_MS },
	{ 4, 2 * HOUR_MS },   { 5, 5 * HOUR_MS },     { 6, 10 * HOUR_MS },
	{ 7, 14 * HOUR_MS },  { 8, 20 * HOUR_MS },    { 9, 24 * HOUR_MS },
	{ 10, 24 * HOUR_MS }, { 1000, 24 * HOUR_MS }, { INT64_MAX, 24 * HOUR_MS },
};

START_TEST(waits_longer_and_longer)
{
	int64_t step = steps[_i].step_ms;
	int64_t least = INT64_MAX;
	int64_t most = 0;

	for (int i = 0; i < 1000; i++) {
		char *id = mem_format("id-%d", i);
		int64_t delay = verdict_delay_ms(steps[_i].failures, id);

		ck_assert_int_eq(delay, verdict_delay_ms(steps[_i].failures, id));
		least = delay < least ? delay : least;
		most = delay > most ? delay : most;
		free(id);
	}
	/* Up to a fifth off, and that is made use of. */
	ck_assert_int_ge(least, step - step / 5);
	ck_assert_int_lt(least, step - step / 6);
	ck_assert_int_le(most, step + step / 5);
	ck_assert_int_gt(most, step + step / 6);
}
END_TEST

static const struct {
	int64_t retry_after_s;
	int64_t sleep_ms;
} pauses[] = {
	{ -1, MINUTE_MS },	     { 0, MINUTE_MS },
	{ 59, MINUTE_MS },	     { 60, MINUTE_MS },
	{ 61, 61 * SECOND_MS },	     { 86400, 24 * HOUR_MS },
	{ 86401, 24 * HOUR_MS },     { INT64_C(99999999999), 24 * HOUR_MS },
	{ INT64_MAX, 24 * HOUR_MS },
};

START_TEST(pauses_within_reason)
{
	ck_assert_int_eq(verdict_sleep_ms(pauses[_i].retry_after_s), pauses[_i].sleep_ms);
}
END_TEST

static const struct {
	int64_t ahead_ms; /* what is stored, of now */
	int64_t failures;
	int64_t due_ms; /* likewise */
} dues[] = {
	{ -HOUR_MS, 1, -HOUR_MS },
	{ 0, 1, 0 },
	{ 4 * SECOND_MS, 1, 4 * SECOND_MS },
	{ 6 * SECOND_MS, 1, 6 * SECOND_MS },
	{ 7 * SECOND_MS, 1, 6 * SECOND_MS },
	{ 1000 * HOUR_MS, 1, 6 * SECOND_MS },
	{ 1000 * HOUR_MS, 2, 6 * MINUTE_MS },
	{ 28 * HOUR_MS, 9, 28 * HOUR_MS },
	{ 1000 * HOUR_MS, 50, 24 * HOUR_MS * 6 / 5 },
	/* a pause that was asked for */
	{ 24 * HOUR_MS, 0, 24 * HOUR_MS },
	{ 1000 * HOUR_MS, 0, 24 * HOUR_MS * 6 / 5 },
};

START_TEST(a_clock_set_back_delays_nothing)
{
	ck_assert_int_eq(verdict_due(NOW_MS + dues[_i].ahead_ms, dues[_i].failures, NOW_MS),
			 NOW_MS + dues[_i].due_ms);
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

static Suite *suite(void)
{
	Suite *suite = suite_create("verdict");
	TCase *tcase = tcase_create("verdict");

	tcase_add_loop_test(tcase, judges_answers, 0, ROWS(answers));
	tcase_add_loop_test(tcase, waits_longer_and_longer, 0, ROWS(steps));
	tcase_add_loop_test(tcase, pauses_within_reason, 0, ROWS(pauses));
	tcase_add_loop_test(tcase, a_clock_set_back_delays_nothing, 0, ROWS(dues));
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
