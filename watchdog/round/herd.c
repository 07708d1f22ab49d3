/* SPDX-License-Identifier: ISC */
#include "watchdog/round/herd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "watchdog/act/observe.h"
#include "watchdog/base/mem.h"
#include "watchdog/config/confcache.h"
#include "watchdog/round/tell.h"
#include "watchdog/store/exitnote.h"

/* Files younger than this could be changed again without their times showing it. */
#define SETTLED_AFTER_S 2

void slot_complain(struct slot *slot, const char *what, int sys_errno)
{
	(void)snprintf(slot->problem, sizeof(slot->problem), "%s: %s", what, strerror(sys_errno));
}

bool slot_is_replaced(const struct slot *slot)
{
	/* What this run has started itself is in the record before it is seen. */
	const struct procid *now = slot->seen.liveness == LIVENESS_ALIVE ? &slot->seen.process
									 : &slot->record.process;
	bool is_up = slot->seen.liveness == LIVENESS_ALIVE || slot->state == STATE_STARTING ||
		     slot->state == STATE_RUNNING;

	return slot->was_looked_at && is_up && now->pid &&
	       (now->pid != slot->first.pid || now->start_ticks != slot->first.start_ticks);
}

bool slot_is_up(const struct slot *slot)
{
	if (slot->seen.liveness != LIVENESS_ALIVE)
		return false;
	return slot->definition == DEFINITION_BROKEN || slot->state == STATE_RUNNING;
}

bool herd_lacks(const struct herd *herd, const char *name)
{
	if (config_worker(&herd->config, name))
		return false;
	for (size_t i = 0; i < herd->count; i++)
		if (strcmp(herd->slots[i].instance.name, name) == 0)
			return false;
	return true;
}

/* ---- slots -------------------------------------------------------------------------------- */

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

int64_t herd_numprocs(const struct herd *herd, const struct worker *worker)
{
	const struct scale *scale = scales_find(&herd->scales, worker->name);

	return scale ? scale->numprocs : worker->options.numprocs;
}

static void add_worker(struct herd *herd, const struct worker *worker)
{
	int first = (int)worker->options.numprocs_start;
	int64_t count = herd_numprocs(herd, worker);

	for (int n = 0; n < count; n++)
		add_slot(herd, worker->name, first + n, worker, DEFINITION_CURRENT);
}

