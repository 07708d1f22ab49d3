/* SPDX-License-Identifier: ISC */
/* supersettings: what [supervisord] says for all programs. */
#ifndef WATCHDOG_IMPORT_SUPERSETTINGS_H
#define WATCHDOG_IMPORT_SUPERSETTINGS_H

#include <stdint.h>

#include "watchdog/import/superscope.h"

struct supersettings {
	struct importer_place place; /* of the section */
	struct strlist environment;  /* "K=V", expanded, not finished */
	struct importer_place environment_place;
	char *user; /* NULL: nothing said; so are these */
	char *directory;
	char *umask;
	struct importer_place user_place, directory_place, umask_place;
	int64_t minfds; /* 0: nothing said that matters */
	struct importer_place minfds_place;
};

#define SUPERSETTINGS_INIT                                                                         \
	{                                                                                          \
		.minfds = 0                                                                        \
	}

/* Reads them; what is the daemon's alone is passed over with a comment. -1 where something in them
 * is an error. */
int supersettings_read(const struct ini *ini, struct importer *importer,
		       struct supersettings *settings);
void supersettings_free(struct supersettings *settings);

/* The pairs of TEXT to ITEMS, each name once. -1 with an error said at KEY of SCOPE. */
int supersettings_pairs(struct superscope *scope, const char *key, const char *text,
			struct strlist *items, struct importer_worker *worker);

/* Puts "K=V" into ITEMS, in the place of another K. */
void supersettings_put(struct strlist *items, const char *item);

#endif
