/* SPDX-License-Identifier: ISC */
#include "watchdog/round/layout.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "watchdog/act/observe.h"
#include "watchdog/base/dirnames.h"
#include "watchdog/base/mem.h"

/* Files younger than this could be changed again without their times showing it. */
#define SETTLED_AFTER_S 2

/* ---- single slots ------------------------------------------------------------------------- */

static void init_slot(struct slot *slot, const char *name, int number, const struct worker *worker,
		      enum definition definition)
{
	*slot = (struct slot){ .definition = definition,
			       .is_due = true,
			       .record = RECORD_INIT,
			       .seen = OBSERVATION_INIT,
			       .family = FAMILY_INIT,
			       .again_boot_ms = CLOCK_NEVER };
	slot->instance.worker = worker;
	slot->instance.number = number;
	slot->instance.name = worker ? worker->name : name;
	instance_id(&slot->instance, slot->id);
}

/* Room for COUNT slots, as next_slot expects it. */
static struct slot *room_for(size_t count)
{
	size_t room = 1;

	while (room < count)
		room *= 2;
	return mem_resize(NULL, room, sizeof(struct slot));
}

/* A name that is no worker's is the herd's own from now on. */
static void keep_name(struct slot *slot)
{
	if (!slot->instance.worker)
		slot->instance.name = mem_dup(slot->instance.name);
}

static struct slot *next_slot(struct herd *herd)
{
	if ((herd->count & (herd->count - 1)) == 0) /* full at each power of two */
		herd->slots = mem_resize(herd->slots, herd->count ? herd->count * 2 : 1,
					 sizeof(*herd->slots));
	return &herd->slots[herd->count++];
}

static void add_slot(struct herd *herd, const char *name, int number, const struct worker *worker,
		     enum definition definition)
{
	struct slot *slot = next_slot(herd);

	init_slot(slot, name, number, worker, definition);
	keep_name(slot);
}

/* ---- from definitions and files ----------------------------------------------------------- */

int64_t layout_numprocs(const struct herd *herd, const struct worker *worker)
{
	const struct scale *scale = scales_find(&herd->scales, worker->name);

	return scale ? scale->numprocs : worker->options.numprocs;
}

static void add_worker(struct herd *herd, const struct worker *worker)
{
	int first = (int)worker->options.numprocs_start;
	int64_t count = layout_numprocs(herd, worker);

	for (int n = 0; n < count; n++)
		add_slot(herd, worker->name, first + n, worker, DEFINITION_CURRENT);
}

size_t layout_defined_count(const struct herd *herd)
{
	size_t count = 0;

	for (size_t i = 0; i < herd->config.worker_count; i++)
		count += (size_t)layout_numprocs(herd, &herd->config.workers[i]);
	return count;
}

static void add_defined(struct herd *herd)
{
	for (size_t i = 0; i < herd->config.worker_count; i++)
		add_worker(herd, &herd->config.workers[i]);
}

static bool has_slots_of(const struct herd *herd, const struct worker *worker)
{
	for (size_t i = 0; i < herd->count; i++)
		if (herd->slots[i].instance.worker == worker)
			return true;
	return false;
}

/* The workers of ONLY, and those that they come after. */
static void add_only(struct herd *herd, char *const *only)
{
	for (; *only; only++) {
		char name[WORKER_NAME_MAX + 1];
		const struct worker *worker;
		int number;

		if (!instance_from_id(*only, name, &number))
			continue;
		worker = config_worker(&herd->config, name);
		if (!worker || has_slots_of(herd, worker))
			continue;
		add_worker(herd, worker);
		for (size_t i = 0; i < worker->options.after.count; i++) {
			const struct worker *first =
				config_worker(&herd->config, worker->options.after.items[i]);

			if (first && !has_slots_of(herd, first))
				add_worker(herd, first);
		}
	}
}

/* What the configuration says of the instance NUMBER of WORKER, which may be NULL. */
static enum definition definition_of(const struct herd *herd, const struct worker *worker,
				     int number)
{
	if (!worker)
		return herd->config.broken_files.count ? DEFINITION_BROKEN : DEFINITION_REMOVED;
	return number >= worker->options.numprocs_start &&
			       number < worker->options.numprocs_start +
						layout_numprocs(herd, worker)
		       ? DEFINITION_CURRENT
		       : DEFINITION_EXCESS;
}

