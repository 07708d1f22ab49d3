/* SPDX-License-Identifier: ISC */
/*
 * filetree: files made in memory, and written together into one directory.
 *
 * Nothing is written outside that directory: a name is one component, with no "/" in it and no "."
 * in front, and a symbolic link of that name is never followed. Each file comes into being whole.
 */
#ifndef WATCHDOG_IMPORT_FILETREE_H
#define WATCHDOG_IMPORT_FILETREE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "watchdog/base/err.h"
#include "watchdog/base/str.h"

struct filetree_file {
	char *name;
	struct str text;
};

struct filetree {
	struct filetree_file *files;
	size_t count;
};

#define FILETREE_INIT                                                                              \
	{                                                                                          \
		.files = NULL                                                                      \
	}

/* A new, empty file to add text to; valid until the next is added. NAME is made fit where it must.
 */
struct str *filetree_add(struct filetree *tree, const char *name);
void filetree_free(struct filetree *tree);

/*
 * Writes all into PATH, which is made if it is missing (its parent must be there), each with MODE.
 * Where one of that name is there already, nothing at all is written, unless IS_FORCED: then it is
 * replaced. -1 with ERR; *WRITTEN says how many files are there by then.
 */
int filetree_write(const struct filetree *tree, const char *path, mode_t mode, bool is_forced,
		   size_t *written, struct err *err);

#endif
