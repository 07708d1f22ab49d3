/* SPDX-License-Identifier: ISC */
#include "watchdog/import/memmon.h"

#include <stdlib.h>
#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/import/pyshlex.h"

enum kind { KIND_PROGRAM, KIND_GROUP, KIND_ANY };

struct rule {
	enum kind kind;
	char *name; /* NULL for any */
	int64_t bytes;
	bool is_used;
};

struct memmon {
	struct importer *importer;
	struct importer_place place;
	const char *section;
	struct rule *rules;
	size_t count;
	bool is_tree;
	bool is_bad;
};

static const struct {
	char letter;
	const char *name;
	bool has_value;
} options[] = {
	{ 'h', "help", false }, { 'c', "cumulative", false }, { 'p', "program", true },
	{ 'g', "group", true }, { 'a', "any", true },	      { 's', "sendmail_program", true },
	{ 'm', "email", true }, { 'u', "uptime", true },      { 'n', "name", true },
};

#define OPTION_COUNT (sizeof(options) / sizeof(options[0]))

/* ---- its options -------------------------------------------------------------------------- */

static void add_rule(struct memmon *memmon, enum kind kind, const char *text)
{
	const char *equals = kind == KIND_ANY ? NULL : strchr(text, '=');
	const char *size = equals ? equals + 1 : text;
	int64_t bytes;

	if ((kind != KIND_ANY && !equals) || superscope_parse_size(size, &bytes) != 0) {
		importer_fail(memmon->importer, memmon->place, "[%s] command: '%.200s' is no %s",
			      memmon->section, text, kind == KIND_ANY ? "size" : "NAME=SIZE");
		memmon->is_bad = true;
		return;
	}
	if ((memmon->count & (memmon->count - 1)) == 0)
		memmon->rules = mem_resize(memmon->rules, memmon->count ? memmon->count * 2 : 1,
					   sizeof(*memmon->rules));
	memmon->rules[memmon->count++] =
		(struct rule){ .kind = kind,
			       .name = equals ? mem_dup_n(text, (size_t)(equals - text)) : NULL,
			       .bytes = bytes };
}

static void take_option(struct memmon *memmon, char letter, const char *value)
{
	switch (letter) {
	case 'c':
		memmon->is_tree = true;
		break;
	case 'p':
		add_rule(memmon, KIND_PROGRAM, value);
		break;
	case 'g':
		add_rule(memmon, KIND_GROUP, value);
		break;
	case 'a':
		add_rule(memmon, KIND_ANY, value);
		break;
	case 'm':
		importer_warn(memmon->importer, NULL, memmon->place,
			      "[%s] mail to %.200s: no mail is sent here; a webhook for "
			      "worker.bloated tells of it",
			      memmon->section, value);
		break;
	default: /* how its mail is sent */
		break;
	}
}

/* The option at WORD ("-p" or "--program", with or without a value in it) as its row; OPTION_COUNT:
 * none. */
static size_t find_option(const char *word, const char **value)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		size_t len = strlen(options[i].name);

		*value = NULL;
		if (word[1] == options[i].letter) {
			*value = word[2] != '\0' ? word + 2 : NULL;
			return i;
		}
		if (word[1] == '-' && strncmp(word + 2, options[i].name, len) == 0 &&
		    (word[2 + len] == '\0' || word[2 + len] == '=')) {
			*value = word[2 + len] == '=' ? word + 3 + len : NULL;
			return i;
		}
	}
	return OPTION_COUNT;
}

/* WORDS: what stands behind the program, NULL-terminated. */
static void read_words(struct memmon *memmon, char *const *words)
{
	for (; *words && (*words)[0] == '-' && (*words)[1] != '\0' && strcmp(*words, "--") != 0;
	     words++) {
		const char *value;
		size_t row = find_option(*words, &value);
		bool has_value = row < OPTION_COUNT && options[row].has_value;

		/* -c may have others behind it. */
		if (row < OPTION_COUNT && !has_value && value)
			row = OPTION_COUNT;
		if (has_value && !value && words[1])
			value = *++words;
		if (row == OPTION_COUNT || (has_value && !value)) {
			importer_fail(memmon->importer, memmon->place,
				      "[%s] command: memmon has no such option, or it lacks its "
				      "value: %.200s",
				      memmon->section, *words);
			memmon->is_bad = true;
			return;
		}
		take_option(memmon, options[row].letter, has_value ? value : "");
	}
}

/* ---- what they are for -------------------------------------------------------------------- */

static bool is_called(const struct superprocess *process, int64_t number, const char *name)
{
	char *called = pyformat_concrete(process->process_name, number);
	bool is_same = strcmp(called, name) == 0;

	free(called);
	return is_same;
}

