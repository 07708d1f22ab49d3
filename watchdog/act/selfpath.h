/* SPDX-License-Identifier: ISC */
/* selfpath: where this program is, for who has to call it later. */
#ifndef WATCHDOG_ACT_SELFPATH_H
#define WATCHDOG_ACT_SELFPATH_H

#include <stdbool.h>

#include "watchdog/base/err.h"

/*
 * Absolute path of the running program (of `cronherd`, where that runs as cronherd-full), allocated; NULL with ERR. IS_REPLACED (may be NULL): its
 * file has gone, or is another by now (an upgrade); the path is then the one that it had.
 */
char *selfpath(bool *is_replaced, struct err *err);

#endif
