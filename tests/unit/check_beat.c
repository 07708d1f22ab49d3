/* SPDX-License-Identifier: ISC */
/* beat: the requests of each style, and which answers mean that the ping was taken. */
#include "watchdog/net/beat.h"

#include <string.h>

#include "tests/unit/check_main.h"
#include "watchdog/base/mem.h"
#include "watchdog/base/utf8.h"

#define RID  "0190b5a4-5b3c-4f6e-9a43-1d2a5c9be77f"
#define HC   "https://hc.example/ping/uuid"
#define KUMA "https://kuma.example/api/push/token"
#define CRON "https://cronitor.example/p/key/monitor"

static struct beat beat_of(bool is_good, int exit_status, const char *body)
{
	return (struct beat){ .is_good = is_good,
			      .exit_status = exit_status,
			      .host = "web 1",
			      .start_wall_ms = 1700000000000,
			      .end_wall_ms = 1700000001250,
			      .rid = RID,
			      .body = body };
}

static char round_text[] = "round";
static char worker_text[] = "worker mail";

static bool make(enum ping_style style, const char *url, bool is_round, const struct beat *beat,
		 enum beat_step step, struct beat_request *request)
{
	struct ping_options ping = { .url = mem_dup(url),
				     .style = style,
				     .when = is_round ? round_text : worker_text };
	bool made = beat_make(&ping, beat, step, request);

	free(ping.url);
	return made;
}

static const struct {
	enum ping_style style;
	const char *base;
	bool is_round;
	enum beat_step step;
	bool is_good;
	int exit_status;
	const char *body;
	const char *method; /* NULL: no request */
	const char *url;
} requests[] = {
	{ PING_HEALTHCHECKS, HC, true, BEAT_START, true, 0, "fine", "POST", HC "/start?rid=" RID },
	{ PING_HEALTHCHECKS, HC, true, BEAT_END, true, 0, "fine", "POST", HC "?rid=" RID },
	{ PING_HEALTHCHECKS, HC, true, BEAT_END, false, 1, "bad", "POST", HC "/1?rid=" RID },
	{ PING_HEALTHCHECKS, HC, true, BEAT_END, false, 255, "bad", "POST", HC "/255?rid=" RID },
	{ PING_HEALTHCHECKS, HC, true, BEAT_END, false, 256, "bad", "POST", HC "/fail?rid=" RID },
	/* That would be a success. */
	{ PING_HEALTHCHECKS, HC, true, BEAT_END, false, 0, "bad", "POST", HC "/fail?rid=" RID },
	{ PING_HEALTHCHECKS, HC, false, BEAT_END, false, 1, "bad", "POST", HC "/fail?rid=" RID },
	{ PING_HEALTHCHECKS, HC, false, BEAT_END, true, 0, "fine", "POST", HC "?rid=" RID },
	{ PING_HEALTHCHECKS, HC "/", true, BEAT_START, true, 0, "", "POST", HC "/start?rid=" RID },
	{ PING_HEALTHCHECKS, HC "//?create=1", true, BEAT_START, true, 0, "", "POST",
	  HC "/start?create=1&rid=" RID },
	{ PING_HEALTHCHECKS, HC "?create=1#x", true, BEAT_END, true, 0, "", "POST",
	  HC "?create=1&rid=" RID },
	{ PING_UPTIME_KUMA, KUMA, true, BEAT_START, true, 0, "fine", NULL, NULL },
	{ PING_UPTIME_KUMA, KUMA, true, BEAT_END, true, 0, "fine", "GET",
	  KUMA "?status=up&msg=OK&ping=1250" },
	{ PING_UPTIME_KUMA, KUMA "?status=up&msg=OK&ping=", true, BEAT_END, false, 1,
	  "1 of 3 & more\nsecond", "GET",
	  KUMA "?status=down&msg=1%20of%203%20%26%20more&ping=1250" },
	{ PING_UPTIME_KUMA, KUMA "?a=b&status=up&&msg&c=%20&pings=1#x", true, BEAT_END, true, 0, "",
	  "GET", KUMA "?a=b&c=%20&pings=1&status=up&msg=OK&ping=1250" },
	{ PING_UPTIME_KUMA, KUMA "?", true, BEAT_END, false, 3, "", "GET",
	  KUMA "?status=down&msg=failed&ping=1250" },
	{ PING_CRONITOR, CRON, true, BEAT_START, true, 0, "fine", "GET",
	  CRON "?state=run&series=" RID "&host=web%201" },
	{ PING_CRONITOR, CRON, true, BEAT_END, true, 0, "", "GET",
	  CRON "?state=complete&series=" RID "&host=web%201&status_code=0&metric=duration:1.250" },
	{ PING_CRONITOR, CRON "?env=prod", true, BEAT_END, false, 3, "ä\n", "GET",
	  CRON "?env=prod&state=fail&series=" RID
	       "&host=web%201&status_code=3&metric=duration:1.250&message=%C3%A4%0A" },
	{ PING_PLAIN, "http://x/y/?a=b", true, BEAT_START, true, 0, "", NULL, NULL },
	{ PING_PLAIN, "http://x/y/?a=b", true, BEAT_END, true, 0, "", "GET", "http://x/y/?a=b" },
	{ PING_PLAIN, "http://x/y/?a=b", true, BEAT_END, false, 1, "", NULL, NULL },
};

