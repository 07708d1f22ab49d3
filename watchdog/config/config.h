/* SPDX-License-Identifier: ISC */
/*
 * config: what should be, as the files say it.
 *
 * config_load reads the main file and every conf.d file into one immutable snapshot. Only
 * confparse.c knows confuse.h. A broken file costs its own workers and nobody else's: it yields
 * errors, the others yield workers. Nothing here touches a process.
 */
#ifndef WATCHDOG_CONFIG_CONFIG_H
#define WATCHDOG_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "watchdog/base/err.h"
#include "watchdog/base/str.h"
#include "watchdog/config/confstamp.h"
#include "watchdog/config/nameindex.h"
#include "watchdog/model/ping.h"
#include "watchdog/model/webhook.h"
#include "watchdog/model/worker.h"

/* One thing wrong in a file; FILE as opened, LINE 0 where it is about the whole file. */
struct config_error {
	char *file;
	int line;
	char *message;
};

struct config_group {
	char *name;
	struct strlist workers;
	char *file;
	int line;
};

/* A file of conf.d that holds nothing but workers, all without errors: they stay what they are as long as it, and the defaults that it began with, do. */
struct config_file {
	char *path;
	uint64_t stamp; /* confstamp_add_at, from before it was read; never 0 */
	uint64_t first_worker, worker_count; /* of the configuration's workers */
};

struct config {
	char *main_file;  /* absolute; there may be none of that name */
	bool main_broken; /* the main file itself is in error: nothing can be known */
	char *conf_dir;	  /* all directories absolute */
	char *state_dir;
	char *pidfile_dir;
	char *log_dir;
	bool minder;
	char *metrics_file; /* absolute; NULL: none */
	char *status_page;  /* likewise */
	int64_t history_ms; /* how long samples are kept; 0: none are taken */
	struct worker *workers; /* in order of file name, then of line */
	size_t worker_count;
	struct config_group *groups;
	size_t group_count;
	struct webhook *webhooks; /* in the same order; those in error are left out */
	size_t webhook_count;
	struct ping *pings;
	size_t ping_count;
	struct config_error *errors;
	size_t error_count;
	struct strlist broken_files;   /* those with errors that cost workers: none of them is in WORKERS */
	struct strlist broken_workers; /* names in them, as far as they could be read */
	struct strlist broken_webhooks; /* names of those in error, as far as they could be read */
	bool broken_unread; /* some could not be read to the end: there may be more names */
	struct confstamp stamp; /* of the files, as read */
	bool is_cacheable;	/* no errors, and the stamp proves the content: confcache_save may be called */
	uint64_t defaults;	/* private: options_hash of the main file's, */
	struct config_file *files; /* and what a later reading can take over (confreuse): without errors only, */
	size_t file_count;	   /* and none where it was compiled itself */
	void *image;		/* private: what a compiled configuration's workers point into (confimage) */
	uint64_t image_size;
	struct nameindex worker_index; /* private, for the look-ups below */
	struct nameindex group_index;
};

/*
 * MAIN_FILE: from -c; NULL: CRONHERD_CONFIG, else the default for root or others (see
 * config/paths.h). Always fills CONFIG as far as it can (config_free in any case); -1 with ERR
 * where nothing could be read at all: no main file and no conf.d, conf.d unreadable, the main
 * file broken. Errors in single files are in CONFIG->errors, and 0 is returned.
 *
 * While files are broken, `after` and groups may name workers that are not in the snapshot but
 * in those files. What is wrong between files (a worker twice, `after` in a circle or of nobody)
 * breaks the file where it is found; should that be the main file, only its workers are lost,
 * as what it says of directories and defaults is known.
 *
 * What is wrong in a webhook or ping costs that section alone, what is wrong with metrics_file, status_page or history those: it is in ERRORS,
 * but breaks no file.
 */
int config_load(struct config *config, const char *main_file, struct err *err);
void config_free(struct config *config);

/* Appends "FILE:LINE: MESSAGE", without LINE where it is about the whole file. */
void config_error_text(const struct config_error *error, struct str *text);

/* Makes the look-ups below cheap, for who has many. Without it those of a compiled configuration scan. */
void config_index(struct config *config);

/* NULL where there is none. */
const struct worker *config_worker(const struct config *config, const char *name);
const struct config_group *config_group(const struct config *config, const char *name);

#endif
