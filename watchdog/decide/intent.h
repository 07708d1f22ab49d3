/* SPDX-License-Identifier: ISC */
/* intent: what is wanted of an instance, from all who have a say. Pure. */
#ifndef WATCHDOG_DECIDE_INTENT_H
#define WATCHDOG_DECIDE_INTENT_H

#include <stdbool.h>

#include "watchdog/decide/decide.h"

enum definition {
	DEFINITION_CURRENT, /* there, and the number is among numprocs */
	DEFINITION_EXCESS,  /* there, but the number is not */
	DEFINITION_REMOVED, /* no file has it */
	DEFINITION_BROKEN   /* no file has it, but some file could not be read */
};

/* A definition that vanished counts as removed when it is missed again this much later: a file
 * that is being replaced, or a mount that is late, stops nothing. */
#define INTENT_REMOVED_AFTER_MS 5000

struct intent_input {
	enum definition definition;
	bool is_held;
	bool is_enabled;
	bool is_renewed; /* a person wants another process in its place */
	const struct record *record;
	struct clock now;
};

struct intent_output {
	enum intent intent;
	enum reason reason;
	int64_t missing_since_boot_ms; /* for the record */
};

struct intent_output intent_of(const struct intent_input *input);

#endif
