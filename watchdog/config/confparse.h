/* SPDX-License-Identifier: ISC */
/*
 * confparse: one file's text to workers, groups, webhooks, pings and top-level values. The only one that knows
 * confuse.h. Knows no other file: what must hold across files is config.c's.
 */
#ifndef WATCHDOG_CONFIG_CONFPARSE_H
#define WATCHDOG_CONFIG_CONFPARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "watchdog/base/str.h"
#include "watchdog/config/conferrors.h"
#include "watchdog/config/config.h"
#include "watchdog/config/confsection.h"
#include "watchdog/model/worker.h"

enum confparse_top {
	CONFPARSE_STATE_DIR,
	CONFPARSE_PIDFILE_DIR,
	CONFPARSE_LOG_DIR,
	CONFPARSE_CONF_DIR,
	CONFPARSE_MINDER,
	CONFPARSE_METRICS_FILE,
	CONFPARSE_STATUS_PAGE,
	CONFPARSE_HISTORY
};

#define CONFPARSE_TOP_COUNT 8

/* A top-level value as written; TEXT NULL where it is not set, or cannot be used. */
struct confparse_value {
	char *text;
	int line;
};

struct confparse {
	const char *file;      /* what to call it; the caller's */
	const char *main_file; /* NULL where this is it; the caller's */
	bool complete;	       /* read to its end: no name that stands in it is unknown */
	bool minder;
	int64_t history_ms; /* 0: none */
	struct confparse_value top[CONFPARSE_TOP_COUNT];
	struct worker_options defaults; /* for what would follow in this file */
	struct worker *workers;
	size_t worker_count;
	struct config_group *groups;
	size_t group_count;
	struct confsection *sections;
	size_t section_count;
	struct conferrors errors;
	size_t telling_seen; /* of the errors: about webhooks, pings, metrics_file, status_page or history, which cost no worker */
};

/*
 * Parses TEXT (and blanks its comments and parts). BASE: the defaults that FILE begins with; copied.
 * Always fills PARSE, which the caller frees with confparse_free: workers and sections with errors are in
 * it too, as their names are taken all the same. Its workers are right where confparse_is_broken says no.
 */
void confparse(struct confparse *parse, struct str *text, const char *file, const char *main_file,
	       const struct worker_options *base);
void confparse_free(struct confparse *parse);

/* Whether it has an error that costs its workers. */
bool confparse_is_broken(const struct confparse *parse);

#endif
