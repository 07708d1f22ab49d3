/* SPDX-License-Identifier: ISC */
/* option: the table's rows, values taken and refused, copies, hashes, nearest names. */
#include "watchdog/model/option.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/check_main.h"
#include "watchdog/model/ping.h"
#include "watchdog/model/webhook.h"

static const struct option_spec *find(const char *name)
{
	const struct option_spec *option = option_find(name);

	ck_assert_msg(option != NULL, "no option %s", name);
	return option;
}

static const struct {
	const struct option_spec *rows;
	size_t size;
} tables[] = {
	{ option_table, sizeof(struct worker_options) },
	{ webhook_option_table, sizeof(struct webhook_options) },
	{ ping_option_table, sizeof(struct ping_options) },
};

union any_options {
	struct worker_options worker;
	struct webhook_options webhook;
	struct ping_options ping;
};

START_TEST(finds_every_row)
{
	const struct option_spec *rows = tables[_i].rows;

	for (const struct option_spec *option = rows; option->name; option++)
		ck_assert_ptr_eq(option_find_in(rows, option->name), option);
	ck_assert_ptr_null(option_find_in(rows, "comman"));
	ck_assert_ptr_null(option_find_in(rows, "commandx"));
	ck_assert_ptr_null(option_find_in(rows, ""));
}
END_TEST

START_TEST(finds_a_workers_row)
{
	ck_assert_ptr_eq(option_find("command"), option_find_in(option_table, "command"));
	ck_assert_ptr_null(option_find("url"));
}
END_TEST

START_TEST(accepts_every_default)
{
	union any_options options;

	options_init_in(tables[_i].rows, &options);
	for (const struct option_spec *option = tables[_i].rows; option->name; option++) {
		if (option->fallback)
			ck_assert_msg(!option_set(option, &options, option->fallback), "%s",
				      option->name);
		ck_assert_msg(option->expects || option->check, "%s", option->name);
	}
	options_free_in(tables[_i].rows, &options);
}
END_TEST

/* Each member belongs to one row, and all together are the whole structure. */
START_TEST(covers_every_member)
{
	size_t covered = 0;

	for (const struct option_spec *option = tables[_i].rows; option->name; option++) {
		for (const struct option_spec *other = tables[_i].rows; other < option; other++)
			ck_assert(option->kind == OPTION_LATER || other->kind == OPTION_LATER ||
				  option->offset != other->offset);
		if (option_is_number(option))
			covered += sizeof(int64_t);
		else if (option->kind == OPTION_STRING)
			covered += sizeof(char *);
		else if (option->kind == OPTION_LIST)
			covered += sizeof(struct strlist);
	}
	ck_assert_uint_eq(covered, tables[_i].size);
}
END_TEST

START_TEST(has_the_defaults_of_the_interface)
{
	struct worker_options options;

	options_init(&options);
	ck_assert_ptr_null(options.command);
	ck_assert_int_eq(options.type, WORKER_SIMPLE);
	ck_assert_int_eq(options.numprocs, 1);
	ck_assert_int_eq(options.numprocs_start, 1);
	ck_assert_int_eq(options.enabled, 1);
	ck_assert_str_eq(options.directory, "~");
	ck_assert_int_eq(options.umask, 022);
	ck_assert_int_eq(options.priority, 999);
	ck_assert_int_eq(options.autorestart, AUTORESTART_ALWAYS);
	ck_assert_uint_eq(options.exitcodes.count, 1);
	ck_assert_str_eq(options.exitcodes.items[0], "0");
	ck_assert_int_eq(options.startsecs_ms, 1000);
	ck_assert_int_eq(options.startretries, 3);
	ck_assert_int_eq(options.restart_delay_ms, 1000);
	ck_assert_int_eq(options.restart_delay_max_ms, 300000);
	ck_assert_int_eq(options.give_up, 0);
	ck_assert_int_eq(options.stopsignal, SIGTERM);
	ck_assert_int_eq(options.stopwaitsecs_ms, 10000);
	ck_assert_int_eq(options.killmode, KILLMODE_MIXED);
	ck_assert_int_eq(options.memory_limit_bytes, OPTION_NONE);
	ck_assert_int_eq(options.memory_limit_for_ms, 0);
	ck_assert_int_eq(options.memory_max_bytes, OPTION_NONE);
	ck_assert_int_eq(options.memory_metric, MEMORY_RSS);
	ck_assert_int_eq(options.memory_scope, MEMORY_PROCESS);
	ck_assert_int_eq(options.max_age_ms, OPTION_NONE);
	ck_assert_str_eq(options.stdout_logfile, "%n.log");
	ck_assert_str_eq(options.stderr_logfile, "same");
	ck_assert_int_eq(options.log_maxbytes, 10 << 20);
	ck_assert_int_eq(options.log_backups, 5);
	ck_assert_int_eq(options.log_mode, 0640);
	ck_assert_int_eq(options.log_tail, 10);
	ck_assert_int_eq(options.nice, OPTION_NONE);
	ck_assert_int_eq(options.oom_score_adjust, OPTION_NONE);
	ck_assert_uint_eq(options.limits.count, 0);
	options_free(&options);
}
END_TEST

