/* SPDX-License-Identifier: ISC */
/* supertext: values as they must stand in supervisord's files, so that it reads what is meant.
 * Pure. */
#ifndef WATCHDOG_IMPORT_SUPERTEXT_H
#define WATCHDOG_IMPORT_SUPERTEXT_H

#include <stdbool.h>

#include "watchdog/base/str.h"

/*
 * Adds TEXT, which may have marks (exportworker.h), as a value of a [program:x] that supervisord
 * expands PASSES times. What a line of the file cannot hold (a blank before ";" or "#", blanks
 * around a newline or at an end) is kept apart by an expansion to nothing.
 */
void supertext_value(const char *text, int passes, struct str *out);

/* Words as the value of command. */
void supertext_words(const struct strlist *words, struct str *out);

/* "K=V" as KEY="value" of environment; false, and nothing added, where supervisord has no form for
 * that value. */
bool supertext_pair(const char *item, struct str *out);

#endif
