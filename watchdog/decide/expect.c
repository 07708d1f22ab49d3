/* SPDX-License-Identifier: ISC */
#include "watchdog/decide/expect.h"

#include <signal.h>
#include <stdio.h>

#include "watchdog/base/signame.h"

bool expect_has(const struct worker_options *options, const struct exitinfo *exit)
{
	char code[16];

	if (!exit->known)
		return false;
	if (exit->signal == 0) {
		(void)snprintf(code, sizeof(code), "%d", exit->code);
		return strlist_has(&options->exitcodes, code);
	}
	for (size_t i = 0; i < options->exitcodes.count; i++) {
		const char *item = options->exitcodes.items[i];

		/* "15" is the exit code 15, never the signal. */
		if ((*item < '0' || *item > '9') && signame_parse(item) == exit->signal)
			return true;
	}
	return false;
}

/* Signals by which somebody else ends a process, as opposed to its own faults. */
static bool is_from_outside(int sig)
{
	return sig == SIGKILL || sig == SIGTERM || sig == SIGINT || sig == SIGHUP ||
	       sig == SIGQUIT;
}

enum reason expect_reason(const struct worker_options *options, const struct exitinfo *exit)
{
	if (!exit->known)
		return REASON_MISSING;
	if (is_from_outside(exit->signal))
		return REASON_KILLED;
	return expect_has(options, exit) ? REASON_EXITED : REASON_CRASHED;
}
