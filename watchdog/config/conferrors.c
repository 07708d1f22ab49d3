/* SPDX-License-Identifier: ISC */
/* conferrors: a list of errors; decides nothing about them. */
#include "watchdog/config/conferrors.h"

#include <stdio.h>
#include <stdlib.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/utf8.h"

/* A value of megabytes has no place in a message. */
#define MESSAGE_SIZE 1024

void conferrors_add(struct conferrors *errors, const char *file, int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	conferrors_addv(errors, file, line, format, args);
	va_end(args);
}

void conferrors_addv(struct conferrors *errors, const char *file, int line, const char *format,
		     va_list args)
{
	char message[MESSAGE_SIZE];

	errors->seen++;
	if (errors->seen > CONFERRORS_MAX)
		return;
	if (vsnprintf(message, sizeof(message), format, args) < 0)
		message[0] = '\0';
	utf8_make_line(message);
	errors->items = mem_resize(errors->items, errors->count + 1, sizeof(*errors->items));
	errors->items[errors->count++] = (struct config_error){ .file = mem_dup(file),
								.line = line,
								.message = mem_dup(message) };
}

void conferrors_finish(struct conferrors *errors)
{
	if (errors->seen <= CONFERRORS_MAX)
		return;

	struct config_error *last = &errors->items[CONFERRORS_MAX - 1];
	free(last->message);
	last->message = mem_format("and %zu more errors", errors->seen - CONFERRORS_MAX + 1);
	last->line = 0;
}

void conferrors_free(struct conferrors *errors)
{
	for (size_t i = 0; i < errors->count; i++) {
		free(errors->items[i].file);
		free(errors->items[i].message);
	}
	free(errors->items);
	*errors = (struct conferrors)CONFERRORS_INIT;
}
