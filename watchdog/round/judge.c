/* SPDX-License-Identifier: ISC */
#include "watchdog/round/judge.h"

#include <stdlib.h>
#include <string.h>

#include "watchdog/decide/pressure.h"
#include "watchdog/decide/roll.h"
#include "watchdog/round/layout.h"

static struct situation situation_of(const struct herd *herd, const struct slot *slot)
{
	return (struct situation){ .id = slot->id,
				   .worker = slot->definition == DEFINITION_REMOVED ||
							     slot->definition == DEFINITION_BROKEN
						     ? NULL
						     : slot->instance.worker,
				   .record = &slot->record,
				   .seen = &slot->seen,
				   .intent = slot->intent,
				   .intent_reason = REASON_MANUAL,
				   .may_replace = slot->may_replace,
				   .at_once = slot->at_once,
				   .is_ready = slot->is_ready,
				   .is_retried = slot->is_retried,
				   .boot_id = herd->scene.host.boot_id,
				   .now = herd->scene.now };
}

static struct intent_output intent_for(const struct herd *herd, const struct slot *slot)
{
	bool is_alive = slot->seen.liveness == LIVENESS_ALIVE;
	struct intent_input input = { .definition = slot->definition,
				      .is_held = slot->is_held || (slot->is_put_down && !is_alive),
				      .is_enabled = slot->is_retried ||
						    (slot->instance.worker &&
						     slot->instance.worker->options.enabled),
				      .is_renewed = slot->is_renewed && !slot_is_replaced(slot),
				      .record = &slot->record,
				      .now = herd->scene.now };

	return intent_of(&input);
}

/* Another herder's word counts: nothing is decided here. */
void judge_slot(struct herd *herd, struct slot *slot, struct decision *decision)
{
	struct intent_output intent = intent_for(herd, slot);
	struct situation situation;

	slot->intent = intent.intent;
	if (herd->scene.claim == LEASE_FOREIGN)
		slot->seen.liveness = LIVENESS_UNKNOWN;
	situation = situation_of(herd, slot);
	situation.intent_reason = intent.reason;
	decide(&situation, decision);
	if (slot->seen.liveness != LIVENESS_UNKNOWN) {
		decision->record.missing_since_boot_ms = intent.missing_since_boot_ms;
		/* By hand, though not enabled: to be kept from now on, until it is enabled. */
		if (slot->instance.worker && slot->instance.worker->options.enabled)
			decision->record.wanted = 0;
		else if (slot->instance.worker && slot->is_retried)
			decision->record.wanted = 1;
	}
	slot->state = decision->state;
	slot->again_boot_ms = decision->again_boot_ms;
}

bool judge_is_wanted(const struct slot *slot)
{
	return slot->intent == INTENT_KEEP || slot->intent == INTENT_RENEW;
}

/* What is defined no more need not run. */
static bool counts(const struct slot *slot)
{
	return slot->definition == DEFINITION_CURRENT || slot->definition == DEFINITION_BROKEN;
}

bool judge_is_ready(const struct herd *herd, const struct slot *slot, bool *is_soon)
{
	const struct strlist *after;
	bool is_ready = true;

	*is_soon = true;
	if (!slot->instance.worker)
		return true;
	after = &slot->instance.worker->options.after;
	for (size_t i = 0; i < herd->count && after->count; i++) {
		const struct slot *other = &herd->slots[i];

		if (!counts(other) || slot_is_up(other) ||
		    !strlist_has(after, other->instance.name))
			continue;
		is_ready = false;
		*is_soon = *is_soon && other->definition == DEFINITION_CURRENT &&
			   other->state == STATE_STARTING;
	}
	for (size_t i = 0; i < after->count && is_ready; i++)
		is_ready = *is_soon = !herd_lacks(herd, after->items[i]);
	return is_ready;
}

static enum reason pressure_on(const struct herd *herd, const struct slot *slot)
{
	struct situation situation = situation_of(herd, slot);
	enum reason reason;

