/* SPDX-License-Identifier: ISC */
/*
 * kaliop: the list of workers that Kaliop's queueing bundle has in parameters.yml, as the consumer
 * commands that its watchdog starts.
 */
#ifndef WATCHDOG_IMPORT_KALIOP_H
#define WATCHDOG_IMPORT_KALIOP_H

#include "watchdog/import/importer.h"

void kaliop_import(struct importer *importer, char *const *files, int count);

#endif
