/* SPDX-License-Identifier: ISC */
/* supermark: the comments "; cronherd: OPTION = VALUE" of a section, in which `export supervisord`
 * keeps what supervisord cannot say. */
#ifndef WATCHDOG_IMPORT_SUPERMARK_H
#define WATCHDOG_IMPORT_SUPERMARK_H

#include <stdint.h>

#include "watchdog/import/importer.h"
#include "watchdog/import/ini.h"

#define SUPERMARK_UNCHANGED "unchanged" /* the hash of the section's keys, in hexadecimal */
#define SUPERMARK_WORKERS   "workers"	/* of a group: all of its members */

/*
 * Sets WORKER's options by SECTION's marks. Where its keys were changed since the export, those
 * that they set win over marks, and that is warned of.
 */
void supermark_apply(struct importer *importer, const struct ini_section *section,
		     struct importer_worker *worker);

/* The members of a group that SECTION's mark names, to NAMES; false where it has none. */
bool supermark_members(const struct ini_section *section, struct strlist *names);

/* Of all keys and values of SECTION, in their order. */
uint64_t supermark_hash(const struct ini_section *section);

/* Of the first section in TEXT. */
uint64_t supermark_hash_text(const char *text);

#endif
