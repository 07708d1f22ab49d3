/* SPDX-License-Identifier: ISC */
/*
 * exportsystemd: units for systemd: NAME.service for a worker of one instance, NAME@.service for
 * one of several, a target for each group, and cronherd.target, which wants all that are enabled.
 * As root for the system's manager, else for the user's.
 */
#ifndef WATCHDOG_IMPORT_EXPORTSYSTEMD_H
#define WATCHDOG_IMPORT_EXPORTSYSTEMD_H

#include "watchdog/import/exporter.h"

void exportsystemd(struct exporter *exporter);

#endif