size_t herd_defined_count(const struct herd *herd)
{
	size_t count = 0;

	for (size_t i = 0; i < herd->config.worker_count; i++)
		count += (size_t)herd_numprocs(herd, &herd->config.workers[i]);
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
						herd_numprocs(herd, worker)
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
	struct dirent *entry;
	DIR *stream;
	int fd;

	if (dir_fd < 0)
		return 0;
	fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	stream = fd < 0 ? NULL : fdopendir(fd);
	if (!stream) {
		int failure = errno;

		if (fd >= 0)
			close(fd);
		return err_set(err, ERR_SYSTEM, failure, "cannot list the state directory");
	}
	while (errno = 0, (entry = readdir(stream)))
		if (entry->d_name[0] != '.')
			add_known(herd, entry->d_name, suffix);
	closedir(stream);
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

void herd_recall_slot(const struct herd *herd, const struct slotcache_entry *entry,
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

static void free_slots(struct herd *herd)
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

/* The instances of WORKER that are not among KNOWN, which are COUNT slots' numbers. */
static void add_missing(struct herd *herd, const struct worker *worker, const bool *known)
{
	int first = (int)worker->options.numprocs_start;
	int64_t count = herd_numprocs(herd, worker);

	for (int n = 0; n < count; n++)
		if (!known[n])
			add_slot(herd, worker->name, first + n, worker, DEFINITION_CURRENT);
}

/* What is defined and was not when the cache was written. */
static void add_all_missing(struct herd *herd)
{
	size_t *first = mem_alloc((herd->config.worker_count + 1) * sizeof(*first));
	bool *known = mem_alloc(herd_defined_count(herd) + 1);

	for (size_t i = 0; i < herd->config.worker_count; i++)
		first[i + 1] = first[i] + (size_t)herd_numprocs(herd, &herd->config.workers[i]);
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

		herd_recall_slot(herd, entry, reader->is_same_config, slot);
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
		free_slots(herd);
	else if (!herd->is_cached)
		add_all_missing(herd);
	return is_whole;
}

static void lay_out_only(struct herd *herd, char *const *only)
{
	add_only(herd, only);
	sort(herd);
}

static void apply_holds(struct herd *herd)
{
	for (size_t i = 0; i < herd->count; i++) {
		struct slot *slot = &herd->slots[i];

		slot->hold = holds_find(&herd->holds, &slot->instance);
		slot->is_held = slot->hold != NULL;
	}
}

int herd_lay_out(struct herd *herd, struct err *err)
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
	apply_holds(herd);
	return 0;
}

/* ---- lease -------------------------------------------------------------------------------- */

/* When pid 1 of a pid namespace of our own began; 0 where that cannot be told. */
static int64_t container_start_wall_ms(const struct scene *scene)
{
	if (!scene->init_ticks)
		return 0;
	return scene->now.wall_ms - (scene->now.boot_ms - clock_from_ticks(scene->init_ticks));
}

/* The rarest that hosts call cron is hourly; a longer silence was a pause. */
#define INTERVAL_MAX_MS INT64_C(7500000)

/* The longest distance between rounds is remembered, in coarse steps so that it is rarely written. */
static bool interval_has_grown(const struct lease *lease, int64_t gap_ms)
{
	return lease->round_end_wall_ms && gap_ms > 0 && gap_ms < INTERVAL_MAX_MS &&
	       gap_ms > lease->interval_ms + lease->interval_ms / 2 && gap_ms > 30000;
}

static int claim(struct herd *herd, enum herd_access access, struct err *err)
{
	struct scene *scene = &herd->scene;
	struct lease ours = lease_of(&scene->host);
	int status = lease_read(&scene->dir, &herd->lease);
	int64_t gap_ms = scene->now.wall_ms - herd->lease.round_end_wall_ms;
	bool is_there = status == 0;

	if (status < 0 && status != -ENOENT && status != -EBADMSG)
		return err_set(err, ERR_SYSTEM, -status, "cannot read %s/lease", scene->dir.path);
	scene->claim = is_there ? lease_judge(&herd->lease, &ours, container_start_wall_ms(scene),
					      scene->now.wall_ms)
				: LEASE_OURS;
	if (access == HERD_READ || scene->claim == LEASE_FOREIGN)
		return 0;
	if (is_there && scene->claim == LEASE_OURS && !interval_has_grown(&herd->lease, gap_ms))
		return 0;
	if (is_there && scene->claim == LEASE_OURS) {
		ours.interval_ms = gap_ms;
		ours.round_start_wall_ms = herd->lease.round_start_wall_ms;
		ours.round_end_wall_ms = herd->lease.round_end_wall_ms;
	} else {
		exitnote_clear(scene->dir.exits_fd); /* another boot's, another container's */
		if (is_there)
			tell_reboot(herd, &herd->lease);
	}
	return lease_take(&scene->dir, &ours, err);
}

const char *herd_foreign_text(const struct herd *herd, char *buf, size_t size)
{
	char at[CLOCK_RFC3339_SIZE];

	(void)snprintf(buf, size,
		       "%s is herded from elsewhere: host %s, pid namespace %llu, last sign of life %s. Run "
		       "cronherd there; here it takes over after %lld min without a round",
		       herd->scene.dir.path, herd->lease.host,
		       (unsigned long long)herd->lease.place.pid_namespace,
		       clock_rfc3339(herd->lease.life_wall_ms, at),
		       (long long)(lease_lapse_ms(herd->lease.interval_ms) / 60000));
	return buf;
}

/* ---- opening ------------------------------------------------------------------------------ */

static int open_proc(struct scene *scene, struct err *err)
{
	int status = proc_open(&scene->proc, "/proc", true);
	struct procstat init;

	if (status == 0)
		status = procid_host_read(&scene->proc, &scene->host);
	if (status == 0 && proc_stat(&scene->proc, 1, &init) == 0)
		scene->init_ticks = init.start_ticks;
	if (status < 0)
		return err_set(err, ERR_SYSTEM, -status,
			       "/proc is not usable, so nothing can be told about any process: mount it");
	return 0;
}

struct holds_now herd_holds_now(const struct herd *herd)
{
	struct holds_now now = { .wall_ms = clock_read().wall_ms,
				 .boot.init_ticks = herd->scene.init_ticks };

	(void)snprintf(now.boot.id, sizeof(now.boot.id), "%s", herd->scene.host.boot_id);
	return now;
}

int herd_read_holds(struct herd *herd, struct err *err)
{
	struct holds_now now = herd_holds_now(herd);
	struct holds holds;

	if (holds_read(&holds, &herd->scene.dir, &now, err)) {
		holds_free(&holds);
		return -1;
	}
	holds_free(&herd->holds);
	herd->holds = holds;
	apply_holds(herd);
	return 0;
}

/* Where the main file is gone, the default state directory would be another herd, with nobody in it yet. */
static int check_terms(const struct herd *herd, const struct herd_terms *terms, struct err *err)
{
	if (!terms || !terms->state_dir || strcmp(terms->state_dir, herd->config.state_dir) == 0)
		return 0;
	return err_set(err, ERR_CONFIG, 0,
		       "%s: state_dir is %s now and was %s: nothing is done until the next call of `cronherd run`",
		       herd->config.main_file, herd->config.state_dir, terms->state_dir);
}

int herd_open(struct herd *herd, const char *main_file, enum herd_access access,
	      const struct herd_terms *terms, const struct out *out, struct err *err)
{
	struct scene *scene = &herd->scene;

	*herd = (struct herd){ .telling = TELLING_INIT };
	scene->proc = (struct proc)PROC_INIT;
	scene->dir = (struct statedir)STATEDIR_INIT;
	scene->lock = (struct slotlock)SLOTLOCK_INIT;
	scene->config = &herd->config;
	scene->out = out;
	scene->now = clock_read();
	scene->is_exact = access == HERD_READ;
	herd->started_wall_ms = scene->now.wall_ms;
	if (config_load(&herd->config, main_file, err) || check_terms(herd, terms, err))
		return -1;
	if (open_proc(scene, err) ||
	    statedir_open(&scene->dir, herd->config.state_dir, herd->config.pidfile_dir,
			  access == HERD_READ, err) ||
	    claim(herd, access, err) || scales_read(&herd->scales, &scene->dir, err))
		return -1;
	if (access == HERD_HEAL)
		lay_out_only(herd, terms->only);
	else
		herd->stamp = slotcache_stamp_of(&scene->dir,
						 herd->config.stamp.hash ^ herd->scales.hash);
	if (herd_read_holds(herd, err) ||
	    ((access == HERD_READ || access == HERD_WRITE) && herd_lay_out(herd, err)))
		return -1;
	if ((access == HERD_WRITE || access == HERD_GLANCE) && scene->claim != LEASE_FOREIGN)
		tell_config(herd);
	return 0;
}

void herd_close(struct herd *herd)
{
	free_slots(herd);
	strlist_free(&herd->problems);
	spool_close(&herd->telling.spool);
	free(herd->telling.source);
	holds_free(&herd->holds);
	scales_free(&herd->scales);
	strlist_free(&herd->unpeopled);
	proctable_free(&herd->scene.table);
	slotlock_close(&herd->scene.lock);
	statedir_close(&herd->scene.dir);
	proc_close(&herd->scene.proc);
	config_free(&herd->config);
}

bool herd_is_stale(const struct herd *herd)
{
	struct scales scales;
	bool is_rescaled = scales_read(&scales, &herd->scene.dir, NULL) == 0 &&
			   scales.hash != herd->scales.hash;

	scales_free(&scales);
	return is_rescaled || confstamp_of(herd->config.main_file, herd->config.conf_dir).hash !=
				      herd->config.stamp.hash;
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
	entry->pidfile_changed_ns = herd_changed_ns(&st);
	return st.st_ctim.tv_sec <= herd->scene.now.wall_ms / 1000 - SETTLED_AFTER_S;
}

bool herd_is_settled(const struct herd *herd)
{
	return !herd->config.error_count &&
	       confstamp_is_settled(&herd->config.stamp, herd->started_wall_ms) &&
	       herd->stamp.newest_wall_ms <= herd->started_wall_ms - SETTLED_AFTER_S * 1000;
}

/* Only a round that found all as it should be, from files that had time to settle, is worth keeping. */
static void save_slots(const struct herd *herd)
{
	struct slotcache_entry *entries;
	bool is_good = true;

	if (herd->is_cached || herd->scene.lock.fd >= 0 || !herd->count || !herd_is_settled(herd))
		return;
	entries = mem_alloc(herd->count * sizeof(*entries));
	for (size_t i = 0; i < herd->count && is_good; i++)
		is_good = herd->slots[i].is_looked_at &&
			  fill_entry(herd, &herd->slots[i], &entries[i]);
	if (is_good)
		slotcache_save(&herd->scene.dir, &herd->stamp, entries, herd->count);
	free(entries);
}

int64_t herd_changed_ns(const struct stat *st)
{
	return (int64_t)st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec;
}

void herd_finish_round(struct herd *herd)
{
	struct clock now = clock_read();

	save_slots(herd);

	if (herd->config.is_cacheable)
		confcache_save(&herd->config);
	/* Only the display of the last round suffers where this fails. */
	(void)lease_touch(&herd->scene.dir, herd->started_wall_ms, now.wall_ms);
}
