/* SPDX-License-Identifier: ISC */
/* unitservice: the settings of a service unit as options of a worker. */
#ifndef WATCHDOG_IMPORT_UNITSERVICE_H
#define WATCHDOG_IMPORT_UNITSERVICE_H

#include "watchdog/import/importer.h"
#include "watchdog/import/unitfile.h"
#include "watchdog/import/unitspec.h"

struct unitservice {
	struct importer *importer;
	struct unitfile *unit;
	struct unitspec spec;
	struct importer_worker *worker;
	bool is_bad;	  /* an error was said */
	bool is_left_out; /* it is nothing that could be kept */
};

/* Sets all options of SERVICE->worker, whose name and number of instances are set. */
void unitservice_fill(struct unitservice *service);

/* What the others of this room need: */

/* The text of ASSIGNMENT with specifiers put in, marked; allocated. NULL: warned of. */
char *unitservice_expand(struct unitservice *service, const struct unitfile_assignment *assignment,
			 const char *text);

/* Sets OPTION to TEXT (marked) from ASSIGNMENT; false: warned of. */
bool unitservice_set(struct unitservice *service, const char *option, const char *text,
		     const struct unitfile_assignment *assignment);

void unitservice_warn(struct unitservice *service, const struct unitfile_assignment *assignment,
		      const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
