/* SPDX-License-Identifier: ISC */
#include "watchdog/round/holding.h"

#include <string.h>

static size_t end_of_worker(const struct herd *herd, size_t first)
{
	size_t last = first + 1;

	while (last < herd->count &&
	       strcmp(herd->slots[last].instance.name, herd->slots[first].instance.name) == 0)
		last++;
	return last;
}

static bool is_whole(const struct herd *herd, size_t first, size_t last)
{
	for (size_t i = first; i < last; i++)
		if (!herd->slots[i].is_selected || !herd->slots[i].is_by_worker)
			return false;
	return true;
}

static const struct hold *find_exactly(const struct holds *holds, const char *target)
{
	for (size_t i = 0; i < holds->count; i++)
		if (strcmp(holds->items[i].target, target) == 0)
			return &holds->items[i];
	return NULL;
}

static int place(struct herd *herd, const char *target, const struct hold *wanted, struct err *err)
{
	const struct hold *present = find_exactly(&herd->holds, target);
	struct hold hold = *wanted;

	hold.target = target;
	if (wanted->boot.id[0] && present) {
		if (!hold_has_end(present))
			return 0;
		hold.by = present->by;
		hold.until_wall_ms = present->until_wall_ms;
	}
	return holds_place(&herd->scene.dir, &hold, err);
}

static int place_on_worker(struct herd *herd, size_t first, size_t last, const struct hold *wanted,
			   struct err *err)
{
	if (is_whole(herd, first, last))
		return place(herd, herd->slots[first].instance.name, wanted, err);
	for (size_t i = first; i < last; i++)
		if (herd->slots[i].is_selected && place(herd, herd->slots[i].id, wanted, err))
			return -1;
	return 0;
}

int holding_place(struct herd *herd, const struct hold *wanted, struct err *err)
{
	for (size_t first = 0; first < herd->count;) {
		size_t last = end_of_worker(herd, first);

		if (place_on_worker(herd, first, last, wanted, err))
			return -1;
		first = last;
	}
	for (size_t i = 0; i < herd->unpeopled.count; i++)
		if (place(herd, herd->unpeopled.items[i], wanted, err))
			return -1;
	return herd_read_holds(herd, err);
}

static bool covers(const struct hold *hold, const struct slot *slot)
{
	return strcmp(hold->target, HOLDS_ALL) == 0 ||
	       strcmp(hold->target, slot->instance.name) == 0 || strcmp(hold->target, slot->id) == 0;
}

static bool covers_selected(const struct herd *herd, const struct hold *hold)
{
	for (size_t i = 0; i < herd->count; i++)
		if (herd->slots[i].is_selected && covers(hold, &herd->slots[i]))
			return true;
	return strlist_has(&herd->unpeopled, hold->target);
}

/* Who is covered by HOLD but not selected stays held, each by a file of its own. */
static int narrow(struct herd *herd, const struct hold *hold, struct err *err)
{
	for (size_t i = 0; i < herd->count; i++) {
		const struct slot *slot = &herd->slots[i];
		struct hold narrower = *hold;

		narrower.target = slot->id;
		if (!slot->is_selected && covers(hold, slot) &&
		    holds_place(&herd->scene.dir, &narrower, err))
			return -1;
	}
	return 0;
}

int holding_lift(struct herd *herd, struct err *err)
{
	for (size_t i = 0; i < herd->holds.count; i++) {
		const struct hold *hold = &herd->holds.items[i];

		if (!covers_selected(herd, hold))
			continue;
		if (narrow(herd, hold, err) || holds_lift(&herd->scene.dir, hold->target, err))
			return -1;
	}
	return herd_read_holds(herd, err);
}
