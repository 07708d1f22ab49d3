/* SPDX-License-Identifier: ISC */
/*
 * cronentry: the lines between our markers in a crontab. Pure.
 *
 * One command line and no variable: an assignment (PATH, MAILTO) would reach every line of
 * the user's that stands below. Hence absolute paths.
 */
#ifndef WATCHDOG_ACT_CRONENTRY_H
#define WATCHDOG_ACT_CRONENTRY_H

#include <stddef.h>

#include "watchdog/base/err.h"

/* A round with --for ends so long before cron calls the next one. */
#define CRONENTRY_GAP_S 10

struct cronentry {
	const char *program; /* absolute path of cronherd */
	const char *config;  /* absolute path for -c, or NULL */
	int every_minutes;   /* 1 to 60, a divisor of 60 */
	int max_linger_s;    /* what --for may be at most; 0: no --for */
};

/*
 * The line of ENTRY with its newline, allocated; NULL with ERR (ERR_USAGE) where
 * every_minutes does not divide 60, or a path is not absolute or holds a control character.
 *
 *   every 1:  "* * * * * /usr/bin/cronherd run"
 *   every 5:  "*\/5 * * * * /usr/bin/cronherd run --for 4min50s"   (without the backslash)
 *   every 60: "0 * * * * /usr/bin/cronherd run --for 59min50s"
 *
 * Paths are quoted for sh where they need it, and each % is written \% (crontab(5)), outside
 * of quotes, which is right too for a cron that leaves % alone.
 */
char *cronentry_format(const struct cronentry *entry, struct err *err);

/*
 * What changes between OLD and NEW lines, for a terminal: "-" or "+" in front of each, " "
 * where both begin or end alike. Allocated; "" where nothing changes. NULL is no lines.
 * Control characters other than tabs are shown as "?".
 */
char *cronentry_diff(const char *old_lines, size_t old_len, const char *new_lines, size_t new_len);

#endif
