/* SPDX-License-Identifier: ISC */
/*
 * record: what is remembered of an instance between rounds.
 *
 * Losing it costs history (backoff, counters, the last exit), never safety: which process an
 * instance has is told by the pidfile, and held or not by a hold file. All boot_ms belong to
 * boot_id (record_is_of_earlier_boot).
 *
 * Text: "cronherd-record 1", one "key value" a line for what differs from RECORD_INIT, last
 * "sum HEX" (FNV-1a of all before it). Unknown keys are passed over, so that an older
 * program reads a newer one's.
 */
#ifndef WATCHDOG_MODEL_RECORD_H
#define WATCHDOG_MODEL_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pidfiles/procid.h"
#include "watchdog/model/exitinfo.h"
#include "watchdog/model/reason.h"
#include "watchdog/model/state.h"

#define RECORD_TEXT_MAX 4096
#define RECORD_FAILURE_SIZE 160

/* How to end the process: kept here so that a removed definition's can be ended as it said. */
struct record_stopping {
	int64_t stopsignal;
	int64_t stopwaitsecs_ms;
	int64_t killmode; /* enum worker_killmode */
};

/* What was told of the instance (decide/announce.h): keys of processes, and the alarm. */
struct record_told {
	uint64_t started;
	uint64_t ended;
	uint64_t pressed; /* bloated or hung */
	int64_t fatal;
};

struct record {
	int64_t state;                  /* enum state, never STATE_UNKNOWN */
	char boot_id[PROCID_BOOT_SIZE]; /* the boot of every boot_ms here */
	struct procid process;          /* the last one known; pid 0: none */
	uint64_t definition;            /* what was last started, or tried */
	int64_t started_boot_ms;
	int64_t started_wall_ms;
	int64_t state_wall_ms;      /* when `state` was entered */
	int64_t starts;             /* how often a process was started */
	int64_t failures;           /* failed starts in a row */
	int64_t crashes;            /* crashes in a row, each soon after the last start */
	int64_t next_start_boot_ms; /* BACKOFF, FATAL: not before; 0: none */
	int64_t next_start_wall_ms; /* the same for people */
	int64_t stop_reason;        /* STOPPING: enum reason */
	int64_t stop_deadline_boot_ms; /* STOPPING: then KILL */
	int64_t killed;             /* STOPPING: KILL has been sent */
	int64_t wanted;             /* started by hand though enabled = false */
	int64_t over_since_boot_ms; /* over memory_limit since; 0: is not */
	int64_t quiet_since_boot_ms; /* its heartbeat is too old by a clock that was set; 0: is not */
	int64_t cpu_mark_boot_ms;    /* when cpu_mark_ms was taken; 0: not yet */
	int64_t cpu_mark_ms;
	int64_t is_racing;           /* over cpu_limit in the last cpu_limit_for */
	uint64_t watched;            /* of the files under restart_on_change when it was started, or reloaded */
	int64_t missing_since_boot_ms; /* its definition is gone since; 0: is there */
	struct record_stopping stopping;
	int64_t has_exit;           /* whether last_exit says anything */
	struct exitinfo last_exit;
	int64_t last_exit_reason;   /* enum reason */
	int64_t ends[REASON_COUNT]; /* how often it ended, by reason */
	uint64_t ended;             /* whose end last_exit is: a key; 0: nobody's */
	int64_t ended_pid;
	int64_t start_reason;       /* enum reason: why `process` was started */
	int64_t fatal;              /* given out as FATAL, and not come up since */
	int64_t alarms;             /* how often a change of that was told */
	int64_t born_wall_ms;       /* when it was begun: tells it from those of the same instance that were lost; 0: a program that told nothing */
	int64_t untold;             /* something could not be spooled: to be tried again */
	struct record_told told;
	char failure[RECORD_FAILURE_SIZE]; /* why the last start failed; "" where it did not */
};

#define RECORD_INIT                                                                                \
	{                                                                                          \
		.state = STATE_STOPPED, .last_exit = EXITINFO_INIT,                                \
		.stopping = { .stopsignal = 15, .stopwaitsecs_ms = 10000 }                         \
	}

/* Pure. Writes at most SIZE (RECORD_TEXT_MAX suffices) bytes to BUF, NUL-terminated; the length. */
size_t record_format(const struct record *record, char *buf, size_t size);

/* Pure. 0, or -1 where the text is cut, altered or of another make; RECORD is then
 * RECORD_INIT. */
int record_parse(const char *text, size_t len, struct record *record);

/* Whether RECORD, which came as bytes, is one that record_parse could have given: numbers in their range, texts that end. */
bool record_is_sound(const struct record *record);

bool record_equal(const struct record *a, const struct record *b);

/* Whether RECORD was made on an earlier boot than BOOT_ID's (and not merely never set). */
bool record_is_of_earlier_boot(const struct record *record, const char *boot_id);

#endif
