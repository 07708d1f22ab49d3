/* SPDX-License-Identifier: ISC */
/*
 * envfile: a file of K=V lines.
 *
 * Blank lines and lines that begin with "#" or ";" count for nothing; "export " may stand in
 * front; a value may stand in single quotes (as it is) or in double quotes (a backslash takes
 * the next character as it is, \n is a newline). Nothing is put in: neither %n nor $NAME.
 * Messages never quote what the file holds.
 */
#ifndef WATCHDOG_CONFIG_ENVFILE_H
#define WATCHDOG_CONFIG_ENVFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "watchdog/base/err.h"
#include "watchdog/base/str.h"
#include "watchdog/config/account.h"

#define ENVFILE_SIZE_MAX ((size_t)1024 * 1024)

/* Adds each "K=V" of the file PATH to LIST. OPTIONAL: a missing file is an empty one. -1 with
 * ERR ("PATH:LINE: …") where it cannot be read, is no regular file, too large or malformed. */
int envfile_read(const char *path, bool optional, struct strlist *list, struct err *err);

/* As envfile_read, of what READER (primary group GID) is to be given: see userfile. */
int envfile_read_for(const char *path, bool optional, const struct account *reader, gid_t gid,
		     struct strlist *list, struct err *err);

#endif
