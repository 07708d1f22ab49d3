/* SPDX-License-Identifier: ISC */
/* columns: a table for people: cells side by side, each column as wide as its widest, the last as long as it likes. Pure. */
#ifndef WATCHDOG_REPORT_COLUMNS_H
#define WATCHDOG_REPORT_COLUMNS_H

#include <stddef.h>

#include "watchdog/base/str.h"

/* CELLS: row after row, COUNT each; an empty one comes out as "-". RIGHT: bit I set: column I is flush right. */
void columns_render(const struct strlist *cells, size_t count, unsigned right, struct str *text);

#endif
