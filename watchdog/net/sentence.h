/* SPDX-License-Identifier: ISC */
/* sentence: an event in a line for people. Pure. */
#ifndef WATCHDOG_NET_SENTENCE_H
#define WATCHDOG_NET_SENTENCE_H

#include <jansson.h>

#include "watchdog/base/str.h"
#include "watchdog/net/format.h"

/*
 * What happened: "mail:2 on web1 stopped: crashed with exit code 255 after 3h 2min, starts again in 4s". HOST "": it is not named. DATA:
 * EVENT's, parsed. MARK stands before and behind what the event is about ("" or "`"). One line of UTF-8.
 */
void sentence_add(const struct format_event *event, const json_t *data, const char *host, const char *mark,
		  struct str *text);

/* The same in three or four words, for a title: "mail:2 on web1 crashed". */
void sentence_add_title(const struct format_event *event, const json_t *data, const char *host,
			struct str *text);

#endif
