/* SPDX-License-Identifier: ISC */
/* signame: signals by name. Any case, "SIG" optional, a number too. */
#ifndef WATCHDOG_BASE_SIGNAME_H
#define WATCHDOG_BASE_SIGNAME_H

/* Number of NAME, or -1. */
int signame_parse(const char *name);

/* "TERM" for SIGTERM; "RTMIN+1"; "SIG99" style for the unknown. Static text. */
const char *signame_text(int sig);

#endif