	if (!judge_is_wanted(slot))
		return REASON_NONE;
	if (slot->intent == INTENT_RENEW && slot->seen.liveness == LIVENESS_ALIVE &&
	    slot->record.state != STATE_STOPPING)
		return REASON_MANUAL;
	/* Who is asked to start or stop some does not, on the way, replace others that have grown or aged. */
	if (herd->is_manual)
		return REASON_NONE;
	reason = pressure_of(&situation);
	/* Another round may have given it the definition that we have not read. */
	return reason == REASON_CONFIG_CHANGED && herd->is_outdated ? REASON_NONE : reason;
}

static struct roll_member member_of(const struct slot *slot)
{
	const struct worker *worker = slot->instance.worker;

	return (struct roll_member){ .state = slot->state,
				     .pressure = slot->pressure,
				     .is_rising = slot->is_rising,
				     .is_current = worker && slot->record.definition ==
								     worker->definition,
				     .is_bystander = !slot->is_selected,
				     .is_down_by_will = !judge_is_wanted(slot) };
}

static bool is_moving_itself(const struct slot *slot)
{
	return slot->is_rising || slot->state == STATE_STARTING || slot->state == STATE_STOPPING;
}

/* Chooses who of [first, last) may be taken down; the others under pressure wait for their turn. */
static void roll(struct herd *herd, size_t first, size_t last)
{
	struct roll_member *members = calloc(last - first, sizeof(*members));
	bool is_moving = false;
	size_t chosen;

	if (!members)
		return; /* nobody is replaced by choice in this pass */
	for (size_t i = first; i < last; i++) {
		members[i - first] = member_of(&herd->slots[i]);
		is_moving |= is_moving_itself(&herd->slots[i]);
	}
	chosen = roll_choose(members, last - first);
	free(members);
	for (size_t i = first; i < last; i++) {
		struct slot *slot = &herd->slots[i];

		if (slot->pressure == REASON_NONE || !slot->is_selected)
			continue;
		slot->may_replace = i - first == chosen || slot->all_at_once;
		slot->is_pending |= !slot->may_replace && (is_moving || chosen != ROLL_NONE);
	}
}

void judge_alone(struct herd *herd, struct slot *slot, struct decision *decision)
{
	slot->may_replace = false;
	slot->is_pending = slot->seen.is_passing;
	slot->is_busy = false;
	slot->is_ready = true;
	judge_slot(herd, slot, decision);
	slot->is_rising = slot->is_selected && decision->action == ACTION_START;
	/* What nobody does here is not under way. */
	if (!slot->is_selected && decision->action != ACTION_NONE)
		slot->state = (enum state)slot->record.state;
	slot->pressure = pressure_on(herd, slot);
}

bool judge_is_to_do(const struct slot *slot, const struct decision *decision)
{
	if (slot->seen.liveness == LIVENESS_UNKNOWN)
		return false;
	return decision->action != ACTION_NONE || !record_equal(&decision->record, &slot->record) ||
	       slot->record.untold ||
	       (slot->seen.liveness == LIVENESS_ALIVE && slot->seen.recovered) ||
	       (slot->seen.liveness == LIVENESS_DEAD && slot->has_pidfile &&
		slot->intent != INTENT_FREEZE);
}

void judge_all(struct herd *herd)
{
	struct decision decision;
	bool has_pressure = false;

	for (size_t i = 0; i < herd->count; i++) {
		struct slot *slot = &herd->slots[i];

		if (!slot->is_looked_at || !slot->is_due)
			continue;
		judge_alone(herd, slot, &decision);
		has_pressure |= slot->pressure != REASON_NONE;
	}
	for (size_t first = 0; has_pressure && first < herd->count;) {
		size_t last = layout_end_of_worker(herd, first);

		/* Those of one worker are due together. */
		if (herd->slots[first].is_due)
			roll(herd, first, last);
		first = last;
	}
}
