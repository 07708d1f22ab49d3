/* SPDX-License-Identifier: ISC */
/* conftext: what is UTF-8, and what of it may stand in a value or in a line for people. */
#ifndef WATCHDOG_CONFIG_CONFTEXT_H
#define WATCHDOG_CONFIG_CONFTEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Length of the character at TEXT, or 0 where none stands there in at most LEFT bytes (at
 * least 1): overlong forms and surrogates are none. */
size_t conftext_utf8_len(const char *text, size_t left);

/* Whether TEXT is UTF-8 without control characters other than tab and newline. */
bool conftext_is_value(const char *text);

/* Puts "?" in the place of each byte that would break a line of UTF-8, or steer a terminal. */
void conftext_make_line(char *text);

#endif
