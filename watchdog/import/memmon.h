/* SPDX-License-Identifier: ISC */
/* memmon: event listeners of supervisord's. superlance's memmon becomes memory limits; others have
 * no place here. */
#ifndef WATCHDOG_IMPORT_MEMMON_H
#define WATCHDOG_IMPORT_MEMMON_H

#include "watchdog/import/superprogram.h"

void memmon_import(const struct ini *ini, const struct ini_section *section,
		   const struct supersettings *settings, const struct superprocesses *processes,
		   struct importer *importer);

#endif
