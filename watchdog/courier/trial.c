/* SPDX-License-Identifier: ISC */
#include "watchdog/courier/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watchdog/base/clock.h"
#include "watchdog/base/mem.h"
#include "watchdog/config/secretfile.h"
#include "watchdog/courier/message.h"
#include "watchdog/courier/ownevent.h"

#define SENTENCE "a test: `cronherd deliver --test` has sent it"

static int ask(const struct http_request *request, struct http_result *result, struct err *err)
{
	struct http *http = NULL;
	void *tag;
	int status;

	if (http_open(&http, err))
		return -1;
	status = http_begin(http, request, NULL, err);
	while (status == 0 && !http_turn(http, 1000, &tag, result))
		;
	http_close(http);
	return status;
}

static int make(const struct webhook *webhook, struct message *message, struct err *err)
{
	struct strlist secrets = STRLIST_INIT;
	struct journal_delivery delivery;
	int status;

	if (secretfile_secrets(&webhook->options, &secrets, err))
		return -1;
	ownevent_make(EVENT_WEBHOOK_TEST, SENTENCE, &delivery);
	status = message_make(&webhook->options, &secrets, &delivery, 1, 0,
			      clock_read().wall_ms / 1000, message, err);
	journal_delivery_free(&delivery);
	secretfile_wipe(&secrets);
	return status;
}

int trial_send(const struct webhook *webhook, struct http_result *result, enum verdict *verdict,
	       char *why, size_t size, struct err *err)
{
	struct message message = { .body = STR_INIT };
	struct http_request request;
	int status = make(webhook, &message, err);

	*result = (struct http_result){ .body = STR_INIT };
	if (status == 0) {
		request = message_request(&webhook->options, &message, webhook->options.timeout_ms);
		status = ask(&request, result, err);
	}
	message_free(&message);
	if (status == 0)
		*verdict = verdict_of(result, why, size);
	return status;
}

char *trial_root(const char *url)
{
	const char *host = strstr(url, "://");
	const char *user_end;
	size_t len;

	if (!host)
		return NULL;
	host += strlen("://");
	len = strcspn(host, "/?#\\");
	user_end = memrchr(host, '@', len);
	if (user_end) {
		len -= (size_t)(user_end + 1 - host);
		host = user_end + 1;
	}
	return len ? mem_format("%.*s://%.*s/", (int)(strstr(url, "://") - url), url, (int)len,
				host)
		   : NULL;
}

static void begin(struct http *http, struct trial_host *host)
{
	char *root = trial_root(host->url);
	const struct http_request request = { .method = "HEAD",
					      .url = root,
					      .timeout_ms = host->timeout_ms,
					      .ca_file = host->ca_file,
					      .proxy = host->proxy };
	struct err err = ERR_INIT;

	host->result =
		(struct http_result){ .failure = HTTP_UNUSABLE, .why = "its URL has no host" };
	if (root && http_begin(http, &request, host, &err))
		(void)snprintf(host->result.why, sizeof(host->result.why), "%s", err.text);
	free(root);
}

int trial_reach(struct trial_host *hosts, size_t count, struct err *err)
{
	struct http *http = NULL;
	struct http_result result;
	void *tag;

	for (size_t i = 0; i < count; i++)
		hosts[i].result = (struct http_result){ .body = STR_INIT };
	if (http_open(&http, err))
		return -1;
	for (size_t i = 0; i < count; i++)
		begin(http, &hosts[i]);
	while (http_pending(http) > 0)
		if (http_turn(http, 1000, &tag, &result))
			((struct trial_host *)tag)->result = result;
	http_close(http);
	return 0;
}
