/* SPDX-License-Identifier: ISC */
/* confcheck: names across files; in time linear to what the files hold. */
#include "watchdog/config/confcheck.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/nearest.h"
#include "watchdog/base/str.h"
#include "watchdog/model/instance.h"

struct check {
	const struct config *config;
	struct conffile *files;
	size_t file_count;
	struct confsection *sections;
	size_t section_count;
	size_t *file_of; /* of each worker */
	struct nameindex workers;
	struct nameindex groups;
	bool all_known; /* every file was read to its end */
	struct conferrors *errors;
};

static void index_workers(struct check *check, struct conffile *file, size_t file_at)
{
	for (size_t i = 0; i < file->worker_count; i++) {
		size_t at = file->first_worker + i;
		const struct worker *worker = &check->config->workers[at];
		size_t len = strlen(worker->name);
		size_t first;
		check->file_of[at] = file_at;
		if (!nameindex_find(&check->workers, worker->name, len, &first)) {
			nameindex_put(&check->workers, worker->name, len, at);
			continue;
		}
		const struct worker *other = &check->config->workers[first];
		conferrors_add(check->errors, worker->file, worker->line,
			       "worker '%s' is already defined at %s:%d; rename or remove one",
			       worker->name, other->file, other->line);
		file->broken = true;
	}
}

static void index_groups(struct check *check, struct conffile *file)
{
	for (size_t i = 0; i < file->group_count; i++) {
		size_t at = file->first_group + i;
		const struct config_group *group = &check->config->groups[at];
		size_t len = strlen(group->name);
		size_t first;
		if (!nameindex_find(&check->groups, group->name, len, &first)) {
			nameindex_put(&check->groups, group->name, len, at);
			continue;
		}
		const struct config_group *other = &check->config->groups[first];
		conferrors_add(check->errors, group->file, group->line,
			       "group '%s' is already defined at %s:%d; rename or remove one",
			       group->name, other->file, other->line);
		file->broken = true;
	}
}

static bool is_known(const struct check *check, const char *name)
{
	return !check->all_known || nameindex_find(&check->workers, name, strlen(name), NULL);
}

static void check_afters(const struct check *check, struct conffile *file,
			 const struct worker *worker)
{
	const struct strlist *after = &worker->options.after;

	for (size_t i = 0; i < after->count; i++) {
		if (is_known(check, after->items[i]))
			continue;
		conferrors_add(check->errors, worker->file, worker->line,
			       "worker '%s': 'after' names '%s', which is no worker", worker->name,
			       after->items[i]);
		file->broken = true;
	}
}

static void check_members(const struct check *check, struct conffile *file,
			  const struct config_group *group)
{
	for (size_t i = 0; i < group->workers.count; i++) {
		if (is_known(check, group->workers.items[i]))
			continue;
		conferrors_add(check->errors, group->file, group->line,
			       "group '%s' names '%s', which is no worker", group->name,
			       group->workers.items[i]);
		file->broken = true;
	}
}

static void check_names(const struct check *check)
{
	for (size_t f = 0; f < check->file_count; f++) {
		struct conffile *file = &check->files[f];
		for (size_t i = 0; i < file->worker_count; i++)
			check_afters(check, file, &check->config->workers[file->first_worker + i]);
		for (size_t i = 0; i < file->group_count; i++)
			check_members(check, file, &check->config->groups[file->first_group + i]);
	}
}

/* ---- circles -------------------------------------------------------------- */

/* A depth-first walk along `after`, without recursion: a chain may be as long as the herd. */
struct walk {
	const struct check *check;
	size_t *path; /* the workers from where it began to where it is */
	size_t depth;
	size_t *next;  /* of each worker: which of its `after` comes next */
	size_t *place; /* of each worker: 1 + where on the path; 0 not yet seen, SIZE_MAX done */
};

/* How many names of a circle are told. */
#define TOLD_MAX 6

/* "b, c, b": from where it stands on the circle PATH[FROM..DEPTH), round to itself. */
static void tell_circle(const struct walk *walk, size_t from, size_t at)
{
	const struct check *check = walk->check;
	const struct worker *workers = check->config->workers;
	const struct worker *worker = &workers[walk->path[at]];
	size_t len = walk->depth - from;
	struct str names = STR_INIT;

	for (size_t i = 1; i <= len; i++) {
		if (i > TOLD_MAX && i < len) {
			str_addf(&names, "%zu more, ", len - i);
			i = len;
		}
		str_addf(&names, "%s%s", workers[walk->path[from + (at - from + i) % len]].name,
			 i < len ? ", " : "");
	}
	conferrors_add(check->errors, worker->file, worker->line,
		       "worker '%s': 'after' goes in a circle: %s, %s; none could start first",
		       worker->name, worker->name, str_text(&names));
	str_free(&names);
	check->files[check->file_of[walk->path[at]]].broken = true;
}

/* The next worker on the way from WORKER, or SIZE_MAX where there is none any more. */
static size_t next_worker(const struct walk *walk, size_t worker)
{
	const struct strlist *after = &walk->check->config->workers[worker].options.after;
	size_t to;

	while (walk->next[worker] < after->count) {
		const char *name = after->items[walk->next[worker]++];
		if (nameindex_find(&walk->check->workers, name, strlen(name), &to) && to != worker)
			return to; /* itself: worker_check says so */
	}
	return SIZE_MAX;
}

