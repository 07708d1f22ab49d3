/* SPDX-License-Identifier: ISC */
/* option: the table of worker options, and reading, copying and hashing what any such table lists. */
#include "watchdog/model/option.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "watchdog/base/hash.h"
#include "watchdog/base/mem.h"
#include "watchdog/base/nearest.h"
#include "watchdog/base/signame.h"
#include "watchdog/base/units.h"
#include "watchdog/model/limit.h"

#define OPTIONS struct worker_options
#include "watchdog/model/optionrow.h"

/* ---- items of lists -------------------------------------------------------------------------- */

static const char *check_environment(const char *item)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
	static const char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
				  "0123456789";

	if (!strchr(item, '='))
		return "must be of the form NAME=VALUE";
	if (strspn(item, letters) == 0 || item[strspn(item, all)] != '=')
		return "must begin with a name of letters, digits and _, not with a digit, and =";
	return NULL;
}

static const char *check_after(const char *item)
{
	const char *why;

	return worker_name_is_valid(item, &why) ? NULL : why;
}

static const char *check_path(const char *item)
{
	return *item ? NULL : "must be a path";
}

static const char *check_exitcode(const char *item)
{
	int64_t code;

	if (units_parse_int(item, 0, 255, &code) == 0 || signame_parse(item) > 0)
		return NULL;
	return "must be an exit code from 0 to 255 or the name of a signal, such as TERM";
}

static const char *check_limit(const char *item)
{
	struct rlimit_setting limit;

	if (limit_parse(item, &limit) == 0)
		return NULL;
	return "must be NAME=VALUE or NAME=SOFT:HARD, where NAME is a resource such as nofile, "
	       "nproc, core, cpu, as, data, fsize, stack or memlock, values are numbers or "
	       "\"unlimited\", and SOFT is at most HARD";
}

/* ---- the table ------------------------------------------------------------------------------- */

static const char *const type_names[] = {
	[WORKER_SIMPLE] = "simple",
	[WORKER_FORKING] = "forking",
	NULL,
};
static const char *const autorestart_names[] = {
	[AUTORESTART_NEVER] = "never",
	[AUTORESTART_UNEXPECTED] = "unexpected",
	[AUTORESTART_ALWAYS] = "always",
	NULL,
};
static const char *const killmode_names[] = {
	[KILLMODE_MIXED] = "mixed",
	[KILLMODE_PROCESS] = "process",
	[KILLMODE_GROUP] = "group",
	NULL,
};
static const char *const metric_names[] = {
	[MEMORY_RSS] = "rss",
	[MEMORY_PSS] = "pss",
	[MEMORY_USS] = "uss",
	NULL,
};
static const char *const scope_names[] = {
	[MEMORY_PROCESS] = "process",
	[MEMORY_TREE] = "tree",
	NULL,
};

