/* SPDX-License-Identifier: ISC */
/* ini: line after line, in the order of RawConfigParser._read, whose surprises are wanted here. */
#include "watchdog/import/ini.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/utf8.h"

#define MARK "cronherd:"

struct reader {
	struct ini *ini;
	struct importer *importer;
	const char *file;
	int line;
	bool is_bad;
	struct ini_section *section;
	struct ini_value *value; /* that an indented line goes on with; NULL: none */
	struct str text;	 /* of that value, as far as it was read */
	char *before;		 /* what its key had until now, and where; NULL: nothing */
	struct importer_place before_place;
	size_t indent;
};

/* ---- characters --------------------------------------------------------------------------- */

size_t ini_space(const char *text)
{
	static const char *const wide[] = {
		"\xC2\x85",	"\xC2\xA0",	"\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x81",
		"\xE2\x80\x82", "\xE2\x80\x83", "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86",
		"\xE2\x80\x87", "\xE2\x80\x88", "\xE2\x80\x89", "\xE2\x80\x8A", "\xE2\x80\xA8",
		"\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"
	};

	if (*text == ' ' || (*text >= '\t' && *text <= '\r'))
		return 1;
	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		if (strncmp(text, wide[i], strlen(wide[i])) == 0)
			return strlen(wide[i]);
	return 0;
}

/* Length of the white space with which the LEN bytes of TEXT end. */
static size_t trailing_space(const char *text, size_t len)
{
	size_t end = len;

	while (end > 0) {
		size_t start = end - 1;

		while (start > 0 && (text[start] & 0xC0) == 0x80)
			start--;
		if (ini_space(text + start) != end - start)
			break;
		end = start;
	}
	return len - end;
}

/* TEXT's LEN bytes without white space around them. Allocated. */
static char *strip(const char *text, size_t len)
{
	size_t step;

	while (len > 0 && (step = ini_space(text)) > 0) {
		text += step;
		len -= step;
	}
	return mem_dup_n(text, len - trailing_space(text, len));
}

static bool is_space_before(const char *line, const char *at)
{
	return at == line || trailing_space(line, (size_t)(at - line)) > 0;
}

static const char *next_of(const char *from, char prefix)
{
	return from ? strchr(from, prefix) : NULL;
}

static const char *behind(const char *at)
{
	return at ? at + 1 : NULL;
}

/*
 * Where LINE's comment begins, or NULL. Both prefixes take their next place in turn until one of
 * them stands behind white space; of those that do in the same turn, the first counts, even if
 * another of the other kind stood before it.
 */
static const char *find_comment(const char *line)
{
	const char *first = line + strspn(line, " \t");
	const char *semicolon = strchr(line, ';');
	const char *hash = strchr(line, '#');

	for (size_t step; (step = ini_space(first)) > 0;)
		first += step;
	if (*first == ';' || *first == '#')
		return line;
	while (semicolon || hash) {
		const char *found = NULL;

		if (semicolon && is_space_before(line, semicolon))
			found = semicolon;
		if (hash && is_space_before(line, hash) && (!found || hash < found))
			found = hash;
		if (found)
			return found;
		semicolon = next_of(behind(semicolon), ';');
		hash = next_of(behind(hash), '#');
	}
	return NULL;
}

/* ---- sections and values ------------------------------------------------------------------ */

struct importer_place ini_place(const struct ini_value *value)
{
	return (struct importer_place){ value->file, value->line };
}

struct importer_place ini_section_place(const struct ini_section *section)
{
	return (struct importer_place){ section->file, section->line };
}

static void *room_for_one(void *items, size_t count, size_t each)
{
	if ((count & (count - 1)) != 0)
		return items;
	return mem_resize(items, count ? count * 2 : 1, each);
}

static void fail(struct reader *reader, const char *what)
{
	importer_fail(reader->importer, (struct importer_place){ reader->file, reader->line }, "%s",
		      what);
	reader->is_bad = true;
}

struct ini_section *ini_section(const struct ini *ini, const char *name)
{
	size_t at;

	return nameindex_find(&ini->index, name, strlen(name), &at) ? ini->sections[at] : NULL;
}

static struct ini_value *value_in(const struct ini_section *section, const char *key)
{
	for (size_t i = 0; section && i < section->count; i++)
		if (strcmp(section->values[i].key, key) == 0)
			return &section->values[i];
	return NULL;
}

const struct ini_value *ini_value(const struct ini *ini, const struct ini_section *section,
				  const char *key)
{
	const struct ini_value *value = value_in(section, key);

	return value ? value : value_in(&ini->defaults, key);
}

/* Ends the value that is being read. */
static void close_value(struct reader *reader)
{
	struct ini_value *value = reader->value;

	if (!value)
		return;
	value->text = str_take(&reader->text);
	value->text[strlen(value->text) - trailing_space(value->text, strlen(value->text))] = '\0';
	if (reader->before && strcmp(reader->before, value->text) != 0)
		importer_warn(reader->importer, NULL, reader->before_place,
			      "[%s] %s is set again on %s:%d, and that is what counts",
			      reader->section->name, value->key, value->file, value->line);
	free(reader->before);
	reader->before = NULL;
	reader->value = NULL;
}

/* KEY's value in the open section, new or emptied; KEY is taken over. NULL: there are too many. */
static struct ini_value *make_value(struct reader *reader, char *key)
{
	struct ini_section *section = reader->section;
	struct ini_value *value = value_in(section, key);