static void enter(struct walk *walk, size_t worker)
{
	walk->path[walk->depth++] = worker;
	walk->place[worker] = walk->depth;
}

static void walk_from(struct walk *walk, size_t start)
{
	if (walk->place[start] != 0)
		return;
	enter(walk, start);
	while (walk->depth > 0) {
		size_t worker = walk->path[walk->depth - 1];
		size_t to = next_worker(walk, worker);
		if (to == SIZE_MAX) {
			walk->place[worker] = SIZE_MAX;
			walk->depth--;
		} else if (walk->place[to] == 0) {
			enter(walk, to);
		} else if (walk->place[to] != SIZE_MAX) {
			size_t from = walk->place[to] - 1;
			for (size_t at = from; at < walk->depth; at++)
				tell_circle(walk, from, at);
		}
	}
}

static bool any_after(const struct config *config)
{
	for (size_t i = 0; i < config->worker_count; i++)
		if (config->workers[i].options.after.count > 0)
			return true;
	return false;
}

static void check_circles(const struct check *check)
{
	size_t count = check->config->worker_count;
	struct walk walk = { .check = check };

	if (!any_after(check->config))
		return;
	walk.path = mem_alloc(count * sizeof(*walk.path));
	walk.next = mem_alloc(count * sizeof(*walk.next));
	walk.place = mem_alloc(count * sizeof(*walk.place));
	for (size_t i = 0; i < count; i++)
		walk_from(&walk, i);
	free(walk.path);
	free(walk.next);
	free(walk.place);
}

/* ---- webhooks and pings --------------------------------------------------- */

static void refuse_section(const struct check *check, struct confsection *section, int line,
			   const char *why)
{
	conferrors_add(check->errors, section->file, line, "%s '%s' %s",
		       confsection_word(section->kind), section->name, why);
	section->is_broken = true;
}

/* Of one kind: a ping may be called as a webhook is. */
static void find_doubles(const struct check *check, enum confsection_kind kind)
{
	struct nameindex names = NAMEINDEX_INIT;

	for (size_t i = 0; i < check->section_count; i++) {
		struct confsection *section = &check->sections[i];
		size_t len = strlen(section->name);
		size_t first;
		if (section->kind != kind || len == 0)
			continue;
		if (!nameindex_find(&names, section->name, len, &first)) {
			nameindex_put(&names, section->name, len, i);
			continue;
		}
		const struct confsection *other = &check->sections[first];
		char *why = mem_format("is already defined at %s:%d; rename or remove one",
				       other->file, other->line);
		refuse_section(check, section, section->line, why);
		free(why);
	}
	nameindex_free(&names);
}

static const char *nearest_worker(const struct check *check, const char *name)
{
	struct nearest nearest = nearest_begin(name);

	for (size_t i = 0; i < check->config->worker_count; i++)
		nearest_consider(&nearest, check->config->workers[i].name);
	return nearest.word;
}

static void refuse_target(const struct check *check, struct confsection *section,
			  const char *option, const char *target, const char *kind)
{
	const char *near = nearest_worker(check, target);
	char *why = mem_format("names '%s' in '%s', which is no %s%s%s%s", target, option, kind,
			       near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");

	refuse_section(check, section, confsection_line(section, option), why);
	free(why);
}

/* A target: NAME, NAME:N, @GROUP or a glob; its form was checked when it was read. */
static void check_target(const struct check *check, struct confsection *section, const char *target)
{
	char name[WORKER_NAME_MAX + 1];
	int number;

	if (!check->all_known || strpbrk(target, "*?["))
		return;
	if (target[0] == '@') {
		if (!nameindex_find(&check->groups, target + 1, strlen(target + 1), NULL))
			refuse_target(check, section, "workers", target, "group");
		return;
	}
	if (!is_known(check, instance_from_id(target, name, &number) ? name : target))
		refuse_target(check, section, "workers", target, "worker");
}

static void check_section(const struct check *check, struct confsection *section)
{
	if (section->kind == CONFSECTION_PING) {
		const char *worker = ping_worker(&section->options.ping);
		if (worker && !is_known(check, worker))
			refuse_target(check, section, "when", worker, "worker");
		return;
	}
	const struct strlist *workers = &section->options.webhook.workers;
	for (size_t i = 0; i < workers->count; i++)
		check_target(check, section, workers->items[i]);
}

static void check_sections(const struct check *check)
{
	find_doubles(check, CONFSECTION_WEBHOOK);
	find_doubles(check, CONFSECTION_PING);
	for (size_t i = 0; i < check->section_count; i++)
		if (!check->sections[i].is_broken)
			check_section(check, &check->sections[i]);
}

/* ---- all of it ------------------------------------------------------------ */

void confcheck(const struct confcheck *input, struct conferrors *errors)
{
	size_t count = input->config->worker_count;
	struct check check = { .config = input->config,
			       .files = input->files,
			       .file_count = input->file_count,
			       .sections = input->sections,
			       .section_count = input->section_count,
			       .all_known = true,
			       .errors = errors };

	check.file_of = mem_alloc(count * sizeof(*check.file_of));
	for (size_t f = 0; f < check.file_count; f++) {
		check.all_known = check.all_known && check.files[f].complete;
		index_workers(&check, &check.files[f], f);
		index_groups(&check, &check.files[f]);
	}
	check_names(&check);
	check_circles(&check);
	check_sections(&check);
	nameindex_free(&check.workers);
	nameindex_free(&check.groups);
	free(check.file_of);
}
