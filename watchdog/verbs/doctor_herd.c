/* SPDX-License-Identifier: ISC */
/* doctor's checks of the herd itself: processes that nobody owns, commands that cannot be executed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "watchdog/base/mem.h"
#include "watchdog/config/expand.h"
#include "watchdog/verbs/doctor.h"

#define SHOWN_MAX 10

/* ---- strays ------------------------------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
	const struct slot *const *left = a;
	const struct slot *const *right = b;

	return strcmp((*left)->id, (*right)->id);
}

static int to_id(const void *key, const void *element)
{
	const struct slot *const *slot = element;

	return strcmp(key, (*slot)->id);
}

/* The main process of SLOT: the one that is known, or what the next round will take back. 0: none.
 */
static pid_t root_of(const struct slot *slot, const struct proctable *table)
{
	const struct proctable_mark *found;

	if (slot->seen.liveness == LIVENESS_ALIVE)
		return slot->seen.process.pid;
	found = slot->definition == DEFINITION_CURRENT ? proctable_main(table, slot->id, NULL) : NULL;
	return found ? found->pid : 0;
}

static bool is_stray(const struct proctable *table, const struct proctable_mark *mark,
		     const struct slot **slots, size_t count)
{
	const struct slot **slot = bsearch(mark->id, slots, count, sizeof(*slots), to_id);
	const struct proctable_entry *entry = proctable_find(table, mark->pid);
	pid_t root;

	/* A worker may run this very command. */
	if (!entry || mark->pid == getpid())
		return false;
	if (!slot)
		return true;
	if ((*slot)->seen.liveness == LIVENESS_UNKNOWN)
		return false;
	root = root_of(*slot, table);
	return !root || !proctable_belongs(entry, root);
}

static void list_strays(struct doctor *doctor, const struct proctable *table,
			const struct slot **slots)
{
	struct str list = STR_INIT;
	size_t count = 0;

	for (size_t i = 0; i < table->mark_count; i++) {
		const struct proctable_mark *mark = &table->marks[i];

		if (!is_stray(table, mark, slots, doctor->herd.count))
			continue;
		if (count++ < SHOWN_MAX)
			str_addf(&list, "%s%d (%s)", list.len ? ", " : "", (int)mark->pid,
				 mark->id);
	}
	if (count > SHOWN_MAX)
		str_add(&list, " ...");
	if (count)
		doctor_warn(doctor,
			    "%zu process%s bear%s our mark, but no instance owns %s: pid %s; look "
			    "(ps), "
			    "then kill",
			    count, count > 1 ? "es" : "", count > 1 ? "" : "s",
			    count > 1 ? "them" : "it", str_text(&list));
	else
		doctor_ok(doctor, "none");
	str_free(&list);
}

void doctor_check_strays(struct doctor *doctor)
{
	struct herd *herd = &doctor->herd;
	struct scene *scene = &herd->scene;
	const struct slot **slots;
	int status;

	if (!doctor_has_herd(doctor)) {
		doctor_warn(doctor, "not known: see above");
		return;
	}
	status = proctable_read_marks(&scene->table, &scene->proc, geteuid(),
				      scene->host.pid_namespace, scene->dir.path);
	if (status < 0) {
		doctor_warn(doctor, "processes cannot be listed: %s", strerror(-status));
		return;
	}
	slots = mem_alloc((herd->count + 1) * sizeof(*slots));
	for (size_t i = 0; i < herd->count; i++)
		slots[i] = &herd->slots[i];
	qsort(slots, herd->count, sizeof(*slots), by_id);
	list_strays(doctor, &scene->table, slots);
	free(slots);
}

/* ---- commands ----------------------------------------------------------------------------- */

static const char *path_of(const struct strlist *environment)
{
	for (size_t i = environment->count; i-- > 0;)
		if (strncmp(environment->items[i], "PATH=", 5) == 0)
			return environment->items[i] + 5;
	return "";
}

