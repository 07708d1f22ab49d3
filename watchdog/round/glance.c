/* SPDX-License-Identifier: ISC */
#include "watchdog/round/glance.h"

#include "watchdog/round/judge.h"
#include "watchdog/round/layout.h"
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

static bool look_and_judge(struct herd *herd, struct slot *slot, bool is_first)
{
	struct decision decision;

	slot->is_selected = slot->is_looked_at = true;
	slot->is_held = holds_find(&herd->holds, &slot->instance) != NULL;
	look_at(herd, slot, OBSERVE_LOOK);
	judge_alone(herd, slot, &decision);
	return is_well(slot, &decision) && !rotate_is_due(herd, slot, is_first);
}

static bool are_well(struct herd *herd, struct slotcache_reader *reader)
{
	const struct worker *previous = NULL;
	const struct slotcache_entry *entry;

	while ((entry = slotcache_next(reader))) {
		struct slot slot;

		layout_recall(herd, entry, reader->is_same_config, &slot);
		if (slot.definition != DEFINITION_CURRENT ||
		    !look_and_judge(herd, &slot, slot.instance.worker != previous))
			return false;
		previous = slot.instance.worker;
	}
	return slotcache_is_whole(reader);
}

/* What is read of the processes is closed in spans: a third of the system calls of each is for closing. */
static bool are_all_well(struct herd *herd, struct slotcache_reader *reader)
{
	struct fdspan spent = FDSPAN_INIT;
	bool are_so;

	herd->scene.proc.spent = &spent;
	are_so = are_well(herd, reader);
	herd->scene.proc.spent = NULL;
	fdspan_end(&spent);
	return are_so;
}

bool glance_finds_all_well(struct herd *herd)
{
	struct slotcache_reader reader;
	bool is_well = false;

	if (!is_enough(herd) || !slotcache_open(&reader, &herd->scene.dir, &herd->stamp))
		return false;
	/* Of another configuration, the cache is to be written anew, which needs them all: once it may be. */
	if (reader.is_same_config || !layout_is_settled(herd)) {
		if (!reader.is_same_config)
			config_index(&herd->config);
		/* Each of the cache is defined (below), each once: so all that is defined is in it. */
		is_well = reader.count == layout_defined_count(herd) && are_all_well(herd, &reader);
	}
	herd->is_cached = is_well && reader.is_same_config;
	slotcache_close(&reader);
	return is_well;
}
