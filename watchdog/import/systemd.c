/* SPDX-License-Identifier: ISC */
/* systemd: from units to workers, groups and their order. */
#include "watchdog/import/systemd.h"

#include <stdlib.h>
#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/units.h"
#include "watchdog/import/unitherd.h"
#include "watchdog/import/unitpath.h"
#include "watchdog/import/unitservice.h"
#include "watchdog/import/unitwords.h"

/* ---- instances ---------------------------------------------------------------------------- */

/* Instances that are numbers in a row. */
struct row {
	int64_t first;
	int width; /* 0: as they are; else with zeros in front */
};

static int by_number(const void *left, const void *right)
{
	const int64_t *a = left;
	const int64_t *b = right;

	return (*a > *b) - (*a < *b);
}

/* The width that all INSTANCES have in common where one of them begins with a zero, 0 where none
 * does, or -1. */
static int common_width(const struct strlist *instances)
{
	size_t len = strlen(instances->items[0]);
	bool has_zeros = false;
	bool is_same = true;

	for (size_t i = 0; i < instances->count; i++) {
		const char *item = instances->items[i];

		has_zeros = has_zeros || (item[0] == '0' && item[1] != '\0');
		is_same = is_same && strlen(item) == len;
	}
	if (!has_zeros)
		return 0;
	return is_same && len <= 9 ? (int)len : -1;
}

static bool is_row(const struct strlist *instances, struct row *row)
{
	int64_t *numbers = mem_alloc(instances->count * sizeof(*numbers));
	bool is_one = true;

	row->width = common_width(instances);
	for (size_t i = 0; i < instances->count && is_one; i++)
		is_one = units_parse_int(instances->items[i], 0, 1000000000, &numbers[i]) == 0;
	if (is_one)
		qsort(numbers, instances->count, sizeof(*numbers), by_number);
	for (size_t i = 1; i < instances->count && is_one; i++)
		is_one = numbers[i] == numbers[i - 1] + 1;
	row->first = numbers[0];
	free(numbers);
	return is_one && row->width >= 0;
}

/* Those that are enabled, or that it names itself. */
static void find_instances(struct unitherd *herd, struct unitherd_service *service)
{
	struct strlist units = STRLIST_INIT;
	const struct unitfile_assignment *known =
		unitfile_last(&service->unit, "Install", "DefaultInstance");

	unitpath_instances(&service->folders, &service->name, &units);
	for (size_t i = 0; i < units.count; i++) {
		struct unitname name;

		if (!unitname_parse(units.items[i], &name))
			continue;
		if (!strlist_has(&service->instances, name.instance))
			strlist_add(&service->instances, name.instance);
		unitname_free(&name);
	}
	if (service->instances.count == 0 && known)
		strlist_add(&service->instances, known->text);
	if (service->instances.count == 0) {
		importer_warn(herd->importer, NULL,
			      (struct importer_place){ .file = service->path },
			      "nobody wants an instance of it: one is assumed, 1; name the target, "
			      "or set numprocs");
		strlist_add(&service->instances, "1");
	}
	strlist_free(&units);
}

/* ---- services ----------------------------------------------------------------------------- */

static void set_count(struct unitservice *made, int64_t first, size_t count)
{
	struct importer_place nowhere = { .file = NULL };
	char *start = mem_format("%lld", (long long)first);
	char *numprocs = mem_format("%zu", count);

	(void)importer_set(made->importer, made->worker, "numprocs", numprocs, nowhere,
			   "instances");
	(void)importer_set(made->importer, made->worker, "numprocs_start", start, nowhere,
			   "instances");
	free(start);
	free(numprocs);
}

