/* SPDX-License-Identifier: ISC */
#include "watchdog/decide/roll.h"

static int urgency(enum reason pressure)
{
	switch ((int)pressure) {
	case REASON_NONE:
		return 0;
	case REASON_MAX_AGE:
		return 1;
	case REASON_CONFIG_CHANGED:
	case REASON_DEPLOY:
		return 2;
	case REASON_MANUAL:
		return 4;
	default:
		return 3;
	}
}

static bool is_in_motion(const struct roll_member *member)
{
	return member->is_rising || member->state == STATE_STARTING ||
	       member->state == STATE_STOPPING ||
	       member->state == STATE_UNKNOWN;
}

static bool is_failing(const struct roll_member *member)
{
	return member->is_current && !member->is_down_by_will &&
	       (member->state == STATE_BACKOFF || member->state == STATE_FATAL);
}

size_t roll_choose(const struct roll_member *members, size_t count)
{
	size_t chosen = ROLL_NONE;
	bool new_one_fails = false;
	bool asked_one_fails = false;

	for (size_t i = 0; i < count; i++) {
		/* One that is to be replaced itself may do so while it is starting. */
		if (is_in_motion(&members[i]) && members[i].pressure == REASON_NONE)
			return ROLL_NONE;
		if (members[i].state == STATE_STOPPING)
			return ROLL_NONE;
		new_one_fails |= is_failing(&members[i]);
		asked_one_fails |= is_failing(&members[i]) && !members[i].is_bystander;
	}
	for (size_t i = 0; i < count; i++) {
		if (urgency(members[i].pressure) == 0)
			continue;
		if ((new_one_fails && (members[i].pressure == REASON_CONFIG_CHANGED ||
				       members[i].pressure == REASON_DEPLOY)) ||
		    (asked_one_fails && members[i].pressure == REASON_MANUAL))
			continue;
		if (chosen == ROLL_NONE ||
		    urgency(members[i].pressure) > urgency(members[chosen].pressure))
			chosen = i;
	}
	return chosen;
}
