/* SPDX-License-Identifier: ISC */
/* observation: what a look at one instance has shown. Filled by act/observe; decided on by
 * decide. Plain values, nothing owned. */
#ifndef WATCHDOG_MODEL_OBSERVATION_H
#define WATCHDOG_MODEL_OBSERVATION_H

#include <stdbool.h>
#include <stdint.h>

#include "pidfiles/procid.h"
#include "watchdog/model/exitinfo.h"

enum liveness {
	LIVENESS_DEAD,   /* proven: nothing of this instance's main process is left */
	LIVENESS_ALIVE,  /* proven: `process` lives and is ours */
	LIVENESS_UNKNOWN /* cannot tell: nothing may be started or signalled */
};

struct observation {
	enum liveness liveness;
	struct procid process;   /* ALIVE: who; DEAD: who it was (pid 0: nobody known) */
	uint64_t definition;     /* ALIVE: what it was started with; 0 not known */
	int64_t started_boot_ms; /* ALIVE */
	int64_t started_wall_ms; /* ALIVE; 0 not known */
	int64_t rss_bytes;       /* ALIVE; -1 not known */
	int64_t memory_bytes;    /* ALIVE; by the worker's metric and scope; -1 not known */
	int64_t cpu_ms;          /* ALIVE: used so far, by the main process; -1 not known */
	int64_t heartbeat_wall_ms; /* ALIVE: of its heartbeat_file; 0 there is none, -1 cannot tell */
	uint64_t watched;        /* of the files under restart_on_change; 0 not known, or none */
	bool is_starter;         /* DEAD: it left no process in its place that is known to be its */
	bool is_passing;         /* UNKNOWN for moments only */
	bool recovered;          /* ALIVE, but its pidfile was lost or unreadable: write it anew */
	struct exitinfo exit;    /* DEAD */
	bool is_unburied;        /* DEAD: still a zombie, so that its parent may be about to note its exit */
	const char *why;         /* UNKNOWN: a sentence, static text */
	const char *concern;     /* ALIVE, but something of it cannot be told: likewise */
};

#define OBSERVATION_INIT                                                                           \
	{                                                                                          \
		.liveness = LIVENESS_UNKNOWN, .rss_bytes = -1, .memory_bytes = -1,                 \
		.cpu_ms = -1, .heartbeat_wall_ms = -1,                                             \
		.exit = EXITINFO_INIT                                                              \
	}

#endif