const struct option_spec option_table[] = {
	{ TEXT("command", PROCESS, command) },
	{ BOOL("shell", PROCESS, shell), .fallback = "false" },
	{ ENUM("type", PROCESS, type, type_names), .fallback = "simple",
	  .expects = "must be simple or forking" },
	{ INT("numprocs", POLICY, numprocs, 0, 10000), .fallback = "1" },
	{ INT("numprocs_start", POLICY, numprocs_start, 0, 2147483647), .fallback = "1" },
	{ BOOL("enabled", POLICY, enabled), .fallback = "true" },
	{ TEXT("directory", PROCESS, directory), .fallback = "~" },
	{ MODE("umask", PROCESS, umask), .fallback = "022" },
	{ TEXT("user", PROCESS, user) },
	{ TEXT("group", PROCESS, group) },
	{ LIST("environment", PROCESS, environment), .check = check_environment },
	{ TEXT("env_file", PROCESS, env_file) },
	{ INT("priority", POLICY, priority, -1000000, 1000000), .fallback = "999" },
	{ LIST("after", POLICY, after), .check = check_after },
	{ ENUM("autorestart", POLICY, autorestart, autorestart_names), .fallback = "always",
	  .expects = "must be always, unexpected or never" },
	{ LIST("exitcodes", POLICY, exitcodes), .fallback = "0", .check = check_exitcode },
	{ DURATION("startsecs", startsecs_ms, 0, "a duration"), .fallback = "1s" },
	{ INT("startretries", POLICY, startretries, 0, 1000000), .fallback = "3" },
	{ DURATION("restart_delay", restart_delay_ms, 0, "a duration"), .fallback = "1s" },
	{ DURATION("restart_delay_max", restart_delay_max_ms, 0, "a duration"),
	  .fallback = "5min" },
	{ BOOL("give_up", POLICY, give_up), .fallback = "false" },
	{ SIGNAL("stopsignal", stopsignal), .fallback = "TERM" },
	{ DURATION("stopwaitsecs", stopwaitsecs_ms, 0, "a duration"), .fallback = "10s" },
	{ ENUM("killmode", POLICY, killmode, killmode_names), .fallback = "mixed",
	  .expects = "must be mixed, process or group" },
	{ SIGNAL("reload_signal", reload_signal) },
	{ SIZE("memory_limit", memory_limit_bytes, 1, "none, or a size above 0") },
	{ DURATION("memory_limit_for", memory_limit_for_ms, 0, "a duration"), .fallback = "0" },
	{ SIZE("memory_max", memory_max_bytes, 1, "none, or a size above 0") },
	{ ENUM("memory_metric", POLICY, memory_metric, metric_names), .fallback = "rss",
	  .expects = "must be rss, pss or uss" },
	{ ENUM("memory_scope", POLICY, memory_scope, scope_names), .fallback = "process",
	  .expects = "must be process or tree" },
	{ INT("cpu_limit", POLICY, cpu_limit, 1, 1000000) },
	{ DURATION("cpu_limit_for", cpu_limit_for_ms, 1000, "a duration of at least 1s"),
	  .fallback = "5min" },
	{ DURATION("max_age", max_age_ms, 1, "none, or a duration above 0") },
	{ TEXT("pidfile", PROCESS, pidfile) },
	{ TEXT("heartbeat_file", POLICY, heartbeat_file) },
	{ DURATION("heartbeat_timeout", heartbeat_timeout_ms, 1, "none, or a duration above 0") },
	{ LATER("probe") },
	{ LATER("probe_interval") },
	{ LATER("probe_timeout") },
	{ LATER("probe_failures") },
	{ LIST("restart_on_change", POLICY, restart_on_change), .check = check_path },
	{ TEXT("stdout_logfile", PROCESS, stdout_logfile), .fallback = "%n.log" },
	{ TEXT("stderr_logfile", PROCESS, stderr_logfile), .fallback = "same" },
	{ SIZE("log_maxbytes", log_maxbytes, 0, "a size"), .fallback = "10M" },
	{ INT("log_backups", POLICY, log_backups, 0, 1000), .fallback = "5" },
	{ MODE("log_mode", POLICY, log_mode), .fallback = "0640" },
	{ INT("log_tail", POLICY, log_tail, 0, 1000), .fallback = "10" },
	{ INT("nice", PROCESS, nice, -20, 19) },
	{ INT("oom_score_adjust", PROCESS, oom_score_adjust, -1000, 1000) },
	{ LIST("limits", PROCESS, limits), .check = check_limit },
	{ .name = NULL },
};

/* ---- rows by name --------------------------------------------------------------------------- */

const struct option_spec *option_find_in(const struct option_spec *table, const char *name)
{
	for (const struct option_spec *option = table; option->name; option++)
		if (option->name[0] == name[0] && strcmp(option->name, name) == 0)
			return option;
	return NULL;
}

const char *option_nearest_in(const struct option_spec *table, const char *name,
			      const char *const *extra)
{
	struct nearest nearest = nearest_begin(name);

	for (const struct option_spec *option = table; option->name; option++)
		nearest_consider(&nearest, option->name);
	for (; extra && *extra; extra++)
		nearest_consider(&nearest, *extra);
	return nearest.word;
}

const struct option_spec *option_find(const char *name)
{
	return option_find_in(option_table, name);
}

const char *option_nearest(const char *name, const char *const *extra)
{
	return option_nearest_in(option_table, name, extra);
}

/* ---- members --------------------------------------------------------------------------------- */

/* By way of a number: whether the member may be written to is for the caller to know, as with
 * strchr(3). */
static void *member(const struct option_spec *option, const void *options)
{
	return (void *)((uintptr_t)options + option->offset);
}

