/* SPDX-License-Identifier: ISC */
/*
 * dispositions: what signals do to this program, and to those that it executes. See signal(7).
 *
 * What we were given is dropped at the start, once; whoever is executed later needs only back what we have taken since.
 */
#ifndef WATCHDOG_BASE_DISPOSITIONS_H
#define WATCHDOG_BASE_DISPOSITIONS_H

/*
 * At the start of a program: every signal as by default and none blocked, whatever our caller ignored (cron and nohup hand that on). But errors of a
 * write are errors, not our end: SIGPIPE and SIGXFSZ are ignored.
 */
void dispositions_begin(void);

/*
 * In a process that is about to execute another program, which is to have all by default and nothing blocked: those back that a program
 * which began so ignores anywhere. System calls alone (vfork). 0 or a negative errno.
 */
int dispositions_hand_on(void);

#endif