/* What only files know of: a name without definition, or a number beyond numprocs. */
static void add_known(struct herd *herd, const char *file, const char *suffix)
{
	char name[WORKER_NAME_MAX + 1];
	const struct worker *worker;
	enum definition definition;
	int number;
	size_t i;

	if (!instance_from_file(file, suffix, name, &number))
		return;
	worker = config_worker(&herd->config, name);
	definition = definition_of(herd, worker, number);
	if (definition == DEFINITION_CURRENT)
		return;
	for (i = herd->count; i-- > 0;)
		if (herd->slots[i].definition == DEFINITION_CURRENT)
			break;
		else if (herd->slots[i].instance.number == number &&
			 strcmp(herd->slots[i].instance.name, name) == 0)
			return;
	add_slot(herd, name, number, worker, definition);
}

static int add_from(struct herd *herd, int dir_fd, const char *suffix, struct err *err)
{
	struct dirnames names;
	const char *name;

	if (dir_fd < 0)
		return 0;
	dirnames_begin(&names, dir_fd);
	while ((name = dirnames_next(&names)))
		if (name[0] != '.')
			add_known(herd, name, suffix);
	if (names.failure)
		return err_set(err, ERR_SYSTEM, names.failure, "cannot list the state directory");
	return 0;
}

static int64_t priority_of(const struct slot *slot)
{
	return slot->instance.worker ? slot->instance.worker->options.priority : 999;
}

static int in_starting_order(const void *a, const void *b)
{
	const struct slot *left = a;
	const struct slot *right = b;
	int64_t by_priority = priority_of(left) - priority_of(right);
	const struct worker *first = left->instance.worker;
	const struct worker *second = right->instance.worker;

	if (by_priority)
		return by_priority < 0 ? -1 : 1;
	if (first != second) /* workers stand in one array, in the order of the files */
		return !first ? 1 : !second ? -1 : first < second ? -1 : 1;
	if (!first && strcmp(left->instance.name, right->instance.name) != 0)
		return strcmp(left->instance.name, right->instance.name);
	return (left->instance.number > right->instance.number) -
	       (left->instance.number < right->instance.number);
}

/* Most often they are in order: then nothing needs to be moved. */
static void sort(struct herd *herd)
{
	for (size_t i = 1; i < herd->count; i++) {
		if (in_starting_order(&herd->slots[i - 1], &herd->slots[i]) <= 0)
			continue;
		qsort(herd->slots, herd->count, sizeof(*herd->slots), in_starting_order);
		return;
	}
}

size_t layout_end_of_worker(const struct herd *herd, size_t first)
{
	size_t last = first + 1;

	while (last < herd->count &&
	       strcmp(herd->slots[last].instance.name, herd->slots[first].instance.name) == 0)
		last++;
	return last;
}

/* ---- from the cache, and into it ---------------------------------------------------------- */

void layout_recall(const struct herd *herd, const struct slotcache_entry *entry,
		      bool is_same_config, struct slot *slot)
{
	const struct worker *worker = NULL;

	if (!is_same_config)
		worker = config_worker(&herd->config, entry->name);
	else if (entry->worker < herd->config.worker_count)
		worker = &herd->config.workers[entry->worker];
	init_slot(slot, entry->name, entry->number, worker,
		  is_same_config ? (enum definition)entry->definition
				 : definition_of(herd, worker, entry->number));
	slot->is_cached = true;
	slot->has_pidfile = entry->has_pidfile;
	slot->cached_inode = entry->pidfile_inode;
	slot->cached_changed_ns = entry->pidfile_changed_ns;
	slot->pidfile = entry->pidfile;
	slot->record = entry->record;
}

void layout_free(struct herd *herd)
{
	for (size_t i = 0; i < herd->count; i++) {
		family_free(&herd->slots[i].family);
		if (!herd->slots[i].instance.worker)
			free((char *)(uintptr_t)herd->slots[i].instance.name);
	}
	free(herd->slots);
	herd->slots = NULL;
	herd->count = 0;
}

/* The instances of WORKER that KNOWN, which has a place for each in turn, has not. */
static void add_missing(struct herd *herd, const struct worker *worker, const bool *known)
{
	int first = (int)worker->options.numprocs_start;
	int64_t count = layout_numprocs(herd, worker);

	for (int n = 0; n < count; n++)
		if (!known[n])
			add_slot(herd, worker->name, first + n, worker, DEFINITION_CURRENT);
}

/* What is defined and was not when the cache was written. */
static void add_all_missing(struct herd *herd)
{
	size_t *first = mem_alloc((herd->config.worker_count + 1) * sizeof(*first));
	bool *known = mem_alloc(layout_defined_count(herd) + 1);

	for (size_t i = 0; i < herd->config.worker_count; i++)
		first[i + 1] = first[i] + (size_t)layout_numprocs(herd, &herd->config.workers[i]);
	for (size_t i = 0; i < herd->count; i++) {
		const struct slot *slot = &herd->slots[i];
		const struct worker *worker = slot->instance.worker;

		if (slot->definition == DEFINITION_CURRENT)
			known[first[worker - herd->config.workers] +
			      (size_t)(slot->instance.number - worker->options.numprocs_start)] = true;
	}
	for (size_t i = 0; i < herd->config.worker_count; i++)
		add_missing(herd, &herd->config.workers[i], known + first[i]);
	free(first);
	free(known);
}

