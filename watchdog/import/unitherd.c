/* SPDX-License-Identifier: ISC */
#include "watchdog/import/unitherd.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "watchdog/base/mem.h"
#include "watchdog/config/account.h"
#include "watchdog/import/superscope.h"
#include "watchdog/import/textfile.h"
#include "watchdog/import/unitpath.h"
#include "watchdog/import/unitspec.h"
#include "watchdog/import/unitwords.h"

void unitherd_init(struct unitherd *herd, struct importer *importer)
{
	struct account account = { .name = NULL };
	bool is_known = account_find(NULL, &account) == 0;

	*herd = (struct unitherd){ .importer = importer,
				   .home = mem_dup(is_known ? account.home : "/"),
				   .user = mem_dup(is_known ? account.name : "nobody") };
	account_free(&account);
}

static void free_service(struct unitherd_service *service)
{
	unitname_free(&service->name);
	free(service->path);
	strlist_free(&service->folders);
	strlist_free(&service->instances);
	strlist_free(&service->workers);
	unitfile_free(&service->unit);
}

static void free_target(struct unitherd_target *target)
{
	unitname_free(&target->name);
	free(target->path);
	strlist_free(&target->folders);
	strlist_free(&target->wanted);
}

void unitherd_free(struct unitherd *herd)
{
	for (size_t i = 0; i < herd->service_count; i++)
		free_service(&herd->services[i]);
	free(herd->services);
	for (size_t i = 0; i < herd->target_count; i++)
		free_target(&herd->targets[i]);
	free(herd->targets);
	nameindex_free(&herd->index);
	free(herd->home);
	free(herd->user);
	*herd = (struct unitherd){ .importer = NULL };
}

bool unitherd_is_system(const char *path)
{
	if (strstr(path, "/systemd/user/"))
		return false;
	return strstr(path, "/systemd/system/") || geteuid() == 0;
}

/* ---- finding ------------------------------------------------------------------------------ */

/* PATH's own folder, and where that is one of systemd's, all of them: in their order. */
static void find_folders(const struct unitherd *herd, const char *path, struct strlist *folders)
{
	char *own = superscope_here(path);

	unitpath_folders(unitherd_is_system(path), herd->home, folders);
	if (own && !strlist_has(folders, own)) {
		strlist_free(folders);
		strlist_add(folders, own);
	}
	free(own);
}

/* The file that TEXT of the command line means; allocated, or NULL. */
static char *find_path(const struct unitherd *herd, const char *text, const struct unitname *name)
{
	struct strlist folders = STRLIST_INIT;
	char *path;

	if (strchr(text, '/') || access(text, F_OK) == 0)
		return mem_dup(text);
	unitpath_folders(geteuid() == 0, herd->home, &folders);
	path = unitpath_find(&folders, name);
	strlist_free(&folders);
	return path;
}

struct unitherd_service *unitherd_find(struct unitherd *herd, const char *name)
{
	struct unitname wanted;
	char *template;
	const char *key;
	size_t at = 0;
	bool is_found;

	if (!unitname_parse(name, &wanted))
		return NULL;
	template = unitname_template(&wanted);
	key = template ? template : wanted.full;
	is_found = nameindex_find(&herd->index, key, strlen(key), &at);
	free(template);
	unitname_free(&wanted);
	return is_found ? &herd->services[at] : NULL;
}

static void *room_for_one(void *items, size_t count, size_t each)
{
	if ((count & (count - 1)) != 0)
		return items;
	return mem_resize(items, count ? count * 2 : 1, each);
}

static void add_instance(struct unitherd_service *service, const char *instance)
{
	if (service->instances.count < UNITHERD_INSTANCES_MAX && instance && instance[0] != '\0' &&
	    !strlist_has(&service->instances, instance))
		strlist_add(&service->instances, instance);
}

/* NAME and PATH are taken over. */
static struct unitherd_service *add_service(struct unitherd *herd, struct unitname *name,
					    char *path)
{
	struct unitherd_service *service = unitherd_find(herd, name->full);
	char *template = unitname_template(name);

	if (!service && herd->service_count < UNITHERD_MAX) {
		herd->services =
			room_for_one(herd->services, herd->service_count, sizeof(*herd->services));
		service = &herd->services[herd->service_count++];
		*service = (struct unitherd_service){ .path = mem_dup(path) };
		find_folders(herd, path, &service->folders);
		(void)unitname_parse(template ? template : name->full,
				     &service->name); /* it was one before */
		nameindex_put(&herd->index, service->name.full, strlen(service->name.full),
			      herd->service_count - 1);
	}
	if (service)
		add_instance(service, name->instance);
	free(template);
	free(path);
	unitname_free(name);
	return service;
}

static void add_target(struct unitherd *herd, struct unitname *name, char *path)
{
	struct unitherd_target *target;

	herd->targets = room_for_one(herd->targets, herd->target_count, sizeof(*herd->targets));
	target = &herd->targets[herd->target_count++];
	*target = (struct unitherd_target){ .name = *name, .path = path };
	find_folders(herd, path, &target->folders);
}

