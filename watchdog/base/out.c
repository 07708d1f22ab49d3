/* SPDX-License-Identifier: ISC */
/* out: messages for people, one write each; decides nothing about results. */
#include "watchdog/base/out.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "watchdog/base/str.h"

#define RED    "\033[31m"
#define YELLOW "\033[33m"
#define PLAIN  "\033[0m"

static bool color_is_wanted(void)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (no_color && no_color[0] != '\0')
		return false;
	return term && strcmp(term, "dumb") != 0;
}

struct out out_open(enum out_level level)
{
	bool terminal = isatty(STDOUT_FILENO) == 1;

	return (struct out){
		.level = level,
		.terminal = terminal,
		.color = terminal && color_is_wanted(),
	};
}

static void write_all(const char *data, size_t len)
{
	while (len > 0) {
		ssize_t done = write(STDERR_FILENO, data, len);
		if (done < 0 && errno == EINTR)
			continue;
		/* Where standard error fails there is nowhere left to say so. */
		if (done <= 0)
			return;
		data += done;
		len -= (size_t)done;
	}
}

static void message(const struct out *out, const char *color, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

static void message(const struct out *out, const char *color, const char *format, va_list args)
{
	/* OUT speaks of standard output; these go to the other one. */
	bool colored = color && out->color && isatty(STDERR_FILENO) == 1;
	struct str line = STR_INIT;

	str_add(&line, "cronherd: ");
	if (colored)
		str_add(&line, color);
	str_addv(&line, format, args);
	if (colored)
		str_add(&line, PLAIN);
	str_add(&line, "\n");
	write_all(line.data, line.len);
	str_free(&line);
}

void out_error(const struct out *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	message(out, RED, format, args);
	va_end(args);
}

void out_warn(const struct out *out, const char *format, ...)
{
	va_list args;

	if (out->level <= OUT_QUIET)
		return;
	va_start(args, format);
	message(out, YELLOW, format, args);
	va_end(args);
}

void out_info(const struct out *out, const char *format, ...)
{
	va_list args;

	if (out->level < OUT_VERBOSE)
		return;
	va_start(args, format);
	message(out, NULL, format, args);
	va_end(args);
}
