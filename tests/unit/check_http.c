/* SPDX-License-Identifier: ISC */
/* http: what is sent, and what is made of every kind of answer, and of none. */
#include "watchdog/net/http.h"

#include <stdlib.h>

#include "tests/unit/check_main.h"
#include "tests/unit/http_server.h"
#include "watchdog/base/clock.h"
#include "watchdog/base/mem.h"

/* Of requests that shall be answered; of those that cannot be. */
#define PATIENCE_MS 60000
#define BRIEF_MS    2000

static struct http_server server;
static struct http *http;
static struct err err;

static void set_up(void)
{
	server = http_server_start();
	ck_assert_int_eq(http_open(&http, &err), 0);
}

static void tear_down(void)
{
	http_close(http);
	http_server_stop(&server);
}

/* The next that ends. */
static void *await(struct http_result *result)
{
	int64_t deadline = clock_read().boot_ms + PATIENCE_MS;
	void *tag = NULL;

	while (!http_turn(http, 1000, &tag, result))
		ck_assert_int_lt(clock_read().boot_ms, deadline);
	return tag;
}

static char *url_of(const char *path)
{
	return mem_format("http://127.0.0.1:%d%s", server.port, path);
}

static struct http_result ask(const struct http_request *request)
{
	struct http_result result;
	static int tag;

	ck_assert_msg(http_begin(http, request, &tag, &err) == 0, "%s", err.text);
	ck_assert_ptr_eq(await(&result), &tag);
	ck_assert_uint_eq(http_pending(http), 0);
	return result;
}

static struct http_result get(const char *path, int64_t timeout_ms)
{
	char *url = url_of(path);
	struct http_request request = { .method = "GET", .url = url, .timeout_ms = timeout_ms };
	struct http_result result = ask(&request);

	free(url);
	return result;
}

/* ---- answers ------------------------------------------------------------------------------ */

static const int statuses[] = { 200, 201, 204, 299, 304, 400, 401, 404, 410, 429, 500, 503, 599 };

START_TEST(tells_the_status)
{
	char *path = mem_format("/status/%d", statuses[_i]);
	struct http_result result = get(path, PATIENCE_MS);

	ck_assert_int_eq(result.failure, HTTP_ANSWERED);
	ck_assert_int_eq(result.status, statuses[_i]);
	ck_assert_int_eq(result.retry_after_s, -1);
	ck_assert_int_eq(result.body_limit, -1);
	if (statuses[_i] == 200)
		ck_assert_str_eq(str_text(&result.body), "body");
	http_result_free(&result);
	free(path);
}
END_TEST

START_TEST(follows_nobody)
{
	struct http_result result = get("/redirect", PATIENCE_MS);

	ck_assert_int_eq(result.status, 301);
	ck_assert_int_eq(atomic_load(&server.counts->followed), 0);
	ck_assert_int_eq(atomic_load(&server.counts->requests), 1);
	http_result_free(&result);
}
END_TEST

/* The status is there; what becomes of the rest does not matter. */
static const struct {
	const char *path;
	int64_t timeout_ms;
	size_t body_len; /* SIZE_MAX: some */
} broken_bodies[] = {
	{ "/cut", PATIENCE_MS, 10 },
	{ "/endless", PATIENCE_MS, HTTP_BODY_MAX },
	{ "/trickle", BRIEF_MS, SIZE_MAX },
	{ "/endless-header", PATIENCE_MS, 0 },
	{ "/size/15", PATIENCE_MS, 15360 },
	{ "/size/16", PATIENCE_MS, HTTP_BODY_MAX },
	{ "/size/17", PATIENCE_MS, HTTP_BODY_MAX },
	{ "/size/9999", PATIENCE_MS, HTTP_BODY_MAX },
};

START_TEST(judges_the_status_before_the_body)
{
	struct http_result result = get(broken_bodies[_i].path, broken_bodies[_i].timeout_ms);

	ck_assert_int_eq(result.failure, HTTP_ANSWERED);
	ck_assert_int_eq(result.status, 200);
	if (broken_bodies[_i].body_len != SIZE_MAX)
		ck_assert_uint_eq(result.body.len, broken_bodies[_i].body_len);
	http_result_free(&result);
}
END_TEST

START_TEST(waits_for_the_last_status)
{
	struct http_result result = get("/early", PATIENCE_MS);

	ck_assert_int_eq(result.failure, HTTP_ANSWERED);
	ck_assert_int_eq(result.status, 202);
	http_result_free(&result);
}
END_TEST