void unitherd_add(struct unitherd *herd, const char *text)
{
	struct importer_place place = { .file = text };
	struct unitname name;
	char *path;

	if (!unitname_parse(text, &name)) {
		importer_fail(herd->importer, place,
			      "is no unit: its name must be like web.service");
		return;
	}
	path = find_path(herd, text, &name);
	if (!path) {
		importer_fail(herd->importer, place, "no such unit");
		unitname_free(&name);
	} else if (strcmp(name.suffix, "service") == 0) {
		(void)add_service(herd, &name, path);
	} else if (strcmp(name.suffix, "target") == 0) {
		add_target(herd, &name, path);
	} else {
		importer_warn(herd->importer, NULL, place,
			      "is not imported: a %s keeps nothing running; services and targets "
			      "are imported",
			      name.suffix);
		herd->importer->left_out++;
		unitname_free(&name);
		free(path);
	}
}

/* ---- reading ------------------------------------------------------------------------------ */

static int read_one(struct unitherd *herd, const char *path, struct unitfile *unit)
{
	struct str text = STR_INIT;
	struct err err = ERR_INIT;
	int rc = textfile_read(path, &text, &err);

	if (rc != 0)
		importer_fail(herd->importer, (struct importer_place){ .file = NULL }, "%s",
			      err.text);
	else
		rc = unitfile_read(unit, path, str_text(&text), herd->importer);
	str_free(&text);
	return rc;
}

static int read_all(struct unitherd *herd, const char *path, const struct strlist *folders,
		    const struct unitname *name, struct unitfile *unit)
{
	struct strlist dropins = STRLIST_INIT;
	int rc = read_one(herd, path, unit);

	unitpath_dropins(folders, name, &dropins);
	for (size_t i = 0; i < dropins.count && rc == 0; i++)
		rc = read_one(herd, dropins.items[i], unit);
	strlist_free(&dropins);
	return rc;
}

int unitherd_read(struct unitherd *herd, struct unitherd_service *service)
{
	return read_all(herd, service->path, &service->folders, &service->name, &service->unit);
}

/* ---- targets ------------------------------------------------------------------------------ */

static void add_wanted_by_key(struct unitherd *herd, struct unitherd_target *target,
			      struct unitfile *unit, const char *key)
{
	struct unitspec spec = { .name = &target->name,
				 .is_system = unitherd_is_system(target->path),
				 .number_width = -1,
				 .home = herd->home,
				 .user = herd->user };
	const struct unitfile_assignment *assignment;
	size_t at = 0;

	while ((assignment = unitfile_next(unit, "Unit", key, &at))) {
		struct strlist words = STRLIST_INIT;

		(void)unitwords_split(assignment->text,
				      &words); /* names have no quotes; an open one ends the list */
		for (size_t i = 0; i < words.count; i++) {
			char *name = target->wanted.count < UNITHERD_INSTANCES_MAX
					     ? unitspec_expand(&spec, words.items[i], NULL)
					     : NULL;
			if (name && !strlist_has(&target->wanted, name))
				strlist_add(&target->wanted, name);
			free(name);
		}
		strlist_free(&words);
		if (target->wanted.count >= UNITHERD_INSTANCES_MAX)
			importer_fail(herd->importer, unitfile_place(assignment),
				      "%s: more than %d units are wanted: the rest is left out",
				      key, UNITHERD_INSTANCES_MAX - 1);
	}
}

/* The service NAME that TARGET wants comes in, with its instance. */
static void take_in(struct unitherd *herd, struct unitherd_target *target, const char *text)
{
	struct unitherd_service *service = unitherd_find(herd, text);
	struct unitname name;
	char *path;

	if (!unitname_parse(text, &name))
		return;
	if (strcmp(name.suffix, "service") != 0 || (name.instance && name.instance[0] == '\0')) {
		unitname_free(&name);
		return;
	}
	path = service ? mem_dup(service->path) : unitpath_find(&target->folders, &name);
	if (path) {
		(void)add_service(herd, &name, path);
		return;
	}
	importer_warn(herd->importer, NULL, (struct importer_place){ .file = target->path },
		      "%s, which it wants, is not beside it: name its file, too", text);
	unitname_free(&name);
}

static void read_target(struct unitherd *herd, struct unitherd_target *target)
{
	static const char *const keys[] = { "Wants", "Requires", "Requisite", "BindsTo",
					    "Upholds" };
	struct unitfile unit = UNITFILE_INIT;

	if (read_all(herd, target->path, &target->folders, &target->name, &unit) == 0) {
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			add_wanted_by_key(herd, target, &unit, keys[i]);
		unitpath_wanted(&target->folders, target->name.full, &target->wanted);
		for (size_t i = 0; i < target->wanted.count; i++)
			take_in(herd, target, target->wanted.items[i]);
	}
	unitfile_free(&unit);
}

void unitherd_read_targets(struct unitherd *herd)
{
	for (size_t i = 0; i < herd->target_count; i++)
		read_target(herd, &herd->targets[i]);
}
