/* SPDX-License-Identifier: ISC */
/* unitpath: where systemd's units are. */
#ifndef WATCHDOG_IMPORT_UNITPATH_H
#define WATCHDOG_IMPORT_UNITPATH_H

#include <stdbool.h>

#include "watchdog/base/str.h"
#include "watchdog/import/unitname.h"

/* The folders of units, the first winning: of the system's manager, or of a user's whose home is
 * HOME. */
void unitpath_folders(bool is_system, const char *home, struct strlist *folders);

/* The file of unit NAME in FOLDERS, for an instance that of its template; allocated, or NULL. */
char *unitpath_find(const struct strlist *folders, const struct unitname *name);

/* The drop-ins of NAME in FOLDERS, in the order in which they count. */
void unitpath_dropins(const struct strlist *folders, const struct unitname *name,
		      struct strlist *files);

/* Names of the units in NAME.wants/ and NAME.requires/ of FOLDERS. */
void unitpath_wanted(const struct strlist *folders, const char *name, struct strlist *units);

/* Instances of the template NAME in any *.wants/ and *.requires/ of FOLDERS: full names. */
void unitpath_instances(const struct strlist *folders, const struct unitname *name,
			struct strlist *units);

#endif
