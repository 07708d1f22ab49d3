/* SPDX-License-Identifier: ISC */
/* supervisord: files, includes, groups; programs are superprogram.c's. */
#include "watchdog/import/supervisord.h"

#include <stdlib.h>
#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/import/fileglob.h"
#include "watchdog/import/ini.h"
#include "watchdog/import/memmon.h"
#include "watchdog/import/supermark.h"
#include "watchdog/import/superprogram.h"
#include "watchdog/import/textfile.h"

/* Of all files together. */
#define FILES_MAX 2000
#define BYTES_MAX ((size_t)16 * 1024 * 1024)

/* One [group:x] that a program is in. */
struct membership {
	size_t group; /* its section */
	size_t next;  /* one more, as its number + 1; 0: none */
};

struct source {
	struct importer *importer;
	struct ini ini;
	size_t file_count;
	size_t bytes;
	size_t *member_of; /* by section: the first membership, as its number + 1 */
	struct membership *memberships;
	size_t membership_count;
};

static bool begins(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* ---- files -------------------------------------------------------------------------------- */

static void fail_whole(struct source *source, const char *text)
{
	importer_fail(source->importer, (struct importer_place){ .file = NULL }, "%s", text);
}

static int read_file(struct source *source, const char *file)
{
	struct str text = STR_INIT;
	struct err err = ERR_INIT;
	int rc = -1;

	if (source->file_count >= FILES_MAX || source->bytes > BYTES_MAX) {
		importer_fail(source->importer, (struct importer_place){ .file = file },
			      "too many files: more than %d, or 16 MiB", FILES_MAX);
		return -1;
	}
	source->file_count++;
	if (textfile_read(file, &text, &err) != 0)
		fail_whole(source, err.text);
	else
		rc = ini_read(&source->ini, file, str_text(&text), source->importer);
	source->bytes += text.len;
	str_free(&text);
	return rc;
}

static int include_pattern(struct source *source, struct importer_place place, const char *here,
			   const char *pattern)
{
	char *path = pattern[0] == '/' ? mem_dup(pattern) : mem_format("%s/%s", here, pattern);
	struct strlist names = STRLIST_INIT;
	int rc = 0;

	if (!fileglob(path, &names)) {
		importer_fail(source->importer, place,
			      "[include] files: '%s' is for more files than can be looked at",
			      pattern);
		rc = -1;
	} else if (names.count == 0) {
		importer_warn(source->importer, NULL, place,
			      "[include] files: no file matches '%s'", pattern);
	}
	for (size_t i = 0; rc == 0 && i < names.count; i++)
		rc = read_file(source, names.items[i]);
	strlist_free(&names);
	free(path);
	return rc;
}

static int include_patterns(struct source *source, struct importer_place place,
			    const char *patterns)
{
	char *here = superscope_here(place.file);
	int rc = here ? 0 : -1;

	if (!here)
		importer_fail(source->importer, place,
			      "[include]: the directory of this file has no name");
	for (const char *at = patterns; rc == 0 && *(at += strspn(at, " \t\n")) != '\0';) {
		size_t len = strcspn(at, " \t\n");
		char *pattern = mem_dup_n(at, len);

		rc = include_pattern(source, place, here, pattern);
		free(pattern);
		at += len;
	}
	free(here);
	return rc;
}

/* Includes what FILE itself names; included files include nothing. */
static int include(struct source *source, const char *file)
{
	struct ini_section *section = ini_section(&source->ini, "include");
	struct superscope scope = { .importer = source->importer,
				    .ini = &source->ini,
				    .section = section };
	const struct ini_value *value = section ? ini_value(&source->ini, section, "files") : NULL;
	char *marked, *patterns;
	int rc;

	if (section && !value && strcmp(section->file, file) == 0) {
		importer_fail(source->importer, ini_section_place(section),
			      "[include] has no files");
		return -1;
	}
	if (!value)
		return 0;

	struct importer_place place = ini_place(value);
	marked = superscope_text(&scope, "files", 1);
	patterns = marked ? pyformat_concrete(marked, 0) : NULL;
	/* So that what an included file says there is known from it. */
	ini_clear(section);
	rc = patterns ? include_patterns(source, place, patterns) : -1;
	if (rc == 0 && section->count > 0)
		importer_warn(source->importer, NULL, ini_place(&section->values[0]),
			      "[include]: a file that is included includes nothing itself; name it "
			      "too, to have it read");
	ini_clear(section);
	free(patterns);
	free(marked);
	return rc;
}

/* ---- groups ------------------------------------------------------------------------------- */

static size_t section_number(const struct ini *ini, const char *prefix, const char *name)
{
	char *full = mem_format("%s%s", prefix, name);
	size_t at;

	if (!nameindex_find(&ini->index, full, strlen(full), &at))
		at = ini->count;
	free(full);
	return at;
}

static void add_membership(struct source *source, size_t program, size_t group)
{
	size_t last = source->member_of[program];

	for (size_t at = last; at; at = source->memberships[at - 1].next) {
		if (source->memberships[at - 1].group == group)
			return;
		last = at;
	}
	if ((source->membership_count & (source->membership_count - 1)) == 0)
		source->memberships =
			mem_resize(source->memberships,
				   source->membership_count ? source->membership_count * 2 : 1,
				   sizeof(*source->memberships));
	source->memberships[source->membership_count++] = (struct membership){ .group = group };
	if (last)
		source->memberships[last - 1].next = source->membership_count;
	else
		source->member_of[program] = source->membership_count;
}

/* False where GROUP names what is not there. */
static bool check_member(struct source *source, const struct ini_section *group, const char *name)
{
	const struct ini *ini = &source->ini;
	bool is_program = section_number(ini, "program:", name) < ini->count;
	bool is_fcgi = section_number(ini, "fcgi-program:", name) < ini->count;
	const struct ini_value *value = ini_value(ini, group, "programs");

	if (is_program != is_fcgi)
		return true;
	importer_fail(
		source->importer, ini_place(value), "[%s] programs: '%.200s' %s", group->name, name,
		is_program ? "is ambiguous: it is a program and an fcgi-program" : "is no program");
	return false;
}

/* The names of GROUP's programs; false where there is an error in it. */
static bool read_members(struct source *source, const struct ini_section *group,
			 struct strlist *names)
{
	struct superscope scope = { .importer = source->importer,
				    .ini = &source->ini,
				    .section = group };
	char *text = superscope_text(&scope, "programs", 1);
	bool is_right = !scope.is_bad;

	if (text)
		superscope_items(text, names);
	else if (is_right)
		importer_warn(source->importer, NULL, ini_section_place(group),
			      "[%s] names no programs", group->name);
	for (size_t i = 0; i < names->count && is_right; i++)
		is_right = check_member(source, group, names->items[i]);
	free(text);
	return is_right;
}

static void find_members(struct source *source, size_t at)
{
	const struct ini_section *group = source->ini.sections[at];
	struct strlist names = STRLIST_INIT;

	if (read_members(source, group, &names))
		for (size_t i = 0; i < names.count; i++) {
			size_t program = section_number(&source->ini, "program:", names.items[i]);
			if (program < source->ini.count)
				add_membership(source, program, at);
		}
	strlist_free(&names);
}

static void warn_of_group_keys(struct source *source, const struct ini_section *group)
{
	for (size_t i = 0; i < group->count; i++)
		if (strcmp(group->values[i].key, "programs") != 0 &&
		    strcmp(group->values[i].key, "priority") != 0)
			importer_warn(
				source->importer, NULL, ini_place(&group->values[i]),
				"[%s] %s: supervisord knows no such key, and passes over it, too",
				group->name, group->values[i].key);
}

static void find_groups(struct source *source)
{
	source->member_of = mem_alloc((source->ini.count + 1) * sizeof(*source->member_of));
	for (size_t i = 0; i < source->ini.count; i++) {
		if (!begins(source->ini.sections[i]->name, "group:"))
			continue;
		find_members(source, i);
		warn_of_group_keys(source, source->ini.sections[i]);
	}
}

/* ---- programs ----------------------------------------------------------------------------- */

static void import_member(struct source *source, size_t program,
			  const struct membership *membership, bool is_further,
			  const struct supersettings *settings, struct superprocesses *processes)
{
	const struct ini_section *section = source->ini.sections[membership->group];
	struct superscope scope = { .importer = source->importer,
				    .ini = &source->ini,
				    .section = section };
	struct supergroup group = { .has_priority = superscope_has(&scope, "priority"),
				    .is_further = is_further };
	char *name;

	if (!superprogram_name(source->importer, section, &name))
		return;
	group.name = name;
	group.priority = superscope_int(&scope, "priority", 999);
	superprogram_import(&source->ini, source->ini.sections[program], &group, settings,
			    source->importer, processes);
	free(name);
}

static void import_program(struct source *source, size_t program,
			   const struct supersettings *settings, struct superprocesses *processes)
{
	size_t at = source->member_of[program];
	bool is_further = false;

	if (!at)
		superprogram_import(&source->ini, source->ini.sections[program], NULL, settings,
				    source->importer, processes);
	for (; at; at = source->memberships[at - 1].next) {
		import_member(source, program, &source->memberships[at - 1], is_further, settings,
			      processes);
		is_further = true;
	}
}

/* Those who were imported as its members; or, where an export says more, all whom it names. */
static void find_workers(const struct source *source, const struct ini_section *section,
			 const struct superprocesses *processes, struct strlist *workers)
{
	const char *name = section->name + strlen("group:");
	struct strlist marked = STRLIST_INIT;

	if (supermark_members(section, &marked)) {
		for (size_t i = 0; i < marked.count; i++)
			if (importer_find(source->importer, marked.items[i]))
				strlist_add(workers, marked.items[i]);
		strlist_free(&marked);
		return;
	}
	name += strspn(name, " \t");
	for (size_t i = 0; i < processes->count; i++)
		if (strcmp(processes->items[i].group, name) == 0)
			strlist_add(workers, processes->items[i].worker->name);
}

static void import_groups(struct source *source, const struct superprocesses *processes)
{
	for (size_t i = 0; i < source->ini.count; i++) {
		const struct ini_section *section = source->ini.sections[i];
		struct strlist workers = STRLIST_INIT;

		if (!begins(section->name, "group:"))
			continue;
		find_workers(source, section, processes, &workers);
		if (workers.count > 0) {
			char *origin = mem_format("[%s]", section->name);
			struct importer_group *group = importer_add_group(
				source->importer, section->name + strlen("group:"),
				ini_section_place(section), origin);

			group->workers = workers;
			free(origin);
		}
	}
}

/* ---- sections that are no programs -------------------------------------------------------- */

static void pass_over(struct source *source, const struct ini_section *section)
{
	static const char *const known[] = { "unix_http_server", "inet_http_server",
					     "supervisorctl", "rpcinterface:", "ctlplugin:" };
	static const char *const handled[] = { "program:", "group:", "eventlistener:",
					       "fcgi-program:" };
	struct importer_place place = ini_section_place(section);

	if (strcmp(section->name, "supervisord") == 0 || strcmp(section->name, "include") == 0)
		return;
	for (size_t i = 0; i < sizeof(handled) / sizeof(handled[0]); i++)
		if (begins(section->name, handled[i]))
			return;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (begins(section->name, known[i])) {
			importer_note(source->importer, NULL,
				      "%s:%d: [%s]: passed over, as there is no daemon to talk to",
				      place.file, place.line, section->name);
			return;
		}
	}
	importer_warn(source->importer, NULL, place,
		      "[%s]: supervisord knows no such section, and passes over it, too",
		      section->name);
}