/* Was defined, is no more, and has never been anything else. */
static bool has_left_nothing(const struct slot *slot)
{
	static const struct record none = RECORD_INIT;

	return slot->definition != DEFINITION_CURRENT && !slot->has_pidfile &&
	       record_equal(&slot->record, &none);
}

static bool take_entries(struct herd *herd, struct slotcache_reader *reader)
{
	const struct slotcache_entry *entry;

	while (herd->count < reader->count && (entry = slotcache_next(reader))) {
		struct slot *slot = &herd->slots[herd->count];

		layout_recall(herd, entry, reader->is_same_config, slot);
		if (has_left_nothing(slot))
			continue;
		keep_name(slot);
		herd->count++;
	}
	return slotcache_is_whole(reader);
}

/* The slots as a healthy round found them, where their files have not changed since. */
static bool lay_out_cached(struct herd *herd)
{
	struct slotcache_reader reader;
	bool is_whole;

	if (!slotcache_open(&reader, &herd->scene.dir, &herd->stamp))
		return false;
	if (!reader.is_same_config)
		config_index(&herd->config);
	herd->slots = room_for(reader.count);
	is_whole = take_entries(herd, &reader);
	herd->is_cached = is_whole && reader.is_same_config;
	slotcache_close(&reader);
	if (!is_whole)
		layout_free(herd);
	else if (!herd->is_cached)
		add_all_missing(herd);
	return is_whole;
}

void layout_only(struct herd *herd, char *const *only)
{
	add_only(herd, only);
	sort(herd);
}

int layout_all(struct herd *herd, struct err *err)
{
	/* With errors in files, who is broken and who removed is not told by their stamp alone. */
	if (herd->config.error_count || !lay_out_cached(herd)) {
		config_index(&herd->config);
		add_defined(herd);
		if (add_from(herd, herd->scene.dir.pidfiles_fd, ".pid", err) ||
		    add_from(herd, herd->scene.dir.records_fd, "", err))
			return -1;
	}
	sort(herd);
	return 0;
}

/* False where it cannot be told that the entry will stay right for as long as the stamp does. */
static bool fill_entry(const struct herd *herd, const struct slot *slot,
		       struct slotcache_entry *entry)
{
	char name[OBSERVE_PIDFILE_SIZE];
	struct stat st;
	bool is_there = fstatat(herd->scene.dir.pidfiles_fd,
				observe_pidfile_name(&slot->instance, name), &st,
				AT_SYMLINK_NOFOLLOW) == 0;

	if (is_there != slot->has_pidfile)
		return false;
	(void)snprintf(entry->name, sizeof(entry->name), "%s", slot->instance.name);
	entry->worker = slot->instance.worker
				? (uint32_t)(slot->instance.worker - herd->config.workers)
				: SLOTCACHE_NO_WORKER;
	entry->number = slot->instance.number;
	entry->definition = (int32_t)slot->definition;
	entry->has_pidfile = slot->has_pidfile;
	entry->record = slot->record;
	if (!is_there)
		return true;
	entry->pidfile = slot->pidfile;
	entry->pidfile_inode = (uint64_t)st.st_ino;
	entry->pidfile_changed_ns = slotcache_changed_ns(&st);
	return st.st_ctim.tv_sec <= herd->scene.now.wall_ms / 1000 - SETTLED_AFTER_S;
}

bool layout_is_settled(const struct herd *herd)
{
	return !herd->config.error_count &&
	       confstamp_is_settled(&herd->config.stamp, herd->started_wall_ms) &&
	       herd->stamp.newest_wall_ms <= herd->started_wall_ms - SETTLED_AFTER_S * 1000;
}

/* Only a round that found all as it should be, from files that had time to settle, is worth keeping. */
void layout_save(const struct herd *herd)
{
	struct slotcache_entry *entries;
	bool is_good = true;

	if (herd->is_cached || herd->scene.lock.fd >= 0 || !herd->count || !layout_is_settled(herd))
		return;
	entries = mem_alloc(herd->count * sizeof(*entries));
	for (size_t i = 0; i < herd->count && is_good; i++)
		is_good = herd->slots[i].is_looked_at &&
			  fill_entry(herd, &herd->slots[i], &entries[i]);
	if (is_good)
		slotcache_save(&herd->scene.dir, &herd->stamp, entries, herd->count);
	free(entries);
}
