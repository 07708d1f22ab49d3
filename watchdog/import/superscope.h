/* SPDX-License-Identifier: ISC */
/*
 * superscope: the settings of one section of supervisord's, each expanded and converted as
 * supervisord does it. What cannot be is an error with its place, and spoils the section.
 */
#ifndef WATCHDOG_IMPORT_SUPERSCOPE_H
#define WATCHDOG_IMPORT_SUPERSCOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "watchdog/import/importer.h"
#include "watchdog/import/ini.h"
#include "watchdog/import/pyformat.h"

struct superscope {
	struct importer *importer;
	const struct ini *ini;
	const struct ini_section *section;
	struct pyformat format; /* `here` is set for each value anew: the directory of its file */
	bool is_bad;		/* an error was said */
	bool is_each;		/* an expansion gave PYFORMAT_EACH */
};

/* KEY's value, expanded PASSES times (supervisord does some of them twice); allocated. NULL: not
 * set, or bad, or each. */
char *superscope_text(struct superscope *scope, const char *key, int passes);

/* These give FALLBACK where KEY is not set (or bad). */
int64_t superscope_int(struct superscope *scope, const char *key, int64_t fallback);
bool superscope_bool(struct superscope *scope, const char *key, bool fallback);
int64_t superscope_size(struct superscope *scope, const char *key, int64_t fallback); /* "50MB" */

bool superscope_has(const struct superscope *scope, const char *key);

/* KEY's place; the section's where it is not set. */
struct importer_place superscope_place(const struct superscope *scope, const char *key);

/* An error at KEY: "[SECTION] KEY: …". */
void superscope_fail(struct superscope *scope, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Parsers of Python's and supervisord's, of TEXT alone: 0, or -1. */
int superscope_parse_int(const char *text, int64_t *value);
int superscope_parse_bool(const char *text, bool *value);
int superscope_parse_size(const char *text, int64_t *bytes);

/* Items between commas, white space around them taken off; an empty TEXT has none. */
void superscope_items(const char *text, struct strlist *items);

/* The absolute directory that FILE is in; allocated. NULL where it cannot be had, or is no text. */
char *superscope_here(const char *file);

#endif
