/* SPDX-License-Identifier: ISC */
#include "watchdog/act/memory.h"

#include "pidfiles/proc.h"
#include "watchdog/act/proctable.h"
#include "watchdog/model/option.h"
#include "watchdog/model/worker.h"

static int64_t tree_rss_bytes(struct scene *scene, pid_t root)
{
	int64_t sum_bytes = 0;

	if (proctable_read(&scene->table, &scene->proc))
		return -1;
	for (size_t i = 0; i < scene->table.count; i++)
		if (proctable_belongs(&scene->table.entries[i], root))
			sum_bytes += scene->table.entries[i].rss_bytes;
	return sum_bytes;
}

static int64_t measure_one(struct scene *scene, pid_t pid, int64_t metric)
{
	int64_t bytes;
	int status;

	if (metric == MEMORY_RSS)
		status = proc_rss_bytes(&scene->proc, pid, &bytes);
	else
		status = proc_rollup_bytes(&scene->proc, pid,
					   metric == MEMORY_PSS ? PROC_ROLLUP_PSS : PROC_ROLLUP_USS,
					   &bytes);
	return status ? -1 : bytes;
}

static int64_t measure_tree(struct scene *scene, pid_t root, int64_t metric)
{
	int64_t sum_bytes = 0;

	for (size_t i = 0; i < scene->table.count; i++) {
		const struct proctable_entry *entry = &scene->table.entries[i];
		int64_t bytes;

		if (!proctable_belongs(entry, root))
			continue;
		bytes = measure_one(scene, entry->pid, metric);
		/* Unreadable is not zero; one that ended meanwhile is, near enough. */
		sum_bytes += bytes < 0 ? entry->rss_bytes : bytes;
	}
	return sum_bytes;
}

static int64_t lowest_limit_bytes(const struct worker_options *options)
{
	int64_t soft = options->memory_limit_bytes;
	int64_t hard = options->memory_max_bytes;

	if (soft == OPTION_NONE)
		return hard;
	return hard != OPTION_NONE && hard < soft ? hard : soft;
}

void memory_measure(struct scene *scene, const struct worker_options *options,
		    struct observation *seen)
{
	bool is_tree = options->memory_scope == MEMORY_TREE;
	int64_t limit_bytes = lowest_limit_bytes(options);
	pid_t pid = seen->process.pid;

	seen->memory_bytes = seen->rss_bytes;
	if (limit_bytes == OPTION_NONE && !scene->is_exact)
		return;
	if (is_tree)
		seen->memory_bytes = tree_rss_bytes(scene, pid);
	/* Whose first thread has left shows none at all there. */
	if (!scene->is_exact && seen->rss_bytes > 0 && seen->memory_bytes >= 0 &&
	    seen->memory_bytes < limit_bytes - limit_bytes / 4)
		return;
	if (is_tree && scene->table.is_read)
		seen->memory_bytes = measure_tree(scene, pid, options->memory_metric);
	else
		seen->memory_bytes = measure_one(scene, pid, options->memory_metric);
	/* A metric that may not be read (smaps_rollup of a non-dumpable one): judge by rss. */
	if (seen->memory_bytes < 0)
		seen->memory_bytes = seen->rss_bytes;
}
