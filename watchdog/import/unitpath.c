/* SPDX-License-Identifier: ISC */
#include "watchdog/import/unitpath.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "watchdog/base/mem.h"
#include "watchdog/import/fileglob.h"

void unitpath_folders(bool is_system, const char *home, struct strlist *folders)
{
	static const char *const system[] = {
		"/etc/systemd/system",	   "/run/systemd/system", "/usr/local/lib/systemd/system",
		"/usr/lib/systemd/system", "/lib/systemd/system", NULL
	};
	static const char *const user[] = { "/etc/systemd/user", "/run/systemd/user",
					    "/usr/local/lib/systemd/user", "/usr/lib/systemd/user",
					    NULL };

	if (!is_system) {
		strlist_take(folders, mem_format("%s/.config/systemd/user", home));
		strlist_take(folders, mem_format("%s/.local/share/systemd/user", home));
	}
	for (const char *const *folder = is_system ? system : user; *folder; folder++)
		strlist_add(folders, *folder);
}

static char *find_in(const struct strlist *folders, const char *name)
{
	for (size_t i = 0; i < folders->count; i++) {
		char *path = mem_format("%s/%s", folders->items[i], name);

		if (access(path, F_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

char *unitpath_find(const struct strlist *folders, const struct unitname *name)
{
	char *template = unitname_template(name);
	char *path = find_in(folders, name->full);

	if (!path && template)
		path = find_in(folders, template);
	free(template);
	return path;
}

/* ---- drop-ins ----------------------------------------------------------------------------- */

static const char *base_of(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* Adds *.conf of FOLDER/UNIT.d/, but for those whose name is there already. */
static void add_dropins(const struct strlist *folders, const char *unit, struct strlist *files)
{
	for (size_t i = 0; i < folders->count; i++) {
		char *folder = fileglob_literal(folders->items[i]);
		char *pattern = mem_format("%s/%s.d/*.conf", folder, unit);
		struct strlist found = STRLIST_INIT;

		(void)fileglob(pattern,
			       &found); /* what is beyond its limits is more than anybody means */
		for (size_t n = 0; n < found.count; n++) {
			bool is_new = true;
			for (size_t k = 0; k < files->count && is_new; k++)
				is_new = strcmp(base_of(files->items[k]),
						base_of(found.items[n])) != 0;
			if (is_new)
				strlist_add(files, found.items[n]);
		}
		strlist_free(&found);
		free(pattern);
		free(folder);
	}
}

static int by_base(const void *left, const void *right)
{
	return strcmp(base_of(*(char *const *)left), base_of(*(char *const *)right));
}

void unitpath_dropins(const struct strlist *folders, const struct unitname *name,
		      struct strlist *files)
{
	char *template = unitname_template(name);
	char *stem = mem_dup(name->prefix);

	/* The nearest first: of two of one name it counts. */
	add_dropins(folders, name->full, files);
	if (template)
		add_dropins(folders, template, files);
	for (char *dash = strrchr(stem, '-'); dash; dash = strrchr(stem, '-')) {
		dash[1] = '\0';
		char *unit = mem_format("%s.%s", stem, name->suffix);
		add_dropins(folders, unit, files);
		free(unit);
		*dash = '\0';
	}
	add_dropins(folders, name->suffix, files);
	if (files->count > 0)
		qsort(files->items, files->count, sizeof(*files->items), by_base);
	free(stem);
	free(template);
}

/* ---- who is wanted ------------------------------------------------------------------------ */

static void add_names(const char *pattern, struct strlist *units)
{
	struct strlist found = STRLIST_INIT;

	(void)fileglob(pattern, &found); /* likewise */
	for (size_t i = 0; i < found.count; i++)
		if (!strlist_has(units, base_of(found.items[i])))
			strlist_add(units, base_of(found.items[i]));
	strlist_free(&found);
}

static void add_in_all(const struct strlist *folders, const char *tail, struct strlist *units)
{
	for (size_t i = 0; i < folders->count; i++) {
		char *folder = fileglob_literal(folders->items[i]);
		char *pattern = mem_format("%s/%s", folder, tail);

		add_names(pattern, units);
		free(pattern);
		free(folder);
	}
}

void unitpath_wanted(const struct strlist *folders, const char *name, struct strlist *units)
{
	static const char *const kinds[] = { "wants", "requires", "upholds" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char *tail = mem_format("%s.%s/*", name, kinds[i]);

		add_in_all(folders, tail, units);
		free(tail);
	}
}

void unitpath_instances(const struct strlist *folders, const struct unitname *name,
			struct strlist *units)
{
	char *wants = mem_format("*.wants/%s@?*.%s", name->prefix, name->suffix);
	char *requires = mem_format("*.requires/%s@?*.%s", name->prefix, name->suffix);

	add_in_all(folders, wants, units);
	add_in_all(folders, requires, units);
	free(wants);
	free(requires);
}
