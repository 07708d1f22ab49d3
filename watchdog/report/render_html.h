/* SPDX-License-Identifier: ISC */
/*
 * render_html: a snapshot as one page that needs nothing but itself: no script, no other file. Pure.
 *
 * Whatever names and messages hold is text on it, and a content security policy forbids the rest: of styles only the page's own is
 * allowed, by its hash (the tests compare them). It has itself loaded anew each minute.
 */
#ifndef WATCHDOG_REPORT_RENDER_HTML_H
#define WATCHDOG_REPORT_RENDER_HTML_H

#include "watchdog/base/str.h"
#include "watchdog/report/snapshot.h"
#include "watchdog/store/deliveries.h"

void render_html(const struct snapshot *snapshot, const struct deliveries *deliveries, struct str *text);

#endif
