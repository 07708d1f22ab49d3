/* SPDX-License-Identifier: ISC */
/* eventjson: events and samples as the lines of JSON that store/spool.h keeps. Pure; whatever the texts are, the line is UTF-8. */
#ifndef WATCHDOG_REPORT_EVENTJSON_H
#define WATCHDOG_REPORT_EVENTJSON_H

#include <stdint.h>

#include "watchdog/base/str.h"
#include "watchdog/model/event.h"

/* {"id", "type", "source", "subject", "at_ms", "data": {…}}, the members of data as INTERFACE.md, "Events", has them; no newline.
 * SOURCE: "/cronherd/HOST/USER". */
void eventjson_event(const struct event *event, const char *source, struct str *line);

/* {"sample": SUBJECT, "at_ms", "rss_bytes", "memory_bytes"}; -1 becomes null. */
void eventjson_sample(const char *subject, int64_t wall_ms, int64_t rss_bytes, int64_t memory_bytes,
		      struct str *line);

/* "/cronherd/HOST/USER": a URI reference, so all but letters, digits and "-._~" is percent-encoded. */
void eventjson_source(const char *host, const char *user, struct str *source);

#endif