/* ROW: NULL where NAME is one service or instance. */
static void import_one(struct unitherd *herd, struct unitherd_service *service,
		       const struct unitname *name, const struct row *row)
{
	bool is_system = unitherd_is_system(service->path);
	struct unitservice made = { .importer = herd->importer,
				    .unit = &service->unit,
				    .spec = { .name = name,
					      .is_system = is_system,
					      .number_width = row ? row->width : -1,
					      .home = is_system ? "/root" : herd->home,
					      .user = is_system ? "root" : herd->user } };
	struct importer_place place = { .file = service->path };
	char *plain = unitname_plain(name->prefix);
	char *wanted = row || !name->instance ? mem_dup(plain)
					      : mem_format("%s-%s", plain, name->instance);

	made.worker =
		importer_add(herd->importer, wanted, place, row ? service->name.full : name->full);
	free(wanted);
	free(plain);
	if (!made.worker)
		return;
	if (row)
		set_count(&made, row->first, service->instances.count);
	unitservice_fill(&made);
	if (made.is_left_out) {
		/* What was said of it stays as a comment at the head. */
		for (size_t i = 0; i < made.worker->comments.count; i++)
			importer_note(herd->importer, NULL, "%s", made.worker->comments.items[i]);
		importer_drop(herd->importer, made.worker);
		herd->importer->left_out++;
	} else if (importer_accept(herd->importer, made.worker, place)) {
		strlist_add(&service->workers, made.worker->name);
	}
}

static void import_instance(struct unitherd *herd, struct unitherd_service *service,
			    const char *instance)
{
	char *full = mem_format("%s@%s.service", service->name.prefix, instance);
	struct unitname name;

	if (unitname_parse(full, &name)) {
		import_one(herd, service, &name, NULL);
		unitname_free(&name);
	} else {
		importer_warn(herd->importer, NULL,
			      (struct importer_place){ .file = service->path },
			      "'%.200s' can be no instance of it", instance);
	}
	free(full);
}

static void import_service(struct unitherd *herd, struct unitherd_service *service)
{
	struct row row;

	if (unitherd_read(herd, service) != 0)
		return;
	if (!service->name.instance) {
		import_one(herd, service, &service->name, NULL);
		return;
	}
	if (service->instances.count == 0)
		find_instances(herd, service);
	if (is_row(&service->instances, &row)) {
		import_one(herd, service, &service->name, &row);
		return;
	}
	for (size_t i = 0; i < service->instances.count; i++)
		import_instance(herd, service, service->instances.items[i]);
}

/* ---- groups ------------------------------------------------------------------------------- */

static void add_member(struct importer_group *group, const char *worker)
{
	if (!strlist_has(&group->workers, worker))
		strlist_add(&group->workers, worker);
}

static void import_targets(struct unitherd *herd)
{
	for (size_t i = 0; i < herd->target_count; i++) {
		struct unitherd_target *target = &herd->targets[i];
		bool *is_taken = mem_alloc((herd->service_count + 1) * sizeof(*is_taken));
		char *plain = unitname_plain(target->name.prefix);
		struct importer_group *group = importer_add_group(
			herd->importer, plain, (struct importer_place){ .file = target->path },
			target->name.full);

		free(plain);
		for (size_t n = 0; n < target->wanted.count; n++) {
			const struct unitherd_service *service =
				unitherd_find(herd, target->wanted.items[n]);
			/* Instances of one template are many names of one service. */
			if (!service || is_taken[service - herd->services])
				continue;
			is_taken[service - herd->services] = true;
			for (size_t k = 0; k < service->workers.count; k++)
				add_member(group, service->workers.items[k]);
		}
		free(is_taken);
	}
}

/* The group of the target NAME, where one was named on the command line. */
static struct importer_group *find_group(struct unitherd *herd, const char *name)
{
	for (size_t i = 0; i < herd->target_count; i++)
		if (strcmp(herd->targets[i].name.full, name) == 0)
			return herd->importer->groups[i];
	return NULL;
}

/* Who is part of a target, or has himself wanted by it, is in its group, though the target does not
 * say so. */
static void join_groups(struct unitherd *herd, struct unitherd_service *service,
			const char *section, const char *key)
{
	const struct unitfile_assignment *assignment;
	size_t at = 0;

	while ((assignment = unitfile_next(&service->unit, section, key, &at))) {
		struct strlist words = STRLIST_INIT;

		(void)unitwords_split(assignment->text, &words); /* names have no quotes */
		for (size_t i = 0; i < words.count; i++) {
			struct importer_group *group = find_group(herd, words.items[i]);
			for (size_t n = 0; group && n < service->workers.count; n++)
				add_member(group, service->workers.items[n]);
		}
		strlist_free(&words);
	}
}