static const struct {
	const char *name;
	const char *text;
	int64_t number;
} taken[] = {
	{ "shell", "YES", 1 },
	{ "shell", "off", 0 },
	{ "type", "forking", WORKER_FORKING },
	{ "numprocs", "0", 0 },
	{ "numprocs", "10000", 10000 },
	{ "umask", "0077", 077 },
	{ "umask", "2", 2 },
	{ "priority", "-1", -1 },
	{ "autorestart", "never", AUTORESTART_NEVER },
	{ "autorestart", "unexpected", AUTORESTART_UNEXPECTED },
	{ "autorestart", "Always", AUTORESTART_ALWAYS },
	{ "autorestart", "true", AUTORESTART_ALWAYS },
	{ "autorestart", "false", AUTORESTART_NEVER },
	{ "startsecs", "0", 0 },
	{ "stopwaitsecs", "1h30min", 5400000 },
	{ "stopsignal", "SIGUSR1", SIGUSR1 },
	{ "stopsignal", "15", SIGTERM },
	{ "killmode", "group", KILLMODE_GROUP },
	{ "memory_limit", "128M", 128 << 20 },
	{ "memory_limit", "none", OPTION_NONE },
	{ "memory_metric", "uss", MEMORY_USS },
	{ "memory_scope", "tree", MEMORY_TREE },
	{ "max_age", "1d", 86400000 },
	{ "max_age", "none", OPTION_NONE },
	{ "log_maxbytes", "0", 0 },
	{ "log_tail", "0", 0 },
	{ "log_tail", "1000", 1000 },
	{ "nice", "-20", -20 },
	{ "nice", "none", OPTION_NONE },
	{ "oom_score_adjust", "1000", 1000 },
};

START_TEST(takes_numbers)
{
	const struct option_spec *option = find(taken[_i].name);
	struct worker_options options;

	options_init(&options);
	ck_assert_ptr_null(option_set(option, &options, taken[_i].text));
	ck_assert_int_eq(*option_number(option, &options), taken[_i].number);
	options_free(&options);
}
END_TEST

