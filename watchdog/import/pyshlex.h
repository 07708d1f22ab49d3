/* SPDX-License-Identifier: ISC */
/* pyshlex: text to words as Python's shlex does, in the two ways in which supervisord uses it.
 * Pure. */
#ifndef WATCHDOG_IMPORT_PYSHLEX_H
#define WATCHDOG_IMPORT_PYSHLEX_H

#include "watchdog/base/str.h"

/*
 * shlex.split: as a POSIX shell splits words, but for double quotes, in which a backslash is
 * special before " and \ alone. NULL, or why not (static).
 */
const char *pyshlex_split(const char *text, struct strlist *words);

/*
 * "K=V,K2='V, 2'" to items "K=V", as supervisord's environment= has it: values in quotes, or of
 * letters, digits and
 * _/.+-(): alone. Where a value goes on with other characters, what follows is not looked at: *CUT
 * (may be NULL) gets the first such name, allocated; it stays NULL where there is none. NULL, or
 * why not (static).
 */
const char *pyshlex_pairs(const char *text, struct strlist *items, char **cut);

#endif
