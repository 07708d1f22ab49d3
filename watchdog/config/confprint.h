/* SPDX-License-Identifier: ISC */
/*
 * confprint: the effective configuration as text of a configuration file, which says the same when
 * it is read. Pure.
 *
 * What only a main file may say (directories, minder, metrics_file, status_page, history) is written as comments, so that the text may
 * stand in conf.d. Webhooks and pings are printed without what is secret in them, and are refused when they are read again.
 */
#ifndef WATCHDOG_CONFIG_CONFPRINT_H
#define WATCHDOG_CONFIG_CONFPRINT_H

#include <stdbool.h>

#include "watchdog/base/str.h"
#include "watchdog/config/config.h"

/* Adds all workers, groups, webhooks and pings; options at their default only where IS_ALL. */
void confprint(const struct config *config, bool is_all, struct str *text);

#endif
