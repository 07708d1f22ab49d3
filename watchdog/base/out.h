/* SPDX-License-Identifier: ISC */
/*
 * out: what people read while a verb works. Results go to standard output by stdio; messages
 * come through here, to standard error, "cronherd: " in front.
 */
#ifndef WATCHDOG_BASE_OUT_H
#define WATCHDOG_BASE_OUT_H

#include <stdbool.h>

enum out_level {
	OUT_QUIET = -1, /* -q: errors only */
	OUT_NORMAL,
	OUT_VERBOSE /* -v */
};

struct out {
	enum out_level level;
	bool terminal; /* standard output is one */
	bool color;    /* and NO_COLOR is not set, and TERM is not "dumb" */
};

/* Looks at the descriptors and the environment. */
struct out out_open(enum out_level level);

void out_error(const struct out *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void out_warn(const struct out *out, const char *format, ...)
	__attribute__((format(printf, 2, 3))); /* not with -q */
void out_info(const struct out *out, const char *format, ...)
	__attribute__((format(printf, 2, 3))); /* with -v */

#endif
