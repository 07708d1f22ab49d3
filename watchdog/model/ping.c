/* SPDX-License-Identifier: ISC */
/* ping: the table of its options; as model/webhook.c. */
#include "watchdog/model/ping.h"

#include <stdlib.h>
#include <string.h>

#include "watchdog/model/url.h"
#include "watchdog/model/webhook.h"

#define OPTIONS struct ping_options
#include "watchdog/model/optionrow.h"

static const char prefix[] = "worker ";

static const char *check_when(const char *text)
{
	const char *why;

	if (strcmp(text, "round") == 0)
		return NULL;
	if (strncmp(text, prefix, sizeof(prefix) - 1) == 0 &&
	    worker_name_is_valid(text + sizeof(prefix) - 1, &why))
		return NULL;
	return "must be round, or worker \"NAME\" for one worker's own health";
}

static const char *const style_names[] = {
	[PING_HEALTHCHECKS] = "healthchecks",
	[PING_UPTIME_KUMA] = "uptime-kuma",
	[PING_CRONITOR] = "cronitor",
	[PING_PLAIN] = "plain",
	NULL,
};

const struct option_spec ping_option_table[] = {
	{ TEXT("url", POLICY, url), .check = url_check, .privacy = OPTION_URL },
	{ ENUM("style", POLICY, style, style_names), .fallback = "healthchecks",
	  .expects = "must be healthchecks, uptime-kuma, cronitor or plain" },
	{ TEXT("when", POLICY, when), .fallback = "round", .check = check_when },
	{ SPAN("timeout", timeout_ms, 1000, 30000, "must be from 1s to 30s"), .fallback = "10s" },
	{ LIST("headers", POLICY, headers), .check = webhook_check_header,
	  .privacy = OPTION_HEADERS },
	{ TEXT("ca_file", POLICY, ca_file) },
	{ TEXT("proxy", POLICY, proxy), .check = url_check_proxy, .privacy = OPTION_URL },
	{ .name = NULL },
};

const char *ping_check(const struct ping_options *options)
{
	if (!options->url)
		return "url is missing: say where it is sent to, url = \"https://...\"";
	return NULL;
}

const char *ping_worker(const struct ping_options *options)
{
	return strcmp(options->when, "round") == 0 ? NULL : options->when + sizeof(prefix) - 1;
}

void ping_free(struct ping *ping)
{
	free(ping->name);
	free(ping->file);
	options_free_in(ping_option_table, &ping->options);
	*ping = (struct ping){ .name = NULL };
}
