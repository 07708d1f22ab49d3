/* SPDX-License-Identifier: ISC */
/* instance: one slot of a worker, by name and number; and ids as text. */
#ifndef WATCHDOG_MODEL_INSTANCE_H
#define WATCHDOG_MODEL_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>

#include "watchdog/model/worker.h"

/* NAME:N with its NUL: 64 bytes of name, 10 digits. */
#define INSTANCE_ID_SIZE (WORKER_NAME_MAX + 12)

struct instance {
	const char *name;            /* the worker's */
	int number;
	const struct worker *worker; /* NULL where no definition has it any more */
};

/* "NAME:N" to ID; returns ID. */
const char *instance_id(const struct instance *instance, char id[INSTANCE_ID_SIZE]);

/* "NAME.N" + SUFFIX to BUF: the name of its file in a directory; returns BUF. SIZE: at least
 * INSTANCE_ID_SIZE and the length of SUFFIX. */
const char *instance_file(const struct instance *instance, const char *suffix, char *buf,
			  size_t size);

/* Takes "NAME.N" + SUFFIX apart: NAME to NAME (size WORKER_NAME_MAX + 1). False where the
 * text is not exactly what instance_file would have written. */
bool instance_from_file(const char *file, const char *suffix, char *name, int *number);

/* Takes "NAME:N" apart, likewise. */
bool instance_from_id(const char *id, char *name, int *number);

#endif
