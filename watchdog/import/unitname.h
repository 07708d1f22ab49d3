/* SPDX-License-Identifier: ISC */
/* unitname: names of systemd's units. Pure. */
#ifndef WATCHDOG_IMPORT_UNITNAME_H
#define WATCHDOG_IMPORT_UNITNAME_H

#include <stdbool.h>

struct unitname {
	char *full;	/* "web@2.service" */
	char *prefix;	/* "web" */
	char *instance; /* "2"; NULL: no "@"; "": a template */
	char *suffix;	/* "service" */
};

/* The name TEXT, or the last component of a path. False, and nothing to free, where it is none. */
bool unitname_parse(const char *text, struct unitname *name);
void unitname_free(struct unitname *name);

/* "web@.service" of an instance's name, allocated; NULL where it is no instance. */
char *unitname_template(const struct unitname *name);

/* TEXT with systemd's escapes undone: "-" is "/", "\x2d" is "-". Allocated. */
char *unitname_unescape(const char *text);

/* The same, but a "-" stays one: a name of ours that was made a unit's. */
char *unitname_plain(const char *text);

#endif