static const struct {
	const char *name;
	const char *text;
	const char *why; /* a part of the reason */
} refused[] = {
	{ "shell", "1", "true or false" },
	{ "shell", "", "true or false" },
	{ "type", "notify", "simple or forking" },
	{ "numprocs", "10001", "from 0 to 10000" },
	{ "numprocs", "-1", "from 0 to 10000" },
	{ "numprocs", "none", "from 0 to 10000" },
	{ "numprocs", "1.0", "from 0 to 10000" },
	{ "numprocs_start", "2147483648", "2147483647" },
	{ "directory", "", "empty" },
	{ "stdout_logfile", "", "empty" },
	{ "log_tail", "1001", "from 0 to 1000" },
	{ "umask", "8", "octal" },
	{ "umask", "1000", "octal" },
	{ "umask", "00022", "octal" },
	{ "umask", "", "octal" },
	{ "autorestart", "sometimes", "unexpected" },
	{ "startsecs", "soon", "duration" },
	{ "startsecs", "-1", "duration" },
	{ "startsecs", "36526d", "duration" },
	{ "startsecs", "none", "duration" },
	{ "stopsignal", "NOPE", "signal" },
	{ "stopsignal", "0", "signal" },
	{ "stopsignal", "none", "signal" },
	{ "memory_limit", "0", "size above 0" },
	{ "memory_limit", "128Mx", "size" },
	{ "max_age", "0", "duration above 0" },
	{ "nice", "20", "from -20 to 19" },
	{ "oom_score_adjust", "-1001", "from -1000 to 1000" },
	{ "environment", "A", "NAME=VALUE" },
	{ "environment", "=x", "name" },
	{ "environment", "1A=x", "name" },
	{ "environment", "A-B=x", "name" },
	{ "environment", "A =x", "name" },
	{ "environment", "\xC3\xBC=x", "name" },
	{ "after", "a b", "white space" },
	{ "after", "", "empty" },
	{ "exitcodes", "256", "exit code" },
	{ "exitcodes", "-1", "exit code" },
	{ "exitcodes", "", "exit code" },
	{ "exitcodes", "NOPE", "exit code" },
	{ "limits", "nofile=2:1", "SOFT" },
	{ "limits", "nofile", "SOFT" },
	{ "probe", "true", "not available" },
	{ "restart_on_change", "", "path" },
	{ "reload_signal", "HOP", "signal" },
	{ "cpu_limit", "0", "whole number" },
	{ "probe", "x", "not available" },
};

/* And nothing is changed by it. */
START_TEST(refuses)
{
	const struct option_spec *option = find(refused[_i].name);
	struct worker_options options;
	struct worker_options before;

	options_init(&options);
	before = options;
	const char *why = option_set(option, &options, refused[_i].text);
	ck_assert_msg(why && strstr(why, refused[_i].why), "%s = %s: %s", refused[_i].name,
		      refused[_i].text, why);
	ck_assert_mem_eq(&options, &before, sizeof(options));
	options_free(&options);
}
END_TEST

static const struct {
	const char *name;
	const char *text;
} items[] = {
	{ "environment", "A=" },    { "environment", "_a1=b=c d\n%n" },
	{ "after", "db-proxy" },    { "exitcodes", "0" },
	{ "exitcodes", "255" },	    { "exitcodes", "SIGTERM" },
	{ "exitcodes", "RTMIN+1" }, { "limits", "core=0:unlimited" },
};

START_TEST(takes_items)
{
	const struct option_spec *option = find(items[_i].name);
	struct worker_options options;

	options_init(&options);
	option_clear_list(option, &options);
	ck_assert_ptr_null(option_set(option, &options, items[_i].text));
	ck_assert_ptr_null(option_set(option, &options, items[_i].text));
	ck_assert_uint_eq(option_list(option, &options)->count, 2);
	ck_assert_str_eq(option_list(option, &options)->items[1], items[_i].text);
	option_clear_list(option, &options);
	ck_assert_uint_eq(option_list(option, &options)->count, 0);
	options_free(&options);
}
END_TEST

START_TEST(replaces_strings)
{
	struct worker_options options;

	options_init(&options);
	ck_assert_ptr_null(option_set(find("user"), &options, "a"));
	ck_assert_ptr_null(option_set(find("user"), &options, "b"));
	ck_assert_str_eq(options.user, "b");
	ck_assert_ptr_null(option_set(find("user"), &options, ""));
	ck_assert_ptr_null(options.user);
	options_free(&options);
}
END_TEST

START_TEST(copies_deeply)
{
	struct worker_options first;
	struct worker_options second;

	options_init(&first);
	option_set(find("command"), &first, "php worker.php");
	option_set(find("environment"), &first, "A=b");
	option_set(find("numprocs"), &first, "4");
	options_copy(&second, &first);
	options_free(&first);
	ck_assert_ptr_null(first.command);
	ck_assert_str_eq(second.command, "php worker.php");
	ck_assert_str_eq(second.environment.items[0], "A=b");
	ck_assert_str_eq(second.exitcodes.items[0], "0");
	ck_assert_int_eq(second.numprocs, 4);
	options_free(&second);
}
END_TEST

