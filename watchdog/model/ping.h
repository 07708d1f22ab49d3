/* SPDX-License-Identifier: ISC */
/* ping: one `ping "NAME" { … }` section, with every option at its effective value; as model/webhook.h. */
#ifndef WATCHDOG_MODEL_PING_H
#define WATCHDOG_MODEL_PING_H

#include <stdint.h>

#include "watchdog/base/str.h"
#include "watchdog/model/option.h"

enum ping_style { PING_HEALTHCHECKS, PING_UPTIME_KUMA, PING_CRONITOR, PING_PLAIN };

struct ping_options {
	char *url;      /* a secret, but for its scheme and host */
	int64_t style;  /* enum ping_style */
	char *when;     /* "round", or "worker NAME" */
	int64_t timeout_ms;
	struct strlist headers;
	char *ca_file;  /* absolute; NULL: the system's */
	char *proxy;
};

struct ping {
	char *name;
	char *file;
	int line;
	struct ping_options options;
};

/* As option_table, for struct ping_options. */
extern const struct option_spec ping_option_table[];

/* As webhook_check. */
const char *ping_check(const struct ping_options *options);

/* The worker whose own health it tells, in OPTIONS; NULL: that of the round. */
const char *ping_worker(const struct ping_options *options);

void ping_free(struct ping *ping); /* its members, not itself */

#endif