START_TEST(makes_requests)
{
	struct beat beat =
		beat_of(requests[_i].is_good, requests[_i].exit_status, requests[_i].body);
	struct beat_request request;
	bool made = make(requests[_i].style, requests[_i].base, requests[_i].is_round, &beat,
			 requests[_i].step, &request);

	ck_assert_int_eq(made, requests[_i].method != NULL);
	if (!made)
		return;
	ck_assert_str_eq(request.method, requests[_i].method);
	ck_assert_str_eq(str_text(&request.url), requests[_i].url);
	if (requests[_i].style == PING_HEALTHCHECKS && requests[_i].step == BEAT_END)
		ck_assert_str_eq(str_text(&request.body), requests[_i].body);
	else
		ck_assert_str_eq(str_text(&request.body), "");
	beat_request_free(&request);
}
END_TEST

/* 40,000 bytes of "ä", which percent-encoding makes six times as long, and a byte that is none of
 * UTF-8. */
static char *long_text(void)
{
	struct str text = STR_INIT;

	str_add(&text, "x\xff");
	for (int i = 0; i < 20000; i++)
		str_add(&text, "ä");
	return str_take(&text);
}

START_TEST(cuts_between_characters)
{
	char *body = long_text();
	struct beat beat = beat_of(false, 1, body);
	struct beat_request request;

	ck_assert(make(PING_HEALTHCHECKS, HC, true, &beat, BEAT_END, &request));
	ck_assert_uint_le(request.body.len, 10000);
	ck_assert_uint_gt(request.body.len, 9990);
	ck_assert(utf8_is_value(request.body.data));
	beat_request_free(&request);
	ck_assert(make(PING_CRONITOR, CRON, true, &beat, BEAT_END, &request));
	ck_assert_uint_le(request.url.len, 6300);
	ck_assert_str_eq(request.url.data + request.url.len - 6, "%C3%A4");
	beat_request_free(&request);
	ck_assert(make(PING_UPTIME_KUMA, KUMA, true, &beat, BEAT_END, &request));
	ck_assert_uint_le(request.url.len, 1000);
	ck_assert_ptr_nonnull(strstr(request.url.data, "msg=x%EF%BF%BD%C3%A4"));
	ck_assert_ptr_nonnull(strstr(request.url.data, "%C3%A4&ping=1250"));
	beat_request_free(&request);
	free(body);
}
END_TEST

START_TEST(a_clock_set_back_makes_no_negative_time)
{
	struct beat beat = beat_of(true, 0, "");
	struct beat_request request;

	beat.end_wall_ms = beat.start_wall_ms - 5000;
	ck_assert(make(PING_UPTIME_KUMA, KUMA, true, &beat, BEAT_END, &request));
	ck_assert_str_eq(request.url.data, KUMA "?status=up&msg=OK&ping=0");
	beat_request_free(&request);
	beat.end_wall_ms = INT64_C(1800000000000);
	ck_assert(make(PING_UPTIME_KUMA, KUMA, true, &beat, BEAT_END, &request));
	ck_assert_str_eq(request.url.data, KUMA "?status=up&msg=OK&ping=86400000");
	beat_request_free(&request);
}
END_TEST

/* ---- answers ------------------------------------------------------------------------------ */

