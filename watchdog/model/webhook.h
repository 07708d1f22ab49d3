/* SPDX-License-Identifier: ISC */
/*
 * webhook: one `webhook "NAME" { … }` section, with every option at its effective value.
 *
 * Members carry the option's name. Every number is an int64_t, as in model/worker.h. Only the paths among them are expanded;
 * URLs, headers and the template are literal.
 */
#ifndef WATCHDOG_MODEL_WEBHOOK_H
#define WATCHDOG_MODEL_WEBHOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "watchdog/base/str.h"
#include "watchdog/model/option.h"

enum webhook_format {
	WEBHOOK_CLOUDEVENTS, /* structured, which is a Standard Webhooks payload too */
	WEBHOOK_CLOUDEVENTS_BINARY,
	WEBHOOK_SLACK, /* Mattermost takes it too */
	WEBHOOK_DISCORD,
	WEBHOOK_NTFY,
	WEBHOOK_TEMPLATE
};

struct webhook_options {
	char *url;                  /* a secret, but for its scheme and host */
	struct strlist secret;      /* "whsec_…" as written; several while they are rotated */
	struct strlist secret_file; /* absolute; a secret a line in each: config/secretfile.h */
	int64_t format;             /* enum webhook_format */
	struct strlist events;      /* types or globs over them; empty: all */
	struct strlist workers;     /* targets: NAME, NAME:N, @GROUP, globs; empty: all */
	int64_t timeout_ms;         /* of one try */
	int64_t max_age_ms;         /* owed longer: a dead letter */
	struct strlist headers;     /* "Name: value" */
	char *ca_file;              /* absolute; NULL: the system's */
	char *proxy;                /* URL; NULL: none, whatever the environment says */
	char *template_text;        /* option `template`: WEBHOOK_TEMPLATE's body, see model/template.h */
	char *content_type;         /* WEBHOOK_TEMPLATE's; NULL: application/json */
	int64_t digest;             /* that many of one round become one message; 0: never;
				       OPTION_NONE: 10 for chats, else 0 */
	int64_t flap;               /* that many starts and stops of an instance in ten minutes are told, then
				       they are held back; 0: never; OPTION_NONE: 10 for chats, else 0 */
	int64_t log_tail;           /* at most so many lines of it are sent; OPTION_NONE: all there are */
};

struct webhook {
	char *name;
	char *file; /* where it is defined, as opened */
	int line;
	struct webhook_options options;
};

/* As option_table, for struct webhook_options. */
extern const struct option_spec webhook_option_table[];

/* What holds between options, once all are set. NULL, or a sentence (static or in BUF) that names the options and the cure;
 * ABOUT gets the name of the one that is wrong (static), or NULL where one is missing. */
const char *webhook_check(const struct webhook_options *options, const char **about, char *buf,
			  size_t size);

/* Whether it asks for events of TYPE ("worker.stopped"). */
bool webhook_takes_type(const struct webhook_options *options, const char *type);

void webhook_free(struct webhook *webhook); /* its members, not itself */

/* NULL where TEXT may be a header that a webhook or ping adds: "Name: value", none of those that are set anyway; else why not. */
const char *webhook_check_header(const char *text);

/* Whether FORMAT is for people to read as it comes. */
static inline bool webhook_is_chat(int64_t format)
{
	return format == WEBHOOK_SLACK || format == WEBHOOK_DISCORD || format == WEBHOOK_NTFY;
}

#endif
