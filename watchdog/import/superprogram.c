/* SPDX-License-Identifier: ISC */
/* superprogram: first all is read and expanded, as that may be wrong; then the worker is made. */
#include "watchdog/import/superprogram.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/signame.h"
#include "watchdog/import/supermark.h"
#include "watchdog/import/superworker.h"

#define NUMPROCS_MAX 10000
/* As many workers as one program may become. */
#define EACH_MAX 1000

/* ---- reading ------------------------------------------------------------------------------ */

bool superprogram_name(struct importer *importer, const struct ini_section *section, char **trimmed)
{
	const char *name = strchr(section->name, ':') + 1;
	size_t len;

	name += strspn(name, " \t");
	len = strlen(name);
	while (len > 0 && strchr(" \t", name[len - 1]))
		len--;
	*trimmed = mem_dup_n(name, len);
	if (len > 0 && !strpbrk(*trimmed, " :/"))
		return true;
	importer_fail(importer, ini_section_place(section),
		      "[%s]: a name must not be empty, and have no blank, ':' or '/'",
		      section->name);
	free(*trimmed);
	*trimmed = NULL;
	return false;
}

static void read_autorestart(struct superparts *program)
{
	char *text = superscope_text(&program->scope, "autorestart", 1);
	bool is_always;

	if (!text || strcasecmp(text, "unexpected") == 0)
		program->autorestart = mem_dup("unexpected");
	else if (superscope_parse_bool(text, &is_always) == 0)
		program->autorestart = mem_dup(is_always ? "always" : "never");
	else
		superscope_fail(&program->scope, "autorestart",
				"'%.200s' is none of true, false and unexpected", text);
	free(text);
}

static void read_stopsignal(struct superparts *program)
{
	char *text = superscope_text(&program->scope, "stopsignal", 1);
	int64_t number;
	int sig = -1;

	if (text && superscope_parse_int(text, &number) == 0)
		sig = number > 0 && number <= 64 ? (int)number : -1;
	else if (text)
		sig = signame_parse(text);
	program->stopsignal = sig > 0 ? signame_text(sig) : NULL;
	if (text && sig <= 0)
		superscope_fail(&program->scope, "stopsignal", "'%.200s' is no signal", text);
	free(text);
}

static void read_exitcodes(struct superparts *program)
{
	char *text = superscope_text(&program->scope, "exitcodes", 1);
	struct strlist items = STRLIST_INIT;
	int64_t code;

	if (text)
		superscope_items(text, &items);
	for (size_t i = 0; i < items.count; i++) {
		if (superscope_parse_int(items.items[i], &code) != 0 || code < 0 || code > 255) {
			superscope_fail(&program->scope, "exitcodes",
					"'%.200s' is no exit code from 0 to 255", items.items[i]);
			break;
		}
		char *number = mem_format("%lld", (long long)code);
		if (!strlist_has(&program->exitcodes, number))
			strlist_add(&program->exitcodes, number);
		free(number);
	}
	strlist_free(&items);
	free(text);
}

static void read_group_stopping(struct superparts *program)
{
	struct superscope *scope = &program->scope;

	program->stops_group = superscope_bool(scope, "stopasgroup", false);
	program->kills_group = superscope_bool(scope, "killasgroup", program->stops_group);
	if (program->stops_group && !program->kills_group)
		superscope_fail(scope, "killasgroup",
				"it cannot be false where stopasgroup is true");
}

static void read_count(struct superparts *program)
{
	struct superscope *scope = &program->scope;
	const struct ini_value *name = ini_value(scope->ini, scope->section, "process_name");

	program->numprocs = superscope_int(scope, "numprocs", 1);
	program->numprocs_start = superscope_int(scope, "numprocs_start", 0);
	if (program->numprocs < 0)
		program->numprocs = 0;
	if (program->numprocs > NUMPROCS_MAX)
		superscope_fail(scope, "numprocs", "more than %d", NUMPROCS_MAX);
	if (program->numprocs_start < 0 || program->numprocs_start > 1000000000)
		superscope_fail(scope, "numprocs_start", "must be from 0 to 1000000000");
	if (program->numprocs > 1 && (!name || !strstr(name->text, "%(process_num)")))
		superscope_fail(
			scope, name ? "process_name" : "numprocs",
			"with numprocs above 1, process_name must have %%(process_num) in it");
}

