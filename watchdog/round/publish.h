/* SPDX-License-Identifier: ISC */
/*
 * publish: what a whole round leaves for others to read: metrics_file and status_page.
 *
 * From what the round already knows. Each is replaced in one step, by a temporary file beside it whose name begins with a dot and
 * has another ending: whoever collects the files of that directory sees the old or the new one, and nothing else.
 */
#ifndef WATCHDOG_ROUND_PUBLISH_H
#define WATCHDOG_ROUND_PUBLISH_H

#include "watchdog/base/str.h"
#include "watchdog/round/herd.h"

/*
 * Writes the files that HERD's configuration names; none: nothing is done. For a round over all of the herd that has just ended and
 * that no other herder forbids. What fails is added to PROBLEMS, a line each, and harms nothing else.
 */
void publish_files(struct herd *herd, struct strlist *problems);

#endif
