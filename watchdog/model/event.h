/* SPDX-License-Identifier: ISC */
/*
 * event: something that happened to the herd and is told to whoever asked for it. INTERFACE.md, "Events".
 *
 * Made by a round from facts alone (decide/announce.h, round/tell.h), so that a round that was killed and its successor make
 * the same one, with the same id. Plain values; texts are borrowed.
 */
#ifndef WATCHDOG_MODEL_EVENT_H
#define WATCHDOG_MODEL_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "watchdog/model/exitinfo.h"
#include "watchdog/model/reason.h"

enum event_type {
	EVENT_WORKER_STARTED,
	EVENT_WORKER_STOPPED,
	EVENT_WORKER_BLOATED,
	EVENT_WORKER_HUNG,
	EVENT_WORKER_FATAL,
	EVENT_WORKER_RECOVERED,
	EVENT_CONFIG_BROKEN,
	EVENT_CONFIG_MENDED,
	EVENT_HOST_REBOOTED,
	/* About the telling itself; made by the courier: */
	EVENT_WEBHOOK_DIGEST,  /* many of one round in one: data.events has their ids */
	EVENT_WEBHOOK_DROPPED, /* a queue overflowed or is too old: data.message says how many */
	EVENT_WEBHOOK_TEST     /* `deliver --test` */
};

#define EVENT_TYPE_COUNT 12

/* "worker.started": what webhooks' `events` and people name it. As CloudEvents' type with "cronherd." before it. */
const char *event_type_name(enum event_type type);
extern const char *const event_type_names[EVENT_TYPE_COUNT + 1]; /* all of them, NULL behind the last */
int event_type_from_name(const char *name); /* -1: none; a leading "cronherd." is passed over */

/* 32 lower-case hexadecimal digits and a NUL. */
#define EVENT_ID_SIZE 33

struct event {
	char id[EVENT_ID_SIZE];
	enum event_type type;
	const char *subject;   /* "NAME:N"; a file for config.*; the host for host.* */
	const char *worker;    /* NULL: about none */
	int64_t instance;      /* -1: about none */
	pid_t pid;             /* 0: none, or not known */
	int64_t wall_ms;       /* when it happened */
	const char *command;   /* as configured; NULL */
	enum reason reason;    /* REASON_NONE: null */
	struct exitinfo exit;  /* known = false: null */
	int64_t uptime_ms;     /* -1: null; likewise: */
	int64_t rss_bytes;
	int64_t memory_limit_bytes;
	int64_t restarts;
	int64_t next_start_wall_ms; /* 0: null */
	const char *log_tail;  /* NULL: null */
	const char *message;   /* a sentence where there is more to say; NULL */
};

#define EVENT_INIT                                                                                 \
	{                                                                                          \
		.instance = -1, .exit = EXITINFO_INIT, .uptime_ms = -1, .rss_bytes = -1,           \
		.memory_limit_bytes = -1, .restarts = -1                                           \
	}

/*
 * ID from facts: the type, the subject and COUNT numbers that tell this happening from every other of its kind. Equal facts, equal
 * id; the journal holds each id once.
 */
void event_id(char id[EVENT_ID_SIZE], enum event_type type, const char *subject,
	      const uint64_t *facts, size_t count);

#endif