/* As another user, whose groups are not looked at, any right to execute counts. */
static bool is_executable(const char *path, const struct expanded *expanded)
{
	struct stat st;

	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return false;
	if (expanded->account.uid == geteuid())
		return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
	return st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH);
}

/* PART (LEN bytes; "" is ".") and NAME, from DIRECTORY on. */
static bool is_found_in(const char *part, size_t len, const char *name,
			const struct expanded *expanded)
{
	bool is_absolute = (len ? *part : *name) == '/' && (len || strchr(name, '/'));
	char *path = mem_format("%s%s%.*s%s%s", is_absolute ? "" : expanded->directory,
				is_absolute ? "" : "/", (int)len, part, len ? "/" : "", name);
	bool is_found = is_executable(path, expanded);

	free(path);
	return is_found;
}

static bool is_found(const struct expanded *expanded, const char *path)
{
	const char *name = expanded->argv.items[0];

	if (strchr(name, '/'))
		return is_found_in("", 0, name, expanded);
	for (;;) {
		size_t len = strcspn(path, ":");

		if (is_found_in(path, len, name, expanded))
			return true;
		if (!path[len])
			return false;
		path += len + 1;
	}
}

/* What keeps WORKER from being executed, allocated; NULL: nothing. */
static char *judge_command(const struct worker *worker, const struct expanded *expanded,
			   const char *path)
{
	struct stat st;

	if (geteuid() != 0 && expanded->account.uid != geteuid())
		return mem_format(
			"%s: only root can run it as %s: remove user, or keep it in root's "
			"herd (%s:%d)",
			worker->name, expanded->account.name, worker->file, worker->line);
	if (stat(expanded->directory, &st))
		return mem_format("%s: directory %s: %s; make it, or set directory (%s:%d)",
				  worker->name, expanded->directory, strerror(errno), worker->file,
				  worker->line);
	if (!S_ISDIR(st.st_mode))
		return mem_format("%s: directory %s is none (%s:%d)", worker->name,
				  expanded->directory, worker->file, worker->line);
	if (is_found(expanded, path))
		return NULL;
	if (strchr(expanded->argv.items[0], '/'))
		return mem_format(
			"%s: %s is not there, or may not be executed: chmod +x it, or mend "
			"command (%s:%d)",
			worker->name, expanded->argv.items[0], worker->file, worker->line);
	return mem_format("%s: no %s in PATH=%s: write its whole path in command, or PATH in "
			  "environment (%s:%d)",
			  worker->name, expanded->argv.items[0], path, worker->file, worker->line);
}

/* As judge_command, of WORKER's first instance. */
static char *find_fault(const struct config *config, const struct worker *worker)
{
	struct instance instance = { .name = worker->name,
				     .number = (int)worker->options.numprocs_start,
				     .worker = worker };
	struct strlist environment = STRLIST_INIT;
	struct expanded expanded;
	struct err err = ERR_INIT;
	char *fault;

	if (expand_instance(config, &instance, &expanded, &err))
		return mem_dup(err.text);
	if (expand_environment(config, &instance, &expanded, &environment, &err))
		fault = mem_dup(err.text);
	else
		fault = judge_command(worker, &expanded, path_of(&environment));
	strlist_free(&environment);
	expanded_free(&expanded);
	return fault;
}

void doctor_check_commands(struct doctor *doctor)
{
	const struct config *config = &doctor->config;
	size_t count = 0;

	for (size_t i = 0; i < config->worker_count; i++) {
		char *fault = find_fault(config, &config->workers[i]);

		if (fault && ++count <= SHOWN_MAX)
			doctor_bad(doctor, "%s", fault);
		free(fault);
	}
	if (count > SHOWN_MAX)
		doctor_bad(doctor, "and %zu more workers", count - SHOWN_MAX);
	else if (!count && config->worker_count)
		doctor_ok(doctor, "all programs and directories are there");
	else if (!count)
		doctor_warn(doctor, "no worker is known");
}
