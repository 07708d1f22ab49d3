/* SPDX-License-Identifier: ISC */
/*
 * holds: manual stops that last, one file each in holds/.
 *
 * The file's name says what is held: NAME (all instances of the worker), NAME:N, or @all. Anyone who
 * can write there can hold: a deploy script by `touch`, a person by FTP. The file may be empty, or say
 *     until EPOCH-SECONDS     when it expires (none: never)
 *     boot BOOT-ID TICKS      it expires with that boot of the host, or with the container whose pid 1 has that start time
 *     by WHO                  shown by status
 * With both it expires when both have come.
 * An unknown line is passed over; a file that cannot be read holds all the same.
 * Written durably: a hold outlives a power loss.
 */
#ifndef WATCHDOG_STORE_HOLDS_H
#define WATCHDOG_STORE_HOLDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pidfiles/procid.h"
#include "watchdog/base/err.h"
#include "watchdog/model/instance.h"
#include "watchdog/store/statedir.h"

#define HOLDS_ALL "@all"

/* What a reboot ends: of a host, or of a container, whose pid 1 is another one then. */
struct holds_boot {
	char id[PROCID_BOOT_SIZE]; /* empty: none */
	uint64_t init_ticks;       /* start time of pid 1; 0: not known */
};

struct hold {
	const char *target;     /* NAME, NAME:N or @all */
	const char *by;         /* never NULL */
	int64_t until_wall_ms;  /* 0: no such end */
	struct holds_boot boot; /* which it lasts for, at least */
};

/* By which is judged whether a hold has expired. */
struct holds_now {
	int64_t wall_ms;
	struct holds_boot boot;
};

struct holds {
	struct hold *items;
	size_t count;
};

/* Whether HOLD has an end at all. */
bool hold_has_end(const struct hold *hold);

/* Reads all holds that have not expired NOW. No holds/ directory: none. -1 with ERR where the
 * directory cannot be read: then nobody may be started. */
int holds_read(struct holds *holds, const struct statedir *dir, const struct holds_now *now,
	       struct err *err);
void holds_free(struct holds *holds);

/* The hold that stops INSTANCE, or NULL. */
const struct hold *holds_find(const struct holds *holds, const struct instance *instance);

/* Whether INSTANCE is held NOW, by its files alone: for a last look before something is done to it. 1, 0, or a
 * negative errno where that cannot be told. */
int holds_ask(const struct statedir *dir, const struct instance *instance,
	      const struct holds_now *now);

/* Places HOLD, in place of the one on the same target. -1 with ERR. */
int holds_place(const struct statedir *dir, const struct hold *hold, struct err *err);

/* Removes the hold file TARGET; none there is fine. -1 with ERR. */
int holds_lift(const struct statedir *dir, const char *target, struct err *err);

#endif
