/* SPDX-License-Identifier: ISC */
/* superworker: a program of supervisord's that was read and expanded, as options of a worker. */
#ifndef WATCHDOG_IMPORT_SUPERWORKER_H
#define WATCHDOG_IMPORT_SUPERWORKER_H

#include "watchdog/import/superlog.h"
#include "watchdog/import/superprogram.h"

/* What supervisord expands anew for each process. */
struct supertexts {
	struct strlist environment;
	struct strlist from_outside;
	char *process_name;
	char *directory;
	char *command;
	struct superlog_paths logs;
};

struct superparts {
	struct superscope scope;
	const struct supersettings *settings;
	const struct supergroup *group;
	struct superprocesses *processes;
	char *name;
	int64_t numprocs, numprocs_start;
	int64_t priority, startsecs, startretries, stopwaitsecs;
	bool is_started, stops_group, kills_group;
	char *autorestart; /* as our option has it */
	const char *stopsignal;
	struct strlist exitcodes;
	char *user, *umask;
	struct superlog log;
};

/*
 * Sets WORKER's options. NUMBER: -1 where it has all of the program's processes. What is wrong yet
 * (the command's quotes) is said, and in program->scope.is_bad.
 */
void superworker_fill(struct superparts *program, struct importer_worker *worker,
		      const struct supertexts *texts, int64_t number);

#endif
