/* SPDX-License-Identifier: ISC */
#include "watchdog/import/unitfile.h"

#include <stdlib.h>
#include <string.h>

#include "watchdog/base/mem.h"

struct reader {
	struct unitfile *unit;
	struct importer *importer;
	const char *file;
	int line;
	char *section;
};

static char *strip(const char *text, size_t len)
{
	while (len > 0 && strchr(" \t", *text)) {
		text++;
		len--;
	}
	while (len > 0 && strchr(" \t", text[len - 1]))
		len--;
	return mem_dup_n(text, len);
}

static int add(struct reader *reader, int line, char *key, char *text)
{
	struct unitfile *unit = reader->unit;

	if (unit->count >= UNITFILE_ASSIGNMENTS_MAX) {
		importer_fail(reader->importer, (struct importer_place){ reader->file, line },
			      "too many assignments");
		free(key);
		free(text);
		return -1;
	}
	if ((unit->count & (unit->count - 1)) == 0)
		unit->items = mem_resize(unit->items, unit->count ? unit->count * 2 : 1,
					 sizeof(*unit->items));
	unit->items[unit->count++] =
		(struct unitfile_assignment){ .section = mem_dup(reader->section),
					      .key = key,
					      .text = text,
					      .file = reader->file,
					      .line = line };
	return 0;
}

/* TEXT: a whole logical line, stripped, not empty; LINE: where it began. */
static int take(struct reader *reader, const char *text, int line)
{
	struct importer_place place = { reader->file, line };
	size_t len = strlen(text);
	size_t key_len = strcspn(text, "=");

	if (text[0] == '[' && text[len - 1] == ']') {
		free(reader->section);
		reader->section = mem_dup_n(text + 1, len - 2);
		return 0;
	}
	if (text[key_len] != '=' || key_len == 0 || !reader->section) {
		importer_warn(reader->importer, NULL, place,
			      "'%.60s' is no assignment, and is passed over", text);
		return 0;
	}
	return add(reader, line, strip(text, key_len),
		   strip(text + key_len + 1, len - key_len - 1));
}

/* One physical line more to the logical one in TEXT. True: it goes on. */
static bool gather(const char *line, size_t len, struct str *text)
{
	char *part = strip(line, len);
	size_t part_len = strlen(part);
	bool goes_on = len > 0 && line[len - 1] == '\\';

	/* Also between the lines of one. */
	if (*part == '#' || *part == ';') {
		goes_on = text->len > 0;
	} else {
		if (goes_on)
			part[part_len - 1] = ' ';
		str_add(text, part);
	}
	free(part);
	return goes_on;
}

int unitfile_read(struct unitfile *unit, const char *file, const char *text,
		  struct importer *importer)
{
	struct reader reader = { .unit = unit, .importer = importer };
	struct str logical = STR_INIT;
	int begin = 0;
	int rc = 0;

	strlist_add(&unit->files, file);
	reader.file = unit->files.items[unit->files.count - 1];
	while (*text && rc == 0) {
		size_t len = strcspn(text, "\n");

		reader.line++;
		if (logical.len == 0)
			begin = reader.line;
		bool goes_on = gather(text, len, &logical);
		text += len + (text[len] == '\n');
		if (goes_on && *text)
			continue;
		char *whole = strip(str_text(&logical), logical.len);
		if (*whole)
			rc = take(&reader, whole, begin);
		free(whole);
		str_free(&logical);
	}
	str_free(&logical);
	free(reader.section);
	return rc;
}

void unitfile_free(struct unitfile *unit)
{
	for (size_t i = 0; i < unit->count; i++) {
		free(unit->items[i].section);
		free(unit->items[i].key);
		free(unit->items[i].text);
	}
	free(unit->items);
	strlist_free(&unit->files);
	*unit = (struct unitfile)UNITFILE_INIT;
}

static bool is_of(const struct unitfile_assignment *item, const char *section, const char *key)
{
	return strcmp(item->key, key) == 0 && strcmp(item->section, section) == 0;
}

const struct unitfile_assignment *unitfile_last(struct unitfile *unit, const char *section,
						const char *key)
{
	const struct unitfile_assignment *last = NULL;

	for (size_t i = 0; i < unit->count; i++) {
		if (!is_of(&unit->items[i], section, key))
			continue;
		unit->items[i].is_known = true;
		last = &unit->items[i];
	}
	return last && last->text[0] != '\0' ? last : NULL;
}

/* Behind the last empty assignment of KEY. */
static size_t first_that_counts(struct unitfile *unit, const char *section, const char *key)
{
	size_t first = 0;

	for (size_t i = 0; i < unit->count; i++) {
		if (!is_of(&unit->items[i], section, key))
			continue;
		unit->items[i].is_known = true;
		if (unit->items[i].text[0] == '\0')
			first = i + 1;
	}
	return first;
}

const struct unitfile_assignment *unitfile_next(struct unitfile *unit, const char *section,
						const char *key, size_t *at)
{
	size_t first = *at ? *at : first_that_counts(unit, section, key);

	for (size_t i = first; i < unit->count; i++) {
		if (!is_of(&unit->items[i], section, key))
			continue;
		*at = i + 1;
		return &unit->items[i];
	}
	*at = unit->count + 1;
	return NULL;
}

struct importer_place unitfile_place(const struct unitfile_assignment *assignment)
{
	return (struct importer_place){ assignment->file, assignment->line };
}
