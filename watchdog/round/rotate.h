/* SPDX-License-Identifier: ISC */
/* rotate: keeps the logs of a herd's workers at their size. act/logfile.h has what is promised of a
 * log. */
#ifndef WATCHDOG_ROUND_ROTATE_H
#define WATCHDOG_ROUND_ROTATE_H

#include "watchdog/round/herd.h"

/*
 * Rotates each log of the selected, defined instances that has outgrown its worker's log_maxbytes.
 * A log that several share is looked at once, by the options of the first. Where there is nothing
 * to do this costs one fstatat(2) a distinct log, and no look into the password file. Does nothing
 * while another herds. What fails becomes a line of PROBLEMS that names the path, and keeps nobody
 * else's log from being rotated.
 */
void rotate_logs(struct herd *herd, struct strlist *problems);

/*
 * Whether rotate_logs would have anything to do, or to say, about the logs of SLOT. IS_FIRST: no other instance of its worker
 * was asked before; of the others, only what is a log of their own counts.
 */
bool rotate_is_due(const struct herd *herd, const struct slot *slot, bool is_first);

#endif
