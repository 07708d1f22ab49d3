/* SPDX-License-Identifier: ISC */
/*
 * pyformat: "%(name)s" in values, as Python's % operator has it with the names that supervisord
 * gives.
 *
 * What differs from process to process or from host to host is not put in, but marked, so that text
 * can go on to be split and quoted before the marks become sequences of our own configuration
 * (pyformat_finish).
 */
#ifndef WATCHDOG_IMPORT_PYFORMAT_H
#define WATCHDOG_IMPORT_PYFORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "watchdog/base/err.h"
#include "watchdog/base/str.h"

/* Expanded text is never longer: no argument or variable of a process may be. */
#define PYFORMAT_SIZE_MAX ((size_t)128 * 1024)

struct pyformat {
	const char *here;
	const char *program_name; /* NULL: not known there, as are group_name and the next */
	const char *group_name;
	bool has_process;    /* process_num and numprocs are known */
	int64_t process_num; /* -1: marked, as it is another one for each process */
	int64_t numprocs;
	const struct strlist
		*envs[2]; /* "K=V" of what ENV_K stands for, the first winning; may be NULL */
	/* Out: names of ENV_ that came from our own environment; may be NULL. */
	struct strlist *from_outside;
};

enum pyformat_result {
	PYFORMAT_DONE,
	PYFORMAT_EACH, /* right, but with process_num in a form that we have no sequence for: each
			  process needs its own */
	PYFORMAT_BAD
};

/* TEXT expanded to OUT (which is empty then, unless DONE). ERR says why not, without TEXT's name.
 */
enum pyformat_result pyformat_expand(const struct pyformat *format, const char *text,
				     struct str *out, struct err *err);

/* Whether TEXT has a mark of the process's number. */
bool pyformat_is_marked(const char *text);

/* Length of the mark at TEXT; 0: none stands there. Marks consist of one byte \1 or \2 and of
 * digits. */
size_t pyformat_mark(const char *text);

/* TEXT with % doubled and marks as sequences: what stands in our configuration. Allocated. */
char *pyformat_finish(const char *text);

/* TEXT with marks put in, for the process NUMBER and this host. Allocated. */
char *pyformat_concrete(const char *text, int64_t number);

#endif