static const struct {
	const char *header;
	int64_t retry_after_s;
	int64_t body_limit;
} headers[] = {
	{ "Retry-After:%20120", 120, -1 },
	{ "retry-after:%207", 7, -1 },
	{ "Retry-After:%200", -1, -1 },
	{ "Retry-After:%20-5", -1, -1 },
	{ "Retry-After:%20soon", -1, -1 },
	{ "Retry-After:", -1, -1 },
	{ "Retry-After:%20Fri,%2031%20Dec%201999%2023:59:59%20GMT", -1, -1 },
	{ "Retry-After:%2099999999999", INT64_C(99999999999), -1 },
	{ "Ping-Body-Limit:%20100000", -1, 100000 },
	{ "ping-body-limit:5", -1, 5 },
	{ "Ping-Body-Limit:%20-1", -1, -1 },
	{ "Ping-Body-Limit:%20many", -1, -1 },
	{ "Ping-Body-Limit:%2099999999999999999999999999999", -1, -1 },
	{ "Ping-Body-Limits:%205", -1, -1 },
};

START_TEST(reads_headers)
{
	char *path = mem_format("/header/%s", headers[_i].header);
	struct http_result result = get(path, PATIENCE_MS);

	ck_assert_int_eq(result.status, 429);
	ck_assert_int_eq(result.retry_after_s, headers[_i].retry_after_s);
	ck_assert_int_eq(result.body_limit, headers[_i].body_limit);
	http_result_free(&result);
	free(path);
}
END_TEST

START_TEST(reads_a_date)
{
	char stamp[64];
	time_t then = time(NULL) + 3600;
	struct tm tm;
	struct http_result result;
	char *path;

	ck_assert_uint_gt(strftime(stamp, sizeof(stamp), "%a,%%20%d%%20%b%%20%Y%%20%H:%M:%S%%20GMT",
				   gmtime_r(&then, &tm)),
			  0);
	path = mem_format("/header/Retry-After:%%20%s", stamp);
	result = get(path, PATIENCE_MS);
	/* An hour, less what has passed since. */
	ck_assert_int_gt(result.retry_after_s, 3600 - 2 * PATIENCE_MS / 1000);
	ck_assert_int_le(result.retry_after_s, 3600);
	http_result_free(&result);
	free(path);
}
END_TEST

/* ---- no answer ---------------------------------------------------------------------------- */

static const struct {
	const char *path;
	enum http_failure failure;
	const char *why; /* in it */
} failures[] = {
	{ "/silent", HTTP_TIMEOUT, "within 2s" },
	{ "/garbage", HTTP_NETWORK, "not HTTP" },
	{ "/close", HTTP_NETWORK, "without an answer" },
	{ "/reset", HTTP_NETWORK, "without an answer" },
	{ "/only-early", HTTP_NETWORK, "" },
	{ "/endless-early", HTTP_NETWORK, "header" },
};

START_TEST(tells_why_there_is_no_answer)
{
	char *path = mem_format("%s/S3CRET?t=S3CRET", failures[_i].path);
	struct http_result result =
		get(path, failures[_i].failure == HTTP_TIMEOUT ? BRIEF_MS : PATIENCE_MS);

	ck_assert_int_eq(result.failure, failures[_i].failure);
	ck_assert_int_eq(result.status, 0);
	ck_assert_str_ne(result.why, "");
	ck_assert_msg(strstr(result.why, failures[_i].why) != NULL, "%s", result.why);
	ck_assert_ptr_null(strstr(result.why, "S3CRET"));
	http_result_free(&result);
	free(path);
}
END_TEST

START_TEST(nobody_listens)
{
	struct http_result result;

	/* The port was the server's: nobody else's by now, as good as surely. */
	http_server_stop(&server);
	result = get("/S3CRET", PATIENCE_MS);
	ck_assert_int_eq(result.failure, HTTP_NETWORK);
	ck_assert_str_eq(result.why, "no connection: Connection refused");
	http_result_free(&result);
	server = http_server_start();
}
END_TEST

/* What is no URL, or no proxy: their passwords are told to nobody. */
static const struct {
	const char *url;
	const char *proxy;
	enum http_failure failure;
} unusable[] = {
	{ "http://127.0.0.1:99999/S3CRET", NULL, HTTP_UNUSABLE },
	{ "http://me:S3CRET@[::1/S3CRET", NULL, HTTP_UNUSABLE },
	{ "http://", NULL, HTTP_UNUSABLE },
	{ "http://127.0.0.1/S3CRET", "bogus://me:S3CRET@127.0.0.1", HTTP_NETWORK },
	{ "http://127.0.0.1/S3CRET", "http://me:S3CRET@127.0.0.1:x", HTTP_NETWORK },
};

