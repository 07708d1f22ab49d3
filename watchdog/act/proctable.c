/* SPDX-License-Identifier: ISC */
#include "watchdog/act/proctable.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "watchdog/base/mem.h"

/* Deeper than any sane tree; a loop of corrupt parents must end too. */
#define DEPTH_MAX 128

struct reading {
	struct proctable *table;
	size_t capacity;
	long page_bytes;
};

static int add_entry(const struct procstat *stat, void *data)
{
	struct reading *reading = data;
	struct proctable *table = reading->table;

	if (procstat_has_ended(stat) || procstat_is_kernel_thread(stat))
		return 0;
	if (table->count == reading->capacity) {
		reading->capacity = reading->capacity ? reading->capacity * 2 : 256;
		table->entries = mem_resize(table->entries, reading->capacity,
					    sizeof(*table->entries));
	}
	table->entries[table->count++] = (struct proctable_entry){
		.pid = stat->pid,
		.ppid = stat->ppid,
		.pgrp = stat->pgrp,
		.session = stat->session,
		.start_ticks = stat->start_ticks,
		.rss_bytes = (int64_t)stat->rss_pages * reading->page_bytes,
	};
	return 0;
}

static int by_pid(const void *a, const void *b)
{
	const struct proctable_entry *left = a;
	const struct proctable_entry *right = b;

	return (left->pid > right->pid) - (left->pid < right->pid);
}

int proctable_read(struct proctable *table, const struct proc *proc)
{
	struct reading reading = { .table = table, .page_bytes = sysconf(_SC_PAGESIZE) };
	int status;

	if (table->is_read)
		return 0;
	status = proc_each(proc, add_entry, &reading);
	if (status < 0)
		return status;
	if (table->count)
		qsort(table->entries, table->count, sizeof(*table->entries), by_pid);
	/* Where thousands stop, each climbs from everybody. */
	for (size_t i = 0; i < table->count; i++)
		table->entries[i].parent = proctable_find(table, table->entries[i].ppid);
	table->is_read = true;
	return 0;
}

static int by_id(const void *a, const void *b)
{
	const struct proctable_mark *left = a;
	const struct proctable_mark *right = b;
	int order = strcmp(left->id, right->id);

	if (order)
		return order;
	return (left->start_ticks > right->start_ticks) - (left->start_ticks < right->start_ticks);
}

/* Whether the process belongs to this herd; MARK->id is set if so. */
static bool is_marked(const struct proc *proc, pid_t pid, uint64_t pid_namespace,
		      const char *state_dir, struct proctable_mark *mark)
{
	char dir[4096];
	uint64_t namespace;

	if (proc_getenv(proc, pid, "CRONHERD_ID", mark->id, sizeof(mark->id)) ||
	    proc_getenv(proc, pid, "CRONHERD_STATE_DIR", dir, sizeof(dir)) ||
	    strcmp(dir, state_dir) != 0)
		return false;
	/* A container's processes are seen from its host, with its own state directory's path. */
	return proc_namespace(proc, pid, "pid", &namespace) || namespace == pid_namespace;
}

int proctable_read_marks(struct proctable *table, const struct proc *proc, uid_t uid,
			 uint64_t pid_namespace, const char *state_dir)
{
	int status = proctable_read(table, proc);

	if (status < 0 || table->has_marks)
		return status;
	for (size_t i = 0; i < table->count; i++) {
		const struct proctable_entry *entry = &table->entries[i];
		struct proctable_mark mark = { .pid = entry->pid,
					       .ppid = entry->ppid,
					       .session = entry->session,
					       .start_ticks = entry->start_ticks };
		uid_t owner;

		if (uid != 0 && (proc_uid(proc, entry->pid, &owner) || owner != uid))
			continue;
		if (!is_marked(proc, entry->pid, pid_namespace, state_dir, &mark))
			continue;
		table->marks = mem_resize(table->marks, table->mark_count + 1,
					  sizeof(*table->marks));
		table->marks[table->mark_count++] = mark;
	}
	if (table->mark_count)
		qsort(table->marks, table->mark_count, sizeof(*table->marks), by_id);
	table->has_marks = true;
	return 0;
}

void proctable_free(struct proctable *table)
{
	free(table->entries);
	free(table->marks);
	*table = (struct proctable)PROCTABLE_INIT;
}

const struct proctable_entry *proctable_find(const struct proctable *table, pid_t pid)
{
	struct proctable_entry key = { .pid = pid };

	if (!table->count)
		return NULL;
	return bsearch(&key, table->entries, table->count, sizeof(key), by_pid);
}

bool proctable_belongs(const struct proctable_entry *entry, pid_t root)
{
	for (int depth = 0; entry && depth < DEPTH_MAX; depth++) {
		if (entry->pid == root || entry->session == root)
			return true;
		entry = entry->parent;
	}
	return false;
}

static bool bears(const struct proctable *table, pid_t pid, const char *id)
{
	for (size_t i = 0; i < table->mark_count; i++)
		if (table->marks[i].pid == pid)
			return strcmp(table->marks[i].id, id) == 0;
	return false;
}

/* Index of the first mark of ID. */
static size_t first_mark(const struct proctable *table, const char *id)
{
	size_t low = 0;
	size_t high = table->mark_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(table->marks[middle].id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool proctable_has(const struct proctable *table, const char *id)
{
	size_t first = first_mark(table, id);

	return first < table->mark_count && strcmp(table->marks[first].id, id) == 0;
}

const struct proctable_mark *proctable_main(const struct proctable *table, const char *id,
					    const struct proctable_mark *behind)
{
	size_t first = behind ? (size_t)(behind - table->marks) + 1 : first_mark(table, id);

	for (size_t i = first;
	     i < table->mark_count && strcmp(table->marks[i].id, id) == 0; i++) {
		const struct proctable_mark *mark = &table->marks[i];

		if (mark->session == mark->pid && !bears(table, mark->ppid, id))
			return mark;
	}
	return NULL;
}
