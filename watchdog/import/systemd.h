/* SPDX-License-Identifier: ISC */
/*
 * systemd: units imported: services, templates with the instances that targets want, and targets as
 * groups.
 *
 * A unit is a file, or a name to be looked for where systemd looks. Its drop-ins, and the folders
 * of whom it wants, are those beside it, and where it comes from a folder of systemd's, those of
 * all of systemd's.
 */
#ifndef WATCHDOG_IMPORT_SYSTEMD_H
#define WATCHDOG_IMPORT_SYSTEMD_H

#include "watchdog/import/importer.h"

void systemd_import(struct importer *importer, char *const *units, int count);

#endif