/* Whether NAME is that of one of PROCESS's processes, alone or behind its group. */
static bool is_of(const struct superprocess *process, const char *name)
{
	size_t group_len = strlen(process->group);
	bool is_found;

	if (strncmp(name, process->group, group_len) == 0 && name[group_len] == ':')
		name += group_len + 1;
	is_found = process->count > 0 && is_called(process, process->first, name);
	/* Which of them it would be, the digits in it say: wherever they begin and end. */
	for (const char *at = name; *at && !is_found && process->count > 1; at++) {
		int64_t number = 0;

		for (const char *digit = at;
		     *digit >= '0' && *digit <= '9' && digit < at + 10 && !is_found; digit++) {
			number = number * 10 + (*digit - '0');
			is_found = number >= process->first &&
				   number - process->first < process->count &&
				   is_called(process, number, name);
		}
	}
	return is_found;
}

static bool matches(const struct rule *rule, const struct superprocess *process)
{
	switch (rule->kind) {
	case KIND_PROGRAM:
		return is_of(process, rule->name);
	case KIND_GROUP:
		return strcmp(process->group, rule->name) == 0;
	case KIND_ANY:
		return true;
	}
	return false;
}

static void limit(const struct memmon *memmon, const struct rule *rule,
		  const struct superprocess *process)
{
	struct importer_worker *worker = process->worker;
	int64_t before = worker->options.memory_limit_bytes;
	char *text;

	if (rule->kind == KIND_PROGRAM && process->count > 1)
		importer_warn(memmon->importer, worker, memmon->place,
			      "[%s] -p %s: is for one process of %s; here it is for all of them",
			      memmon->section, rule->name, worker->name);
	if (before != OPTION_NONE && before <= rule->bytes)
		return;
	text = mem_format("%lld", (long long)rule->bytes);
	if (importer_set(memmon->importer, worker, "memory_limit", text, memmon->place, "command"))
		(void)importer_set(memmon->importer, worker, "memory_scope",
				   memmon->is_tree ? "tree" : "process", memmon->place, "command");
	free(text);
}

static void apply(struct memmon *memmon, const struct superprocesses *processes)
{
	for (size_t i = 0; i < memmon->count; i++) {
		struct rule *rule = &memmon->rules[i];

		for (size_t n = 0; n < processes->count; n++) {
			if (!matches(rule, &processes->items[n]))
				continue;
			rule->is_used = true;
			limit(memmon, rule, &processes->items[n]);
		}
		if (!rule->is_used && rule->kind != KIND_ANY)
			importer_warn(memmon->importer, NULL, memmon->place,
				      "[%s] %s: there is no such %s", memmon->section, rule->name,
				      rule->kind == KIND_GROUP ? "group" : "process");
	}
}

/* The word that is memmon itself, or NULL. */
static char *const *find_memmon(const struct strlist *words)
{
	for (size_t i = 0; i < words->count; i++) {
		const char *slash = strrchr(words->items[i], '/');
		const char *base = slash ? slash + 1 : words->items[i];

		if (strcmp(base, "memmon") == 0 || strcmp(base, "memmon.py") == 0)
			return words->items + i;
	}
	return NULL;
}

static void import_memmon(struct memmon *memmon, char *const *words,
			  const struct superprocesses *processes)
{
	read_words(memmon, words + 1);
	if (!memmon->is_bad)
		apply(memmon, processes);
	if (!memmon->is_bad && memmon->count > 0)
		importer_note(memmon->importer, NULL,
			      "%s:%d: [%s]: its sizes are the memory_limit of workers",
			      memmon->place.file, memmon->place.line, memmon->section);
	for (size_t i = 0; i < memmon->count; i++)
		free(memmon->rules[i].name);
	free(memmon->rules);
}

void memmon_import(const struct ini *ini, const struct ini_section *section,
		   const struct supersettings *settings, const struct superprocesses *processes,
		   struct importer *importer)
{
	const char *name = section->name + strlen("eventlistener:");
	struct superscope scope = { .importer = importer, .ini = ini, .section = section };
	struct strlist words = STRLIST_INIT;
	char *command, *const *found;

	scope.format = (struct pyformat){ .program_name = name,
					  .group_name = name,
					  .has_process = true,
					  .numprocs = 1,
					  .envs = { NULL, &settings->environment } };
	command = superscope_text(&scope, "command", 1);
	if (command && pyshlex_split(command, &words) == NULL && (found = find_memmon(&words))) {
		struct memmon memmon = { .importer = importer, .section = section->name };

		memmon.place = superscope_place(&scope, "command");
		import_memmon(&memmon, found, processes);
	} else if (!scope.is_bad) {
		importer_warn(importer, NULL, ini_section_place(section),
			      "[%s] is not imported: there is no daemon to listen to; what mails "
			      "or posts is a webhook "
			      "here, what looks whether somebody answers a probe",
			      section->name);
	}
	strlist_free(&words);
	free(command);
}
