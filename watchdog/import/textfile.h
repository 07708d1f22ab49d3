/* SPDX-License-Identifier: ISC */
/* textfile: a whole file of text, of a size that can be, for who reads configuration of others. */
#ifndef WATCHDOG_IMPORT_TEXTFILE_H
#define WATCHDOG_IMPORT_TEXTFILE_H

#include "watchdog/base/err.h"
#include "watchdog/base/str.h"

#define TEXTFILE_SIZE_MAX ((size_t)1024 * 1024)

/*
 * Reads the regular file PATH (through symbolic links) to TEXT: without a byte order mark, every
 * line end made "\n". -1 with ERR ("PATH:LINE: …") where it cannot be read, is larger than
 * TEXTFILE_SIZE_MAX, or is no text: NUL bytes, control characters other than tab and line ends,
 * what is no UTF-8.
 */
int textfile_read(const char *path, struct str *text, struct err *err);

/* The same for LEN bytes at hand; PATH is what to call them. */
int textfile_take(const char *path, const char *bytes, size_t len, struct str *text,
		  struct err *err);

#endif