START_TEST(keeps_secrets_of_what_is_unusable)
{
	struct http_request request = { .method = "GET",
					.url = unusable[_i].url,
					.proxy = unusable[_i].proxy,
					.timeout_ms = PATIENCE_MS };
	struct http_result result = ask(&request);

	ck_assert_msg(result.failure == unusable[_i].failure, "%d %s", result.failure, result.why);
	ck_assert_str_ne(result.why, "");
	ck_assert_ptr_null(strstr(result.why, "S3CRET"));
	http_result_free(&result);
}
END_TEST

static const char *const no_urls[] = { "",
				       "127.0.0.1/S3CRET",
				       "file:///etc/passwd",
				       "ftp://x/S3CRET",
				       "gopher://x/",
				       "http:/x/S3CRET" };

START_TEST(begins_with_http_and_https_alone)
{
	struct http_request request = { .method = "GET", .url = no_urls[_i], .timeout_ms = 1000 };

	ck_assert_int_eq(http_begin(http, &request, NULL, &err), -1);
	ck_assert_ptr_null(strstr(err.text, "S3CRET"));
	ck_assert_uint_eq(http_pending(http), 0);
}
END_TEST

/* ---- what is sent ------------------------------------------------------------------------- */

static struct http_result echo(const char *method, const struct strlist *list, const char *body)
{
	char *url = url_of("/echo");
	char *copy = mem_dup(body);
	struct http_request request = { .method = method,
					.url = url,
					.headers = list,
					.body = copy,
					.body_len = copy ? strlen(copy) : 0,
					.timeout_ms = PATIENCE_MS };
	struct http_result result;

	ck_assert_int_eq(http_begin(http, &request, NULL, &err), 0);
	/* Nobody needs them any more. */
	memset(url, 'x', strlen(url));
	free(url);
	if (copy)
		memset(copy, 'x', strlen(copy));
	free(copy);
	(void)await(&result);
	ck_assert_int_eq(result.status, 200);
	return result;
}

START_TEST(sends_a_post_as_it_is)
{
	struct str body = STR_INIT;
	struct strlist list = STRLIST_INIT;
	struct http_result result;
	const char *sent;

	for (int i = 0; i < 1000; i++)
		str_add(&body, "0123456789");
	strlist_add(&list, "Content-Type: first");
	strlist_add(&list, "X-Empty:");
	strlist_add(&list, "X-Other:  two  words");
	strlist_add(&list, "content-type: application/cloudevents+json");
	result = echo("POST", &list, body.data);
	sent = str_text(&result.body);
	ck_assert_ptr_eq(strstr(sent, "POST /echo HTTP/1.1\r\n"), sent);
	ck_assert_ptr_nonnull(strstr(sent, "\r\nUser-Agent: cronherd/"));
	ck_assert_ptr_nonnull(strstr(sent, "\r\nContent-Length: 10000\r\n"));
	ck_assert_ptr_nonnull(strstr(sent, "\r\ncontent-type: application/cloudevents+json\r\n"));
	ck_assert_ptr_nonnull(strstr(sent, "\r\nX-Other:  two  words\r\n"));
	ck_assert_ptr_nonnull(strstr(sent, "\r\nX-Empty:\r\n"));
	ck_assert_ptr_null(strstr(sent, "first"));
	ck_assert_ptr_null(strcasestr(sent, "\r\nExpect:"));
	ck_assert_ptr_null(strcasestr(sent, "\r\nAccept-Encoding:"));
	ck_assert_ptr_null(strcasestr(sent, "x-www-form-urlencoded"));
	ck_assert_str_eq(strstr(sent, "\r\n\r\n") + 4, body.data);
	http_result_free(&result);
	strlist_free(&list);
	str_free(&body);
}
END_TEST

START_TEST(sends_get_and_post_without_a_body)
{
	struct http_result result = echo("GET", NULL, NULL);

	ck_assert_int_eq(strncmp(str_text(&result.body), "GET ", 4), 0);
	http_result_free(&result);
	result = echo("POST", NULL, NULL);
	ck_assert_int_eq(strncmp(str_text(&result.body), "POST ", 5), 0);
	ck_assert_ptr_nonnull(strstr(str_text(&result.body), "\r\nContent-Length: 0\r\n"));
	ck_assert_ptr_null(strcasestr(str_text(&result.body), "Content-Type"));
	http_result_free(&result);
}
END_TEST

