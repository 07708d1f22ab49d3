/* SPDX-License-Identifier: ISC */
/* utf8: what is UTF-8, and what of it may stand in a value or in a line for people. */
#ifndef WATCHDOG_BASE_UTF8_H
#define WATCHDOG_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "watchdog/base/str.h"

/* Length of the character at TEXT, or 0 where none stands there in at most LEFT bytes (at
 * least 1): overlong forms and surrogates are none. */
size_t utf8_len(const char *text, size_t left);

/* Whether TEXT is UTF-8 without control characters other than tab and newline. */
bool utf8_is_value(const char *text);

/* Appends TEXT (LEN bytes) to OUT with U+FFFD for each byte that is no UTF-8 and for each NUL. */
void utf8_repair(const char *text, size_t len, struct str *out);

/* Puts "?" in the place of each byte that would break a line of UTF-8, or steer a terminal. */
void utf8_make_line(char *text);

#endif
