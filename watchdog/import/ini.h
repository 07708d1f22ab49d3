/* SPDX-License-Identifier: ISC */
/*
 * ini: files as supervisord reads them, which is as Python's RawConfigParser does, with ";" and "#"
 * for comments and without strictness.
 *
 * A line begins a section ("[NAME]"), sets a key ("KEY=VALUE" or "KEY: VALUE", the key in any
 * case), or, indented deeper than the key's line, goes on with its value. White space and then ";"
 * or "#" cuts a line, quotes or not. A section may be opened again; a key's last value wins.
 */
#ifndef WATCHDOG_IMPORT_INI_H
#define WATCHDOG_IMPORT_INI_H

#include <stdbool.h>
#include <stddef.h>

#include "watchdog/base/str.h"
#include "watchdog/import/importer.h"

#define INI_SECTIONS_MAX 10000
#define INI_KEYS_MAX	 1000 /* of one section */

struct ini_value {
	char *key;   /* in lower case */
	char *text;  /* lines joined by "\n" */
	bool is_cut; /* a comment stood behind it, or what was taken for one */
	const char *file;
	int line;
};

struct ini_section {
	char *name;
	const char *file; /* where it was opened first */
	int line;
	struct ini_value *values;
	size_t count;
	struct ini_value *marks; /* comments "; cronherd: KEY = TEXT": what `export supervisord`
				    could not say otherwise */
	size_t mark_count;
};

struct ini {
	struct ini_section **sections; /* in the order in which they were opened */
	size_t count;
	struct ini_section defaults; /* "[DEFAULT]": for all others */
	struct nameindex index;	     /* private */
	struct strlist files;	     /* names that places point into */
};

#define INI_INIT                                                                                   \
	{                                                                                          \
		.sections = NULL                                                                   \
	}

/*
 * Adds what TEXT says, which came from FILE. -1 where that is malformed: then errors are in
 * IMPORTER, and what was added is of no use. A value that is replaced by another one is warned of.
 */
int ini_read(struct ini *ini, const char *file, const char *text, struct importer *importer);
void ini_free(struct ini *ini);

/* NULL where there is none. */
struct ini_section *ini_section(const struct ini *ini, const char *name);

/* Takes all keys out of SECTION. */
void ini_clear(struct ini_section *section);

/* KEY's value in SECTION (may be NULL), else in [DEFAULT]; NULL where there is none. */
const struct ini_value *ini_value(const struct ini *ini, const struct ini_section *section,
				  const char *key);

struct importer_place ini_place(const struct ini_value *value);
struct importer_place ini_section_place(const struct ini_section *section);

/* Length of the white-space character at TEXT, as Python's str.isspace has it; 0: it is none. */
size_t ini_space(const char *text);

#endif
