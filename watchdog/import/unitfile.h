/* SPDX-License-Identifier: ISC */
/*
 * unitfile: a unit of systemd's with its drop-ins, as assignments in the order in which they count.
 *
 * "#" and ";" begin comments at the start of a line alone. A backslash at the end has a line go on
 * with the next. Keys are of one case. An empty assignment takes back what a list had.
 */
#ifndef WATCHDOG_IMPORT_UNITFILE_H
#define WATCHDOG_IMPORT_UNITFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "watchdog/base/str.h"
#include "watchdog/import/importer.h"

#define UNITFILE_ASSIGNMENTS_MAX 10000

struct unitfile_assignment {
	char *section;
	char *key;
	char *text;
	const char *file;
	int line;
	bool is_known; /* somebody has asked for it: set by the functions below */
};

struct unitfile {
	struct unitfile_assignment *items;
	size_t count;
	struct strlist files; /* names that places point into */
};

#define UNITFILE_INIT                                                                              \
	{                                                                                          \
		.items = NULL                                                                      \
	}

/* Adds what TEXT says, which came from FILE; a line that says nothing is warned of, as systemd
 * does. -1, with an error in IMPORTER, where there are too many. */
int unitfile_read(struct unitfile *unit, const char *file, const char *text,
		  struct importer *importer);
void unitfile_free(struct unitfile *unit);

/* What KEY of SECTION is set to last; NULL: nothing, or an empty text. */
const struct unitfile_assignment *unitfile_last(struct unitfile *unit, const char *section,
						const char *key);

/* The next assignment of KEY behind the one at *AT (0 to begin with) that still counts, or NULL. */
const struct unitfile_assignment *unitfile_next(struct unitfile *unit, const char *section,
						const char *key, size_t *at);

struct importer_place unitfile_place(const struct unitfile_assignment *assignment);

#endif
