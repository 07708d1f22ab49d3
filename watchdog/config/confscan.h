/* SPDX-License-Identifier: ISC */
/*
 * confscan: a file's text, before libconfuse gets it.
 *
 * libconfuse's lexer is shared state: a string or comment that stays open, or a bad escape,
 * would be carried into the next file. It takes the end of a file for the end of a section,
 * so that half a file looks whole; swallows stray characters; counts lines wrongly behind a
 * comment; and puts the environment's variables in. So these are found, or taken out, here.
 *
 * No error that is added here has text of a section in it but for a few digits: it may be secret.
 */
#ifndef WATCHDOG_CONFIG_CONFSCAN_H
#define WATCHDOG_CONFIG_CONFSCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "watchdog/config/conferrors.h"
#include "watchdog/config/confsection.h"
#include "watchdog/model/worker.h"

/* A webhook or ping section: what is wrong in one costs nothing else, so each is parsed by itself. */
struct confscan_part {
	enum confsection_kind kind;
	size_t at, len; /* in the text, from its first letter to behind its last brace */
	int line;
	char name[WORKER_NAME_MAX + 1]; /* its title, if that may be a name; else "" */
	bool is_broken;		       /* not to be parsed: an error was added */
};

struct confscan_parts {
	struct confscan_part *items; /* the caller frees them */
	size_t count;
	size_t seen; /* errors of broken ones */
};

/*
 * Checks the LEN bytes of TEXT, behind which a NUL stands, and blanks its comments in place (lines stay as they are); so that libconfuse takes it, `when =
 * worker "X"` in a ping becomes `when = "worker X"`. Adds the sections that are parts to PARTS. True where the
 * text, with its parts, may be parsed; else at least one error of FILE was added, other than PARTS->seen.
 */
bool confscan(char *text, size_t len, const char *file, struct confscan_parts *parts,
	      struct conferrors *errors);

#endif
