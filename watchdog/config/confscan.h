/* SPDX-License-Identifier: ISC */
/*
 * confscan: a file's text, before libconfuse gets it.
 *
 * libconfuse's lexer is shared state: a string or comment that stays open, or a bad escape,
 * would be carried into the next file. It takes the end of a file for the end of a section,
 * so that half a file looks whole; swallows stray characters; counts lines wrongly behind a
 * comment; and puts the environment's variables in. So these are found, or taken out, here.
 */
#ifndef WATCHDOG_CONFIG_CONFSCAN_H
#define WATCHDOG_CONFIG_CONFSCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "watchdog/config/conferrors.h"

/*
 * Checks the LEN bytes of TEXT and blanks its comments in place (lines stay as they are).
 * True where it may be parsed; else at least one error of FILE was added.
 */
bool confscan(char *text, size_t len, const char *file, struct conferrors *errors);

#endif
