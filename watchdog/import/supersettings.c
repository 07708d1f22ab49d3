/* SPDX-License-Identifier: ISC */
#include "watchdog/import/supersettings.h"

#include <stdlib.h>
#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/import/pyshlex.h"

/* Supervisord's own default: whoever copied the sample has it there. */
#define MINFDS_DEFAULT	 1024
#define MINPROCS_DEFAULT 200

/* The daemon's own affairs. */
static const char *const daemons_own[] = { "logfile",	  "logfile_maxbytes", "logfile_backups",
					   "loglevel",	  "pidfile",	      "nodaemon",
					   "silent",	  "identifier",	      "nocleanup",
					   "childlogdir", "profile_options",  NULL };
static const char *const ours[] = { "environment", "user",     "directory",  "umask",
				    "minfds",	   "minprocs", "strip_ansi", NULL };

static bool is_among(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

void supersettings_put(struct strlist *items, const char *item)
{
	size_t len = strcspn(item, "=") + 1;

	for (size_t i = 0; i < items->count; i++) {
		if (strncmp(items->items[i], item, len) != 0)
			continue;
		free(items->items[i]);
		items->items[i] = mem_dup(item);
		return;
	}
	strlist_add(items, item);
}

int supersettings_pairs(struct superscope *scope, const char *key, const char *text,
			struct strlist *items, struct importer_worker *worker)
{
	struct strlist pairs = STRLIST_INIT;
	char *cut = NULL;
	const char *why = pyshlex_pairs(text, &pairs, &cut);

	if (why)
		superscope_fail(scope, key, "'%.200s': %s", text, why);
	else if (cut)
		importer_warn(scope->importer, worker, superscope_place(scope, key),
			      "[%s] %s: the value of %s ends where supervisord ends it, at a "
			      "character that needs quotes",
			      scope->section->name, key, cut);
	for (size_t i = 0; !why && i < pairs.count && i < INI_KEYS_MAX; i++)
		supersettings_put(items, pairs.items[i]);
	if (!why && pairs.count > INI_KEYS_MAX) {
		superscope_fail(scope, key, "more than %d variables", INI_KEYS_MAX);
		why = "";
	}
	strlist_free(&pairs);
	free(cut);
	return why ? -1 : 0;
}

static void note_daemons_own(const struct superscope *scope)
{
	const struct ini_section *section = scope->section;
	struct str names = STR_INIT;

	for (size_t i = 0; i < section->count; i++) {
		const struct ini_value *value = &section->values[i];

		if (is_among(daemons_own, value->key))
			str_addf(&names, "%s%s", names.len ? ", " : "", value->key);
		else if (!is_among(ours, value->key))
			importer_warn(scope->importer, NULL, ini_place(value),
				      "[supervisord] %s: supervisord knows no such key, and passes "
				      "over it, too",
				      value->key);
	}
	if (names.len)
		importer_note(scope->importer, NULL,
			      "%s:%d: [supervisord] %s: passed over, as there is no daemon here",
			      section->file, section->line, str_text(&names));
	str_free(&names);
}

static void read_limits(struct superscope *scope, struct supersettings *settings)
{
	int64_t minfds = superscope_int(scope, "minfds", 0);
	int64_t minprocs = superscope_int(scope, "minprocs", 0);

	if (minfds > MINFDS_DEFAULT)
		settings->minfds = minfds;
	settings->minfds_place = superscope_place(scope, "minfds");
	if (minprocs > MINPROCS_DEFAULT)
		importer_warn(scope->importer, NULL, superscope_place(scope, "minprocs"),
			      "[supervisord] minprocs = %lld: workers have the limits that cron "
			      "gives; limits = "
			      "{\"nproc=%lld\"} would set one",
			      (long long)minprocs, (long long)minprocs);
	if (superscope_bool(scope, "strip_ansi", false))
		importer_warn(scope->importer, NULL, superscope_place(scope, "strip_ansi"),
			      "[supervisord] strip_ansi: workers write into their logs themselves, "
			      "nothing is taken out");
}

static void read_environment(struct superscope *scope, struct supersettings *settings)
{
	struct strlist from_outside = STRLIST_INIT;
	char *text;

	scope->format.from_outside = &from_outside;
	text = superscope_text(scope, "environment", 2);
	scope->format.from_outside = NULL;
	if (text)
		(void)supersettings_pairs(scope, "environment", text, &settings->environment,
					  NULL); /* is_bad says it */
	settings->environment_place = superscope_place(scope, "environment");
	for (size_t i = 0; i < from_outside.count; i++)
		importer_warn(scope->importer, NULL, settings->environment_place,
			      "[supervisord] environment: %%(ENV_%s)s is what it is in the "
			      "environment of this import",
			      from_outside.items[i]);
	strlist_free(&from_outside);
	free(text);
}

int supersettings_read(const struct ini *ini, struct importer *importer,
		       struct supersettings *settings)
{
	struct superscope scope = { .importer = importer, .ini = ini };

	scope.section = ini_section(ini, "supervisord");
	if (!scope.section)
		return 0;
	settings->place = ini_section_place(scope.section);
	read_environment(&scope, settings);
	settings->user = superscope_text(&scope, "user", 1);
	settings->user_place = superscope_place(&scope, "user");
	settings->directory = superscope_text(&scope, "directory", 1);
	settings->directory_place = superscope_place(&scope, "directory");
	settings->umask = superscope_text(&scope, "umask", 1);
	settings->umask_place = superscope_place(&scope, "umask");
	read_limits(&scope, settings);
	note_daemons_own(&scope);
	return scope.is_bad ? -1 : 0;
}

void supersettings_free(struct supersettings *settings)
{
	strlist_free(&settings->environment);
	free(settings->user);
	free(settings->directory);
	free(settings->umask);
	*settings = (struct supersettings)SUPERSETTINGS_INIT;
}
