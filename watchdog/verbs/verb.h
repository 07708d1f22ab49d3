/* SPDX-License-Identifier: ISC */
/*
 * verb: one command of the command line. Each verb_NAME.c exports one constant; verbs.c lists them, and help and dispatch
 * are made from that list.
 */
#ifndef WATCHDOG_VERBS_VERB_H
#define WATCHDOG_VERBS_VERB_H

#include "watchdog/base/err.h"
#include "watchdog/base/out.h"

/* Exit statuses of INTERFACE.md. */
enum { VERB_DONE = 0, VERB_PARTLY = 1, VERB_USAGE = 2, VERB_FAILED = 3 };

struct verb_call {
	struct out out;
	const char *config_file; /* -c; NULL: the default */
	int argc;                /* argv[0] is the verb: ready for getopt_long */
	char **argv;
};

struct verb {
	const char *name;
	const char *summary;  /* one line for the list of verbs; NULL: not listed */
	const char *synopsis; /* behind "cronherd NAME " */
	const char *help;     /* options and examples */
	int (*run)(const struct verb_call *call);
};

extern const struct verb *const verb_table[]; /* NULL-terminated, in order of the help */

const struct verb *verb_find(const char *name);

/* Says ERR and gives the exit status of its kind. */
int verb_fail(const struct verb_call *call, const struct err *err);

/* Prints VERB's help to standard output; VERB_DONE. */
int verb_help(const struct verb *verb);

/* "unknown option": points to --help; VERB_USAGE. */
int verb_misuse(const struct verb_call *call, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
