/* SPDX-License-Identifier: ISC */
/* unitwords: text to words as systemd splits command lines and lists. Pure. */
#ifndef WATCHDOG_IMPORT_UNITWORDS_H
#define WATCHDOG_IMPORT_UNITWORDS_H

#include "watchdog/base/str.h"

/*
 * Words between blanks; "…" and '…' hold blanks, anywhere in a word; backslashes begin escapes as
 * of C, within quotes too. A word that was written "\;" comes out as ";", one that is a bare ";" as
 * "\n;": it ends a command line. NULL, or why not (static).
 */
const char *unitwords_split(const char *text, struct strlist *words);

#define UNITWORDS_END "\n;"

#endif
