/* SPDX-License-Identifier: ISC */
/* webhook: the table of its options, and what may stand in them. Values are not in what is said of them: they may be secrets. */
#include "watchdog/model/webhook.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "watchdog/base/mem.h"
#include "watchdog/model/event.h"
#include "watchdog/model/instance.h"
#include "watchdog/model/secret.h"
#include "watchdog/model/template.h"
#include "watchdog/model/url.h"

#define OPTIONS struct webhook_options
#include "watchdog/model/optionrow.h"

/* ---- items -------------------------------------------------------------------------------- */

/* CloudEvents' name of a type is ours with this in front. */
static const char *without_prefix(const char *type)
{
	static const char prefix[] = "cronherd.";

	return strncmp(type, prefix, sizeof(prefix) - 1) == 0 ? type + sizeof(prefix) - 1 : type;
}

static bool is_glob(const char *text)
{
	return strpbrk(text, "*?[") != NULL;
}

static const char *check_event(const char *item)
{
	if (event_type_from_name(item) >= 0)
		return NULL;
	if (!is_glob(item))
		return "must be types of events, such as worker.stopped, or globs over them, such as 'worker.*'";
	for (size_t i = 0; i < EVENT_TYPE_COUNT; i++)
		if (fnmatch(without_prefix(item), event_type_names[i], 0) == 0)
			return NULL;
	return "has a glob that matches no type of event";
}

/* Whether there is such a worker is for who knows all files. */
static const char *check_target(const char *item)
{
	char name[WORKER_NAME_MAX + 1];
	const char *why;
	int number;

	if (is_glob(item) || instance_from_id(item, name, &number))
		return NULL;
	if (worker_name_is_valid(item[0] == '@' ? item + 1 : item, &why))
		return NULL;
	return "must be targets: NAME, NAME:N, @GROUP, or globs such as 'mail*'";
}

static const char *check_path(const char *item)
{
	return item[0] != '\0' ? NULL : "must not be empty: name a file";
}

/* Set by us, by libcurl, or by who signs: a second one of the name would be read by chance. */
static bool is_ours(const char *name, size_t len)
{
	static const char *const ours[] = { "content-length", "content-type", "host", "connection",
					    "transfer-encoding", "expect", "upgrade", NULL };

	for (size_t i = 0; ours[i]; i++)
		if (strlen(ours[i]) == len && strncasecmp(ours[i], name, len) == 0)
			return true;
	return strncasecmp(name, "webhook-", 8) == 0 || strncasecmp(name, "ce-", 3) == 0;
}

const char *webhook_check_header(const char *text)
{
	static const char token[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789!#$%&'*+-.^_`|~";
	size_t len = strspn(text, token);

	if (len == 0 || text[len] != ':')
		return "must be of the form \"Name: value\"";
	if (is_ours(text, len))
		return "must not have Content-Type (see content_type), Content-Length, Host, Connection, "
		       "Transfer-Encoding, Expect, Upgrade, webhook-* or ce-*: cronherd sets them";
	const char *value = text + len + 1;
	if (value[strspn(value, " \t")] == '\0')
		return "must have a value behind \"Name:\"";
	for (; *value != '\0'; value++)
		if (((unsigned char)*value < 0x20 && *value != '\t') || (unsigned char)*value >= 0x7F)
			return "must have values of one line of ASCII";
	return NULL;
}

static const char *check_content_type(const char *text)
{
	static const char token[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789!#$&-^_.+";
	size_t type = strspn(text, token);
	size_t subtype = text[type] == '/' ? strspn(text + type + 1, token) : 0;

	if (type == 0 || subtype == 0)
		return "must be a media type, such as application/json or text/plain";
	for (text += type + 1 + subtype; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || (unsigned char)*text >= 0x7F)
			return "must be one line of ASCII";
	return NULL;
}

/* ---- the table ---------------------------------------------------------------------------- */

static const char *const format_names[] = {
	[WEBHOOK_CLOUDEVENTS] = "cloudevents",
	[WEBHOOK_CLOUDEVENTS_BINARY] = "cloudevents-binary",
	[WEBHOOK_SLACK] = "slack",
	[WEBHOOK_DISCORD] = "discord",
	[WEBHOOK_NTFY] = "ntfy",
	[WEBHOOK_TEMPLATE] = "template",
	NULL,
};

const struct option_spec webhook_option_table[] = {
	{ TEXT("url", POLICY, url), .check = url_check, .privacy = OPTION_URL },
	{ LIST("secret", POLICY, secret), .check = secret_check, .privacy = OPTION_SECRET },
	{ LIST("secret_file", POLICY, secret_file), .check = check_path },
	{ ENUM("format", POLICY, format, format_names), .fallback = "cloudevents",
	  .expects = "must be cloudevents, cloudevents-binary, slack, discord, ntfy or template" },
	{ LIST("events", POLICY, events), .check = check_event, .names = event_type_names },
	{ LIST("workers", POLICY, workers), .check = check_target },
	{ SPAN("timeout", timeout_ms, 1000, 30000, "must be from 1s to 30s"), .fallback = "15s" },
	{ DURATION("max_age", max_age_ms, 1, "a duration above 0"), .fallback = "3d" },
	{ LIST("headers", POLICY, headers), .check = webhook_check_header,
	  .privacy = OPTION_HEADERS },
	{ TEXT("ca_file", POLICY, ca_file) },
	{ TEXT("proxy", POLICY, proxy), .check = url_check_proxy, .privacy = OPTION_URL },
	{ TEXT("template", POLICY, template_text), .privacy = OPTION_SECRET },
	{ TEXT("content_type", POLICY, content_type), .check = check_content_type },
	{ INT("digest", POLICY, digest, 0, 10000) },
	{ INT("flap", POLICY, flap, 0, 10000) },
	{ INT("log_tail", POLICY, log_tail, 0, 1000) },
	{ .name = NULL },
};

/* ---- between options ---------------------------------------------------------------------- */

static const char *check_template(const struct webhook_options *options, char *buf, size_t size)
{
	char why[400];

	if (options->format != WEBHOOK_TEMPLATE)
		return "option 'template' is only for format = template: set that, or take it out";
	if (!template_check(options->template_text, why, sizeof(why)))
		return NULL;
	(void)snprintf(buf, size, "option 'template' %s", why);
	return buf;
}

const char *webhook_check(const struct webhook_options *options, const char **about, char *buf,
			  size_t size)
{
	*about = NULL;
	if (!options->url)
		return "url is missing: say where events are sent to, url = \"https://...\"";
	if (options->template_text) {
		*about = "template";
		return check_template(options, buf, size);
	}
	if (options->format == WEBHOOK_TEMPLATE) {
		*about = "format";
		return "format = template needs template = '...', the body that is sent";
	}
	if (options->content_type) {
		*about = "content_type";
		return "option 'content_type' is only for format = template: set that, or take it out";
	}
	return NULL;
}

bool webhook_takes_type(const struct webhook_options *options, const char *type)
{
	for (size_t i = 0; i < options->events.count; i++)
		if (fnmatch(without_prefix(options->events.items[i]), type, 0) == 0)
			return true;
	return options->events.count == 0;
}

void webhook_free(struct webhook *webhook)
{
	free(webhook->name);
	free(webhook->file);
	options_free_in(webhook_option_table, &webhook->options);
	*webhook = (struct webhook){ .name = NULL };
}
