/* SPDX-License-Identifier: ISC */
#include "watchdog/net/beat.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "watchdog/net/clip.h"
#include "watchdog/net/percent.h"

/* healthchecks keeps so much of a body; Cronitor so much of a message. Kuma shows it in a table. */
#define BODY_MAX     10000
#define CRONITOR_MAX 2000
#define KUMA_MAX     250
#define DAY_MS	     INT64_C(86400000)

void beat_request_free(struct beat_request *request)
{
	str_free(&request->url);
	str_free(&request->body);
	strlist_free(&request->headers);
}

/* ---- pieces ------------------------------------------------------------------------------- */

static void add_query(struct str *url, const char *name, const char *value)
{
	str_addf(url, "%s%s=", memchr(url->data, '?', url->len) ? "&" : "?", name);
	percent_add(url, value, PERCENT_UNRESERVED);
}

static void add_query_number(struct str *url, const char *name, int64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, value);
	add_query(url, name, text);
}

/* A message for people, of MAX bytes at most; none where TEXT is empty. */
static void add_query_text(struct str *url, const char *name, const char *text, size_t max)
{
	struct str cut = STR_INIT;

	clip_add(&cut, text, max);
	if (cut.len > 0)
		add_query(url, name, str_text(&cut));
	str_free(&cut);
}

/* BASE's path without slashes at its end, then SUFFIX, then BASE's own query. */
static void add_base(struct str *url, const char *base, const char *suffix)
{
	size_t path = strcspn(base, "?#");
	size_t query = strcspn(base + path, "#");
	size_t len = path;

	while (suffix && len > 0 && base[len - 1] == '/')
		len--;
	str_add_n(url, base, suffix ? len : path);
	str_add(url, suffix ? suffix : "");
	str_add_n(url, base + path, query);
}

static int64_t duration_ms(const struct beat *beat)
{
	int64_t ms = beat->end_wall_ms - beat->start_wall_ms;

	/* The clock may have been set meanwhile. */
	return ms < 0 ? 0 : ms > DAY_MS ? DAY_MS : ms;
}

/* ---- styles ------------------------------------------------------------------------------- */

/* "" good, "/N" a round's exit status, "/fail" where there is none to tell. */
static void add_outcome(struct str *suffix, const struct ping_options *ping,
			const struct beat *beat)
{
	if (beat->is_good)
		return;
	if (strcmp(ping->when, "round") == 0 && beat->exit_status > 0 && beat->exit_status < 256)
		str_addf(suffix, "/%d", beat->exit_status);
	else
		str_add(suffix, "/fail");
}

static bool make_healthchecks(const struct ping_options *ping, const struct beat *beat,
			      enum beat_step step, struct beat_request *request)
{
	struct str suffix = STR_INIT;

	if (step == BEAT_START)
		str_add(&suffix, "/start");
	else
		add_outcome(&suffix, ping, beat);
	/* A check can be set to take nothing but POST. */
	request->method = "POST";
	add_base(&request->url, ping->url, str_text(&suffix));
	add_query(&request->url, "rid", beat->rid);
	if (step == BEAT_END)
		clip_add(&request->body, beat->body,
			 beat->body_max > 0 && beat->body_max < BODY_MAX ? (size_t)beat->body_max
									 : BODY_MAX);
	strlist_add(&request->headers, "Content-Type: text/plain; charset=utf-8");
	str_free(&suffix);
	return true;
}

/* Whether the parameter at TEXT (LEN bytes) is one that we give. */
static bool is_kumas(const char *text, size_t len)
{
	static const char *const names[] = { "status", "msg", "ping", NULL };
	size_t name_len = strcspn(text, "=&");

	if (name_len > len)
		name_len = len;
	for (size_t i = 0; names[i]; i++)
		if (strlen(names[i]) == name_len && strncmp(text, names[i], name_len) == 0)
			return true;
	return false;
}

/* The URL as Kuma shows it, which ends with "?status=up&msg=OK&ping=", without that. */
static void add_kuma_base(struct str *url, const char *base)
{
	size_t path = strcspn(base, "?#");
	const char *at = base + path;

	str_add_n(url, base, path);
	while (*at == '?' || *at == '&') {
		size_t len = strcspn(++at, "&#");

		if (len > 0 && !is_kumas(at, len)) {
			str_add(url, memchr(url->data, '?', url->len) ? "&" : "?");
			str_add_n(url, at, len);
		}
		at += len;
	}
}

static bool make_kuma(const struct ping_options *ping, const struct beat *beat, enum beat_step step,
		      struct beat_request *request)
{
	struct str line = STR_INIT;

