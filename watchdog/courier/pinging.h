/* SPDX-License-Identifier: ISC */
/*
 * pinging: the pings of the newest beat. What is not sent when a newer one is there is never sent; what was taken is not sent again.
 */
#ifndef WATCHDOG_COURIER_PINGING_H
#define WATCHDOG_COURIER_PINGING_H

#include "watchdog/courier/errand.h"
#include "watchdog/courier/pingmark.h"
#include "watchdog/net/beat.h"
#include "watchdog/store/beatfile.h"

struct pinging;

/* One ping of the configuration. */
struct pinging_target {
	struct sender sender;
	struct pinging *pinging;
	const struct ping *ping;
	char topic[ERRAND_TOPIC_SIZE]; /* "ping NAME" */
	char host[ERRAND_HOST_SIZE];
	enum beat_step step;   /* that comes next, or is under way */
	int failures;          /* of this beat's end */
	int misses;            /* of any beat's end, in a row */
	int64_t body_max;      /* as struct beat's */
	int64_t next_boot_ms;  /* not before */
	bool is_over;          /* nothing more of this beat */
	bool is_sending;
	bool is_cut;           /* as queue.h */
	int64_t timeout_ms;
	char rid[BEATFILE_RID_SIZE]; /* of what is under way */
	char why[200];               /* the last failure */
};

struct pinging {
	struct beatfile beat;
	bool has_beat;
	struct pingmarks marks;
	char host[256]; /* of ours */
	struct pinging_target *targets;
	size_t count;
};

/* The pings of ERRAND's configuration, and the beat that there is. */
void pinging_open(struct pinging *pinging, struct errand *errand);
void pinging_close(struct pinging *pinging);

/* Reads the beat anew: there may be a newer one. */
void pinging_look(struct pinging *pinging, struct errand *errand);

/* Begins the requests that are due. */
void pinging_step(struct pinging *pinging, struct errand *errand);

/* When the next one is due by the boot clock; CLOCK_NEVER: none is to be begun. */
int64_t pinging_due_boot_ms(const struct pinging *pinging);

/* At the end of the run: complains of those that it leaves unsent. */
void pinging_finish(struct pinging *pinging, struct errand *errand);

#endif
