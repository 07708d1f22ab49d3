/* SPDX-License-Identifier: ISC */
#include "watchdog/round/glance.h"

#include "watchdog/round/judge.h"
#include "watchdog/round/look.h"
#include "watchdog/round/rotate.h"

/* Who is to be told of every instance, well or not, needs them all. */
static bool is_enough(const struct herd *herd)
{
	const struct config *config = &herd->config;

	return herd->scene.claim == LEASE_OURS && !config->error_count && !config->metrics_file &&
	       !config->status_page && !config->ping_count && !config->history_ms;
}

/* States that last, and that a round has nothing to say of. */
static bool is_at_rest(const struct slot *slot)
{
	return slot->state == STATE_RUNNING || slot->state == STATE_STOPPED ||
	       slot->state == STATE_EXITED;
}

static bool is_well(const struct slot *slot, const struct decision *decision)
{
	const struct observation *seen = &slot->seen;

	return is_at_rest(slot) && seen->liveness != LIVENESS_UNKNOWN && !seen->concern &&
	       !seen->is_unburied && !slot->is_pending && !slot->problem[0] &&
	       slot->pressure == REASON_NONE && !judge_is_to_do(slot, decision);
}

static bool look_and_judge(struct herd *herd, const struct slotcache_entry *entry, bool is_first)
{
	struct slot slot;
	struct decision decision;

	if (entry->definition != DEFINITION_CURRENT || entry->worker >= herd->config.worker_count)
		return false;
	herd_recall_slot(herd, entry, &slot);
	slot.is_selected = slot.is_looked_at = true;
	slot.is_held = holds_find(&herd->holds, &slot.instance) != NULL;
	look_at(herd, &slot, OBSERVE_LOOK);
	judge_alone(herd, &slot, &decision);
	return is_well(&slot, &decision) && !rotate_is_due(herd, &slot, is_first);
}

bool glance_finds_all_well(struct herd *herd)
{
	const struct slotcache_entry *entry;
	struct slotcache_reader reader;
	uint32_t previous = SLOTCACHE_NO_WORKER;
	bool is_well = true;
	size_t count;

	if (!is_enough(herd) || !slotcache_open(&reader, &herd->scene.dir, &herd->stamp, &count))
		return false;
	while (is_well && (entry = slotcache_next(&reader))) {
		is_well = look_and_judge(herd, entry, entry->worker != previous);
		previous = entry->worker;
	}
	is_well = is_well && slotcache_is_whole(&reader);
	slotcache_close(&reader);
	return is_well;
}
