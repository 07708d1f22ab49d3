/* SPDX-License-Identifier: ISC */
/* exportunit: the service unit of one worker, or of one of its instances. */
#ifndef WATCHDOG_IMPORT_EXPORTUNIT_H
#define WATCHDOG_IMPORT_EXPORTUNIT_H

#include "watchdog/import/exporter.h"

struct exportunit {
	struct exporter *exporter;
	struct exportworker made;
	int64_t number; /* of an instance; UNITTEXT_TEMPLATE */
	bool is_system;
	const char *part_of;	     /* the targets that it is part of */
	const struct strlist *after; /* units that must run */
	bool is_further; /* one more of the same worker: what there was to say of it was said */
};

void exportunit(struct exportunit *unit, struct str *text);

#endif
