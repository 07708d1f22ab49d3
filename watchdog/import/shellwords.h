/* SPDX-License-Identifier: ISC */
/* shellwords: words to text that our `command` splits into the same words. Pure. */
#ifndef WATCHDOG_IMPORT_SHELLWORDS_H
#define WATCHDOG_IMPORT_SHELLWORDS_H

#include "watchdog/base/str.h"

/* WORDS with quotes where they need them; allocated. */
char *shellwords_join(const struct strlist *words);

/* TEXT itself, where config/expand splits it into WORDS and it is one line; else shellwords_join.
 * Allocated. */
char *shellwords_keep(const char *text, const struct strlist *words);

/* Adds WORD, in single quotes where it needs them. */
void shellwords_quote(const char *word, struct str *text);

#endif
