/* SPDX-License-Identifier: ISC */
/*
 * confunknown: what is said of a name that stands where no option of that name is. Pure; each gives an allocated message.
 *
 * The name may be the rest of a value, and that a secret: it is told where it could be an option's.
 */
#ifndef WATCHDOG_CONFIG_CONFUNKNOWN_H
#define WATCHDOG_CONFIG_CONFUNKNOWN_H

#include "watchdog/config/confsection.h"

char *confunknown_at_top(const char *name);

/* SECTION: "worker", "defaults" or "group". */
char *confunknown_in_section(const char *section, const char *name);

/* In a webhook or ping: tells NAME only where it is, or is near to, a word that cronherd knows. */
char *confunknown_in_part(enum confsection_kind kind, const char *name);

#endif