/* ---- order -------------------------------------------------------------------------------- */

/* Which of HERD's services a key of SERVICE names: IS_NAMED, by number. */
static void mark_named(struct unitherd *herd, struct unitherd_service *service, const char *key,
		       bool *is_named)
{
	const struct unitfile_assignment *assignment;
	size_t at = 0;

	while ((assignment = unitfile_next(&service->unit, "Unit", key, &at))) {
		struct strlist words = STRLIST_INIT;

		(void)unitwords_split(assignment->text, &words); /* names have no quotes */
		for (size_t i = 0; i < words.count; i++) {
			const struct unitherd_service *found = unitherd_find(herd, words.items[i]);
			if (found)
				is_named[found - herd->services] = true;
		}
		strlist_free(&words);
	}
}

/* After alone is an order of starts; together with what must run besides, it is `after`. IS_AFTER:
 * by number. */
static void find_order(struct unitherd *herd, size_t which, bool *is_after)
{
	static const char *const keys[] = { "Requires", "Requisite", "BindsTo" };
	bool *is_required = mem_alloc(herd->service_count * sizeof(*is_required));

	mark_named(herd, &herd->services[which], "After", is_after);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		mark_named(herd, &herd->services[which], keys[i], is_required);
	for (size_t i = 0; i < herd->service_count; i++)
		is_after[i] = is_after[i] && is_required[i] && i != which;
	free(is_required);
}

/* Takes out, one after the other, who comes after nobody that is left: those who stay are in a
 * circle, or after one. */
static void find_circles(const bool *is_after, size_t count, bool *is_left)
{
	bool is_changed = true;

	for (size_t i = 0; i < count; i++)
		is_left[i] = true;
	while (is_changed) {
		is_changed = false;
		for (size_t i = 0; i < count; i++) {
			bool waits = false;

			for (size_t n = 0; n < count && is_left[i] && !waits; n++)
				waits = is_after[i * count + n] && is_left[n];
			is_changed = is_changed || (is_left[i] && !waits);
			is_left[i] = is_left[i] && waits;
		}
	}
}

static void set_after(struct unitherd *herd, const struct unitherd_service *service,
		      const struct unitherd_service *before)
{
	struct importer_place place = { .file = service->path };

	for (size_t i = 0; i < service->workers.count; i++) {
		struct importer_worker *worker =
			importer_find(herd->importer, service->workers.items[i]);

		for (size_t n = 0; worker && n < before->workers.count; n++)
			(void)importer_set(herd->importer, worker, "after",
					   before->workers.items[n], place, "After");
	}
}

static void order(struct unitherd *herd)
{
	size_t count = herd->service_count;
	bool *is_after = mem_alloc(count * count * sizeof(*is_after));
	bool *is_left = mem_alloc(count * sizeof(*is_left));

	for (size_t i = 0; i < count; i++)
		find_order(herd, i, is_after + i * count);
	find_circles(is_after, count, is_left);
	for (size_t i = 0; i < count; i++) {
		for (size_t n = 0; n < count; n++) {
			if (!is_after[i * count + n])
				continue;
			if (is_left[i] && is_left[n])
				importer_warn(
					herd->importer, NULL,
					(struct importer_place){ .file = herd->services[i].path },
					"After: it is in a circle with %s",
					herd->services[n].name.full);
			else
				set_after(herd, &herd->services[i], &herd->services[n]);
		}
	}
	free(is_after);
	free(is_left);
}

void systemd_import(struct importer *importer, char *const *units, int count)
{
	struct unitherd herd;

	unitherd_init(&herd, importer);
	for (int i = 0; i < count; i++)
		unitherd_add(&herd, units[i]);
	unitherd_read_targets(&herd);
	for (size_t i = 0; i < herd.service_count; i++)
		import_service(&herd, &herd.services[i]);
	import_targets(&herd);
	for (size_t i = 0; i < herd.service_count; i++) {
		join_groups(&herd, &herd.services[i], "Unit", "PartOf");
		join_groups(&herd, &herd.services[i], "Install", "WantedBy");
	}
	order(&herd);
	importer_finish(importer);
	unitherd_free(&herd);
}
