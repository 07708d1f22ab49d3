/* SPDX-License-Identifier: ISC */
/* jsontext: values for Jansson, which refuses text that is no UTF-8. Every function gives a new
 * reference. */
#ifndef WATCHDOG_BASE_JSONTEXT_H
#define WATCHDOG_BASE_JSONTEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "watchdog/base/str.h"

/*
 * To be called first: Jansson allocates by mem.h. Left to itself it does without what it has no memory for, and an event that
 * lacks its id would be told.
 */
void jsontext_begin(void);

/* TEXT as a string; NULL gives null. Bytes that are no UTF-8 become U+FFFD. */
json_t *jsontext_string(const char *text);

/* NUMBER, or null unless IS_KNOWN. */
json_t *jsontext_number(int64_t number, bool is_known);

/* RFC 3339; null for 0. */
json_t *jsontext_time(int64_t wall_ms);

json_t *jsontext_list(const struct strlist *list);

/* Adds the text of JSON to TEXT, with a newline, and drops the reference. */
void jsontext_finish(json_t *json, struct str *text);

/*
 * As jsontext_finish, with an array as last member of OBJECT that is never in memory as a whole:
 *     jsontext_begin_items(object, "key", text);
 *     jsontext_item(item, text);      any number of times; drops the reference
 *     jsontext_end_items(text);
 */
void jsontext_begin_items(json_t *object, const char *key, struct str *text);
void jsontext_item(json_t *json, struct str *text);
void jsontext_end_items(struct str *text);

#endif
