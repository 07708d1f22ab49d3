/* SPDX-License-Identifier: ISC */
#include "watchdog/net/verdict.h"

#include <stdio.h>

#include "watchdog/base/hash.h"

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS	  (60 * MINUTE_MS)

/* ---- answers ------------------------------------------------------------------------------ */

struct status {
	long code;
	const char *name;
	enum verdict verdict;
	const char *advice; /* behind the name; NULL */
};

/* Those of which there is something to say; the others go by their hundred. */
static const struct status statuses[] = {
	{ 200, "OK", VERDICT_DELIVERED, NULL },
	{ 201, "Created", VERDICT_DELIVERED, NULL },
	{ 202, "Accepted", VERDICT_DELIVERED, NULL },
	{ 204, "No Content", VERDICT_DELIVERED, NULL },
	{ 301, "Moved Permanently", VERDICT_MISTAKE, NULL },
	{ 302, "Found", VERDICT_MISTAKE, NULL },
	{ 303, "See Other", VERDICT_MISTAKE, NULL },
	{ 307, "Temporary Redirect", VERDICT_MISTAKE, NULL },
	{ 308, "Permanent Redirect", VERDICT_MISTAKE, NULL },
	{ 400, "Bad Request", VERDICT_REFUSED, NULL },
	{ 401, "Unauthorized", VERDICT_MISTAKE, "check URL, headers and secret" },
	{ 403, "Forbidden", VERDICT_MISTAKE, "check URL, headers and secret" },
	{ 404, "Not Found", VERDICT_MISTAKE, "check the URL" },
	{ 405, "Method Not Allowed", VERDICT_REFUSED, NULL },
	{ 407, "Proxy Authentication Required", VERDICT_MISTAKE, "check the proxy" },
	{ 408, "Request Timeout", VERDICT_RETRY, NULL },
	{ 410, "Gone", VERDICT_GONE, "it wants no more" },
	{ 413, "Content Too Large", VERDICT_REFUSED, NULL },
	{ 415, "Unsupported Media Type", VERDICT_REFUSED, "is it another format that it takes?" },
	{ 422, "Unprocessable Content", VERDICT_REFUSED, NULL },
	{ 425, "Too Early", VERDICT_RETRY, NULL },
	{ 429, "Too Many Requests", VERDICT_RETRY, NULL },
	{ 500, "Internal Server Error", VERDICT_RETRY, NULL },
	{ 502, "Bad Gateway", VERDICT_RETRY, NULL },
	{ 503, "Service Unavailable", VERDICT_RETRY, NULL },
	{ 504, "Gateway Timeout", VERDICT_RETRY, NULL },
};

static struct status status_find(long code)
{
	struct status other = { .code = code, .name = "", .verdict = VERDICT_RETRY };

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].code == code)
			return statuses[i];
	if (code >= 200 && code < 300)
		other.verdict = VERDICT_DELIVERED;
	else if (code >= 300 && code < 400)
		other.verdict = VERDICT_MISTAKE;
	else if (code >= 400 && code < 500)
		other.verdict = VERDICT_REFUSED;
	return other;
}

static enum verdict of_status(const struct http_result *result, char *why, size_t size)
{
	struct status status = status_find(result->status);

	if (result->status >= 300 && result->status < 400)
		status.advice = "a redirect is not followed, give the new URL";
	if (result->retry_after_s >= 0 && (result->status == 429 || result->status == 503)) {
		status.verdict = VERDICT_SLEEP;
		status.advice = "it asks for a pause";
	}
	(void)snprintf(why, size, "%ld%s%s%s%s", status.code, status.name[0] ? " " : "",
		       status.name, status.advice ? ": " : "", status.advice ? status.advice : "");
	return status.verdict;
}

enum verdict verdict_of(const struct http_result *result, char *why, size_t size)
{
	if (result->failure == HTTP_ANSWERED)
		return of_status(result, why, size);
	(void)snprintf(why, size, "%s", result->why);
	switch (result->failure) {
	case HTTP_TLS:
	case HTTP_UNUSABLE:
		return VERDICT_MISTAKE;
	case HTTP_ANSWERED:
	case HTTP_TIMEOUT:
	case HTTP_NETWORK:
		break;
	}
	return VERDICT_RETRY;
}

/* ---- when --------------------------------------------------------------------------------- */

static const int64_t steps_ms[] = {
	5 * SECOND_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS,  5 * HOUR_MS,
	10 * HOUR_MS,  14 * HOUR_MS,  20 * HOUR_MS,   24 * HOUR_MS,
};

#define STEP_COUNT ((int64_t)(sizeof(steps_ms) / sizeof(steps_ms[0])))
#define PAUSE_MIN  MINUTE_MS
#define PAUSE_MAX  (24 * HOUR_MS)

static int64_t step_ms(int64_t failures)
{
	int64_t step = failures < 1 ? 0 : failures > STEP_COUNT ? STEP_COUNT - 1 : failures - 1;

	return steps_ms[step];
}

int64_t verdict_delay_ms(int64_t failures, const char *id)
{
	int64_t step = step_ms(failures);
	uint64_t hash = hash_bytes(hash_text(HASH_INIT, id), &failures, sizeof(failures));

	/* The hash's low bits mix worst. */
	return step + step / 5 * ((int64_t)(hash >> 32) % 2001 - 1000) / 1000;
}

int64_t verdict_sleep_ms(int64_t retry_after_s)
{
	if (retry_after_s < PAUSE_MIN / SECOND_MS)
		return PAUSE_MIN;
	return retry_after_s > PAUSE_MAX / SECOND_MS ? PAUSE_MAX : retry_after_s * SECOND_MS;
}

int64_t verdict_due(int64_t next_wall_ms, int64_t failures, int64_t now_wall_ms)
{
	int64_t step = failures < 1 ? PAUSE_MAX : step_ms(failures);
	int64_t latest = now_wall_ms + step + step / 5;

	return next_wall_ms < latest ? next_wall_ms : latest;
}
