/* SPDX-License-Identifier: ISC */
/*
 * webhook: one `webhook "NAME" { … }` section, with every option at its effective value.
 *
 * Members carry the option's name. The table that reads them is beside that of the workers, model/option.h. Every number is an
 * int64_t, as there.
 */
#ifndef WATCHDOG_MODEL_WEBHOOK_H
#define WATCHDOG_MODEL_WEBHOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "watchdog/base/str.h"

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
	struct strlist secret_file; /* paths as written, a secret a line in each */
	int64_t format;             /* enum webhook_format */
	struct strlist events;      /* types or globs over them; empty: all */
	struct strlist workers;     /* targets: NAME, NAME:N, @GROUP, globs; empty: all */
	int64_t timeout_ms;         /* of one try */
	int64_t max_age_ms;         /* owed longer: a dead letter */
	struct strlist headers;     /* "Name: value" */
	char *ca_file;              /* path as written; NULL: the system's */
	char *proxy;                /* URL; NULL: none, whatever the environment says */
	char *template_text;        /* option `template`: WEBHOOK_TEMPLATE's body */
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

/* Whether FORMAT is for people to read as it comes. */
static inline bool webhook_is_chat(int64_t format)
{
	return format == WEBHOOK_SLACK || format == WEBHOOK_DISCORD || format == WEBHOOK_NTFY;
}

#endif