	if (step == BEAT_START)
		return false;
	if (beat->is_good || beat->body[0] == '\0')
		str_add(&line, beat->is_good ? "OK" : "failed");
	else
		str_add_n(&line, beat->body, strcspn(beat->body, "\n"));
	request->method = "GET";
	add_kuma_base(&request->url, ping->url);
	add_query(&request->url, "status", beat->is_good ? "up" : "down");
	add_query_text(&request->url, "msg", str_text(&line), KUMA_MAX);
	add_query_number(&request->url, "ping", duration_ms(beat));
	str_free(&line);
	return true;
}

static bool make_cronitor(const struct ping_options *ping, const struct beat *beat,
			  enum beat_step step, struct beat_request *request)
{
	struct str *url = &request->url;
	int64_t ms = duration_ms(beat);
	const char *state = beat->is_good ? "complete" : "fail";

	request->method = "GET";
	add_base(url, ping->url, NULL);
	add_query(url, "state", step == BEAT_START ? "run" : state);
	add_query(url, "series", beat->rid);
	add_query_text(url, "host", beat->host, CRONITOR_MAX);
	if (step == BEAT_START)
		return true;
	add_query_number(url, "status_code", beat->exit_status);
	str_addf(url, "&metric=duration:%" PRId64 ".%03" PRId64, ms / 1000, ms % 1000);
	add_query_text(url, "message", beat->body, CRONITOR_MAX);
	return true;
}

/* Silence is the alarm. */
static bool make_plain(const struct ping_options *ping, const struct beat *beat,
		       enum beat_step step, struct beat_request *request)
{
	if (step == BEAT_START || !beat->is_good)
		return false;
	request->method = "GET";
	add_base(&request->url, ping->url, NULL);
	return true;
}

bool beat_make(const struct ping_options *ping, const struct beat *beat, enum beat_step step,
	       struct beat_request *request)
{
	*request = (struct beat_request){ .method = "GET" };
	switch ((enum ping_style)ping->style) {
	case PING_HEALTHCHECKS:
		return make_healthchecks(ping, beat, step, request);
	case PING_UPTIME_KUMA:
		return make_kuma(ping, beat, step, request);
	case PING_CRONITOR:
		return make_cronitor(ping, beat, step, request);
	case PING_PLAIN:
		return make_plain(ping, beat, step, request);
	}
	return false;
}

/* ---- answers ------------------------------------------------------------------------------ */

/* What a status without more means; NULL: taken. */
static const char *refusal(const struct http_result *result)
{
	if (result->status >= 200 && result->status < 300)
		return NULL;
	if (result->status >= 300 && result->status < 400)
		return "a redirect is not followed, give the new URL";
	switch (result->status) {
	case 404:
		return "nothing is known by that URL";
	case 409:
		return "there are several checks of that name";
	case 429:
		return "it is pinged too often";
	default:
		return "it does not take it";
	}
}

/* The service says 200 when it drops a ping, too. */
static const char *refusal_healthchecks(const struct http_result *result)
{
	const char *body = str_text(&result->body);
	size_t len = strcspn(body, "\r\n");

	if (result->status != 200)
		return refusal(result);
	if (len == 2 && strncmp(body, "OK", 2) == 0 &&
	    body[len + strspn(body + len, "\r\n")] == '\0')
		return NULL;
	if (strstr(body, "rate limited"))
		return "it is pinged too often";
	if (strstr(body, "not found"))
		return "nothing is known by that URL";
	return "what it says is not OK: is that the URL of a check?";
}

/* Behind a wrong path is Kuma's own page, with status 200. */
static const char *refusal_kuma(const struct http_result *result)
{
	json_t *json;
	bool is_ok;

	if (result->status != 200)
		return refusal(result);
	json = json_loadb(str_text(&result->body), result->body.len, 0, NULL);
	is_ok = json_is_true(json_object_get(json, "ok"));
	json_decref(json);
	return is_ok ? NULL : "what it says is not ok:true: is that the URL of a push monitor?";
}

bool beat_is_taken(const struct ping_options *ping, const struct http_result *result, char *why,
		   size_t size)
{
	const char *refused = NULL;

	if (result->failure != HTTP_ANSWERED) {
		(void)snprintf(why, size, "%s", result->why);
		return false;
	}
	switch ((enum ping_style)ping->style) {
	case PING_HEALTHCHECKS:
		refused = refusal_healthchecks(result);
		break;
	case PING_UPTIME_KUMA:
		refused = refusal_kuma(result);
		break;
	case PING_CRONITOR:
	case PING_PLAIN:
		refused = refusal(result);
		break;
	}
	(void)snprintf(why, size, "%ld%s%s", result->status, refused ? ": " : "",
		       refused ? refused : "");
	return !refused;
}
