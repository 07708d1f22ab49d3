/* SPDX-License-Identifier: ISC */
/* importname: a name of somewhere else, made fit to be a worker's. Pure. */
#ifndef WATCHDOG_IMPORT_IMPORTNAME_H
#define WATCHDOG_IMPORT_IMPORTNAME_H

/*
 * WANTED itself where it may be a worker's name; else what comes nearest: "_" for each character
 * that may not be, or in front of a first one that may not be first; cut to length between
 * characters. Never empty. Allocated.
 */
char *importname_fit(const char *wanted);

/* The same with "-NUMBER" behind it, which stays whole. */
char *importname_numbered(const char *wanted, int number);

#endif