int64_t *option_number(const struct option_spec *option, const void *options)
{
	return member(option, options);
}

char **option_string(const struct option_spec *option, const void *options)
{
	return member(option, options);
}

struct strlist *option_list(const struct option_spec *option, const void *options)
{
	return member(option, options);
}

bool option_is_number(const struct option_spec *option)
{
	switch (option->kind) {
	case OPTION_BOOL:
	case OPTION_INT:
	case OPTION_OCTAL:
	case OPTION_DURATION:
	case OPTION_SIZE:
	case OPTION_SIGNAL:
	case OPTION_ENUM:
		return true;
	case OPTION_STRING:
	case OPTION_LIST:
	case OPTION_LATER:
		break;
	}
	return false;
}

/* ---- values ---------------------------------------------------------------------------------- */

/* The words that libconfuse knows. */
static int parse_bool(const char *text, int64_t *value)
{
	static const char *const words[] = { "false", "true", "no", "yes", "off", "on" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(text, words[i]) == 0) {
			*value = i % 2;
			return 0;
		}
	}
	return -1;
}

static int parse_octal(const char *text, int64_t *value)
{
	size_t len = strlen(text);
	int64_t mode = 0;

	if (len == 0 || len > 4 || strspn(text, "01234567") != len)
		return -1;
	for (; *text != '\0'; text++)
		mode = mode * 8 + (*text - '0');
	*value = mode;
	return 0;
}

static int parse_enum(const struct option_spec *option, const char *text, int64_t *value)
{
	/* supervisord's users write true and false here. */
	if (option->names == autorestart_names && strcasecmp(text, "true") == 0)
		text = "always";
	if (option->names == autorestart_names && strcasecmp(text, "false") == 0)
		text = "never";
	for (int i = 0; option->names[i]; i++) {
		if (strcasecmp(text, option->names[i]) == 0) {
			*value = i;
			return 0;
		}
	}
	return -1;
}

static int check_range(const struct option_spec *option, int64_t value)
{
	return value >= option->min && value <= option->max ? 0 : -1;
}

static int64_t name_count(const struct option_spec *option)
{
	int64_t count = 0;

	while (option->names[count])
		count++;
	return count;
}

struct option_bounds option_bounds(const struct option_spec *option)
{
	struct option_bounds bounds = { .min = option->min, .max = option->max, .may_be_unset = !option->fallback };

	switch (option->kind) {
	case OPTION_BOOL:
		bounds.min = 0;
		bounds.max = 1;
		break;
	case OPTION_ENUM:
		bounds.min = 0;
		bounds.max = name_count(option) - 1;
		break;
	case OPTION_SIGNAL:
		bounds.min = 1;
		bounds.max = SIGRTMAX;
		break;
	case OPTION_INT:
	case OPTION_OCTAL:
	case OPTION_DURATION:
	case OPTION_SIZE:
	case OPTION_STRING:
	case OPTION_LIST:
	case OPTION_LATER:
		break;
	}
	return bounds;
}

static int parse_number(const struct option_spec *option, const char *text, int64_t *value)
{
	switch (option->kind) {
	case OPTION_BOOL:
		return parse_bool(text, value);
	case OPTION_INT:
		return units_parse_int(text, option->min, option->max, value);
	case OPTION_OCTAL:
		return parse_octal(text, value) == 0 ? check_range(option, *value) : -1;
	case OPTION_DURATION:
		return units_parse_duration(text, value) == 0 ? check_range(option, *value) : -1;
	case OPTION_SIZE:
		return units_parse_size(text, value) == 0 ? check_range(option, *value) : -1;
	case OPTION_SIGNAL:
		*value = signame_parse(text);
		return *value > 0 ? 0 : -1;
	case OPTION_ENUM:
		return parse_enum(option, text, value);
	case OPTION_STRING:
	case OPTION_LIST:
	case OPTION_LATER:
		break;
	}
	return -1;
}

static const char *set_number(const struct option_spec *option, int64_t *number, const char *text)
{
	int64_t value = OPTION_NONE;
	bool unset = !option->fallback && strcmp(text, "none") == 0;

	if (!unset && parse_number(option, text, &value) != 0)
		return option->expects;
	*number = value;
	return NULL;
}

