/* SPDX-License-Identifier: ISC */
/* yamltext: YAML, written so that nobody reads anything else into it: every text in double quotes.
 * Pure. */
#ifndef WATCHDOG_IMPORT_YAMLTEXT_H
#define WATCHDOG_IMPORT_YAMLTEXT_H

#include <stdint.h>

#include "watchdog/base/str.h"

/* A line "KEY:" with DEPTH steps in front; KEY is of letters alone. */
void yamltext_key(struct str *out, int depth, const char *key);

/* A line "KEY: "TEXT"". KEY may be anything. */
void yamltext_text(struct str *out, int depth, const char *key, const char *text);

void yamltext_number(struct str *out, int depth, const char *key, int64_t number);

/* A line "- "TEXT"". */
void yamltext_item(struct str *out, int depth, const char *text);

#endif
