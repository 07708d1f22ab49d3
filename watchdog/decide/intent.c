/* SPDX-License-Identifier: ISC */
#include "watchdog/decide/intent.h"

static struct intent_output removed(const struct intent_input *input)
{
	int64_t since = input->record->missing_since_boot_ms;
	int64_t now = input->now.boot_ms;

	/* since > now: a clock of another boot; begin anew rather than trust it. */
	if (since == 0 || since > now)
		return (struct intent_output){ INTENT_FREEZE, REASON_REMOVED, now };
	if (now - since < INTENT_REMOVED_AFTER_MS)
		return (struct intent_output){ INTENT_FREEZE, REASON_REMOVED, since };
	return (struct intent_output){ INTENT_REST, REASON_REMOVED, since };
}

struct intent_output intent_of(const struct intent_input *input)
{
	/* A hold is a person's word: it counts even where the definition cannot be read. */
	if (input->is_held)
		return (struct intent_output){ INTENT_REST, REASON_MANUAL, 0 };
	switch (input->definition) {
	case DEFINITION_BROKEN:
		return (struct intent_output){ INTENT_FREEZE, REASON_NONE, 0 };
	case DEFINITION_REMOVED:
		return removed(input);
	case DEFINITION_EXCESS:
		return (struct intent_output){ INTENT_REST, REASON_REMOVED, 0 };
	case DEFINITION_CURRENT:
		break;
	}
	if (!input->is_enabled && !input->record->wanted)
		return (struct intent_output){ INTENT_REST, REASON_CONFIG_CHANGED, 0 };
	if (input->is_renewed)
		return (struct intent_output){ INTENT_RENEW, REASON_MANUAL, 0 };
	return (struct intent_output){ INTENT_KEEP, REASON_NONE, 0 };
}