static const char *set_string(const struct option_spec *option, char **string, const char *text)
{
	const char *why = NULL;

	if (text[0] == '\0' && option->fallback)
		why = option->expects;
	else if (text[0] != '\0' && option->check)
		why = option->check(text);
	if (why)
		return why;
	char *copy = text[0] != '\0' ? mem_dup(text) : NULL;
	free(*string);
	*string = copy;
	return NULL;
}

static const char *add_item(const struct option_spec *option, struct strlist *list, const char *text)
{
	const char *why = option->check ? option->check(text) : NULL;

	if (!why)
		strlist_add(list, text);
	return why;
}

const char *option_set(const struct option_spec *option, void *options, const char *text)
{
	if (option_is_number(option))
		return set_number(option, option_number(option, options), text);
	if (option->kind == OPTION_STRING)
		return set_string(option, option_string(option, options), text);
	if (option->kind == OPTION_LIST)
		return add_item(option, option_list(option, options), text);
	return option->expects;
}

void option_clear_list(const struct option_spec *option, void *options)
{
	strlist_free(option_list(option, options));
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void init_member(const struct option_spec *option, void *options)
{
	if (option_is_number(option))
		*option_number(option, options) = OPTION_NONE;
	else if (option->kind == OPTION_STRING)
		*option_string(option, options) = NULL;
	else if (option->kind == OPTION_LIST)
		*option_list(option, options) = (struct strlist)STRLIST_INIT;
	if (option->fallback)
		/* The unit test holds that every default is accepted. */
		(void)option_set(option, options, option->fallback);
}

void options_init_in(const struct option_spec *table, void *options)
{
	for (const struct option_spec *option = table; option->name; option++)
		init_member(option, options);
}

void options_init(struct worker_options *options)
{
	options_init_in(option_table, options);
}

void options_copy(struct worker_options *to, const struct worker_options *from)
{
	*to = *from;
	for (const struct option_spec *option = option_table; option->name; option++) {
		if (option->kind == OPTION_STRING)
			*option_string(option, to) = mem_dup(*option_string(option, from));
		else if (option->kind == OPTION_LIST)
			strlist_copy(option_list(option, to), option_list(option, from));
	}
}

void options_free_in(const struct option_spec *table, void *options)
{
	for (const struct option_spec *option = table; option->name; option++) {
		if (option->kind == OPTION_STRING) {
			free(*option_string(option, options));
			*option_string(option, options) = NULL;
		} else if (option->kind == OPTION_LIST) {
			strlist_free(option_list(option, options));
		}
	}
}

void options_free(struct worker_options *options)
{
	options_free_in(option_table, options);
}

static uint64_t hash_number(uint64_t hash, const char *name, int64_t number)
{
	if (number == OPTION_NONE)
		return hash;
	hash = hash_text(hash, name);
	return hash_bytes(hash, &number, sizeof(number));
}

static uint64_t hash_string(uint64_t hash, const char *name, const char *string)
{
	if (!string)
		return hash;
	hash = hash_text(hash, name);
	return hash_text(hash, string);
}

static uint64_t hash_list(uint64_t hash, const char *name, const struct strlist *list)
{
	if (list->count == 0)
		return hash;
	hash = hash_text(hash, name);
	for (size_t i = 0; i < list->count; i++)
		hash = hash_text(hash, list->items[i]);
	return hash_text(hash, NULL); /* the end: the next option's name is no item */
}

static uint64_t hash_option(uint64_t hash, const struct option_spec *option, const struct worker_options *options)
{
	if (option->kind == OPTION_LATER)
		return hash;
	if (option_is_number(option))
		return hash_number(hash, option->name, *option_number(option, options));
	if (option->kind == OPTION_STRING)
		return hash_string(hash, option->name, *option_string(option, options));
	return hash_list(hash, option->name, option_list(option, options));
}

uint64_t options_definition(const struct worker_options *options)
{
	uint64_t hash = HASH_INIT;

	for (const struct option_spec *option = option_table; option->name; option++)
		if (option->effect == OPTION_PROCESS)
			hash = hash_option(hash, option, options);
	return hash;
}

uint64_t options_hash(const struct worker_options *options)
{
	uint64_t hash = HASH_INIT;

	for (const struct option_spec *option = option_table; option->name; option++)
		hash = hash_option(hash, option, options);
	return hash;
}
