/* SPDX-License-Identifier: ISC */
/* procfile: lines "NAME: COMMAND", as Foreman and Heroku have them, with the .env beside it. */
#ifndef WATCHDOG_IMPORT_PROCFILE_H
#define WATCHDOG_IMPORT_PROCFILE_H

#include "watchdog/import/importer.h"

void procfile_import(struct importer *importer, char *const *files, int count);

#endif
