/* SPDX-License-Identifier: ISC */
/* fileglob: not glob(3), which has no limits. */
#include "watchdog/import/fileglob.h"

#include <dirent.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "watchdog/base/mem.h"

struct search {
	struct strlist *names;
	size_t looks;
};

static bool search(struct search *search, const char *found, const char *pattern);

static bool is_full(const struct search *search)
{
	return search->looks >= FILEGLOB_LOOKS_MAX || search->names->count >= FILEGLOB_NAMES_MAX;
}

/* FOUND and the component NAME; then what PATTERN still asks for. */
static bool descend(struct search *walk, const char *found, const char *name, const char *pattern)
{
	char *path = mem_format("%s%s", found, name);
	bool is_whole = true;

	if (*pattern != '\0') {
		is_whole = search(walk, path, pattern);
	} else if (access(path, F_OK) == 0) {
		is_whole = !is_full(walk);
		if (is_whole)
			strlist_add(walk->names, path);
	}
	free(path);
	return is_whole;
}

static bool search_folder(struct search *walk, const char *found, const char *component,
			  const char *pattern)
{
	DIR *folder = opendir(*found ? found : ".");
	const struct dirent *entry;
	bool is_whole = true;

	if (!folder)
		return true;
	while (is_whole && (entry = readdir(folder))) {
		walk->looks++;
		if (is_full(walk))
			is_whole = false;
		else if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
			 fnmatch(component, entry->d_name, FNM_PERIOD | FNM_NOESCAPE) == 0)
			is_whole = descend(walk, found, entry->d_name, pattern);
	}
	(void)closedir(folder); /* was only read */
	return is_whole;
}

/* FOUND: a path that is there, with its slashes, or empty. */
static bool search(struct search *walk, const char *found, const char *pattern)
{
	size_t slashes = strspn(pattern, "/");
	size_t len = strcspn(pattern + slashes, "/");
	char *base = mem_format("%s%.*s", found, (int)slashes, pattern);
	char *component = mem_dup_n(pattern + slashes, len);
	const char *rest = pattern + slashes + len;
	bool is_whole;

	if (strpbrk(component, "*?["))
		is_whole = search_folder(walk, base, component, rest);
	else
		is_whole = descend(walk, base, component, rest);
	free(component);
	free(base);
	return is_whole;
}

static int by_bytes(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

bool fileglob(const char *pattern, struct strlist *names)
{
	struct strlist found = STRLIST_INIT;
	struct search walk = { .names = &found };
	/* What is longer can match nothing. */
	bool is_whole = strlen(pattern) >= PATH_MAX || search(&walk, "", pattern);

	if (found.count > 0)
		qsort(found.items, found.count, sizeof(*found.items), by_bytes);
	for (size_t i = 0; i < found.count; i++)
		strlist_add(names, found.items[i]);
	strlist_free(&found);
	return is_whole;
}

char *fileglob_literal(const char *path)
{
	struct str pattern = STR_INIT;

	for (; *path; path++)
		if (strchr("*?[", *path))
			str_addf(&pattern, "[%c]", *path);
		else
			str_add_n(&pattern, path, 1);
	return str_take(&pattern);
}
