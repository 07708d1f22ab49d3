/* SPDX-License-Identifier: ISC */
/* signame: signals by name. Any case, "SIG" optional, a number too. */
#ifndef WATCHDOG_BASE_SIGNAME_H
#define WATCHDOG_BASE_SIGNAME_H

/* Number of NAME ("TERM", "sigterm", "15", "RTMIN+1", "RTMAX-2"), or -1. */
int signame_parse(const char *name);

/* "TERM" for SIGTERM; "RTMIN+1"; for those without a name "SIG32", and "SIG?" where the number
 * can be no signal's. Static text. */
const char *signame_text(int sig);

#endif
