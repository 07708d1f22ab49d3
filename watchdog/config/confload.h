/* SPDX-License-Identifier: ISC */
/* confload: what one reading of all files has gathered so far. */
#ifndef WATCHDOG_CONFIG_CONFLOAD_H
#define WATCHDOG_CONFIG_CONFLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "watchdog/config/config.h"
#include "watchdog/config/confcheck.h"
#include "watchdog/config/conferrors.h"
#include "watchdog/config/confparse.h"
#include "watchdog/config/confsection.h"

/* Broken workers stay in CONFIG until the end, as their names are taken. */
struct confload {
	struct config *config;
	struct confparse_value top[CONFPARSE_TOP_COUNT];
	struct worker_options defaults; /* the main file's */
	struct conffile *files;
	size_t file_count;
	struct confsection *sections; /* webhooks and pings of all files */
	size_t section_count;
	bool has_main;
};

/* What PARSE has of the file PATH, whose mode is MODE; it keeps its top-level values and defaults. STAMP: 0, or of a file that is the same
 * as long as its stamp is. */
void confload_take(struct confload *load, const char *path, struct confparse *parse, mode_t mode, uint64_t stamp);

/* What BEFORE has of FILE, which is one of its own: copies. */
void confload_copy(struct confload *load, const struct config *before, const struct config_file *file);

/* Takes ERRORS over, which are none then. */
void confload_errors(struct confload *load, struct conferrors *errors);

void confload_error(struct confload *load, const char *path, int line, const char *message);

/* A file that could not even be read. */
void confload_unread(struct confload *load, const char *path, const char *message);

/* Of what was read without errors: the files that a later reading can take over, to LOAD->config. */
void confload_keep_files(struct confload *load);

/* What is not CONFIG's. */
void confload_free(struct confload *load);

#endif
