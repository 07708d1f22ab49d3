/* SPDX-License-Identifier: ISC */
/*
 * supervisord: its configuration, imported.
 *
 * Read as supervisord reads it, but for this: no program, user or directory has to be there;
 * several files are one configuration, as if each had been included; [supervisord] may be missing,
 * as it is in the files that people include.
 */
#ifndef WATCHDOG_IMPORT_SUPERVISORD_H
#define WATCHDOG_IMPORT_SUPERVISORD_H

#include "watchdog/import/importer.h"

/* Imports FILES, and what they include. What went wrong is in IMPORTER. */
void supervisord_import(struct importer *importer, char *const *files, int count);

/* The same for TEXT, which came from FILE; it includes nothing. */
void supervisord_import_text(struct importer *importer, const char *file, const char *text);

#endif
