/* SPDX-License-Identifier: ISC */
#include "watchdog/import/supermark.h"

#include <stdio.h>
#include <string.h>

#include "watchdog/base/hash.h"
#include "watchdog/import/confvalue.h"

uint64_t supermark_hash(const struct ini_section *section)
{
	uint64_t hash = HASH_INIT;

	for (size_t i = 0; i < section->count; i++) {
		hash = hash_text(hash, section->values[i].key);
		hash = hash_text(hash, section->values[i].text);
	}
	return hash;
}

uint64_t supermark_hash_text(const char *text)
{
	struct importer importer;
	struct ini ini = INI_INIT;
	uint64_t hash = 0;

	importer_init(&importer);
	if (ini_read(&ini, "", text, &importer) == 0 && ini.count > 0)
		hash = supermark_hash(ini.sections[0]);
	ini_free(&ini);
	importer_free(&importer);
	return hash;
}

static const struct ini_value *find(const struct ini_section *section, const char *key)
{
	for (size_t i = 0; i < section->mark_count; i++)
		if (strcmp(section->marks[i].key, key) == 0)
			return &section->marks[i];
	return NULL;
}

static bool is_unchanged(const struct ini_section *section)
{
	const struct ini_value *mark = find(section, SUPERMARK_UNCHANGED);
	char now[24];

	(void)snprintf(now, sizeof(now), "%016llx", (unsigned long long)supermark_hash(section));
	return mark && strcmp(mark->text, now) == 0;
}

static void set(struct importer *importer, struct importer_worker *worker,
		const struct ini_value *mark, const struct strlist *items)
{
	importer_unset(worker, mark->key);
	if (option_find(mark->key)->kind == OPTION_LIST)
		importer_clear(worker, mark->key);
	for (size_t i = 0; i < items->count; i++)
		(void)importer_set(importer, worker, mark->key, items->items[i], ini_place(mark),
				   mark->key);
}

void supermark_apply(struct importer *importer, const struct ini_section *section,
		     struct importer_worker *worker)
{
	bool is_whole = is_unchanged(section);

	for (size_t i = 0; i < section->mark_count; i++) {
		const struct ini_value *mark = &section->marks[i];
		struct strlist items = STRLIST_INIT;

		if (strcmp(mark->key, SUPERMARK_UNCHANGED) == 0)
			continue;
		if (!option_find(mark->key) || !confvalue_read(mark->text, &items))
			importer_warn(importer, worker, ini_place(mark),
				      "'cronherd: %s' is nothing that an export writes", mark->key);
		else if (!is_whole && importer_is_set(worker, mark->key))
			importer_warn(importer, worker, ini_place(mark),
				      "'cronherd: %s = %.200s' is passed over: the section was "
				      "changed since it was exported",
				      mark->key, mark->text);
		else
			set(importer, worker, mark, &items);
		strlist_free(&items);
	}
}

bool supermark_members(const struct ini_section *section, struct strlist *names)
{
	const struct ini_value *mark = find(section, SUPERMARK_WORKERS);

	return mark && confvalue_read(mark->text, names);
}
