/* SPDX-License-Identifier: ISC */
#include "watchdog/import/exportunit.h"

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/signame.h"
#include "watchdog/base/utf8.h"
#include "watchdog/model/limit.h"
#include "watchdog/import/unittext.h"

/* What it can say. */
static const char *const known[] = {
	"command",	  "shell",	    "type",	   "numprocs",
	"numprocs_start", "enabled",	    "directory",   "umask",
	"user",		  "group",	    "environment", "env_file",
	"after",	  "autorestart",    "exitcodes",   "restart_delay",
	"stopsignal",	  "stopwaitsecs",   "killmode",	   "reload_signal",
	"memory_max",	  "memory_limit",   "max_age",	   "pidfile",
	"stdout_logfile", "stderr_logfile", "nice",	   "oom_score_adjust",
	"limits",	  "give_up",	    "log_tail",	   NULL
};

static const struct worker_options *options_of(const struct exportunit *unit)
{
	return &unit->made.worker->options;
}

static void warn(struct exportunit *unit, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void warn(struct exportunit *unit, const char *format, ...)
{
	struct str text = STR_INIT;
	va_list args;

	if (unit->is_further)
		return;
	va_start(args, format);
	str_addv(&text, format, args);
	va_end(args);
	exporter_warn(unit->exporter, unit->made.worker, "%s", str_text(&text));
	str_free(&text);
}

/* KEY=VALUE, where VALUE can stand there. */
static void add_value(struct exportunit *unit, const char *key, const char *before,
		      const char *value, struct str *text)
{
	struct str written = STR_INIT;

	if (unittext_value(value, unit->number, &written))
		str_addf(text, "%s=%s%s\n", key, before, str_text(&written));
	else
		warn(unit, "'%.200s' cannot stand in a unit: %s is left out", value, key);
	str_free(&written);
}

static void add_ms(const char *key, int64_t ms, struct str *text)
{
	if (ms % 1000 == 0)
		str_addf(text, "%s=%lld\n", key, (long long)(ms / 1000));
	else
		str_addf(text, "%s=%lldms\n", key, (long long)ms);
}

/* ---- what runs ---------------------------------------------------------------------------- */

/* The value of NAME in the environment that it will have, or NULL. */
static const char *variable(const struct exportunit *unit, const char *name)
{
	const struct strlist *lists[] = { &unit->made.environment, &unit->made.base };
	size_t len = strlen(name);

	for (size_t which = 0; which < 2; which++)
		for (size_t i = lists[which]->count; i-- > 0;)
			if (strncmp(lists[which]->items[i], name, len) == 0 &&
			    lists[which]->items[i][len] == '=')
				return lists[which]->items[i] + len + 1;
	return NULL;
}

/* Systemd searches folders of its own; a worker's own PATH is meant. Allocated. */
static char *find_program(const struct exportunit *unit, const char *program)
{
	const char *path = variable(unit, "PATH");

	if (program[0] == '/')
		return mem_dup(program);
	if (strchr(program, '/'))
		return mem_format("%s/%s", unit->made.directory, program);
	while (path && *path) {
		size_t len = strcspn(path, ":");
		char *candidate = mem_format("%.*s/%s", (int)len, path, program);

		if (path[0] == '/' && access(candidate, X_OK) == 0)
			return candidate;
		free(candidate);
		path += len + (path[len] == ':');
	}
	return mem_dup(program);
}

static void add_command(struct exportunit *unit, struct str *text)
{
	const struct strlist *argv = &unit->made.argv;
	char *program = find_program(unit, argv->items[0]);

	str_add(text, "ExecStart=");
	unittext_word(program, unit->number, true, text);
	for (size_t i = 1; i < argv->count; i++) {
		str_add(text, " ");
		unittext_word(argv->items[i], unit->number, true, text);
	}
	str_add(text, "\n");
	if (options_of(unit)->reload_signal != OPTION_NONE)
		str_addf(text, "ExecReload=/bin/kill -s %s $MAINPID\n",
			 signame_text((int)options_of(unit)->reload_signal));
	free(program);
}

static void add_user(struct exportunit *unit, struct str *text)
{
	const struct worker_options *options = options_of(unit);

	if (unit->is_system && options->user)
		add_value(unit, "User", "", unit->made.account.name, text);
	if (unit->is_system && unit->made.group)
		add_value(unit, "Group", "", unit->made.group, text);
	if (!unit->is_system && (options->user || options->group) &&
	    unit->made.account.uid != geteuid())
		warn(unit,
		     "user: a user's manager starts nothing as somebody else: export as root");
}

static void add_variable(struct exportunit *unit, const char *item, struct str *text)
{
	str_add(text, "Environment=");
	unittext_word(item, unit->number, false, text);
	str_add(text, "\n");
}

static bool is_set_in(const struct strlist *items, const char *item)
{
	size_t len = strcspn(item, "=") + 1;

	for (size_t i = 0; i < items->count; i++)
		if (strncmp(items->items[i], item, len) == 0)
			return true;
	return false;
}

static void add_environment(struct exportunit *unit, struct str *text)
{
	const struct exportworker *made = &unit->made;

	for (size_t i = 0; i < made->base.count; i++)
		if (!is_set_in(&made->environment, made->base.items[i]))
			add_variable(unit, made->base.items[i], text);
	for (size_t i = 0; i < made->environment.count; i++)
		add_variable(unit, made->environment.items[i], text);
	if (!made->env_file)
		return;
	add_value(unit, "EnvironmentFile", made->is_env_file_optional ? "-" : "", made->env_file,
		  text);
	if (made->environment.count > 0)
		warn(unit,
		     "env_file: to systemd it wins over environment; here it is the other way");
}

static void add_limits(struct exportunit *unit, struct str *text)
{
	const struct strlist *limits = &options_of(unit)->limits;

	for (size_t i = 0; i < limits->count; i++) {
		struct rlimit_setting limit;
		const char *item = limits->items[i];
		size_t name_len = strcspn(item, "=");

		if (limit_parse(item, &limit) != 0)
			continue; /* the configuration has none such */
		str_add(text, "Limit");
		for (size_t n = 0; n < name_len; n++)
			str_addf(text, "%c",
				 item[n] >= 'a' && item[n] <= 'z' ? item[n] - 'a' + 'A' : item[n]);
		if (limit.soft == LIMIT_INFINITY)
			str_add(text, "=infinity");
		else
			str_addf(text, "=%llu", (unsigned long long)limit.soft);
		if (limit.hard == LIMIT_INFINITY)
			str_add(text, ":infinity\n");
		else
			str_addf(text, ":%llu\n", (unsigned long long)limit.hard);
	}
}

static void add_logs(struct exportunit *unit, struct str *text)
{
	const struct exportworker *made = &unit->made;

	if (made->stdout_logfile)
		add_value(unit, "StandardOutput", "append:", made->stdout_logfile, text);
	else
		str_add(text, "StandardOutput=null\n");
	if (made->is_stderr_same)
		str_add(text, "StandardError=inherit\n");
	else if (made->stderr_logfile)
		add_value(unit, "StandardError", "append:", made->stderr_logfile, text);
	else
		str_add(text, "StandardError=null\n");
}

/* ---- how it is kept ----------------------------------------------------------------------- */

static bool is_clean(const char *item)
{
	int sig = item[0] >= '0' && item[0] <= '9' ? -1 : signame_parse(item);

	return strcmp(item, "0") == 0 || sig == SIGHUP || sig == SIGINT || sig == SIGTERM ||
	       sig == SIGPIPE;
}

static bool has_exit(const struct strlist *items, const char *clean)
{
	int sig = signame_parse(clean);

	for (size_t i = 0; i < items->count; i++)
		if (strcmp(items->items[i], clean) == 0 ||
		    (clean[0] != '0' && !(items->items[i][0] >= '0' && items->items[i][0] <= '9') &&
		     signame_parse(items->items[i]) == sig))
			return true;
	return false;
}

/* To systemd these ends are clean without being named. */
static void add_exits(struct exportunit *unit, struct str *text)
{
	static const char *const clean[] = { "0", "HUP", "INT", "TERM", "PIPE" };
	const struct strlist *items = &options_of(unit)->exitcodes;
	struct str forced = STR_INIT;
	struct str success = STR_INIT;

	for (size_t i = 0; i < items->count; i++)
		if (!is_clean(items->items[i]))
			str_addf(&success, " %s", items->items[i]);
	for (size_t i = 0; i < sizeof(clean) / sizeof(clean[0]); i++)
		if (!has_exit(items, clean[i]))
			str_addf(&forced, " %s%s", clean[i][0] == '0' ? "" : "SIG", clean[i]);
	if (success.len)
		str_addf(text, "SuccessExitStatus=%s\n", str_text(&success) + 1);
	if (forced.len && options_of(unit)->autorestart == AUTORESTART_UNEXPECTED)
		str_addf(text, "RestartForceExitStatus=%s\n", str_text(&forced) + 1);
	str_free(&success);
	str_free(&forced);
}

static void add_restarts(struct exportunit *unit, struct str *text)
{
	static const char *const values[] = { [AUTORESTART_NEVER] = "no",
					      [AUTORESTART_UNEXPECTED] = "on-failure",
					      [AUTORESTART_ALWAYS] = "always" };
	const struct worker_options *options = options_of(unit);

	str_addf(text, "Restart=%s\n", values[options->autorestart]);
	add_exits(unit, text);
	add_ms("RestartSec", options->restart_delay_ms, text);
	if (options->max_age_ms != OPTION_NONE)
		add_ms("RuntimeMaxSec", options->max_age_ms, text);
}

static void add_stopping(struct exportunit *unit, struct str *text)
{
	static const char *const modes[] = { [KILLMODE_MIXED] = "mixed",
					     [KILLMODE_PROCESS] = "process",
					     [KILLMODE_GROUP] = "control-group" };
	const struct worker_options *options = options_of(unit);
	const char *name = signame_text((int)options->stopsignal);

	str_addf(text, "KillMode=%s\n", modes[options->killmode]);
	/* Those without a name are numbers. */
	if (strncmp(name, "SIG", 3) == 0)
		str_addf(text, "KillSignal=%d\n", (int)options->stopsignal);
	else
		str_addf(text, "KillSignal=SIG%s\n", name);
	/* 0 would be no limit. */
	add_ms("TimeoutStopSec", options->stopwaitsecs_ms > 0 ? options->stopwaitsecs_ms : 1, text);
}

static void add_memory(struct exportunit *unit, struct str *text)
{
	const struct worker_options *options = options_of(unit);

	if (options->memory_max_bytes != OPTION_NONE)
		str_addf(text, "MemoryMax=%lld\n", (long long)options->memory_max_bytes);
	if (options->memory_limit_bytes == OPTION_NONE)
		return;
	str_addf(text, "MemoryHigh=%lld\n", (long long)options->memory_limit_bytes);
	warn(unit,
	     "memory_limit: systemd restarts nobody for it, it slows down who is above MemoryHigh");
}

static void add_service(struct exportunit *unit, struct str *text)
{
	const struct worker_options *options = options_of(unit);

	str_addf(text, "\n[Service]\nType=%s\n",
		 options->type == WORKER_FORKING ? "forking" : "simple");
	if (unit->made.pidfile)
		add_value(unit, "PIDFile", "", unit->made.pidfile, text);
	add_command(unit, text);
	add_value(unit, "WorkingDirectory", "", unit->made.directory, text);
	add_user(unit, text);
	str_addf(text, "UMask=%04llo\n", (unsigned long long)options->umask);
	add_environment(unit, text);
	if (options->nice != OPTION_NONE)
		str_addf(text, "Nice=%lld\n", (long long)options->nice);
	if (options->oom_score_adjust != OPTION_NONE)
		str_addf(text, "OOMScoreAdjust=%lld\n", (long long)options->oom_score_adjust);
	add_limits(unit, text);
	add_memory(unit, text);
	add_restarts(unit, text);
	add_stopping(unit, text);
	add_logs(unit, text);
}

static void add_description(const struct exportunit *unit, struct str *text)
{
	str_add(text, "Description=");
	for (const char *at = unit->made.worker->name; *at; at++)
		str_add_n(text, *at == '%' ? "%%" : at, *at == '%' ? 2 : 1);
	if (unit->number == UNITTEXT_TEMPLATE)
		str_add(text, " %i");
	str_add(text, "\n");
}

static void add_order(const struct exportunit *unit, const char *key, struct str *text)
{
	if (unit->after->count == 0)
		return;
	str_addf(text, "%s=", key);
	for (size_t i = 0; i < unit->after->count; i++)
		str_addf(text, "%s%s", i ? " " : "", unit->after->items[i]);
	str_add(text, "\n");
}

/* How long so many tries take at most, so that all of them are counted. */
static int64_t tries_ms(const struct worker_options *options)
{
	int64_t each = options->restart_delay_ms + options->startsecs_ms + 1000;
	int64_t all;

	return __builtin_mul_overflow(each, options->startretries + 1, &all) ? OPTION_CENTURY_MS
									     : all;
}

void exportunit(struct exportunit *unit, struct str *text)
{
	const struct worker_options *options = options_of(unit);

	str_add(text, "# Made by cronherd export systemd.\n[Unit]\n");
	add_description(unit, text);
	str_addf(text, "PartOf=%s\n", unit->part_of);
	add_order(unit, "After", text);
	add_order(unit, "Requires", text);
	if (options->give_up) {
		add_ms("StartLimitIntervalSec", tries_ms(options), text);
		str_addf(text, "StartLimitBurst=%lld\n", (long long)options->startretries + 1);
	} else {
		str_add(text, "StartLimitIntervalSec=0\n");
	}
	add_service(unit, text);
	str_add(text, "\n[Install]\nWantedBy=cronherd.target\n");
	if (!unit->is_further)
		exporter_warn_of_others(unit->exporter, unit->made.worker, known, "systemd");
}
