/* SPDX-License-Identifier: ISC */
/*
 * exportworker: a worker as another keeper must be told of it: everything put in but the instance's
 * number, which stays a mark, as exports have templates too.
 */
#ifndef WATCHDOG_IMPORT_EXPORTWORKER_H
#define WATCHDOG_IMPORT_EXPORTWORKER_H

#include <stdbool.h>

#include "watchdog/base/err.h"
#include "watchdog/base/str.h"
#include "watchdog/config/account.h"
#include "watchdog/config/config.h"

/* Texts of it may hold marks: \1 and two digits, the width of the number with zeros in front (00:
 * none). */
#define EXPORTWORKER_MARK     '\1'
#define EXPORTWORKER_MARK_LEN 3

struct exportworker {
	const struct worker *worker;
	struct account account;
	struct strlist argv;
	char *directory;
	struct strlist base;	    /* the environment that all have: "K=V" */
	struct strlist environment; /* what the configuration adds */
	char *env_file;		    /* NULL: none */
	bool is_env_file_optional;
	char *pidfile;	      /* NULL: none */
	char *group;	      /* NULL: the user's own */
	char *stdout_logfile; /* NULL: none */
	char *stderr_logfile; /* NULL: none */
	bool is_stderr_same;
};

/* -1 with ERR, file:line in front, where WORKER could not be started either. */
int exportworker_make(const struct config *config, const struct worker *worker,
		      struct exportworker *made, struct err *err);
void exportworker_free(struct exportworker *made);

/* Width of the mark at TEXT, or -1 where none stands there. */
int exportworker_mark(const char *text);

/* Options of WORKER that are not at their default and not in KNOWN (NULL-terminated): what another
 * keeper cannot say. */
void exportworker_others(const struct worker *worker, const char *const *known,
			 struct strlist *names);

#endif
