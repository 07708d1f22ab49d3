/* SPDX-License-Identifier: ISC */
/* nameindex: open addressing, linear probing, at most half full; nothing is ever taken out. */
#include "watchdog/config/nameindex.h"

#include <stdlib.h>
#include <string.h>

#include "watchdog/base/hash.h"
#include "watchdog/base/mem.h"

#define FIRST_CAP 16

/* The slot of NAME, or the empty one where it belongs. CAP must not be 0. */
static struct nameindex_slot *slot_of(const struct nameindex *index, const char *name, size_t len)
{
	size_t mask = index->cap - 1;
	size_t at = (size_t)hash_bytes(HASH_INIT, name, len) & mask;

	for (;; at = (at + 1) & mask) {
		struct nameindex_slot *slot = &index->slots[at];
		if (!slot->name)
			return slot;
		if (slot->len == len && memcmp(slot->name, name, len) == 0)
			return slot;
	}
}

static void grow(struct nameindex *index)
{
	struct nameindex bigger = { .cap = index->cap > 0 ? index->cap * 2 : FIRST_CAP,
				    .count = index->count };

	bigger.slots = mem_alloc(bigger.cap * sizeof(*bigger.slots));
	for (size_t i = 0; i < index->cap; i++) {
		const struct nameindex_slot *old = &index->slots[i];
		if (old->name)
			*slot_of(&bigger, old->name, old->len) = *old;
	}
	free(index->slots);
	*index = bigger;
}

bool nameindex_find(const struct nameindex *index, const char *name, size_t len, size_t *value)
{
	if (index->cap == 0)
		return false;

	const struct nameindex_slot *slot = slot_of(index, name, len);
	if (!slot->name)
		return false;
	if (value)
		*value = slot->value;
	return true;
}

void nameindex_put(struct nameindex *index, const char *name, size_t len, size_t value)
{
	if (2 * (index->count + 1) > index->cap)
		grow(index);

	struct nameindex_slot *slot = slot_of(index, name, len);
	if (!slot->name)
		index->count++;
	*slot = (struct nameindex_slot){ .name = name, .len = len, .value = value };
}

void nameindex_free(struct nameindex *index)
{
	free(index->slots);
	*index = (struct nameindex)NAMEINDEX_INIT;
}
