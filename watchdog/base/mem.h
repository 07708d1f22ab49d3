/* SPDX-License-Identifier: ISC */
/*
 * mem: allocation that gives memory or ends the process.
 *
 * Running out of memory ends with a line on standard error and exit status 3: every file is
 * replaced whole, every lock falls with the process, so there is nothing to unwind.
 */
#ifndef WATCHDOG_BASE_MEM_H
#define WATCHDOG_BASE_MEM_H

#include <stddef.h>

void *mem_alloc(size_t size);                             /* zeroed */
void *mem_resize(void *old, size_t count, size_t each);    /* new part not zeroed */
char *mem_dup(const char *text);                          /* NULL gives NULL */
char *mem_dup_n(const char *text, size_t len);
char *mem_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
