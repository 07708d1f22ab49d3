/* SPDX-License-Identifier: ISC */
/* pulse: how the herd is at the end of a whole round, left for the pings (store/beatfile.h). */
#ifndef WATCHDOG_ROUND_PULSE_H
#define WATCHDOG_ROUND_PULSE_H

#include "watchdog/round/herd.h"

/* HERD has been looked at, all of it is selected, and has pings. EXIT_STATUS: the round's. What fails is added to HERD's problems. */
void pulse_write(struct herd *herd, int exit_status);

#endif
