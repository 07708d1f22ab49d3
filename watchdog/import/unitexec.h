/* SPDX-License-Identifier: ISC */
/* unitexec: what a unit executes, and with which environment. */
#ifndef WATCHDOG_IMPORT_UNITEXEC_H
#define WATCHDOG_IMPORT_UNITEXEC_H

#include "watchdog/import/unitservice.h"

/* Environment and EnvironmentFile. */
void unitexec_environment(struct unitservice *service);

/* ExecStart, after those, since it may ask for variables. */
void unitexec_start(struct unitservice *service);

/* ExecReload, where it sends a signal. */
void unitexec_reload(struct unitservice *service);

#endif