static void read_settings(struct superparts *program)
{
	struct superscope *scope = &program->scope;

	program->priority = superscope_int(scope, "priority", 999);
	program->is_started = superscope_bool(scope, "autostart", true);
	program->startsecs = superscope_int(scope, "startsecs", 1);
	program->startretries = superscope_int(scope, "startretries", 3);
	program->stopwaitsecs = superscope_int(scope, "stopwaitsecs", 10);
	program->user = superscope_text(scope, "user", 1);
	program->umask = superscope_text(scope, "umask", 1);
	read_autorestart(program);
	read_stopsignal(program);
	read_exitcodes(program);
	read_group_stopping(program);
	read_count(program);
	superlog_read(scope, &program->log);
}

/* ---- expanding ---------------------------------------------------------------------------- */

/*
 * As it only says how a process is called, one form that supervisord refuses is passed: people
 * write it, and have it in their documentation.
 */
static char *expand_name(struct superparts *program)
{
	static const char tail[] = "%(process_num)";
	struct superscope *scope = &program->scope;
	const struct ini_value *value = ini_value(scope->ini, scope->section, "process_name");
	size_t len = value ? strlen(value->text) : 0;

	if (len < sizeof(tail) - 1 || strcmp(value->text + len - (sizeof(tail) - 1), tail) != 0)
		return superscope_text(scope, "process_name", 1);

	struct str mended = STR_INIT;
	struct str out = STR_INIT;
	struct err err = ERR_INIT;
	str_addf(&mended, "%sd", value->text);
	if (pyformat_expand(&scope->format, str_text(&mended), &out, &err) == PYFORMAT_BAD)
		superscope_fail(scope, "process_name", "'%.200s': %s", value->text, err.text);
	str_free(&mended);
	return out.data ? str_take(&out) : NULL;
}

/* Checked as written: what is put in may be anything. */
static void check_name(struct superparts *program, struct supertexts *texts)
{
	const struct ini_value *value =
		ini_value(program->scope.ini, program->scope.section, "process_name");

	if (value && strpbrk(value->text, " :/"))
		superscope_fail(&program->scope, "process_name",
				"'%.200s' must have no blank, ':' or '/'", value->text);
	if (!texts->process_name)
		texts->process_name = mem_dup(program->name);
}

static void expand_environment(struct superparts *program, struct supertexts *texts)
{
	struct superscope *scope = &program->scope;
	char *text;

	scope->format.envs[0] = NULL;
	text = superscope_text(scope, "environment", 1);
	if (text)
		(void)supersettings_pairs(scope, "environment", text, &texts->environment,
					  NULL); /* is_bad says it */
	free(text);
	scope->format.envs[0] = &texts->environment;
}

/* NUMBER: of one process, or -1 for all of them. False where something in them is bad, or must be
 * done for each. */
static bool expand_texts(struct superparts *program, int64_t number, struct supertexts *texts)
{
	struct superscope *scope = &program->scope;

	scope->format.has_process = true;
	scope->format.process_num = number;
	scope->format.numprocs = program->numprocs;
	scope->format.from_outside = &texts->from_outside;
	scope->is_each = false;
	expand_environment(program, texts);
	texts->process_name = expand_name(program);
	check_name(program, texts);
	texts->directory = superscope_text(scope, "directory", 1);
	texts->command = superscope_text(scope, "command", 1);
	superlog_expand(scope, &texts->logs);
	if (!superscope_has(scope, "command"))
		superscope_fail(scope, "command", "is missing");
	scope->format.envs[0] = NULL;
	scope->format.from_outside = NULL;
	scope->format.has_process = false;
	return !scope->is_bad && !scope->is_each;
}

static void free_texts(struct supertexts *texts)
{
	strlist_free(&texts->environment);
	strlist_free(&texts->from_outside);
	free(texts->process_name);
	free(texts->directory);
	free(texts->command);
	superlog_paths_free(&texts->logs);
}

