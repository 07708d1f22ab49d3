/* SPDX-License-Identifier: ISC */
/* unitrestart: when a unit is started again, and how it is stopped. */
#ifndef WATCHDOG_IMPORT_UNITRESTART_H
#define WATCHDOG_IMPORT_UNITRESTART_H

#include "watchdog/import/unitservice.h"

void unitrestart_fill(struct unitservice *service);

#endif
