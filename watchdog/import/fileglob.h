/* SPDX-License-Identifier: ISC */
/* fileglob: names of files that match a pattern, in byte order, within limits: patterns come from
 * files of others. */
#ifndef WATCHDOG_IMPORT_FILEGLOB_H
#define WATCHDOG_IMPORT_FILEGLOB_H

#include <stdbool.h>

#include "watchdog/base/str.h"

/* So many directory entries are looked at for one pattern, and so many names found. */
#define FILEGLOB_LOOKS_MAX 100000
#define FILEGLOB_NAMES_MAX 1000

/*
 * Adds what matches PATTERN to NAMES: *, ? and [ ] within one component; a leading dot must be
 * matched by a dot. What cannot be read matches nothing. False: there would be more, beyond the
 * limits.
 */
bool fileglob(const char *pattern, struct strlist *names);

/* PATH as a pattern that matches it alone; allocated. */
char *fileglob_literal(const char *path);

#endif
