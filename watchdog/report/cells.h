/* SPDX-License-Identifier: ISC */
/* cells: what is said of an instance, column by column, to people. Pure. */
#ifndef WATCHDOG_REPORT_CELLS_H
#define WATCHDOG_REPORT_CELLS_H

#include <stdbool.h>

#include "watchdog/base/str.h"
#include "watchdog/report/snapshot.h"

enum cells {
	CELLS_ID,
	CELLS_STATE,
	CELLS_PID,
	CELLS_UPTIME,
	CELLS_MEMORY,
	CELLS_RESTARTS,
	CELLS_LAST_EXIT,
	CELLS_WHY /* as long as it likes */
};

#define CELLS_COUNT 8

struct cells_column {
	const char *title;
	/* Adds nothing where there is nothing to say. */
	void (*print)(const struct snapshot *snapshot, const struct snapshot_instance *instance,
		      struct str *cell);
	bool is_right; /* numbers */
};

extern const struct cells_column cells_columns[CELLS_COUNT];

/* Adds a duration, in whole seconds from the first one on. */
void cells_add_span(int64_t ms, struct str *cell);

#endif
