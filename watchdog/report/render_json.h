/* SPDX-License-Identifier: ISC */
/* render_json: a snapshot as INTERFACE.md, "States", has it. Pure. */
#ifndef WATCHDOG_REPORT_RENDER_JSON_H
#define WATCHDOG_REPORT_RENDER_JSON_H

#include "watchdog/base/str.h"
#include "watchdog/report/snapshot.h"

/*
 * Beyond what INTERFACE.md lists: `foreign` (whose herd it is where it is not ours, else null),
 * `errors` (of the configuration: `file`, `line`, `message`), `counts` (instances by state).
 */
void render_json(const struct snapshot *snapshot, struct str *text);

#endif
