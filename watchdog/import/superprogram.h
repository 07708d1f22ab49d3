/* SPDX-License-Identifier: ISC */
/* superprogram: one [program:x] to a worker; to several, one a process, where only that can say
 * what it says. */
#ifndef WATCHDOG_IMPORT_SUPERPROGRAM_H
#define WATCHDOG_IMPORT_SUPERPROGRAM_H

#include "watchdog/import/supersettings.h"

/* The group that a program is imported as a member of. */
struct supergroup {
	const char *name;
	bool has_priority;
	int64_t priority;
	bool is_further; /* the program was imported as a member of another group already */
};

/* A worker that came of a program, and what its processes were called there. */
struct superprocess {
	struct importer_worker *worker;
	char *program;
	char *group;
	char *process_name; /* with marks for the number */
	int64_t first, count;
};

struct superprocesses {
	struct superprocess *items;
	size_t count;
};

/*
 * Imports SECTION of INI. GROUP: NULL where it is in none. What is wrong is an error, and costs the
 * program. Adds to PROCESSES what came of it.
 */
void superprogram_import(const struct ini *ini, const struct ini_section *section,
			 const struct supergroup *group, const struct supersettings *settings,
			 struct importer *importer, struct superprocesses *processes);

/* Whether NAME can be a program's, or a group's; else that is an error. TRIMMED gets it, allocated.
 */
bool superprogram_name(struct importer *importer, const struct ini_section *section,
		       char **trimmed);

void superprocesses_free(struct superprocesses *processes);

#endif