	if (value) {
		reader->before = value->text;
		reader->before_place = ini_place(value);
		free(key);
		return value;
	}
	if (section->count >= INI_KEYS_MAX) {
		fail(reader, "this section has too many keys");
		free(key);
		return NULL;
	}
	section->values = room_for_one(section->values, section->count, sizeof(*section->values));
	value = &section->values[section->count++];
	value->key = key;
	return value;
}

static void open_value(struct reader *reader, char *key, const char *text)
{
	struct ini_value *value = make_value(reader, key);

	if (!value)
		return;
	value->text = NULL;
	value->is_cut = false;
	value->file = reader->file;
	value->line = reader->line;
	str_add(&reader->text, text);
	reader->value = value;
}

static struct ini_section *add_section(struct reader *reader, char *name)
{
	struct ini *ini = reader->ini;
	struct ini_section *section = mem_alloc(sizeof(*section));

	section->name = name;
	section->file = reader->file;
	section->line = reader->line;
	ini->sections = room_for_one(ini->sections, ini->count, sizeof(struct ini_section *));
	nameindex_put(&ini->index, name, strlen(name), ini->count);
	ini->sections[ini->count++] = section;
	return section;
}

/* NAME: taken over. */
static void open_section(struct reader *reader, char *name)
{
	reader->section = strcmp(name, "DEFAULT") == 0 ? &reader->ini->defaults
						       : ini_section(reader->ini, name);
	if (reader->section) {
		free(name);
		return;
	}
	if (reader->ini->count >= INI_SECTIONS_MAX) {
		fail(reader, "too many sections");
		free(name);
		return;
	}
	reader->section = add_section(reader, name);
}

/* ---- lines -------------------------------------------------------------------------------- */

static void take_key(struct reader *reader, const char *line)
{
	size_t len = strcspn(line, "=:");
	char *key, *text;

	if (line[len] == '\0' || len == 0) {
		fail(reader, line[len] ? "nothing stands before the '=' or ':'"
				       : "neither a section in [ ], nor KEY=VALUE, nor indented to "
					 "go on with a value");
		return;
	}
	key = strip(line, len);
	for (char *at = key; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	text = strip(line + len + 1, strlen(line + len + 1));
	open_value(reader, key, text);
	free(text);
}

static void take_line(struct reader *reader, const char *line)
{
	const char *end = line[0] == '[' ? strrchr(line, ']') : NULL;

	if (end && end > line + 1) {
		open_section(reader, mem_dup_n(line + 1, (size_t)(end - line) - 1));
		return;
	}
	if (!reader->section)
		fail(reader,
		     "stands before the first section: [program:NAME] or the like must come first");
	else
		take_key(reader, line);
}

/* A comment of `export supervisord`'s; LINE: the whole of it. */
static void take_mark(struct reader *reader, const char *line)
{
	struct ini_section *section = reader->section;
	const char *at = line + strspn(line, " \t");
	size_t len;

	if (*at != ';' || !section)
		return;
	at++;
	at += strspn(at, " \t");
	if (strncmp(at, MARK, sizeof(MARK) - 1) != 0)
		return;
	at += sizeof(MARK) - 1;
	len = strcspn(at, "=");
	if (at[len] != '=' || section->mark_count >= INI_KEYS_MAX)
		return;
	section->marks = room_for_one(section->marks, section->mark_count, sizeof(*section->marks));
	section->marks[section->mark_count++] =
		(struct ini_value){ .key = strip(at, len),
				    .text = strip(at + len + 1, strlen(at + len + 1)),
				    .file = reader->file,
				    .line = reader->line };
}

static size_t indent_of(const char *line)
{
	size_t indent = 0;

	for (size_t step; (step = ini_space(line)) > 0; line += step)
		indent++;
	return indent;
}

/* LINE: without its newline. */
static void read_line(struct reader *reader, const char *line)
{
	const char *comment = find_comment(line);
	char *text = strip(line, comment ? (size_t)(comment - line) : strlen(line));
	size_t indent = indent_of(line);

	if (*text == '\0') {
		if (comment)
			take_mark(reader, line);
		else if (reader->value)
			str_add(&reader->text, "\n");
	} else if (reader->value && indent > reader->indent) {
		str_addf(&reader->text, "\n%s", text);
	} else {
		close_value(reader);
		reader->indent = indent;
		take_line(reader, text);
	}
	if (comment && reader->value)
		reader->value->is_cut = true;
	free(text);
}

int ini_read(struct ini *ini, const char *file, const char *text, struct importer *importer)
{
	struct reader reader = { .ini = ini, .importer = importer };

	strlist_add(&ini->files, file);
	reader.file = ini->files.items[ini->files.count - 1];
	while (*text) {
		size_t len = strcspn(text, "\n");
		char *line = mem_dup_n(text, len);

		reader.line++;
		read_line(&reader, line);
		free(line);
		text += len + (text[len] == '\n');
	}
	close_value(&reader);
	str_free(&reader.text);
	return reader.is_bad ? -1 : 0;
}

static void free_values(struct ini_value *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(values[i].key);
		free(values[i].text);
	}
	free(values);
}

void ini_clear(struct ini_section *section)
{
	free_values(section->values, section->count);
	section->values = NULL;
	section->count = 0;
}

static void free_section(struct ini_section *section)
{
	free(section->name);
	free_values(section->values, section->count);
	free_values(section->marks, section->mark_count);
}

void ini_free(struct ini *ini)
{
	for (size_t i = 0; i < ini->count; i++) {
		free_section(ini->sections[i]);
		free(ini->sections[i]);
	}
	free(ini->sections);
	free_section(&ini->defaults);
	nameindex_free(&ini->index);
	strlist_free(&ini->files);
	*ini = (struct ini)INI_INIT;
}
