/* SPDX-License-Identifier: ISC */
/* reason: the reasons' names. */
#include "watchdog/model/reason.h"

#include <string.h>

static const char *const names[] = {
	[REASON_NONE] = "none",
	[REASON_MISSING] = "missing",
	[REASON_EXITED] = "exited",
	[REASON_CRASHED] = "crashed",
	[REASON_KILLED] = "killed",
	[REASON_OOM] = "oom",
	[REASON_MEMORY_LIMIT] = "memory_limit",
	[REASON_MEMORY_MAX] = "memory_max",
	[REASON_MAX_AGE] = "max_age",
	[REASON_HUNG] = "hung",
	[REASON_CONFIG_CHANGED] = "config_changed",
	[REASON_DEPLOY] = "deploy",
	[REASON_MANUAL] = "manual",
	[REASON_REMOVED] = "removed",
	[REASON_HOST_REBOOTED] = "host_rebooted",
};

_Static_assert(sizeof(names) / sizeof(names[0]) == REASON_COUNT, "a name for each reason");

const char *reason_name(enum reason reason)
{
	return names[reason];
}

int reason_from_name(const char *name)
{
	for (int i = 0; i < REASON_COUNT; i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	return -1;
}
