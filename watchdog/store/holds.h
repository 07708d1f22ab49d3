/* SPDX-License-Identifier: ISC */
/*
 * holds: manual stops that last, one file each in holds/.
 *
 * The file's name says what is held: NAME (all instances of the worker), NAME:N, or @all. Anyone who
 * can write there can hold: a deploy script by `touch`, a person by FTP. The file may be empty, or say
 *     until EPOCH-SECONDS     when it expires (none: never)
 *     by WHO                  shown by status
 * An unknown line is passed over; a file that cannot be read holds all the same.
 * Written durably: a hold outlives a power loss.
 */
#ifndef WATCHDOG_STORE_HOLDS_H
#define WATCHDOG_STORE_HOLDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "watchdog/base/err.h"
#include "watchdog/model/instance.h"
#include "watchdog/store/statedir.h"

#define HOLDS_ALL "@all"

struct hold {
	char *target;          /* NAME, NAME:N or @all */
	char *by;              /* never NULL */
	int64_t until_wall_ms; /* 0: no end */
};

struct holds {
	struct hold *items;
	size_t count;
};

/* Reads all holds that have not expired at NOW. No holds/ directory: none. -1 with ERR where the
 * directory cannot be read: then nobody may be started. */
int holds_read(struct holds *holds, const struct statedir *dir, int64_t now_wall_ms,
	       struct err *err);
void holds_free(struct holds *holds);

/* The hold that stops INSTANCE, or NULL. */
const struct hold *holds_find(const struct holds *holds, const struct instance *instance);

/* Whether INSTANCE is held at NOW, by its files alone: for a last look before something is done to it. 1, 0, or a
 * negative errno where that cannot be told. */
int holds_ask(const struct statedir *dir, const struct instance *instance, int64_t now_wall_ms);

/* Places a hold on TARGET. -1 with ERR. */
int holds_place(const struct statedir *dir, const char *target, const char *by,
		int64_t until_wall_ms, struct err *err);

/* Removes the hold file TARGET; none there is fine. -1 with ERR. */
int holds_lift(const struct statedir *dir, const char *target, struct err *err);

#endif
