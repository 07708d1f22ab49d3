/* SPDX-License-Identifier: ISC */
/* mem: allocation that gives memory or ends the process. */
#include "watchdog/base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_NO_MEMORY 3

static _Noreturn void give_up(void)
{
	static const char line[] = "cronherd: out of memory\n";

	/* Should even this fail, the exit status still says it. */
	ssize_t done = write(STDERR_FILENO, line, sizeof(line) - 1);
	(void)done;
	_exit(EXIT_NO_MEMORY);
}

void *mem_alloc(size_t size)
{
	void *new = calloc(1, size > 0 ? size : 1);

	if (!new)
		give_up();
	return new;
}

void *mem_resize(void *old, size_t count, size_t each)
{
	size_t size;

	if (__builtin_mul_overflow(count, each, &size))
		give_up();
	void *new = realloc(old, size > 0 ? size : 1);
	if (!new)
		give_up();
	return new;
}

char *mem_dup(const char *text)
{
	return text ? mem_dup_n(text, strlen(text)) : NULL;
}

char *mem_dup_n(const char *text, size_t len)
{
	if (len == SIZE_MAX)
		give_up();
	char *new = mem_resize(NULL, len + 1, 1);
	memcpy(new, text, len);
	new[len] = '\0';
	return new;
}

char *mem_format(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		give_up();

	char *new = mem_resize(NULL, (size_t)len + 1, 1);
	va_start(args, format);
	len = vsnprintf(new, (size_t)len + 1, format, args);
	va_end(args);
	if (len < 0)
		give_up();
	return new;
}