START_TEST(a_head_has_no_body)
{
	char *url = url_of("/echo");
	struct http_request request = { .method = "HEAD", .url = url, .timeout_ms = PATIENCE_MS };
	struct http_result result = ask(&request);

	ck_assert_int_eq(result.status, 200);
	ck_assert_uint_eq(result.body.len, 0);
	http_result_free(&result);
	free(url);
}
END_TEST

static const char *const no_headers[] = {
	"", "no colon", ": no name", "two words: x", "X: a\r\nY: b", "X: a\n", "X: \x01"
};

START_TEST(refuses_what_is_no_header)
{
	char *url = url_of("/echo");
	struct strlist list = STRLIST_INIT;
	struct http_request request = {
		.method = "GET", .url = url, .headers = &list, .timeout_ms = PATIENCE_MS
	};

	strlist_add(&list, no_headers[_i]);
	ck_assert_int_eq(http_begin(http, &request, NULL, &err), -1);
	ck_assert_uint_eq(http_pending(http), 0);
	strlist_free(&list);
	free(url);
}
END_TEST

/* ---- proxies ------------------------------------------------------------------------------ */

START_TEST(no_proxy_comes_from_the_environment)
{
	static const char *const names[] = { "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY" };
	struct http_result result;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ck_assert_int_eq(setenv(names[i], "http://127.0.0.1:1/", 1), 0);
	result = echo("GET", NULL, NULL);
	ck_assert_int_eq(strncmp(str_text(&result.body), "GET /echo ", 10), 0);
	http_result_free(&result);
}
END_TEST

START_TEST(a_proxy_is_used_whatever_the_environment_says)
{
	char *proxy = url_of("");
	struct http_request request = { .method = "GET",
					.url = "http://nowhere.invalid/echo",
					.proxy = proxy,
					.timeout_ms = PATIENCE_MS };
	struct http_result result;

	ck_assert_int_eq(setenv("no_proxy", "*", 1), 0);
	ck_assert_int_eq(setenv("NO_PROXY", "*", 1), 0);
	result = ask(&request);
	ck_assert_int_eq(result.status, 200);
	ck_assert_ptr_eq(strstr(str_text(&result.body), "GET http://nowhere.invalid/echo "),
			 str_text(&result.body));
	http_result_free(&result);
	free(proxy);
}
END_TEST

static const struct {
	const char *url;
	enum http_failure failure;
	const char *why;
} tunnels[] = {
	{ "https://nowhere.invalid:407/S3CRET", HTTP_UNUSABLE,
	  "the proxy refuses the connection (407: it wants a name and a password)" },
	{ "https://nowhere.invalid:502/S3CRET", HTTP_NETWORK,
	  "the proxy refuses the connection (502)" },
};

START_TEST(tells_what_the_proxy_refuses)
{
	char *proxy = mem_format("http://me:S3CRET@127.0.0.1:%d", server.port);
	struct http_request request = {
		.method = "POST", .url = tunnels[_i].url, .proxy = proxy, .timeout_ms = PATIENCE_MS
	};
	struct http_result result = ask(&request);

	ck_assert_int_eq(result.failure, tunnels[_i].failure);
	ck_assert_int_eq(result.status, 0);
	ck_assert_str_eq(result.why, tunnels[_i].why);
	http_result_free(&result);
	free(proxy);
}
END_TEST

/* ---- several ------------------------------------------------------------------------------ */

START_TEST(one_connection_serves_a_thousand)
{
	for (int i = 0; i < 1000; i++) {
		struct http_result result = echo("POST", NULL, "{}");

		http_result_free(&result);
	}
	ck_assert_int_eq(atomic_load(&server.counts->requests), 1000);
	ck_assert_int_eq(atomic_load(&server.counts->connections), 1);
}
END_TEST

START_TEST(the_stuck_keep_up_nobody)
{
	enum { STUCK = 8, ALL = 64 };
	int tags[ALL];
	int seen[ALL] = { 0 };
	char *stuck = url_of("/silent");
	char *quick = url_of("/status/202");

	for (int i = 0; i < ALL; i++) {
		struct http_request request = { .method = "POST",
						.url = i < STUCK ? stuck : quick,
						.body = "x",
						.body_len = 1,
						.timeout_ms = PATIENCE_MS };

		tags[i] = i;
		ck_assert_int_eq(http_begin(http, &request, &tags[i], &err), 0);
	}
	ck_assert_uint_eq(http_pending(http), ALL);
	for (int i = STUCK; i < ALL; i++) {
		struct http_result result;
		int tag = *(int *)await(&result);

		ck_assert_int_ge(tag, STUCK);
		ck_assert_int_eq(seen[tag]++, 0);
		ck_assert_int_eq(result.status, 202);
		http_result_free(&result);
	}
	/* tear_down gives them up. */
	ck_assert_uint_eq(http_pending(http), STUCK);
	free(stuck);
	free(quick);
}
END_TEST

