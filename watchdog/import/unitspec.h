/* SPDX-License-Identifier: ISC */
/*
 * unitspec: systemd's specifiers, "%i" and the like. What differs from instance to instance or from
 * host to host becomes a mark, as in pyformat.h, and a sequence of ours in the end
 * (pyformat_finish).
 */
#ifndef WATCHDOG_IMPORT_UNITSPEC_H
#define WATCHDOG_IMPORT_UNITSPEC_H

#include <stdbool.h>

#include "watchdog/base/err.h"
#include "watchdog/import/unitname.h"

struct unitspec {
	const struct unitname *name;
	bool is_system;	  /* units of the system's manager; else of our user's */
	int number_width; /* -1: the instance is text; else it is a number, a mark of this width (0:
			     as it is) */
	const char *home; /* of the manager's user */
	const char *user;
};

/* TEXT with all specifiers put in; allocated. NULL with ERR where there is one that has no constant
 * meaning. */
char *unitspec_expand(const struct unitspec *spec, const char *text, struct err *err);

#endif
