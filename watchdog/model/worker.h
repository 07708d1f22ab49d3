/* SPDX-License-Identifier: ISC */
/*
 * worker: one definition, with every option at its effective value.
 *
 * Members carry the option's name and, where a number has a unit, the unit behind it.
 * model/option.h has the table that reads, prints, compares and stores them; a new option is
 * a member here and a row there. Strings are as written ("%n" not yet expanded: see
 * config/expand.h). Numbers: OPTION_NONE where the option is not set and has no default.
 */
#ifndef WATCHDOG_MODEL_WORKER_H
#define WATCHDOG_MODEL_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "watchdog/base/str.h"

#define WORKER_NAME_MAX 64

enum worker_type { WORKER_SIMPLE, WORKER_FORKING };
enum worker_autorestart { AUTORESTART_NEVER, AUTORESTART_UNEXPECTED, AUTORESTART_ALWAYS };
enum worker_killmode { KILLMODE_MIXED, KILLMODE_PROCESS, KILLMODE_GROUP };
enum worker_memory_metric { MEMORY_RSS, MEMORY_PSS, MEMORY_USS };
enum worker_memory_scope { MEMORY_PROCESS, MEMORY_TREE };

/* Every number is an int64_t, enums and booleans too: one kind of member serves the table. */
struct worker_options {
	char *command;
	int64_t shell;
	int64_t type; /* enum worker_type */
	int64_t numprocs;
	int64_t numprocs_start;
	int64_t enabled;
	char *directory;
	int64_t umask;
	char *user;
	char *group;
	struct strlist environment; /* "K=V" */
	char *env_file;
	int64_t priority;
	struct strlist after;
	int64_t autorestart;      /* enum worker_autorestart */
	struct strlist exitcodes; /* "0", "TERM" */
	int64_t startsecs_ms;
	int64_t startretries;
	int64_t restart_delay_ms;
	int64_t restart_delay_max_ms;
	int64_t give_up;
	int64_t stopsignal;
	int64_t stopwaitsecs_ms;
	int64_t killmode; /* enum worker_killmode */
	int64_t reload_signal;
	int64_t memory_limit_bytes;
	int64_t memory_limit_for_ms;
	int64_t memory_max_bytes;
	int64_t memory_metric; /* enum worker_memory_metric */
	int64_t memory_scope;  /* enum worker_memory_scope */
	int64_t cpu_limit; /* percent of one CPU */
	int64_t cpu_limit_for_ms;
	int64_t max_age_ms;
	char *pidfile;
	char *heartbeat_file;
	int64_t heartbeat_timeout_ms;
	struct strlist restart_on_change; /* paths */
	char *stdout_logfile;
	char *stderr_logfile;
	int64_t log_maxbytes;
	int64_t log_backups;
	int64_t log_mode;
	int64_t log_tail; /* lines of the log that are told with an end */
	int64_t nice;
	int64_t oom_score_adjust;
	struct strlist limits; /* "nofile=4096", "core=0:unlimited" */
};

struct worker {
	char *name;
	char *file; /* where it is defined, as opened */
	int line;
	uint64_t definition; /* hash of all options that shape the process: see option.h */
	struct worker_options options;
};

/* Whether NAME may be a worker's: INTERFACE.md, "Words"; and no leading "@", which is a group's in
 * targets. WHY gets a reason if not (static, to stand behind the name: "must not …"). */
bool worker_name_is_valid(const char *name, const char **why);

/* What holds between options, once all are set (command there, env names, after not itself…).
 * Returns NULL, or a sentence (static or in BUF) that names the options and the cure. */
const char *worker_check(const struct worker *worker, char *buf, size_t size);

void worker_free(struct worker *worker); /* its members, not itself */

#endif
