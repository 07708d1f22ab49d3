/* SPDX-License-Identifier: ISC */
/* render_table: a snapshot as a table for people, columns sized to their content. Pure. */
#ifndef WATCHDOG_REPORT_RENDER_TABLE_H
#define WATCHDOG_REPORT_RENDER_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "watchdog/base/str.h"
#include "watchdog/report/snapshot.h"

struct render_table_options {
	bool has_color;
	bool has_summary; /* a line below: how many of which state, the last round */
	size_t columns;	  /* lines are cut to that many; 0: not at all */
};

void render_table(const struct snapshot *snapshot, const struct render_table_options *options,
		  struct str *text);

#endif
