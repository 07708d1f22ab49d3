/* SPDX-License-Identifier: ISC */
/*
 * exportkubernetes: a manifest for each worker: a Deployment; a StatefulSet where the command or
 * the environment asks for the number of the instance, which pods have only there.
 *
 * The image is not known here: it is "IMAGE", to be replaced.
 */
#ifndef WATCHDOG_IMPORT_EXPORTKUBERNETES_H
#define WATCHDOG_IMPORT_EXPORTKUBERNETES_H

#include "watchdog/import/exporter.h"

void exportkubernetes(struct exporter *exporter);

#endif
