/* SPDX-License-Identifier: ISC */
/*
 * snapshot: a herd as it is shown: plain values, in the words of INTERFACE.md ("States").
 *
 * Made from the facts of a look (round/survey.h); every report is made from it. Where the record
 * lags behind what is so, what is so is shown: a dead process is never RUNNING, and one that the
 * next round will stop is not yet STOPPING. Pure: no I/O, no clock. Borrows what it is given; owns
 * the texts that it makes.
 */
#ifndef WATCHDOG_REPORT_SNAPSHOT_H
#define WATCHDOG_REPORT_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "watchdog/base/clock.h"
#include "watchdog/base/str.h"
#include "watchdog/config/config.h"
#include "watchdog/decide/decide.h"
#include "watchdog/decide/intent.h"
#include "watchdog/model/instance.h"
#include "watchdog/model/observation.h"
#include "watchdog/model/record.h"
#include "watchdog/store/holds.h"

enum snapshot_config {
	SNAPSHOT_CURRENT,
	SNAPSHOT_CHANGED, /* it runs with another definition than its worker's */
	SNAPSHOT_REMOVED, /* not defined any more, or not among numprocs */
	SNAPSHOT_BROKEN	  /* not in what could be read, and a file is broken */
};

struct snapshot_instance {
	const char *id;
	const char *worker;
	int number;
	enum state state;
	pid_t pid;		    /* 0: none, or not known */
	int64_t started_wall_ms;    /* 0: has no process */
	int64_t uptime_ms;	    /* -1: has no process */
	int64_t rss_bytes;	    /* -1: not known; likewise: */
	int64_t memory_bytes;	    /* by its metric and scope */
	int64_t memory_limit_bytes; /* -1: none */
	int64_t restarts;
	int64_t restarts_by[REASON_COUNT]; /* by why the process before had ended; never less than it was */
	const char *held_by;	    /* NULL: not held */
	int64_t held_until_wall_ms; /* 0: no such end */
	bool is_held_until_reboot;
	bool has_exit;
	struct exitinfo last_exit;
	enum reason last_exit_reason;
	int64_t next_start_wall_ms; /* 0: none */
	enum snapshot_config config;
	const char *why;
	/* What health is judged by: */
	bool is_wanted; /* is to run */
	bool is_missed; /* is to run, or was left to run, and has no process */
	bool is_stuck;	/* lives on though killed a good while ago */
};

/* A process that bears our mark and that no instance owns. */
struct snapshot_stray {
	pid_t pid;
	char id[INSTANCE_ID_SIZE];
};

/* A worker whose number of instances a person has set. */
struct snapshot_scale {
	const char *worker;
	int64_t numprocs;
	int64_t defined; /* -1: no definition has it */
	const char *by;
};

struct snapshot {
	const char *host;
	const char *user;
	const char *state_dir;
	struct clock now;
	int64_t round_start_wall_ms; /* the last round's; 0: there was none */
	int64_t round_end_wall_ms;
	int64_t lapse_ms;    /* longer without a round: nobody calls */
	const char *foreign; /* whose herd it is, where it is not ours; NULL: ours */
	const struct config_error *errors;
	size_t error_count;
	struct snapshot_instance *instances;
	size_t count;
	size_t by_state[STATE_COUNT];
	struct snapshot_stray *strays;
	size_t stray_count;
	struct snapshot_scale *scales;
	size_t scale_count;
	struct strlist texts; /* private: what host, user, why and the like point to */
};

#define SNAPSHOT_INIT                                                                              \
	{                                                                                          \
		.host = "", .user = "", .state_dir = ""                                            \
	}

/* What is known of one instance. */
struct snapshot_facts {
	const struct instance *instance;
	const char *id;
	enum definition definition;
	const struct hold *hold; /* NULL: none */
	enum intent intent;
	const struct record *record; /* as stored */
	const struct observation *seen;
	const struct decision
		*decision;     /* what the next round would do, without replacing by choice */
	enum reason pressure;  /* why it is to be replaced when its turn comes */
	const char *waits_for; /* the worker that must run first; NULL: none */
	const char *problem;   /* what kept us from looking or acting; "": nothing */
	bool is_busy;	       /* another round has its lock */
};

/* Adds an instance. SNAPSHOT's now and foreign must be set. */
void snapshot_add(struct snapshot *snapshot, const struct snapshot_facts *facts);

void snapshot_add_stray(struct snapshot *snapshot, pid_t pid, const char *id);

void snapshot_add_scale(struct snapshot *snapshot, const char *worker, int64_t numprocs, int64_t defined,
			const char *by);

/* "mail is scaled to 5 (defined: 2) by root; …" */
void snapshot_scale_text(const struct snapshot_scale *scale, struct str *text);

/* A copy of TEXT, fit to be shown as one line of UTF-8, that lives as long as SNAPSHOT. */
const char *snapshot_text(struct snapshot *snapshot, const char *text);

void snapshot_free(struct snapshot *snapshot);

/* How long the last round took; -1 where that is not known. */
int64_t snapshot_round_ms(const struct snapshot *snapshot);

const char *snapshot_config_name(enum snapshot_config config);

#endif
