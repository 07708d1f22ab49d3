/* SPDX-License-Identifier: ISC */
/* state: supervisord's states of an instance. */
#ifndef WATCHDOG_MODEL_STATE_H
#define WATCHDOG_MODEL_STATE_H

enum state {
	STATE_STOPPED,
	STATE_STARTING,
	STATE_RUNNING,
	STATE_BACKOFF,
	STATE_STOPPING,
	STATE_EXITED,
	STATE_FATAL,
	STATE_UNKNOWN /* shown, never recorded: the record keeps what was known */
};

#define STATE_COUNT 8

const char *state_name(enum state state);

#endif
