/* SPDX-License-Identifier: ISC */
/*
 * The network of a test, in the place of watchdog/net/http.c: what is sent is kept, and answered
 * when the test says so. A test that includes this has all of http.h, so that the linker takes
 * nothing of the library's.
 */
#ifndef TESTS_UNIT_FAKEHTTP_H
#define TESTS_UNIT_FAKEHTTP_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "watchdog/base/mem.h"
#include "watchdog/net/http.h"

#define FAKEHTTP_MAX 2048

struct fakehttp_request {
	void *tag;
	char *url;
	char *body;
	struct strlist headers;
	int64_t timeout_ms;
	bool is_answered;
};

static struct fakehttp_request fakehttp_requests[FAKEHTTP_MAX];
static size_t fakehttp_count;
/* What http_begin says; NULL: it begins. */
static const char *fakehttp_refusal;

void http_result_free(struct http_result *result)
{
	str_free(&result->body);
}

int http_open(struct http **http, struct err *err)
{
	(void)err;
	*http = NULL;
	return 0;
}

void http_close(struct http *http)
{
	(void)http;
}

int http_begin(struct http *http, const struct http_request *request, void *tag, struct err *err)
{
	struct fakehttp_request *kept = &fakehttp_requests[fakehttp_count];

	(void)http;
	if (fakehttp_refusal)
		return err_set(err, ERR_CONFIG, 0, "%s", fakehttp_refusal);
	ck_assert_uint_lt(fakehttp_count++, FAKEHTTP_MAX);
	*kept = (struct fakehttp_request){ .tag = tag,
					   .url = mem_dup(request->url),
					   .body = mem_dup(request->body ? request->body : ""),
					   .timeout_ms = request->timeout_ms };
	if (request->headers)
		strlist_copy(&kept->headers, request->headers);
	return 0;
}

size_t http_pending(const struct http *http)
{
	size_t pending = 0;

	(void)http;
	for (size_t i = 0; i < fakehttp_count; i++)
		pending += !fakehttp_requests[i].is_answered;
	return pending;
}

bool http_turn(struct http *http, int wait_ms, void **tag, struct http_result *result)
{
	(void)http;
	(void)wait_ms;
	(void)tag;
	(void)result;
	return false;
}

const char *http_host(const char *url, char *buf, size_t size)
{
	const char *at = strstr(url, "://");

	(void)snprintf(buf, size, "%.*s", at ? (int)strcspn(at + 3, "/:") : 1, at ? at + 3 : "?");
	return buf;
}

/* The header NAME of the request AT, behind its ": "; NULL where there is none. */
static inline const char *fakehttp_header(size_t at, const char *name)
{
	const struct strlist *headers = &fakehttp_requests[at].headers;
	size_t len = strlen(name);

	for (size_t i = 0; i < headers->count; i++)
		if (strncasecmp(headers->items[i], name, len) == 0 &&
		    strncmp(headers->items[i] + len, ": ", 2) == 0)
			return headers->items[i] + len + 2;
	return NULL;
}

static inline void fakehttp_reset(void)
{
	for (size_t i = 0; i < fakehttp_count; i++) {
		free(fakehttp_requests[i].url);
		free(fakehttp_requests[i].body);
		strlist_free(&fakehttp_requests[i].headers);
	}
	fakehttp_count = 0;
	fakehttp_refusal = NULL;
}

#endif