static void refuse_fcgi(struct source *source, const struct ini_section *section)
{
	importer_warn(source->importer, NULL, ini_section_place(section),
		      "[%s] is not imported: it needs a socket that somebody holds for it; have "
		      "the program listen itself, "
		      "or use the pool manager of its language",
		      section->name);
	source->importer->left_out++;
}

static void import_sections(struct source *source, const struct supersettings *settings)
{
	struct superprocesses processes = { .items = NULL };

	for (size_t i = 0; i < source->ini.count; i++) {
		const struct ini_section *section = source->ini.sections[i];

		if (begins(section->name, "program:"))
			import_program(source, i, settings, &processes);
		else if (begins(section->name, "fcgi-program:"))
			refuse_fcgi(source, section);
		else
			pass_over(source, section);
	}
	import_groups(source, &processes);
	for (size_t i = 0; i < source->ini.count; i++)
		if (begins(source->ini.sections[i]->name, "eventlistener:"))
			memmon_import(&source->ini, source->ini.sections[i], settings, &processes,
				      source->importer);
	superprocesses_free(&processes);
}

static void import_all(struct source *source)
{
	struct supersettings settings = SUPERSETTINGS_INIT;

	/* Where these are wrong, each program would be. */
	if (supersettings_read(&source->ini, source->importer, &settings) == 0) {
		find_groups(source);
		import_sections(source, &settings);
	}
	importer_finish(source->importer);
	supersettings_free(&settings);
}

static void free_source(struct source *source)
{
	ini_free(&source->ini);
	free(source->member_of);
	free(source->memberships);
}

void supervisord_import(struct importer *importer, char *const *files, int count)
{
	struct source source = { .importer = importer };
	int rc = 0;

	for (int i = 0; i < count && rc == 0; i++) {
		rc = read_file(&source, files[i]);
		if (rc == 0)
			rc = include(&source, files[i]);
	}
	if (rc == 0)
		import_all(&source);
	free_source(&source);
}

void supervisord_import_text(struct importer *importer, const char *file, const char *text)
{
	struct source source = { .importer = importer };

	if (ini_read(&source.ini, file, text, importer) == 0)
		import_all(&source);
	free_source(&source);
}
