/* SPDX-License-Identifier: ISC */
/* superworker: option by option; and what has no place among our options. */
#include "watchdog/import/superworker.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "watchdog/base/mem.h"
#include "watchdog/config/account.h"
#include "watchdog/import/pyshlex.h"
#include "watchdog/import/shellwords.h"

/* Sets OPTION from KEY of the section, where that stands; else from a default of supervisord's that
 * is not ours. */
static void set(struct superparts *program, struct importer_worker *worker, const char *option,
		const char *key, const char *text)
{
	(void)importer_set(program->scope.importer, worker, option, text,
			   superscope_place(&program->scope, key), key);
}

static void set_number(struct superparts *program, struct importer_worker *worker,
		       const char *option, const char *key, int64_t number)
{
	char *text = mem_format("%lld", (long long)number);

	if (superscope_has(&program->scope, key))
		set(program, worker, option, key, text);
	free(text);
}

static void set_finished(struct superparts *program, struct importer_worker *worker,
			 const char *option, const char *key, const char *marked)
{
	char *text = pyformat_finish(marked);

	set(program, worker, option, key, text);
	free(text);
}

static bool is_marked(const struct supertexts *texts)
{
	for (size_t i = 0; i < texts->environment.count; i++)
		if (pyformat_is_marked(texts->environment.items[i]))
			return true;
	return pyformat_is_marked(texts->command) ||
	       (texts->directory && pyformat_is_marked(texts->directory)) ||
	       superlog_is_marked(&texts->logs);
}

/* NUMBER: -1 for a worker with all processes. Supervisord counts from 0. */
static void set_count(struct superparts *program, struct importer_worker *worker,
		      const struct supertexts *texts, int64_t number)
{
	bool is_numbered = number >= 0 || program->numprocs != 1 || is_marked(texts) ||
			   superscope_has(&program->scope, "numprocs_start");
	char *first =
		mem_format("%lld", (long long)(number >= 0 ? number : program->numprocs_start));

	if (number < 0)
		set_number(program, worker, "numprocs", "numprocs", program->numprocs);
	if (is_numbered)
		set(program, worker, "numprocs_start", "numprocs_start", first);
	free(first);
}

/* Whether WORD looks like a path from where the program is. */
static bool is_relative(const char *word)
{
	return strchr(word, '/') && !strchr("/-~", word[0]) && !strchr(word, ':');
}

static void set_command(struct superparts *program, struct importer_worker *worker,
			const struct supertexts *texts)
{
	struct superscope *scope = &program->scope;
	struct strlist words = STRLIST_INIT;
	const char *why = pyshlex_split(texts->command, &words);
	struct importer_place place = superscope_place(scope, "command");

	if (why)
		superscope_fail(scope, "command", "%s%s", why,
				ini_value(scope->ini, scope->section, "command")->is_cut
					? ": a blank and ';' or '#' cut the line, within quotes too"
					: "");
	else if (words.count == 0 || words.items[0][0] == '\0')
		superscope_fail(scope, "command", "names no program");
	for (size_t i = 0; !scope->is_bad && i < words.count; i++) {
		if (texts->directory || program->settings->directory ||
		    !is_relative(words.items[i]))
			continue;
		importer_warn(scope->importer, worker, place,
			      "command: '%.200s' was found from where supervisord was started, "
			      "which nobody can know here; "
			      "add directory, or it is looked for from the home",
			      words.items[i]);
		break;
	}
	if (!scope->is_bad) {
		if (words.items[0][0] == '~' && strchr("/", words.items[0][1]))
			importer_warn(
				scope->importer, worker, place,
				"command: supervisord takes the ~ as it is; here it is the home");
		char *text = shellwords_keep(texts->command, &words);
		set_finished(program, worker, "command", "command", text);
		free(text);
	}
	strlist_free(&words);
}

/* A service's account may have no home, and ours is where it would run. */
static bool is_homeless(const char *user)
{
	struct account account = { .name = NULL };
	struct stat st;
	bool is_known = user && account_find(user, &account) == 0;
	bool has_home = is_known && stat(account.home, &st) == 0 && S_ISDIR(st.st_mode);

	account_free(&account);
	return is_known && !has_home;
}

