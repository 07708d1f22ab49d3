/* SPDX-License-Identifier: ISC */
/* superlog: where a program's output goes. */
#ifndef WATCHDOG_IMPORT_SUPERLOG_H
#define WATCHDOG_IMPORT_SUPERLOG_H

#include "watchdog/import/superscope.h"

/* Index: 0 for standard output, 1 for standard error. */
struct superlog {
	bool is_redirected; /* redirect_stderr */
	int64_t maxbytes[2];
	int64_t backups[2];
};

/* What is expanded for each process; NULL: not set. */
struct superlog_paths {
	char *paths[2];
};

void superlog_read(struct superscope *scope, struct superlog *log);
void superlog_expand(struct superscope *scope, struct superlog_paths *paths);
bool superlog_is_marked(const struct superlog_paths *paths);
void superlog_set(struct superscope *scope, const struct superlog *log,
		  const struct superlog_paths *paths, struct importer_worker *worker);
void superlog_paths_free(struct superlog_paths *paths);

#endif
