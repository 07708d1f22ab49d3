/* SPDX-License-Identifier: ISC */
/* ping: the table of its options; as model/webhook.c. */
#include "watchdog/model/ping.h"

#include <stdlib.h>
#include <string.h>

#include "watchdog/model/url.h"
#include "watchdog/model/webhook.h"

#define OPTIONS struct ping_options
#include "watchdog/model/optionrow.h"

/* What stands behind "worker" and blanks; NULL where that is not what TEXT begins with. */
static const char *behind_worker(const char *text)
{
	static const char word[] = "worker";

	if (strncmp(text, word, sizeof(word) - 1) != 0)
		return NULL;
	text += sizeof(word) - 1;
	size_t blanks = strspn(text, " \t\n");
	return blanks > 0 ? text + blanks : NULL;
}

static const char *check_when(const char *text)
{
	const char *name = behind_worker(text);
	const char *why;

	if (strcmp(text, "round") == 0 || (name && worker_name_is_valid(name, &why)))
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
	return behind_worker(options->when);
}

void ping_free(struct ping *ping)
{
	free(ping->name);
	free(ping->file);
	options_free_in(ping_option_table, &ping->options);
	*ping = (struct ping){ .name = NULL };
}