static const struct {
	const char *name;
	const char *text;
	bool changes;
} definitions[] = {
	{ "command", "other", true },
	{ "shell", "true", true },
	{ "type", "forking", true },
	{ "directory", "/", true },
	{ "umask", "077", true },
	{ "user", "www", true },
	{ "group", "www", true },
	{ "environment", "B=c", true },
	{ "env_file", "x", true },
	{ "pidfile", "x", true },
	{ "stdout_logfile", "x", true },
	{ "stderr_logfile", "x", true },
	{ "nice", "0", true },
	{ "oom_score_adjust", "0", true },
	{ "limits", "core=0", true },
	{ "command", "run", false },
	{ "umask", "22", false },
	{ "numprocs", "9", false },
	{ "numprocs_start", "0", false },
	{ "enabled", "false", false },
	{ "priority", "1", false },
	{ "after", "x", false },
	{ "exitcodes", "1", false },
	{ "startsecs", "9", false },
	{ "stopsignal", "INT", false },
	{ "memory_limit", "1G", false },
	{ "log_mode", "0600", false },
	{ "log_maxbytes", "1M", false },
	{ "log_tail", "0", false },
};

START_TEST(hashes_what_shapes_the_process)
{
	struct worker_options options;

	options_init(&options);
	option_set(find("command"), &options, "run");
	option_set(find("environment"), &options, "A=b");
	uint64_t before = options_definition(&options);
	ck_assert_uint_eq(options_definition(&options), before);
	ck_assert_ptr_null(option_set(find(definitions[_i].name), &options, definitions[_i].text));
	ck_assert_int_eq(options_definition(&options) != before, definitions[_i].changes);
	options_free(&options);
}
END_TEST

START_TEST(hashes_members_apart)
{
	struct worker_options first;
	struct worker_options second;

	options_init(&first);
	options_copy(&second, &first);
	option_set(find("user"), &first, "x");
	option_set(find("group"), &second, "x");
	ck_assert_uint_ne(options_definition(&first), options_definition(&second));
	options_free(&first);
	options_free(&second);
}
END_TEST

static const char *const extra[] = { "include", NULL };

static const struct {
	const char *typed;
	const char *nearest;
} typed[] = {
	{ "comand", "command" },
	{ "umaks", "umask" },
	{ "stop_signal", "stopsignal" },
	{ "autostart", "autorestart" },
	{ "numproc", "numprocs" },
	{ "memorylimit", "memory_limit" },
	{ "oom_score_adjust", "oom_score_adjust" },
	{ "inculde", "include" },
	{ "nice", "nice" },
	{ "xyzzy", NULL },
	{ "", NULL },
	{ "a", NULL },
	{ "thisisaverylongnamethatisnearnothingatall", NULL },
};

START_TEST(suggests_the_nearest)
{
	const char *nearest = option_nearest(typed[_i].typed, extra);

	ck_assert_pstr_eq(nearest, typed[_i].nearest);
}
END_TEST

START_TEST(suggests_without_extra_names)
{
	ck_assert_pstr_eq(option_nearest("comand", NULL), "command");
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

static Suite *suite(void)
{
	Suite *suite = suite_create("option");
	TCase *tcase = tcase_create("option");

	tcase_add_loop_test(tcase, finds_every_row, 0, COUNT(tables));
	tcase_add_test(tcase, finds_a_workers_row);
	tcase_add_loop_test(tcase, accepts_every_default, 0, COUNT(tables));
	tcase_add_loop_test(tcase, covers_every_member, 0, COUNT(tables));
	tcase_add_test(tcase, has_the_defaults_of_the_interface);
	tcase_add_loop_test(tcase, takes_numbers, 0, COUNT(taken));
	tcase_add_loop_test(tcase, refuses, 0, COUNT(refused));
	tcase_add_loop_test(tcase, takes_items, 0, COUNT(items));
	tcase_add_test(tcase, replaces_strings);
	tcase_add_test(tcase, copies_deeply);
	tcase_add_loop_test(tcase, hashes_what_shapes_the_process, 0, COUNT(definitions));
	tcase_add_test(tcase, hashes_members_apart);
	tcase_add_loop_test(tcase, suggests_the_nearest, 0, COUNT(typed));
	tcase_add_test(tcase, suggests_without_extra_names);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
