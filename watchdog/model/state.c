/* SPDX-License-Identifier: ISC */
/* state: the states' names. */
#include "watchdog/model/state.h"

static const char *const names[] = {
	[STATE_STOPPED] = "STOPPED", [STATE_STARTING] = "STARTING", [STATE_RUNNING] = "RUNNING",
	[STATE_BACKOFF] = "BACKOFF", [STATE_STOPPING] = "STOPPING", [STATE_EXITED] = "EXITED",
	[STATE_FATAL] = "FATAL",     [STATE_UNKNOWN] = "UNKNOWN",
};

_Static_assert(sizeof(names) / sizeof(names[0]) == STATE_COUNT, "a name for each state");

const char *state_name(enum state state)
{
	return names[state];
}
