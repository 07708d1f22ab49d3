/* SPDX-License-Identifier: ISC */
/* confvalue: reads back one value as config/confprint writes it. Pure. */
#ifndef WATCHDOG_IMPORT_CONFVALUE_H
#define WATCHDOG_IMPORT_CONFVALUE_H

#include <stdbool.h>

#include "watchdog/base/str.h"

/*
 * TEXT is a bare word, "quoted text", or {"a", "b"}: its items to ITEMS (for the first two, one).
 * False, and ITEMS empty, where it is none of these.
 */
bool confvalue_read(const char *text, struct strlist *items);

#endif
