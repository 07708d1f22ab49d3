/* SPDX-License-Identifier: ISC */
/* nearest: which of the known words somebody meant who typed another one. Pure. */
#ifndef WATCHDOG_BASE_NEAREST_H
#define WATCHDOG_BASE_NEAREST_H

#include <stddef.h>

struct nearest {
	const char *typed;
	const char *word; /* the nearest so far; NULL: none is near */
	size_t within;    /* private */
};

struct nearest nearest_begin(const char *typed);

/* KNOWN, one of the right words, is taken where it is nearer than those before it (edit distance at most a third of
 * what was typed). Kept by its pointer. */
void nearest_consider(struct nearest *nearest, const char *known);

/* Of a whole list, NULL-terminated; or NULL. */
const char *nearest_of(const char *typed, const char *const *known);

#endif
