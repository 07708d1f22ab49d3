/* SPDX-License-Identifier: ISC */
/* conferrors: what is wrong in the files, collected while they are read. */
#ifndef WATCHDOG_CONFIG_CONFERRORS_H
#define WATCHDOG_CONFIG_CONFERRORS_H

#include <stdarg.h>
#include <stddef.h>

#include "watchdog/config/config.h"

/* Beyond these, a file's errors are only counted. */
#define CONFERRORS_MAX 100

struct conferrors {
	struct config_error *items;
	size_t count; /* kept */
	size_t seen;  /* CONFERRORS_MAX of them kept */
};

#define CONFERRORS_INIT                                                                            \
	{                                                                                          \
		.items = NULL                                                                      \
	}

/* LINE 0: about the whole file. The message becomes one line of UTF-8, whatever a value may
 * have brought into it. */
void conferrors_add(struct conferrors *errors, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void conferrors_addv(struct conferrors *errors, const char *file, int line, const char *format,
		     va_list args) __attribute__((format(printf, 4, 0)));
/* Once all are added: has the last say how many were not kept. */
void conferrors_finish(struct conferrors *errors);

void conferrors_free(struct conferrors *errors);

#endif
