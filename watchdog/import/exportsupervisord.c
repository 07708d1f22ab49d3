/* SPDX-License-Identifier: ISC */
#include "watchdog/import/exportsupervisord.h"

#include <stdlib.h>
#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/signame.h"
#include "watchdog/base/units.h"
#include "watchdog/config/confprint.h"
#include "watchdog/import/supermark.h"
#include "watchdog/import/supertext.h"
#include "watchdog/import/supervisord.h"

/* What it can say, more or less; how well, the import tells. */
static const char *const known[] = {
	"command",	"shell",     "numprocs",       "numprocs_start", "enabled",
	"directory",	"umask",     "user",	       "environment",	 "priority",
	"autorestart",	"exitcodes", "startsecs",      "startretries",	 "stopsignal",
	"stopwaitsecs", "killmode",  "stdout_logfile", "stderr_logfile", "log_maxbytes",
	"log_backups",	"give_up",   "log_mode",       "log_tail",	 NULL
};

struct export
{
	struct exporter *exporter;
	struct exportworker made;
	struct str *text;
};

static const struct worker_options *options_of(const struct export *export)
{
	return &export->made.worker->options;
}

static void add_value(struct export *export, const char *key, const char *value, int passes)
{
	str_addf(export->text, "%s=", key);
	supertext_value(value, passes, export->text);
	str_add(export->text, "\n");
}

static void add_int(struct export *export, const char *key, int64_t number)
{
	str_addf(export->text, "%s=%lld\n", key, (long long)number);
}

static int64_t whole_seconds(int64_t ms)
{
	return ms / 1000 + (ms % 1000 > 0);
}

/* ---- what runs ---------------------------------------------------------------------------- */

static void add_command(struct export *export)
{
	str_add(export->text, "command=");
	supertext_words(&export->made.argv, export->text);
	str_add(export->text, "\n");
	add_value(export, "directory", export->made.directory, 1);
	str_addf(export->text, "umask=%03llo\n", (unsigned long long)options_of(export)->umask);
	if (options_of(export)->user)
		add_value(export, "user", export->made.account.name, 1);
}

static void add_count(struct export *export)
{
	add_int(export, "numprocs", options_of(export)->numprocs);
	add_int(export, "numprocs_start", options_of(export)->numprocs_start);
	if (options_of(export)->numprocs > 1)
		str_add(export->text, "process_name=%(program_name)s_%(process_num)02d\n");
}

static bool is_set_in(const struct strlist *items, const char *item)
{
	size_t len = strcspn(item, "=") + 1;

	for (size_t i = 0; i < items->count; i++)
		if (strncmp(items->items[i], item, len) == 0)
			return true;
	return false;
}

static void add_pair(struct export *export, const char *item, bool *is_first)
{
	struct str pair = STR_INIT;

	if (supertext_pair(item, &pair))
		str_addf(export->text, "%s%s", *is_first ? "environment=" : ",", str_text(&pair));
	else
		exporter_warn(export->exporter, export->made.worker,
			      "environment: supervisord has no form for the value of %.*s, with "
			      "quotes of both kinds or at an end: "
			      "it is left out",
			      (int)strcspn(item, "="), item);
	*is_first = *is_first && pair.len == 0;
	str_free(&pair);
}

/* Supervisord hands its own environment on, which is not ours. */
static void add_environment(struct export *export)
{
	const struct exportworker *made = &export->made;
	bool is_first = true;

	for (size_t i = 0; i < made->base.count; i++)
		if (!is_set_in(&made->environment, made->base.items[i]))
			add_pair(export, made->base.items[i], &is_first);
	for (size_t i = 0; i < made->environment.count; i++)
		add_pair(export, made->environment.items[i], &is_first);
	str_add(export->text, is_first ? "" : "\n");
}

/* ---- how it is kept ----------------------------------------------------------------------- */

static void add_restarts(struct export *export)
{
	static const char *const values[] = { [AUTORESTART_NEVER] = "false",
					      [AUTORESTART_UNEXPECTED] = "unexpected",
					      [AUTORESTART_ALWAYS] = "true" };
	const struct worker_options *options = options_of(export);
	int64_t code;
	bool is_first = true;

	str_addf(export->text,
		 "autostart=%s\nautorestart=%s\nexitcodes=", options->enabled ? "true" : "false",
		 values[options->autorestart]);
	for (size_t i = 0; i < options->exitcodes.count; i++) {
		if (units_parse_int(options->exitcodes.items[i], 0, 255, &code) != 0) {
			exporter_warn(export->exporter, export->made.worker,
				      "exitcodes: to supervisord an end by %s is never expected",
				      options->exitcodes.items[i]);
			continue;
		}
		str_addf(export->text, "%s%lld", is_first ? "" : ",", (long long)code);
		is_first = false;
	}
	str_add(export->text, "\n");
	add_int(export, "startsecs", whole_seconds(options->startsecs_ms));
	add_int(export, "startretries", options->startretries);
	add_int(export, "priority", options->priority);
}

/* Of the signals without a name of their own it knows the first and the last. */
static bool is_known_signal(int sig)
{
	const char *name = signame_text(sig);

	return !strpbrk(name, "+-?") && strncmp(name, "SIG", 3) != 0;
}

