/* SPDX-License-Identifier: ISC */
/*
 * exportsupervisord: a file for supervisord, which `import supervisord` turns into the same workers
 * again.
 *
 * What supervisord cannot say is a comment "; cronherd: OPTION = VALUE", which that import reads,
 * and a warning where it changes what runs. A section's comment "unchanged" tells whether somebody
 * has edited it since.
 */
#ifndef WATCHDOG_IMPORT_EXPORTSUPERVISORD_H
#define WATCHDOG_IMPORT_EXPORTSUPERVISORD_H

#include "watchdog/import/exporter.h"

/* Makes "supervisord.conf". */
void exportsupervisord(struct exporter *exporter);

#endif
