/* SPDX-License-Identifier: ISC */
/*
 * http: requests, several at a time, each with a deadline. The only file that knows curl.h.
 *
 * Never follows a redirect, never reads .netrc or a proxy from the environment, speaks http and https alone, verifies
 * TLS (1.2 at least), reads at most HTTP_BODY_MAX of an answer. URLs appear in no error: they are secrets. Connections are kept
 * for the next request to the same host. The process ignores SIGPIPE (main.c sees to that).
 */
#ifndef WATCHDOG_NET_HTTP_H
#define WATCHDOG_NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "watchdog/base/err.h"
#include "watchdog/base/str.h"

#define HTTP_BODY_MAX 16384

struct http;

struct http_request {
	const char *method; /* "GET", "POST", "HEAD" */
	const char *url;
	const struct strlist *headers; /* "Name: value"; may be NULL; of those with one name the last counts */
	const char *body; /* NULL: none */
	size_t body_len;
	int64_t timeout_ms; /* of the whole; connecting has 5 s of it at most */
	const char *ca_file; /* NULL: what this system trusts (castore.h) */
	const char *proxy;   /* URL: http, https or socks5h; NULL: none, whatever the environment says */
};

enum http_failure {
	HTTP_ANSWERED, /* there is a status, whatever became of the rest of the answer */
	HTTP_TIMEOUT,
	HTTP_TLS,     /* its certificate, or the handshake */
	HTTP_NETWORK, /* name, connection, anything else on the way */
	HTTP_UNUSABLE /* the request itself: URL, CA file, the proxy's password */
};

struct http_result {
	enum http_failure failure;
	long status;           /* 0 unless ANSWERED */
	int64_t retry_after_s; /* from Retry-After, seconds or date; -1: none, or garbage */
	int64_t body_limit;    /* healthchecks' Ping-Body-Limit; -1 */
	int64_t took_ms;
	struct str body; /* what came of it */
	char why[160];   /* failures in a few words, without URL */
};

void http_result_free(struct http_result *result);

int http_open(struct http **http, struct err *err);
void http_close(struct http *http); /* gives up what is under way */

/* Begins REQUEST, whose texts need not outlive the call. TAG comes back with the result. -1 with ERR: not begun. */
int http_begin(struct http *http, const struct http_request *request, void *tag, struct err *err);

/* How many are under way. */
size_t http_pending(const struct http *http);

/* Waits until something happens, WAIT_MS at most (all of it where nothing is under way); false where nothing has ended. One that
 * has: TAG and RESULT, which the caller frees. */
bool http_turn(struct http *http, int wait_ms, void **tag, struct http_result *result);

/* The host of URL for people ("hooks.slack.com"), to BUF; "?" where it has none. Pure. Returns BUF. */
const char *http_host(const char *url, char *buf, size_t size);

#endif
