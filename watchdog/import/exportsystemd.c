/* SPDX-License-Identifier: ISC */
/* exportsystemd: which units there are, and who wants whom. */
#include "watchdog/import/exportsystemd.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "watchdog/base/mem.h"
#include "watchdog/import/exportunit.h"
#include "watchdog/import/unittext.h"

/* A unit's whole name must not be longer than 255 bytes. */
#define NAME_MAX_LEN 200

/* How the instances of a worker become units. */
enum kind {
	KIND_SINGLE,   /* one service */
	KIND_TEMPLATE, /* one template */
	KIND_EACH      /* a service each: a template has but one form of its instance */
};

struct shape {
	enum kind kind;
	int width; /* of instances' names */
	char *name;
};

static void look_at(const char *text, int *width, bool *is_mixed)
{
	for (; text && *text; text++) {
		int found = exportworker_mark(text);

		if (found < 0)
			continue;
		*is_mixed = *is_mixed || (*width >= 0 && *width != found);
		*width = found;
	}
}

static struct shape shape_of(const struct exporter *exporter, const struct exportworker *made)
{
	const struct worker *worker = made->worker;
	struct shape shape = { .kind = KIND_TEMPLATE, .width = -1 };
	bool is_mixed = false;

	for (size_t i = 0; i < made->argv.count; i++)
		look_at(made->argv.items[i], &shape.width, &is_mixed);
	for (size_t i = 0; i < made->environment.count; i++)
		look_at(made->environment.items[i], &shape.width, &is_mixed);
	look_at(made->directory, &shape.width, &is_mixed);
	look_at(made->env_file, &shape.width, &is_mixed);
	look_at(made->pidfile, &shape.width, &is_mixed);
	look_at(made->stdout_logfile, &shape.width, &is_mixed);
	look_at(made->stderr_logfile, &shape.width, &is_mixed);
	if (is_mixed)
		shape.kind = KIND_EACH;
	else if (worker->options.numprocs == 1 && shape.width < 0)
		shape.kind = KIND_SINGLE;
	shape.width = shape.width > 0 ? shape.width : 0;
	shape.name = unittext_name(worker->name);
	if (strlen(shape.name) > NAME_MAX_LEN) {
		free(shape.name);
		shape.name = mem_format("worker-%zu", (size_t)(worker - exporter->config->workers));
	}
	return shape;
}

/* The names of WORKER's units, one an instance. */
static void name_units(const struct exporter *exporter, const struct worker *worker,
		       struct strlist *names)
{
	struct exportworker made;
	struct shape shape;

	if (exportworker_make(exporter->config, worker, &made, NULL) != 0)
		return;
	shape = shape_of(exporter, &made);
	for (int64_t i = 0; i < worker->options.numprocs; i++) {
		long long number = worker->options.numprocs_start + i;

		if (shape.kind == KIND_SINGLE)
			strlist_take(names, mem_format("%s.service", shape.name));
		else if (shape.kind == KIND_TEMPLATE)
			strlist_take(names, mem_format("%s@%0*lld.service", shape.name, shape.width,
						       number));
		else
			strlist_take(names, mem_format("%s-%lld.service", shape.name, number));
	}
	free(shape.name);
	exportworker_free(&made);
}

/* The targets that WORKER is part of. Allocated. */
static char *targets_of(const struct exporter *exporter, const struct worker *worker)
{
	struct str text = STR_INIT;

	str_add(&text, "cronherd.target");
	for (size_t i = 0; i < exporter->config->group_count; i++) {
		const struct config_group *group = &exporter->config->groups[i];

		if (!strlist_has(&group->workers, worker->name))
			continue;
		char *name = unittext_name(group->name);
		str_addf(&text, " %s.target", name);
		free(name);
	}
	return str_take(&text);
}

