/* SPDX-License-Identifier: ISC */
/* reason: why a process was started, was stopped, or ended. INTERFACE.md, "Events". */
#ifndef WATCHDOG_MODEL_REASON_H
#define WATCHDOG_MODEL_REASON_H

enum reason {
	REASON_NONE,
	REASON_MISSING,
	REASON_EXITED,
	REASON_CRASHED,
	REASON_KILLED,
	REASON_OOM,
	REASON_MEMORY_LIMIT,
	REASON_MEMORY_MAX,
	REASON_MAX_AGE,
	REASON_HUNG,
	REASON_CONFIG_CHANGED,
	REASON_DEPLOY,
	REASON_MANUAL,
	REASON_REMOVED,
	REASON_HOST_REBOOTED
};

#define REASON_COUNT 15

const char *reason_name(enum reason reason); /* "none" for REASON_NONE */
int reason_from_name(const char *name);      /* -1: none of them */

#endif
