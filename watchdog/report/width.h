/* SPDX-License-Identifier: ISC */
/*
 * width: how many columns of a terminal a text takes.
 *
 * By a table of our own, as wcwidth(3) would ask a locale, and cron's is "C". Pure. The text is one
 * line.
 */
#ifndef WATCHDOG_REPORT_WIDTH_H
#define WATCHDOG_REPORT_WIDTH_H

#include <stddef.h>

size_t width_of(const char *text);

/* Bytes of the longest beginning of TEXT, in whole characters, that takes at most COLUMNS. */
size_t width_prefix(const char *text, size_t columns);

#endif