static void add_units(struct exporter *exporter, struct exportunit *unit, const struct shape *shape)
{
	const struct worker_options *options = &unit->made.worker->options;
	char *name;

	if (shape->kind != KIND_EACH) {
		name = mem_format("%s%s.service", shape->name,
				  shape->kind == KIND_TEMPLATE ? "@" : "");
		unit->number =
			shape->kind == KIND_TEMPLATE ? UNITTEXT_TEMPLATE : options->numprocs_start;
		exportunit(unit, filetree_add(&exporter->tree, name));
		free(name);
		return;
	}
	for (int64_t i = 0; i < options->numprocs; i++) {
		unit->number = options->numprocs_start + i;
		unit->is_further = i > 0;
		name = mem_format("%s-%lld.service", shape->name, (long long)unit->number);
		exportunit(unit, filetree_add(&exporter->tree, name));
		free(name);
	}
}

static void add_worker(struct exporter *exporter, const struct worker *worker)
{
	struct exportunit unit = { .exporter = exporter, .is_system = geteuid() == 0 };
	struct strlist after = STRLIST_INIT;
	struct shape shape;
	char *part_of;

	if (!exporter_make(exporter, worker, &unit.made))
		return;
	for (size_t i = 0; i < worker->options.after.count; i++) {
		const struct worker *before =
			config_worker(exporter->config, worker->options.after.items[i]);

		if (before && exporter_has(exporter, before->name))
			name_units(exporter, before, &after);
		else
			exporter_warn(exporter, worker,
				      "after: %s is not among the workers that are exported",
				      worker->options.after.items[i]);
	}
	part_of = targets_of(exporter, worker);
	unit.part_of = part_of;
	unit.after = &after;
	shape = shape_of(exporter, &unit.made);
	add_units(exporter, &unit, &shape);
	free(shape.name);
	free(part_of);
	strlist_free(&after);
	exportworker_free(&unit.made);
}

/* ---- targets ------------------------------------------------------------------------------ */

static void add_wants(const struct exporter *exporter, const struct worker *worker,
		      struct str *text)
{
	struct strlist names = STRLIST_INIT;

	if (worker->options.enabled)
		name_units(exporter, worker, &names);
	for (size_t i = 0; i < names.count; i++)
		str_addf(text, "Wants=%s\n", names.items[i]);
	strlist_free(&names);
}

static void add_group(struct exporter *exporter, const struct config_group *group)
{
	char *name = unittext_name(group->name);
	struct str wants = STR_INIT;
	bool has_members = false;

	for (size_t i = 0; i < group->workers.count; i++) {
		const struct worker *worker =
			config_worker(exporter->config, group->workers.items[i]);

		if (!worker || !exporter_has(exporter, worker->name))
			continue;
		has_members = true;
		add_wants(exporter, worker, &wants);
	}
	if (has_members && strcmp(name, "cronherd") != 0) {
		char *file = mem_format("%s.target", name);

		str_addf(filetree_add(&exporter->tree, file),
			 "# Made by cronherd export systemd.\n[Unit]\nDescription=The group %s\n%s",
			 name, str_text(&wants));
		free(file);
	}
	str_free(&wants);
	free(name);
}

void exportsystemd(struct exporter *exporter)
{
	const struct config *config = exporter->config;
	struct str wants = STR_INIT;

	for (size_t i = 0; i < config->worker_count; i++) {
		if (!exporter->is_selected[i])
			continue;
		add_worker(exporter, &config->workers[i]);
		add_wants(exporter, &config->workers[i], &wants);
	}
	for (size_t i = 0; i < config->group_count; i++)
		add_group(exporter, &config->groups[i]);
	str_addf(filetree_add(&exporter->tree, "cronherd.target"),
		 "# Made by cronherd export systemd.\n[Unit]\nDescription=All "
		 "workers\n%s\n[Install]\nWantedBy=%s\n",
		 str_text(&wants), geteuid() == 0 ? "multi-user.target" : "default.target");
	str_free(&wants);
}