START_TEST(all_time_out_together)
{
	enum { ALL = 20 };
	char *url = url_of("/silent");
	struct http_request request = { .method = "GET", .url = url, .timeout_ms = BRIEF_MS };

	for (int i = 0; i < ALL; i++)
		ck_assert_int_eq(http_begin(http, &request, NULL, &err), 0);
	for (int i = 0; i < ALL; i++) {
		struct http_result result;

		(void)await(&result);
		ck_assert_int_eq(result.failure, HTTP_TIMEOUT);
		http_result_free(&result);
	}
	free(url);
}
END_TEST

START_TEST(without_requests_a_turn_ends)
{
	struct http_result result;
	void *tag;

	ck_assert(!http_turn(http, 1, &tag, &result));
}
END_TEST

/* ---- hosts -------------------------------------------------------------------------------- */

static const struct {
	const char *url;
	const char *host;
} hosts[] = {
	{ "https://hooks.slack.com/services/T/B/S3CRET", "hooks.slack.com" },
	{ "http://127.0.0.1:8080/x", "127.0.0.1" },
	{ "http://[::1]:8080/x", "[::1]" },
	{ "http://me:S3CRET@example.org:80?t=S3CRET", "example.org" },
	{ "http://me:S3@CRET@example.org", "example.org" },
	{ "http://example.org#S3CRET", "example.org" },
	{ "http://example.org\\@S3CRET/", "example.org" },
	{ "http://[::1", "[" },
	{ "http://\xff\x01/", "??" },
	{ "http:///S3CRET", "?" },
	{ "http://", "?" },
	{ "S3CRET", "?" },
	{ "", "?" },
};

START_TEST(names_the_host)
{
	char buf[80];

	ck_assert_str_eq(http_host(hosts[_i].url, buf, sizeof(buf)), hosts[_i].host);
	ck_assert_ptr_eq(http_host("http://example.org/", buf, 4), buf);
	ck_assert_str_eq(buf, "exa");
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

static void add_answers(TCase *tcase)
{
	tcase_add_loop_test(tcase, tells_the_status, 0, ROWS(statuses));
	tcase_add_test(tcase, follows_nobody);
	tcase_add_loop_test(tcase, judges_the_status_before_the_body, 0, ROWS(broken_bodies));
	tcase_add_test(tcase, waits_for_the_last_status);
	tcase_add_loop_test(tcase, reads_headers, 0, ROWS(headers));
	tcase_add_test(tcase, reads_a_date);
	tcase_add_loop_test(tcase, tells_why_there_is_no_answer, 0, ROWS(failures));
	tcase_add_test(tcase, nobody_listens);
	tcase_add_loop_test(tcase, keeps_secrets_of_what_is_unusable, 0, ROWS(unusable));
	tcase_add_loop_test(tcase, begins_with_http_and_https_alone, 0, ROWS(no_urls));
}

static void add_requests(TCase *tcase)
{
	tcase_add_test(tcase, sends_a_post_as_it_is);
	tcase_add_test(tcase, sends_get_and_post_without_a_body);
	tcase_add_test(tcase, a_head_has_no_body);
	tcase_add_loop_test(tcase, refuses_what_is_no_header, 0, ROWS(no_headers));
	tcase_add_test(tcase, no_proxy_comes_from_the_environment);
	tcase_add_test(tcase, a_proxy_is_used_whatever_the_environment_says);
	tcase_add_loop_test(tcase, tells_what_the_proxy_refuses, 0, ROWS(tunnels));
	tcase_add_test(tcase, one_connection_serves_a_thousand);
	tcase_add_test(tcase, the_stuck_keep_up_nobody);
	tcase_add_test(tcase, all_time_out_together);
	tcase_add_test(tcase, without_requests_a_turn_ends);
}

static Suite *suite(void)
{
	Suite *suite = suite_create("http");
	TCase *tcase = tcase_create("http");
	TCase *pure = tcase_create("hosts");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 2 * PATIENCE_MS / 1000);
	add_answers(tcase);
	add_requests(tcase);
	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(pure, names_the_host, 0, ROWS(hosts));
	suite_add_tcase(suite, pure);
	return suite;
}

CHECK_MAIN(suite())
