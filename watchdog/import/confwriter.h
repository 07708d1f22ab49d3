/* SPDX-License-Identifier: ISC */
/* confwriter: what was imported, as configuration files of ours. */
#ifndef WATCHDOG_IMPORT_CONFWRITER_H
#define WATCHDOG_IMPORT_CONFWRITER_H

#include "watchdog/base/err.h"
#include "watchdog/base/str.h"
#include "watchdog/import/importer.h"

/* Adds all of it, comments too. Pure. */
void confwriter_text(const struct importer *importer, struct str *text);

/* One worker, one group. Pure. */
void confwriter_worker(const struct importer_worker *worker, struct str *text);
void confwriter_group(const struct importer_group *group, struct str *text);

/*
 * Makes the files, by name: NAME.conf for each worker, @NAME.conf for each group (a worker's name
 * begins with no @); the comments that belong to no worker stand in the first.
 */
struct filetree;
void confwriter_files(const struct importer *importer, struct filetree *tree);

#endif
