/* SPDX-License-Identifier: ISC */
/* supermark: the comments "; cronherd: OPTION = VALUE" of a section, in which `export supervisord`
 * keeps what supervisord cannot say. */
#ifndef WATCHDOG_IMPORT_SUPERMARK_H
#define WATCHDOG_IMPORT_SUPERMARK_H

#include "watchdog/import/importer.h"
#include "watchdog/import/ini.h"

/*
 * Sets WORKER's options by SECTION's marks. One that the section's own keys have set too counts
 * only where those are what the export wrote for it: if somebody changed them since, they win, and
 * that is warned of.
 */
void supermark_apply(struct importer *importer, const struct ini_section *section,
		     struct importer_worker *worker);

#endif
