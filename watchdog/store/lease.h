/* SPDX-License-Identifier: ISC */
/*
 * lease: whose herd this is.
 *
 * The file `lease` says who herds: host, boot, pid and time namespace, and how far apart the rounds have been. Its access
 * time is the start of the last round, its modification time the end: a healthy round sets both by one
 * utimensat(2) and writes nothing. An access time behind the modification time: there was no round yet.
 */
#ifndef WATCHDOG_STORE_LEASE_H
#define WATCHDOG_STORE_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "pidfiles/procid.h"
#include "watchdog/base/clock.h"
#include "watchdog/base/err.h"
#include "watchdog/store/statedir.h"

#define LEASE_HOST_SIZE 65

struct lease {
	char host[LEASE_HOST_SIZE];
	struct procid_host place;
	int64_t interval_ms;         /* the longest recent distance between two rounds; 0: not known */
	int64_t life_wall_ms;        /* the last sign of life: a round's end, or the taking of the lease */
	int64_t round_start_wall_ms; /* 0: there was no round yet */
	int64_t round_end_wall_ms;
};

enum lease_claim {
	LEASE_OURS,    /* we herd, or nobody does */
	LEASE_INHERITED, /* another's that has lapsed: what it recorded is dead */
	LEASE_FOREIGN  /* another's, and fresh: nothing may be started or signalled */
};

/* Who we are: only host and place are set. */
struct lease lease_of(const struct procid_host *place);

/* 0; -ENOENT none; -EBADMSG garbage (counts as none); another negative errno. */
int lease_read(const struct statedir *dir, struct lease *lease);

/*
 * Pure. What THEIRS (as read) means to us, OURS. CONTAINER_START_WALL_MS: when our pid 1 began, 0 where not known.
 */
enum lease_claim lease_judge(const struct lease *theirs, const struct lease *ours,
			     int64_t container_start_wall_ms, int64_t now_wall_ms);

/* Makes the lease ours, with the round's times that OURS has; called when it is not yet, or when the interval has
 * grown. 0 or -1 with ERR. */
int lease_take(const struct statedir *dir, const struct lease *ours, struct err *err);

/* Sets the times of a finished round. 0 or a negative errno. */
int lease_touch(const struct statedir *dir, int64_t start_wall_ms, int64_t end_wall_ms);

/* Gives the lease up: whoever comes next, and be it from elsewhere, need not wait. Nobody of the herd may live. 0 or a
 * negative errno. */
int lease_release(const struct statedir *dir);

/* The silence after which a lease with INTERVAL_MS has lapsed. */
int64_t lease_lapse_ms(int64_t interval_ms);

#endif
