/* SPDX-License-Identifier: ISC */
/*
 * scales: how many instances a worker has by a person's word (`cronherd scale`), until it is changed or taken back.
 *
 * The file `scale` in the state directory: a line "NAME N by WHO" each; others are passed over. Written durably, as holds are.
 */
#ifndef WATCHDOG_STORE_SCALES_H
#define WATCHDOG_STORE_SCALES_H

#include <stddef.h>
#include <stdint.h>

#include "watchdog/base/err.h"
#include "watchdog/model/worker.h"
#include "watchdog/store/statedir.h"

struct scale {
	char name[WORKER_NAME_MAX + 1];
	int64_t numprocs;
	char *by; /* never NULL */
};

struct scales {
	struct scale *items;
	size_t count;
	uint64_t hash; /* of all of it; 0: there are none */
};

/* No file: none. -1 with ERR where it is there and cannot be read: then nobody may be started or stopped. */
int scales_read(struct scales *scales, const struct statedir *dir, struct err *err);
void scales_free(struct scales *scales);

/* NULL: the definition stands. */
const struct scale *scales_find(const struct scales *scales, const char *name);

/* Sets NAME's; numprocs -1 takes it back. Not written yet. */
void scales_set(struct scales *scales, const char *name, int64_t numprocs, const char *by);

/* Durably. To be called under the slot lock SCALES_LOCK, after reading it anew under that. -1 with ERR. */
int scales_write(const struct scales *scales, const struct statedir *dir, struct err *err);

#define SCALES_LOCK "@scale"

#endif
