/* SPDX-License-Identifier: ISC */
#include "watchdog/round/target.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watchdog/round/layout.h"

static bool is_glob(const char *target)
{
	return strpbrk(target, "*?[") != NULL;
}

static bool is_in_group(const struct herd *herd, const char *group, const struct slot *slot)
{
	const struct config_group *found = config_group(&herd->config, group);

	return found && strlist_has(&found->workers, slot->instance.name);
}

static bool matches(const struct herd *herd, const char *target, const struct slot *slot)
{
	if (*target == '@')
		return is_in_group(herd, target + 1, slot);
	if (is_glob(target))
		return fnmatch(target, slot->id, 0) == 0;
	return strcmp(target, slot->instance.name) == 0 || strcmp(target, slot->id) == 0;
}

/* A worker of numprocs = 0 and a group without running members are known all the same. */
static bool is_known(const struct herd *herd, const char *target)
{
	return *target == '@' ? config_group(&herd->config, target + 1) != NULL
			      : config_worker(&herd->config, target) != NULL;
}

/* Characters that A and B have in common at the front: enough to guess what was meant. */
static size_t likeness(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] && a[n] == b[n])
		n++;
	return n;
}

static int refuse(const struct herd *herd, const char *target, struct err *err)
{
	const char *best = NULL;
	size_t most = 1;

	for (size_t i = 0; i < herd->count; i++) {
		size_t n = likeness(herd->slots[i].id, target);

		if (n > most) {
			most = n;
			best = herd->slots[i].id;
		}
	}
	if (herd->config.broken_files.count)
		return err_set(err, ERR_USAGE, 0,
			       "no such target: %s (some configuration files are broken, see "
			       "`cronherd config`)",
			       target);
	return best ? err_set(err, ERR_USAGE, 0, "no such target: %s (did you mean %s?)", target, best)
		    : err_set(err, ERR_USAGE, 0, "no such target: %s (see `cronherd status`)", target);
}

static bool comes_after(const struct slot *slot, const struct slot *other)
{
	return slot->instance.worker &&
	       strlist_has(&slot->instance.worker->options.after, other->instance.name);
}

/* Slots are in starting order: those of one worker side by side, so this is near to linear. */
static void mark_neighbours(struct herd *herd, bool has_dependencies)
{
	for (size_t i = 0; i < herd->count; i++) {
		if (!herd->slots[i].is_selected)
			continue;
		herd->slots[i].is_looked_at = true;
		for (size_t k = i; k-- > 0 && strcmp(herd->slots[k].instance.name,
						     herd->slots[i].instance.name) == 0 &&
				   !herd->slots[k].is_looked_at;)
			herd->slots[k].is_looked_at = true;
		for (size_t k = i + 1; k < herd->count && !herd->slots[k].is_looked_at &&
				       strcmp(herd->slots[k].instance.name,
					      herd->slots[i].instance.name) == 0;
		     k++)
			herd->slots[k].is_looked_at = true;
		for (size_t k = 0; has_dependencies && k < herd->count; k++)
			herd->slots[k].is_looked_at |= comes_after(&herd->slots[i], &herd->slots[k]);
	}
}

static bool has_dependencies(const struct herd *herd)
{
	for (size_t i = 0; i < herd->config.worker_count; i++)
		if (herd->config.workers[i].options.after.count)
			return true;
	return false;
}

static void select_all(struct herd *herd)
{
	for (size_t i = 0; i < herd->count; i++) {
		herd->slots[i].is_selected = true;
		herd->slots[i].is_by_worker = true;
		herd->slots[i].is_looked_at = true;
	}
}

/* Whether TARGET means SLOT as one of its worker's, whatever its number: x is none. */
static bool means_worker(const char *target, const struct slot *slot)
{
	char any[INSTANCE_ID_SIZE];

	if (*target == '@' || strcmp(target, slot->instance.name) == 0)
		return true;
	(void)snprintf(any, sizeof(any), "%s:x", slot->instance.name);
	return is_glob(target) && fnmatch(target, any, 0) == 0;
}

static bool select_one(struct herd *herd, const char *target)
{
	bool is_found = is_known(herd, target);

	for (size_t i = 0; i < herd->count; i++) {
		struct slot *slot = &herd->slots[i];

		if (!matches(herd, target, slot))
			continue;
		slot->is_selected = is_found = true;
		slot->is_by_worker |= means_worker(target, slot);
	}
	return is_found;
}

static bool names_worker(const struct herd *herd, const char *target, const char *name)
{
	const struct config_group *group =
		*target == '@' ? config_group(&herd->config, target + 1) : NULL;

	return strcmp(target, name) == 0 || (group && strlist_has(&group->workers, name));
}

/* Those that are to have no instance at all; no TARGETS name all. */
static void note_unpeopled(struct herd *herd, char *const *targets, int count)
{
	for (size_t i = 0; i < herd->config.worker_count; i++) {
		const struct worker *worker = &herd->config.workers[i];
		bool is_named = count == 0;

		if (layout_numprocs(herd, worker) > 0)
			continue;
		for (int t = 0; t < count; t++)
			is_named |= names_worker(herd, targets[t], worker->name);
		if (is_named)
			strlist_add(&herd->unpeopled, worker->name);
	}
}

int target_select(struct herd *herd, char *const *targets, int count, struct err *err)
{
	note_unpeopled(herd, targets, count);
	if (count == 0) {
		select_all(herd);
		return 0;
	}
	for (int t = 0; t < count; t++) {
		if (select_one(herd, targets[t]))
			continue;
		for (size_t i = 0; i < herd->count; i++)
			herd->slots[i].is_selected = false;
		return refuse(herd, targets[t], err);
	}
	mark_neighbours(herd, has_dependencies(herd));
	return 0;
}

void target_select_known(struct herd *herd, char *const *targets, int count)
{
	for (int t = 0; t < count; t++)
		(void)select_one(herd, targets[t]);
	mark_neighbours(herd, has_dependencies(herd));
}
