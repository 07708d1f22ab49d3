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
#include "watchdog/model/option.h"

/* Adds all workers, groups, webhooks and pings; options at their default only where IS_ALL. */
void confprint(const struct config *config, bool is_all, struct str *text);

/* Adds OPTION's value in OPTIONS as it stands behind "NAME = ". */
void confprint_value(const struct option_spec *option, const void *options, struct str *text);

/* Adds VALUE in double quotes. */
void confprint_quoted(const char *value, struct str *text);

/* Adds {"…", "…"}. */
void confprint_list(const struct strlist *list, struct str *text);

/* Whether OPTION has the same value in A and B. */
bool confprint_is_same(const struct option_spec *option, const void *a, const void *b);

#endif