static void add_stopping(struct export *export)
{
	const struct worker_options *options = options_of(export);
	int sig = (int)options->stopsignal;

	if (!is_known_signal(sig))
		exporter_warn(export->exporter, export->made.worker,
			      "stopsignal: supervisord knows no %s: TERM is in its place",
			      signame_text(sig));
	str_addf(export->text, "stopsignal=%s\n",
		 is_known_signal(sig) ? signame_text(sig) : "TERM");
	add_int(export, "stopwaitsecs", whole_seconds(options->stopwaitsecs_ms));
	str_addf(export->text, "stopasgroup=%s\n",
		 options->killmode == KILLMODE_GROUP ? "true" : "false");
	str_addf(export->text, "killasgroup=%s\n",
		 options->killmode != KILLMODE_PROCESS ? "true" : "false");
}

static void add_log(struct export *export, const char *stream, const char *path)
{
	const struct worker_options *options = options_of(export);
	char *key = mem_format("%s_logfile", stream);

	add_value(export, key, path ? path : "NONE", 2);
	str_addf(export->text, "%s_maxbytes=%lld\n%s_backups=%lld\n", key,
		 (long long)options->log_maxbytes, key, (long long)options->log_backups);
	free(key);
}

static void add_logs(struct export *export)
{
	const struct exportworker *made = &export->made;

	add_log(export, "stdout", made->stdout_logfile);
	if (made->is_stderr_same)
		str_add(export->text, "redirect_stderr=true\n");
	else
		add_log(export, "stderr", made->stderr_logfile);
}

/* ---- what it cannot say ------------------------------------------------------------------- */

static void add_mark(struct str *text, const struct option_spec *option,
		     const struct worker_options *options)
{
	str_addf(text, "; cronherd: %s = ", option->name);
	confprint_value(option, options, text);
	str_add(text, "\n");
}

/* What an import of SECTION would not bring back. */
static void add_marks(struct export *export, const char *section)
{
	struct importer importer;

	importer_init(&importer);
	supervisord_import_text(&importer, "", section);
	str_addf(export->text, "; cronherd: " SUPERMARK_UNCHANGED " = %016llx\n",
		 (unsigned long long)supermark_hash_text(section));
	for (const struct option_spec *option = option_table; option->name; option++)
		if (option->kind != OPTION_LATER &&
		    (importer.worker_count != 1 ||
		     !confprint_is_same(option, options_of(export), &importer.workers[0]->options)))
			add_mark(export->text, option, options_of(export));
	importer_free(&importer);
}

static void add_program(struct exporter *exporter, const struct worker *worker, struct str *text)
{
	struct str section = STR_INIT;
	struct export export = { .exporter = exporter, .text = &section };

	if (!exporter_make(exporter, worker, &export.made))
		return;
	str_addf(&section, "[program:%s]\n", worker->name);
	add_command(&export);
	add_count(&export);
	add_environment(&export);
	add_restarts(&export);
	add_stopping(&export);
	add_logs(&export);
	str_addf(text, "\n%s", str_text(&section));
	export.text = text;
	add_marks(&export, str_text(&section));
	exporter_warn_of_others(exporter, worker, known, "supervisord");
	if (options_of(&export)->type == WORKER_FORKING)
		exporter_warn(exporter, worker,
			      "supervisord must be the parent of what it keeps: have it stay in "
			      "the foreground");
	exportworker_free(&export.made);
	str_free(&section);
}

/* ---- groups ------------------------------------------------------------------------------- */

/* Supervisord runs a program once for each group that it is in. */
static void add_group(struct exporter *exporter, const struct config_group *group,
		      struct strlist *taken, struct str *text)
{
	struct strlist members = STRLIST_INIT;
	struct strlist own = STRLIST_INIT;

	for (size_t i = 0; i < group->workers.count; i++) {
		const char *name = group->workers.items[i];

		if (!exporter_has(exporter, name) || strlist_has(&members, name))
			continue;
		strlist_add(&members, name);
		/* A comma ends a name there. */
		if (!strlist_has(taken, name) && !strchr(name, ','))
			strlist_add(&own, name);
	}
	if (members.count > 0)
		str_addf(text, "\n[group:%s]\nprograms=", group->name);
	for (size_t i = 0; i < own.count; i++) {
		str_addf(text, "%s%s", i ? "," : "", own.items[i]);
		strlist_add(taken, own.items[i]);
	}
	str_add(text, members.count > 0 ? "\n" : "");
	if (members.count > own.count) {
		str_add(text, "; cronherd: " SUPERMARK_WORKERS " = ");
		confprint_list(&members, text);
		str_add(text, "\n");
		strlist_take(&exporter->warnings,
			     mem_format("%s:%d: group '%s': supervisord would run who is in "
					"several groups once for each of "
					"them: it is in the first alone",
					group->file, group->line, group->name));
	}
	strlist_free(&own);
	strlist_free(&members);
}

void exportsupervisord(struct exporter *exporter)
{
	struct str *text = filetree_add(&exporter->tree, "supervisord.conf");
	struct strlist taken = STRLIST_INIT;

	str_add(text, "; Made by cronherd export supervisord. Where a comment says \"cronherd:\", "
		      "supervisord has no word\n"
		      "; for it, and cronherd import supervisord reads it back.\n"
		      "\n[supervisord]\n");
	for (size_t i = 0; i < exporter->config->worker_count; i++)
		if (exporter->is_selected[i])
			add_program(exporter, &exporter->config->workers[i], text);
	for (size_t i = 0; i < exporter->config->group_count; i++)
		add_group(exporter, &exporter->config->groups[i], &taken, text);
	strlist_free(&taken);
}
