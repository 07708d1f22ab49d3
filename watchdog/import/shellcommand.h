/* SPDX-License-Identifier: ISC */
/* shellcommand: whether a command line that was meant for a shell needs one. Pure. */
#ifndef WATCHDOG_IMPORT_SHELLCOMMAND_H
#define WATCHDOG_IMPORT_SHELLCOMMAND_H

#include <stdbool.h>

/*
 * TEXT, a line for /bin/sh, as our `command`, and in *IS_SHELL whether it needs `shell = true`.
 * Where words alone do, it has no "exec" in front any more; where a shell is needed for one simple
 * command, it has, so that signals reach the program and not the shell. Allocated; sequences are
 * not yet escaped.
 */
char *shellcommand_make(const char *text, bool *is_shell);

#endif