static void set_directory(struct superparts *program, struct importer_worker *worker,
			  const struct supertexts *texts)
{
	const struct supersettings *settings = program->settings;
	struct importer *importer = program->scope.importer;
	struct importer_place place = superscope_place(&program->scope, "directory");

	if (texts->directory) {
		if (texts->directory[0] != '/' && texts->directory[0] != '~')
			importer_warn(importer, worker, place,
				      "directory: it is relative to where supervisord was started; "
				      "here, to the home");
		set_finished(program, worker, "directory", "directory", texts->directory);
	} else if (settings->directory) {
		char *text = pyformat_finish(settings->directory);
		(void)importer_set(importer, worker, "directory", text, settings->directory_place,
				   "directory");
		free(text);
	} else if (is_homeless(worker->options.user)) {
		(void)importer_set(importer, worker, "directory", "/", place, "directory");
		importer_note(importer, worker, "directory: the home of %s is not there",
			      worker->options.user);
	}
}

/* Supervisord takes what Python takes: "22", "022", "0o22". */
static void set_umask(struct superparts *program, struct importer_worker *worker)
{
	const char *text = program->umask ? program->umask : program->settings->umask;
	struct importer_place place = program->umask ? superscope_place(&program->scope, "umask")
						     : program->settings->umask_place;

	if (!text)
		return;
	if (strncasecmp(text, "0o", 2) == 0)
		text += 2;
	while (text[0] == '0' && strlen(text) > 4)
		text++;
	(void)importer_set(program->scope.importer, worker, "umask", text, place, "umask");
}

static bool is_ourself(const char *user)
{
	struct account own = { .name = NULL };
	bool is_same = account_find(NULL, &own) == 0 && strcmp(own.name, user) == 0;

	account_free(&own);
	return is_same;
}

static void set_user(struct superparts *program, struct importer_worker *worker)
{
	const char *user = program->user ? program->user : program->settings->user;
	struct importer_place place = program->user ? superscope_place(&program->scope, "user")
						    : program->settings->user_place;
	char *text;

	if (!user || (!program->user && is_ourself(user)))
		return;
	if (geteuid() != 0 && !is_ourself(user))
		importer_warn(program->scope.importer, worker, place,
			      "user = %s: needs cronherd to be run by root; or import this as %s, "
			      "for a herd of its own",
			      user, user);
	text = pyformat_finish(user);
	(void)importer_set(program->scope.importer, worker, "user", text, place, "user");
	free(text);
}

static void set_variable(struct superparts *program, struct importer_worker *worker,
			 const char *item, struct importer_place place)
{
	size_t len = strcspn(item, "=") + 1;
	char *value = pyformat_finish(item + len);
	char *text = mem_format("%.*s%s", (int)len, item, value);

	if (strncmp(item, "CRONHERD_", 9) == 0)
		importer_warn(program->scope.importer, worker, place,
			      "environment: %.*s: names that begin with CRONHERD_ are our own",
			      (int)len - 1, item);
	else
		(void)importer_set(program->scope.importer, worker, "environment", text, place,
				   "environment");
	free(text);
	free(value);
}

static bool has_variable(const struct strlist *items, const char *item)
{
	size_t len = strcspn(item, "=") + 1;

	for (size_t i = 0; i < items->count; i++)
		if (strncmp(items->items[i], item, len) == 0)
			return true;
	return false;
}

static void set_environment(struct superparts *program, struct importer_worker *worker,
			    const struct supertexts *texts)
{
	const struct supersettings *settings = program->settings;
	struct importer_place place = superscope_place(&program->scope, "environment");

	for (size_t i = 0; i < settings->environment.count; i++)
		if (!has_variable(&texts->environment, settings->environment.items[i]))
			set_variable(program, worker, settings->environment.items[i],
				     settings->environment_place);
	for (size_t i = 0; i < texts->environment.count; i++)
		set_variable(program, worker, texts->environment.items[i], place);
	for (size_t i = 0; i < texts->from_outside.count; i++)
		importer_warn(program->scope.importer, worker,
			      ini_section_place(program->scope.section),
			      "%%(ENV_%s)s is what it is in the environment of this import",
			      texts->from_outside.items[i]);
}

