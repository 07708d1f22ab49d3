/* SPDX-License-Identifier: ISC */
/* ping: one `ping "NAME" { … }` section, with every option at its effective value; as model/webhook.h. */
#ifndef WATCHDOG_MODEL_PING_H
#define WATCHDOG_MODEL_PING_H

#include <stdint.h>

#include "watchdog/base/str.h"

enum ping_style { PING_HEALTHCHECKS, PING_UPTIME_KUMA, PING_CRONITOR, PING_PLAIN };

struct ping_options {
	char *url;      /* a secret, but for its scheme and host */
	int64_t style;  /* enum ping_style */
	char *when;     /* "round", or "worker NAME" */
	int64_t timeout_ms;
	struct strlist headers;
	char *ca_file;
	char *proxy;
};

struct ping {
	char *name;
	char *file;
	int line;
	struct ping_options options;
};

#endif