/* ---- all of it ---------------------------------------------------------------------------- */

static void add_process(struct superparts *program, struct importer_worker *worker,
			const struct supertexts *texts, int64_t number)
{
	struct superprocesses *processes = program->processes;

	if ((processes->count & (processes->count - 1)) == 0)
		processes->items =
			mem_resize(processes->items, processes->count ? processes->count * 2 : 1,
				   sizeof(*processes->items));
	processes->items[processes->count++] =
		(struct superprocess){ .worker = worker,
				       .program = mem_dup(program->name),
				       .group = mem_dup(program->scope.format.group_name),
				       .process_name = mem_dup(texts->process_name),
				       .first = number >= 0 ? number : program->numprocs_start,
				       .count = number >= 0 ? 1 : program->numprocs };
}

static char *choose_name(const struct superparts *program, const struct supertexts *texts,
			 int64_t number)
{
	if (number >= 0)
		return pyformat_concrete(texts->process_name, number);
	if (program->group && program->group->is_further)
		return mem_format("%s-%s", program->group->name, program->name);
	return mem_dup(program->name);
}

/* TEXTS to a worker; NUMBER: -1 where it has all processes. */
static void make_worker(struct superparts *program, const struct supertexts *texts, int64_t number)
{
	const struct ini_section *section = program->scope.section;
	struct importer *importer = program->scope.importer;
	char *wanted = choose_name(program, texts, number);
	char *origin = mem_format("[%s]", section->name);
	struct importer_worker *worker =
		importer_add(importer, wanted, ini_section_place(section), origin);

	free(wanted);
	free(origin);
	if (!worker)
		return;
	if (program->group && program->group->is_further)
		importer_warn(
			importer, worker, ini_section_place(section),
			"%s is in several groups, and runs once for each of them: this is for %s",
			program->name, program->group->name);
	superworker_fill(program, worker, texts, number);
	if (program->scope.is_bad) {
		importer_drop(importer, worker);
		return;
	}
	supermark_apply(importer, section, worker);
	if (importer_accept(importer, worker, ini_section_place(section)))
		add_process(program, worker, texts, number);
}

static void import_for(struct superparts *program, int64_t number)
{
	struct supertexts texts = { .command = NULL };

	if (expand_texts(program, number, &texts))
		make_worker(program, &texts, number);
	free_texts(&texts);
}

static void import_each(struct superparts *program)
{
	if (program->numprocs > EACH_MAX) {
		superscope_fail(
			&program->scope, "numprocs",
			"more than %d, with a form of %%(process_num) that needs a worker for each",
			EACH_MAX);
		return;
	}
	for (int64_t n = 0; n < program->numprocs && !program->scope.is_bad; n++)
		import_for(program, program->numprocs_start + n);
}

static void free_program(struct superparts *program)
{
	free(program->name);
	free(program->autorestart);
	strlist_free(&program->exitcodes);
	free(program->user);
	free(program->umask);
}

void superprogram_import(const struct ini *ini, const struct ini_section *section,
			 const struct supergroup *group, const struct supersettings *settings,
			 struct importer *importer, struct superprocesses *processes)
{
	struct superparts program = {
		.scope = { .importer = importer, .ini = ini, .section = section },
		.settings = settings,
		.group = group,
		.processes = processes
	};

	if (!superprogram_name(importer, section, &program.name))
		return;
	program.scope.format.program_name = program.name;
	program.scope.format.group_name = group ? group->name : program.name;
	program.scope.format.envs[1] = &settings->environment;
	read_settings(&program);
	if (!program.scope.is_bad)
		import_for(&program, -1);
	if (!program.scope.is_bad && program.scope.is_each)
		import_each(&program);
	free_program(&program);
}

void superprocesses_free(struct superprocesses *processes)
{
	for (size_t i = 0; i < processes->count; i++) {
		free(processes->items[i].program);
		free(processes->items[i].group);
		free(processes->items[i].process_name);
	}
	free(processes->items);
	*processes = (struct superprocesses){ .items = NULL };
}
