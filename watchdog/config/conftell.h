/* SPDX-License-Identifier: ISC */
/* conftell: webhooks and pings of all files: what holds of them beyond their own text. */
#ifndef WATCHDOG_CONFIG_CONFTELL_H
#define WATCHDOG_CONFIG_CONFTELL_H

#include <stdbool.h>
#include <stddef.h>

#include "watchdog/config/conferrors.h"
#include "watchdog/config/config.h"
#include "watchdog/config/confsection.h"
#include "watchdog/config/confstamp.h"

/* Puts the paths of SECTIONS in and checks what they lead to. Marks what is wrong as broken and adds to ERRORS. */
void conftell_check(const struct config *config, struct confsection *sections, size_t count,
		    struct conferrors *errors);

/* Hands SECTIONS over to CONFIG, of those in error only the name. */
void conftell_take(struct config *config, struct confsection *sections, size_t count);

/* Of the files that webhooks and pings name: what conftell_check said of them holds as long as it is the same. */
struct confstamp conftell_stamp(const struct config *config);

/* Whether TEXT ("webhook NAME: …", "ping NAME: …") is about one that CONFIG, all of which could be read, does not have. */
bool conftell_is_orphan(const struct config *config, const char *text);

#endif
