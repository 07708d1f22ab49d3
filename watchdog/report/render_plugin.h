/* SPDX-License-Identifier: ISC */
/*
 * render_plugin: a snapshot as a monitoring plugin's output. Pure.
 *
 * The first line is a summary and, behind "|", performance data; then one line for each instance
 * that is not well and for what is wrong with the herd itself.
 */
#ifndef WATCHDOG_REPORT_RENDER_PLUGIN_H
#define WATCHDOG_REPORT_RENDER_PLUGIN_H

#include "watchdog/base/str.h"
#include "watchdog/report/health.h"
#include "watchdog/report/snapshot.h"

void render_plugin(const struct snapshot *snapshot, const struct health_verdict *verdict,
		   struct str *text);

/* The same without performance data: for people. */
void render_plugin_plain(const struct snapshot *snapshot, const struct health_verdict *verdict,
			 struct str *text);

/* The one line where nothing could be looked at at all: UNKNOWN, and WHY. */
void render_plugin_failure(const char *why, struct str *text);

#endif