static void set_restarts(struct superparts *program, struct importer_worker *worker)
{
	set_number(program, worker, "startsecs", "startsecs",
		   program->startsecs > 0 ? program->startsecs : 0);
	set_number(program, worker, "startretries", "startretries",
		   program->startretries > 0 ? program->startretries : 0);
	set(program, worker, "autorestart", "autorestart", program->autorestart);
	/* What is to run once must not be tried for ever. */
	if (strcmp(program->autorestart, "never") == 0)
		set(program, worker, "give_up", "autorestart", "true");
	if (!superscope_has(&program->scope, "exitcodes"))
		return;
	importer_clear(worker, "exitcodes");
	for (size_t i = 0; i < program->exitcodes.count; i++)
		set(program, worker, "exitcodes", "exitcodes", program->exitcodes.items[i]);
}

static void set_stopping(struct superparts *program, struct importer_worker *worker)
{
	const char *killmode = program->stops_group   ? "group"
			       : program->kills_group ? "mixed"
						      : "process";

	if (program->stopsignal)
		set(program, worker, "stopsignal", "stopsignal", program->stopsignal);
	set_number(program, worker, "stopwaitsecs", "stopwaitsecs",
		   program->stopwaitsecs > 0 ? program->stopwaitsecs : 0);
	set(program, worker, "killmode", program->stops_group ? "stopasgroup" : "killasgroup",
	    killmode);
	if (program->kills_group && !program->stops_group)
		importer_note(program->scope.importer, worker,
			      "killmode = mixed: whatever is left of its session gets KILL when "
			      "the main process has gone; "
			      "supervisord does that only where it did not go in time");
}

static void set_priority(struct superparts *program, struct importer_worker *worker)
{
	const struct supergroup *group = program->group;
	bool is_own = superscope_has(&program->scope, "priority");
	char *text;

	if (!is_own && !(group && group->has_priority))
		return;
	if (is_own && group && group->has_priority && group->priority != program->priority)
		importer_warn(program->scope.importer, worker,
			      superscope_place(&program->scope, "priority"),
			      "priority = %lld is that within the group %s; here the group's, "
			      "%lld, counts for all of them",
			      (long long)program->priority, group->name,
			      (long long)group->priority);
	text = mem_format("%lld", (long long)(group && group->has_priority ? group->priority
									   : program->priority));
	set(program, worker, "priority", "priority", text);
	free(text);
}

/* At least so many it means there; with us it is a limit. */
static void set_limits(struct superparts *program, struct importer_worker *worker)
{
	char *text;

	if (program->settings->minfds == 0)
		return;
	text = mem_format("nofile=%lld", (long long)program->settings->minfds);
	(void)importer_set(program->scope.importer, worker, "limits", text,
			   program->settings->minfds_place, "minfds");
	free(text);
}

/* ---- what has no place here --------------------------------------------------------------- */

static const struct {
	const char *key;
	const char *inert; /* a value that asks for nothing */
	const char *why;
} unsupported[] = {
	{ "stdout_capture_maxbytes", "0", "there is no daemon to capture events from the output" },
	{ "stderr_capture_maxbytes", "0", "there is no daemon to capture events from the output" },
	{ "stdout_events_enabled", "false", "there is no daemon to make events of the output" },
	{ "stderr_events_enabled", "false", "there is no daemon to make events of the output" },
	{ "stdout_syslog", "false", "a worker writes to its log itself; have it write to syslog" },
	{ "stderr_syslog", "false", "a worker writes to its log itself; have it write to syslog" },
	{ "serverurl", "AUTO", "there is no server to be told of" },
	{ NULL, NULL, NULL },
};

