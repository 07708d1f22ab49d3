/* SPDX-License-Identifier: ISC */
/* eventdata: what stands in an event's data and source, for those that put it into words. Pure. */
#ifndef WATCHDOG_NET_EVENTDATA_H
#define WATCHDOG_NET_EVENTDATA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "watchdog/base/str.h"

/*
 * DATA parsed: a new object with all members of INTERFACE.md, "Events", in its order, null where there are none, then those that came
 * besides. Never NULL: of what is no object of JSON, only that is told, as `message`.
 */
json_t *eventdata_parse(const char *data);

/* Leaves the last LINES lines of log_tail; null where none is left. */
void eventdata_keep_lines(json_t *data, int64_t lines);

/* Makes DATA smaller by some EXCESS bytes or less: the log's beginning goes first, then a digest's last events, then the ends of long
 * texts. False where there is nothing left to take. */
bool eventdata_shrink(json_t *data, size_t excess);

/* Member NAME, or FALLBACK where it is no whole number. */
int64_t eventdata_number(const json_t *data, const char *name, int64_t fallback);

/* Member NAME, or NULL where it is no text, or empty. */
const char *eventdata_text(const json_t *data, const char *name);

/* HOST and USER of a source, "/cronherd/HOST/USER", decoded; "" where it is another. */
void eventdata_origin(const char *source, struct str *host, struct str *user);

#endif
