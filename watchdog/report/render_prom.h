/* SPDX-License-Identifier: ISC */
/*
 * render_prom: a snapshot as Prometheus reads it: text format 0.0.4. Pure.
 *
 * Every series bears `herd`, the state directory: the files of two herds lie side by side in one directory of node_exporter's,
 * which drops what it has seen before. None bears `instance`: that is Prometheus' own word for whom it asks. No
 * timestamps, each family in one block, in the order of the table; what is not known has no sample.
 */
#ifndef WATCHDOG_REPORT_RENDER_PROM_H
#define WATCHDOG_REPORT_RENDER_PROM_H

#include <stddef.h>

#include "watchdog/base/str.h"
#include "watchdog/report/snapshot.h"
#include "watchdog/store/deliveries.h"

/* DELIVERIES: of the herd's webhooks, each once. */
void render_prom(const struct snapshot *snapshot, const struct deliveries *deliveries, struct str *text);

#endif