static const char *const honoured[] = { "command",
					"process_name",
					"numprocs",
					"numprocs_start",
					"priority",
					"autostart",
					"autorestart",
					"startsecs",
					"startretries",
					"exitcodes",
					"stopsignal",
					"stopwaitsecs",
					"stopasgroup",
					"killasgroup",
					"user",
					"umask",
					"directory",
					"environment",
					"redirect_stderr",
					"stdout_logfile",
					"stdout_logfile_maxbytes",
					"stdout_logfile_backups",
					"stderr_logfile",
					"stderr_logfile_maxbytes",
					"stderr_logfile_backups",
					NULL };

static bool is_inert(const char *inert, const char *text)
{
	int64_t bytes;
	bool is_on;

	if (strcmp(inert, "0") == 0)
		return superscope_parse_size(text, &bytes) == 0 && bytes == 0;
	if (strcmp(inert, "false") == 0)
		return superscope_parse_bool(text, &is_on) == 0 && !is_on;
	return strcasecmp(text, inert) == 0;
}

static void warn_of_key(struct superparts *program, struct importer_worker *worker,
			const struct ini_value *value)
{
	struct importer *importer = program->scope.importer;

	for (const char *const *key = honoured; *key; key++)
		if (strcmp(*key, value->key) == 0)
			return;
	for (size_t i = 0; unsupported[i].key; i++) {
		if (strcmp(unsupported[i].key, value->key) != 0)
			continue;
		if (!is_inert(unsupported[i].inert, value->text))
			importer_warn(importer, worker, ini_place(value), "%s = %.200s: %s",
				      value->key, value->text, unsupported[i].why);
		return;
	}
	importer_warn(importer, worker, ini_place(value),
		      "%s = %.200s: supervisord knows no such key, and passes over it, too",
		      value->key, value->text);
}

/* Whether NAME is made of expressions alone, which say what our ids say, and of what stands between
 * them. */
static bool is_plain(const char *name)
{
	while (*name) {
		size_t len = strncmp(name, "%(", 2) == 0 ? strcspn(name, ")") : 0;

		if (len > 0 && name[len] != '\0' && name[len + 1] != '\0') {
			name += len + 1;
			name += strspn(name, "0123456789");
			name += *name != '\0';
		} else if (strchr("_-.", *name)) {
			name++;
		} else {
			return false;
		}
	}
	return true;
}

static void note_name(struct superparts *program, struct importer_worker *worker,
		      const char *process_name, int64_t number)
{
	const struct ini_value *value =
		ini_value(program->scope.ini, program->scope.section, "process_name");
	char *called;

	if (!value)
		return;
	number = number >= 0 ? number : worker->options.numprocs_start;
	called = pyformat_concrete(process_name, number);
	if (is_plain(value->text))
		importer_note(program->scope.importer, worker,
			      "What supervisord calls %s is %s:%lld here", called, worker->name,
			      (long long)number);
	else
		importer_warn(program->scope.importer, worker, ini_place(value),
			      "process_name = %.200s: processes have no names of their own; what "
			      "supervisord calls %s is %s:%lld here",
			      value->text, called, worker->name, (long long)number);
	free(called);
}

/* ---- all of it ---------------------------------------------------------------------------- */

void superworker_fill(struct superparts *program, struct importer_worker *worker,
		      const struct supertexts *texts, int64_t number)
{
	set_command(program, worker, texts);
	set_count(program, worker, texts, number);
	set_user(program, worker);
	set_directory(program, worker, texts);
	set_umask(program, worker);
	set_environment(program, worker, texts);
	set_limits(program, worker);
	set_priority(program, worker);
	if (superscope_has(&program->scope, "autostart"))
		set(program, worker, "enabled", "autostart",
		    program->is_started ? "true" : "false");
	set_restarts(program, worker);
	set_stopping(program, worker);
	superlog_set(&program->scope, &program->log, &texts->logs, worker);
	for (size_t i = 0; i < program->scope.section->count; i++)
		warn_of_key(program, worker, &program->scope.section->values[i]);
	note_name(program, worker, texts->process_name, number);
}
