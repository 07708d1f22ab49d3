/* SPDX-License-Identifier: ISC */
/* trial: one request made for a person who wants to see what comes back. Nothing is queued, noted or tried again. */
#ifndef WATCHDOG_COURIER_TRIAL_H
#define WATCHDOG_COURIER_TRIAL_H

#include "watchdog/base/err.h"
#include "watchdog/model/webhook.h"
#include "watchdog/net/http.h"
#include "watchdog/net/verdict.h"

/* Sends a webhook.test event. 0, whatever came back, with VERDICT and WHY (SIZE bytes); -1 with ERR where it could not be made.
 * http_result_free in any case. */
int trial_send(const struct webhook *webhook, struct http_result *result, enum verdict *verdict,
	       char *why, size_t size, struct err *err);

/* A host that is asked whether it answers; RESULT.failure says it. */
struct trial_host {
	const char *url;
	const char *ca_file; /* as http.h; NULL */
	const char *proxy;
	int64_t timeout_ms;
	struct http_result result;
};

/* Asks COUNT of HOSTS, all at once, for their roots: to ask for the URLs themselves would be a message. 0, or -1 with ERR;
 * http_result_free of each in any case. */
int trial_reach(struct trial_host *hosts, size_t count, struct err *err);

/* Pure: URL up to its path, without user and password; NULL where it has no host. Allocated. */
char *trial_root(const char *url);

#endif
