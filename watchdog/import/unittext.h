/* SPDX-License-Identifier: ISC */
/* unittext: names and values as systemd must have them, so that it reads what is meant. Pure. */
#ifndef WATCHDOG_IMPORT_UNITTEXT_H
#define WATCHDOG_IMPORT_UNITTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "watchdog/base/str.h"

/* Of TEXT's marks (exportworker.h): */
#define UNITTEXT_TEMPLATE (-1) /* they are "%i"; else they are that number */

/* Adds TEXT as one word, in quotes where it needs them. IS_COMMAND: "$" means a variable there. */
void unittext_word(const char *text, int64_t number, bool is_command, struct str *out);

/* Adds TEXT as the whole of a value without quotes, such as a path; false, and nothing added, where
 * it cannot stand there. */
bool unittext_value(const char *text, int64_t number, struct str *out);

/* NAME as the prefix of a unit's name; allocated. */
char *unittext_name(const char *name);

#endif
