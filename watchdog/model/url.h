/* SPDX-License-Identifier: ISC */
/* url: addresses of webhooks and pings, which are secrets but for their scheme and host. Pure. */
#ifndef WATCHDOG_MODEL_URL_H
#define WATCHDOG_MODEL_URL_H

#include "watchdog/base/str.h"

#define URL_CUT "\xE2\x80\xA6" /* "…" */

/* NULL where URL is one that can be asked: http or https, a host, nothing that would have to be guessed at; else why not (static,
 * to stand behind the option's name: "must …"). Nothing of the URL is in it. */
const char *url_check(const char *url);

/* Likewise for a proxy: http, perhaps with USER:PASSWORD@ before the host, no path. */
const char *url_check_proxy(const char *url);

/* Appends what may be shown of it: "https://hooks.slack.com/…"; the "…" stands for all that is left out, if anything is. */
void url_add_public(const char *url, struct str *text);

#endif