static const struct {
	enum ping_style style;
	enum http_failure failure;
	long status;
	const char *body;
	bool is_taken;
	const char *why; /* in it */
} answers[] = {
	{ PING_HEALTHCHECKS, HTTP_ANSWERED, 200, "OK", true, "200" },
	{ PING_HEALTHCHECKS, HTTP_ANSWERED, 200, "OK\n", true, "200" },
	{ PING_HEALTHCHECKS, HTTP_ANSWERED, 200, "OK (rate limited)", false, "too often" },
	{ PING_HEALTHCHECKS, HTTP_ANSWERED, 200, "OK (not found)", false, "nothing is known" },
	{ PING_HEALTHCHECKS, HTTP_ANSWERED, 200, "", false, "not OK" },
	{ PING_HEALTHCHECKS, HTTP_ANSWERED, 200, "OK\nOK", false, "not OK" },
	{ PING_HEALTHCHECKS, HTTP_ANSWERED, 200, "OKAY", false, "not OK" },
	{ PING_HEALTHCHECKS, HTTP_ANSWERED, 200, "ok", false, "not OK" },
	{ PING_HEALTHCHECKS, HTTP_ANSWERED, 200, "<!doctype html>", false, "not OK" },
	{ PING_HEALTHCHECKS, HTTP_ANSWERED, 201, "Created", true, "201" },
	{ PING_HEALTHCHECKS, HTTP_ANSWERED, 301, "", false, "redirect" },
	{ PING_HEALTHCHECKS, HTTP_ANSWERED, 400, "OK", false, "400" },
	{ PING_HEALTHCHECKS, HTTP_ANSWERED, 404, "OK", false, "404" },
	{ PING_HEALTHCHECKS, HTTP_ANSWERED, 409, "OK", false, "several" },
	{ PING_HEALTHCHECKS, HTTP_ANSWERED, 429, "OK", false, "too often" },
	{ PING_HEALTHCHECKS, HTTP_ANSWERED, 500, "OK", false, "500" },
	{ PING_HEALTHCHECKS, HTTP_TIMEOUT, 0, "", false, "the reason" },
	{ PING_UPTIME_KUMA, HTTP_ANSWERED, 200, "{\"ok\":true}", true, "200" },
	{ PING_UPTIME_KUMA, HTTP_ANSWERED, 200, " {\"msg\": \"x\", \"ok\": true}\n", true, "200" },
	{ PING_UPTIME_KUMA, HTTP_ANSWERED, 200, "{\"ok\":false,\"msg\":\"x\"}", false, "ok:true" },
	{ PING_UPTIME_KUMA, HTTP_ANSWERED, 200, "{\"ok\":\"true\"}", false, "ok:true" },
	{ PING_UPTIME_KUMA, HTTP_ANSWERED, 200, "{\"ok\":true", false, "ok:true" },
	{ PING_UPTIME_KUMA, HTTP_ANSWERED, 200, "[true]", false, "ok:true" },
	{ PING_UPTIME_KUMA, HTTP_ANSWERED, 200, "true", false, "ok:true" },
	{ PING_UPTIME_KUMA, HTTP_ANSWERED, 200, "", false, "ok:true" },
	{ PING_UPTIME_KUMA, HTTP_ANSWERED, 200, "<!DOCTYPE html>ok:true", false, "push monitor" },
	{ PING_UPTIME_KUMA, HTTP_ANSWERED, 404, "{\"ok\":true}", false, "404" },
	{ PING_UPTIME_KUMA, HTTP_ANSWERED, 500, "{\"ok\":true}", false, "500" },
	{ PING_UPTIME_KUMA, HTTP_NETWORK, 0, "", false, "the reason" },
	{ PING_CRONITOR, HTTP_ANSWERED, 200, "anything", true, "200" },
	{ PING_CRONITOR, HTTP_ANSWERED, 404, "", false, "404" },
	{ PING_PLAIN, HTTP_ANSWERED, 204, "", true, "204" },
	{ PING_PLAIN, HTTP_ANSWERED, 302, "", false, "redirect" },
	{ PING_PLAIN, HTTP_TLS, 0, "", false, "the reason" },
};

START_TEST(judges_answers)
{
	struct ping_options ping = { .style = answers[_i].style };
	struct http_result result = { .failure = answers[_i].failure,
				      .status = answers[_i].status,
				      .why = "the reason" };
	char why[200];

	str_add(&result.body, answers[_i].body);
	ck_assert_int_eq(beat_is_taken(&ping, &result, why, sizeof(why)), answers[_i].is_taken);
	ck_assert_msg(strstr(why, answers[_i].why) != NULL, "%s", why);
	http_result_free(&result);
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

static Suite *suite(void)
{
	Suite *suite = suite_create("beat");
	TCase *tcase = tcase_create("beat");

	tcase_add_loop_test(tcase, makes_requests, 0, ROWS(requests));
	tcase_add_test(tcase, cuts_between_characters);
	tcase_add_test(tcase, a_clock_set_back_makes_no_negative_time);
	tcase_add_loop_test(tcase, judges_answers, 0, ROWS(answers));
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
