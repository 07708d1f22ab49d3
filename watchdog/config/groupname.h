/* SPDX-License-Identifier: ISC */
/* groupname: a group's name by its number; see account.h for the way back. */
#ifndef WATCHDOG_CONFIG_GROUPNAME_H
#define WATCHDOG_CONFIG_GROUPNAME_H

#include <sys/types.h>

/* Allocated: the name of GID, or its number as text where it has none. */
char *groupname_of(gid_t gid);

#endif
