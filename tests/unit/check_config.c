/* SPDX-License-Identifier: ISC */
/* config: what files yield, what is wrong with them and on which line, and whom it costs. */
#include "watchdog/config/config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/check_main.h"
#include "tests/unit/tempdir.h"
#include "watchdog/base/str.h"
#include "watchdog/model/option.h"

#define NOBODY 65534

static char *dir;
static char *main_file;
static struct config config;
static struct err err;

static void setup(void)
{
	dir = tempdir_make();
	main_file = mem_format("%s/cronherd.conf", dir);
	tempdir_folder(dir, "conf.d");
}

static void teardown(void)
{
	config_free(&config);
	tempdir_remove(dir);
	free(main_file);
}

static void write_main(const char *text)
{
	tempdir_file(dir, "cronherd.conf", text);
}

static void write_conf(const char *name, const char *text)
{
	char *path = mem_format("conf.d/%s", name);

	tempdir_file(dir, path, text);
	free(path);
}

static int load(void)
{
	config_free(&config);
	err = (struct err)ERR_INIT;
	return config_load(&config, main_file, &err);
}

/* "FILE:LINE MESSAGE" a line, the folder taken off each FILE. */
static char *all_errors(void)
{
	struct str all = STR_INIT;

	for (size_t i = 0; i < config.error_count; i++) {
		const struct config_error *error = &config.errors[i];
		const char *file = error->file;
		if (strncmp(file, dir, strlen(dir)) == 0)
			file += strlen(dir) + 1;
		str_addf(&all, "%s:%d %s\n", file, error->line, error->message);
	}
	return str_take(&all);
}

/* Whether the error at AT is on LINE of FILE and has PART in it. */
static void expect_error(size_t at, const char *file, int line, const char *part)
{
	char *all = all_errors();

	ck_assert_msg(at < config.error_count, "no error %zu, but:\n%s", at, all);

	const struct config_error *error = &config.errors[at];
	ck_assert_msg(strcmp(error->file + strlen(dir) + 1, file) == 0, "not in %s:\n%s", file,
		      all);
	ck_assert_msg(error->line == line, "not on line %d:\n%s", line, all);
	ck_assert_msg(strstr(error->message, part) != NULL, "not \"%s\":\n%s", part, all);
	free(all);
}

static void expect_clean(void)
{
	char *all = all_errors();

	ck_assert_msg(config.error_count == 0, "%s", all);
	free(all);
}

static char *names(void)
{
	struct str all = STR_INIT;

	for (size_t i = 0; i < config.worker_count; i++)
		str_addf(&all, "%s%s", i > 0 ? " " : "", config.workers[i].name);
	return str_take(&all);
}

static void expect_names(const char *expected)
{
	char *all = names();

	ck_assert_str_eq(all, expected);
	free(all);
}

/* ---- one file ------------------------------------------------------------- */

#define LONG_NAME "0123456789012345678901234567890123456789012345678901234567890123x"

/* What is wrong with a file of conf.d, in order. LINE 0 ends the list. */
static const struct {
	const char *text;
	struct {
		int line;
		const char *part;
	} errors[4];
} wrong[] = {
	/* values */
	{ "worker a {\n command = x\n\n numprocs = -1\n}\n",
	  { { 4, "'numprocs': '-1' must be" } } },
	{ "worker a {\n command = x\n numprocs = x\n memory_limit = 5X\n}\n"
	  "worker b {\n command = x\n stopsignal = FOO }",
	  { { 3, "numprocs" }, { 4, "memory_limit" }, { 8, "stopsignal" } } },
	{ "worker a { command = x\n environment = {\"A=1\",\n\n \"B\"}\n}",
	  { { 4, "NAME=VALUE" } } },
	{ "worker a {\n numprocs = 2\n}\n", { { 1, "command" } } },
	{ "worker a {\n command = x\n command = y\n}",
	  { { 3, "a second time in this section; the first is on line 2" } } },
	{ "worker a {\n command = 'x\ny'\n numprocs = q }", { { 4, "numprocs" } } },
	{ "worker a { command = \"\\xff\" }", { { 1, "control characters or is no UTF-8" } } },
	{ "worker a { command = \"\\x02\" }", { { 1, "control characters or is no UTF-8" } } },
	{ "worker a { user = '' directory = '' command = x }", { { 1, "directory" } } },
	/* comments do not shift lines */
	{ "# one\n// two\n/* three\n four */ # five\nworker a { # six\n command = x # seven\n"
	  " umask = 9\n}",
	  { { 7, "umask" } } },
	{ "worker a { command = http://x/*y }", { { 1, "stray '*'" } } },
	/* unknown options */
	{ "worker a {\n command = x\n memory_limits = 5M\n}",
	  { { 3, "no such option 'memory_limits' (did you mean 'memory_limit'?)" } } },
	{ "worker a {\n command = x\n xyzzy = 5M\n}", { { 3, "no such option 'xyzzy'" } } },
	{ "\nwroker a {\n command = x\n}", { { 2, "'wroker' (did you mean 'worker'?)" } } },
	{ "command = x", { { 1, "'command' belongs into a worker or defaults section" } } },
	{ "group g {\n worker = {a}\n}", { { 2, "a group has only 'workers'" } } },
	{ "worker a { command = \"x\";\n }", { { 1, "stray ';'" } } },
	{ "worker a {\n command = x\nworker b { command = x }\n}",
	  { { 3, "'worker' cannot stand within 'worker'" } } },
	{ "worker a { '' = x }", { { 1, "syntax error" } } },
	{ "'defaults|command' = x", { { 1, "no sub-section" } } },
	/* not yet */
	{ "worker a {\n command = x\n probe = 'tcp://x'\n probe_interval = 5\n}",
	  { { 3, "option 'probe' is not yet available in this version; remove it" },
	    { 4, "'probe_interval' is not yet" } } },
	{ "worker a {\n command = x\n heartbeat_timeout = 5\n}", { { 1, "heartbeat_file" } } },
	{ "worker a {\n command = x\n reload_signal = HUP\n}", { { 1, "restart_on_change" } } },
	{ "\nstatus_page { }", { { 2, "missing '=' after option 'status_page'" } } },
	{ "\nhistory { }", { { 2, "missing '=' after option 'history'" } } },
	{ "\nurl = y", { { 2, "'url' belongs into a webhook or ping section" } } },
	{ "webhook b { url = https://h } /SECRET { }", { { 1, "no option stands here" } } },
	{ "worker a { command = x }\nping b { url = https://h } T0PS3CRET = x",
	  { { 2, "no option stands here" } } },
	{ "webhook = 'https://h/secret'", { { 1, "'webhook' is a section: webhook \"NAME\" {" } } },
	{ "worker a {\n command = x\nwebhook b { url = 'https://h' }\n}",
	  { { 3, "'webhook' cannot stand within 'worker'" } } },
	/* the main file's */
	{ "state_dir = /x\nminder = true", { { 1, "main file" }, { 2, "main file" } } },
	/* names */
	{ "worker a/b { command = x }", { { 1, "must not contain any of" } } },
	{ "worker '' { command = x }", { { 1, "must not be empty" } } },
	{ "worker " LONG_NAME " { command = x }", { { 1, "64 bytes" } } },
	{ "worker '\\' { command = x }\nworker b { command = '\\' }",
	  { { 2, "a string is not closed" } } },
	{ "group 'a b' { workers = {} }", { { 1, "white space" } } },
	{ "group g { }", { { 1, "names no worker" } } },
	{ "group g { workers = {'a b'} }", { { 1, "names 'a b', which is no worker" } } },
	/* syntax */
	{ "worker a {\n command = x\n", { { 1, "'{' on this line is not closed" } } },
	{ "worker a {\n command = x\n}\n}", { { 4, "unexpected closing brace" } } },
	{ "worker a\n", { { 2, "premature end of file" } } },
	{ "worker {\n command = x }", { { 1, "missing title" } } },
	{ "worker a {\n command x }", { { 2, "missing '=' after option 'command'" } } },
	{ "worker a {\n command = {x} }", { { 2, "unexpected token" } } },
	{ "worker a {\n command += x }", { { 2, "append" } } },
	{ "worker a {\n\n command = \"x\n}", { { 3, "a string is not closed" } } },
	{ "worker a {\n\n command = 'x\\'\n}", { { 3, "a string is not closed" } } },
	{ "\n/* worker a {\n command = x }", { { 2, "not closed by '*/'" } } },
	{ "worker a { command =\n\"\\400\" }", { { 2, "bad escape sequence '\\400'" } } },
	{ "worker a { command =\n\"\\1234\" }", { { 2, "bad escape sequence '\\1234'" } } },
	{ "worker a { command =\n\"\\8\" }", { { 2, "bad escape sequence '\\8'" } } },
	{ "worker a { command =\n\"x\\0y\" }", { { 2, "NUL" } } },
	{ "worker a { command =\n\"x\\x00y\" }", { { 2, "NUL" } } },
	{ "worker a { numprocs = 2 + 3 }", { { 1, "stray '+'" } } },
	{ "\n\xC3\x28", { { 2, "invalid UTF-8" } } },
	{ "\n\xED\xA0\x80", { { 2, "invalid UTF-8" } } },
	{ "\n\xC0\xAF", { { 2, "invalid UTF-8" } } },
	{ "\n\n\xE2\x82", { { 3, "invalid UTF-8" } } },
	/* the environment's variables */
	{ "worker a {\n command = ${HOME}/x\n}", { { 2, "'${'" } } },
	{ "worker a {\n command = x${HOME}\n}", { { 2, "'${'" } } },
	{ "worker a {\n command = \"x ${HOME} y\"\n user = \"${USER:-x}\" }",
	  { { 2, "'${'" }, { 3, "'${'" } } },
	{ "worker a { command = \"\\\\${HOME}\" }", { { 1, "'${'" } } },
	/* defaults */
	{ "worker a { command = x }\ndefaults { numprocs = 2 }",
	  { { 2, "'defaults' stands after a worker" } } },
	{ "defaults {\n numprocs = x\n probe = y\n}", { { 2, "numprocs" }, { 3, "probe" } } },
	{ "defaults x { }", { { 1, "missing opening brace" } } },
	/* between workers */
	{ "worker a { command = x }\nworker b { command = y }\nworker a { command = z }",
	  { { 3, "worker 'a' is already defined at" } } },
	{ "worker a { command = x }\ngroup g { workers = a }\ngroup g { workers = a }",
	  { { 3, "group 'g' is already defined at" } } },
	{ "worker a { command = x after = {b, c} }\nworker c { command = x }",
	  { { 1, "'after' names 'b', which is no worker" } } },
	{ "worker a { command = x }\ngroup g { workers = {a, b} }",
	  { { 2, "group 'g' names 'b', which is no worker" } } },
	{ "worker a { command = x after = a }", { { 1, "must not name the worker itself" } } },
	{ "worker z { command = x after = c }\nworker a { command = x after = {y, b} }\n"
	  "worker y { command = x }\n"
	  "worker b { command = x after = c }\nworker c { command = x after = a }",
	  { { 5, "circle: c, a, b, c;" },
	    { 2, "circle: a, b, c, a;" },
	    { 4, "circle: b, c, a, b;" } } },
};

START_TEST(tells_what_is_wrong_and_where)
{
	size_t count = 0;

	write_conf("x.conf", wrong[_i].text);
	ck_assert_int_eq(load(), 0);
	for (; count < 4 && wrong[_i].errors[count].line > 0; count++)
		expect_error(count, "conf.d/x.conf", wrong[_i].errors[count].line,
			     wrong[_i].errors[count].part);

	char *all = all_errors();
	ck_assert_msg(config.error_count == count, "%zu wanted:\n%s", count, all);
	free(all);
	ck_assert_uint_eq(config.worker_count, 0);
	ck_assert_uint_eq(config.group_count, 0);
	ck_assert_uint_eq(config.broken_files.count, 1);
}
END_TEST

START_TEST(refuses_a_nul_byte)
{
	tempdir_write(dir, "conf.d/x.conf", "\n#\0", 3);
	ck_assert_int_eq(load(), 0);
	expect_error(0, "conf.d/x.conf", 2, "NUL");
}
END_TEST

START_TEST(keeps_a_hundred_errors_of_a_file)
{
	struct str text = STR_INIT;

	for (int i = 0; i < 150; i++)
		str_add(&text, "worker a { command = x umask = 9 }\n");
	write_conf("x.conf", str_text(&text));
	str_free(&text);
	ck_assert_int_eq(load(), 0);
	expect_error(98, "conf.d/x.conf", 99, "umask");
	expect_error(99, "conf.d/x.conf", 0, "and 51 more errors");
	ck_assert_ptr_null(strstr(config.errors[100].message, "umask"));
}
END_TEST

START_TEST(makes_messages_one_line_of_utf8)
{
	write_conf("x.conf", "worker \"a\\n\\xff\" { command = x numprocs = \"\\e[1m\\n\" }");
	ck_assert_int_eq(load(), 0);
	expect_error(0, "conf.d/x.conf", 1, "control characters");
	expect_error(1, "conf.d/x.conf", 1,
		     "worker 'a?"
		     "?'");
}
END_TEST

/* ---- values that are right ------------------------------------------------ */

/* The command that a worker gets from the text of a value. */
static const struct {
	const char *written;
	const char *command;
} commands[] = {
	{ "x", "x" },
	{ "/a//b/c", "/a//b/c" },
	{ "http://h/p?a", "http://h/p?a" },
	{ "\"a 'b' # c // d\"", "a 'b' # c // d" },
	{ "'a \"b\" /* c */ $\\{d} ${HOME} \\' \\\\ \\n'",
	  "a \"b\" /* c */ $\\{d} ${HOME} ' \\ \\n" },
	{ "\"\\${HOME} $HOME $ {x}\"", "${HOME} $HOME $ {x}" },
	{ "\"tab\\there\\x41\\101\"", "tab\thereAA" },
	{ "'a\nb'", "a\nb" },
	{ "\"a\\\nb\"", "ab" },
	{ "x#y", "x" },
	{ "\"grün 作業\"", "grün 作業" },
	{ "a${", NULL },
};

START_TEST(reads_values_as_libconfuse_does)
{
	char *text = mem_format("\r\nworker a { command =\r\n %s\n }", commands[_i].written);

	write_conf("x.conf", text);
	free(text);
	ck_assert_int_eq(load(), 0);
	if (!commands[_i].command) {
		ck_assert_uint_eq(config.worker_count, 0);
		return;
	}
	expect_clean();
	ck_assert_str_eq(config.workers[0].options.command, commands[_i].command);
}
END_TEST

START_TEST(fills_a_worker)
{
	write_conf("x.conf", "\xEF\xBB\xBF# first\n\nworker \"mail\" {\n command = \"x y\"\n"
			     " shell = YES\n enabled = off\n stopwaitsecs = 1h30min\n"
			     " memory_limit = 1.5G\n exitcodes = {0, TERM}\n umask = 027\n}\n");
	ck_assert_int_eq(load(), 0);
	expect_clean();

	const struct worker *worker = config_worker(&config, "mail");
	ck_assert_ptr_nonnull(worker);
	ck_assert_int_eq(worker->line, 3);
	ck_assert_str_eq(worker->file + strlen(dir), "/conf.d/x.conf");
	ck_assert_str_eq(worker->options.command, "x y");
	ck_assert_int_eq(worker->options.shell, 1);
	ck_assert_int_eq(worker->options.enabled, 0);
	ck_assert_int_eq(worker->options.stopwaitsecs_ms, 5400000);
	ck_assert_int_eq(worker->options.memory_limit_bytes, INT64_C(1610612736));
	ck_assert_int_eq(worker->options.umask, 027);
	ck_assert_int_eq(worker->options.priority, 999);
	ck_assert_uint_eq(worker->options.exitcodes.count, 2);
	ck_assert_uint_eq(worker->definition, options_definition(&worker->options));
	ck_assert_ptr_null(config_worker(&config, "mai"));
	ck_assert_ptr_null(config_worker(&config, "mail2"));
	ck_assert_ptr_null(config_group(&config, "mail"));
}
END_TEST

START_TEST(reads_groups)
{
	write_conf("x.conf", "group g { workers = {a, b} workers += b }\n"
			     "worker a { command = x } worker b { command = x }");
	ck_assert_int_eq(load(), 0);
	expect_clean();

	const struct config_group *group = config_group(&config, "g");
	ck_assert_ptr_nonnull(group);
	ck_assert_uint_eq(group->workers.count, 3);
	ck_assert_str_eq(group->workers.items[1], "b");
	ck_assert_int_eq(group->line, 1);
}
END_TEST

/* ---- defaults ------------------------------------------------------------- */

START_TEST(applies_defaults_to_their_file_and_the_mains_to_all)
{
	write_main("defaults { numprocs = 3 umask = 077 }\nworker m { command = x }\n");
	write_conf("a.conf", "defaults { numprocs = 4 }\ndefaults { nice = 5 }\n"
			     "worker a { command = x } worker a2 { command = x numprocs = 5 }");
	write_conf("b.conf", "worker b { command = x }");
	ck_assert_int_eq(load(), 0);
	expect_clean();
	expect_names("m a a2 b");
	ck_assert_int_eq(config_worker(&config, "m")->options.numprocs, 3);
	ck_assert_int_eq(config_worker(&config, "a")->options.numprocs, 4);
	ck_assert_int_eq(config_worker(&config, "a")->options.nice, 5);
	ck_assert_int_eq(config_worker(&config, "a")->options.umask, 077);
	ck_assert_int_eq(config_worker(&config, "a2")->options.numprocs, 5);
	ck_assert_int_eq(config_worker(&config, "b")->options.numprocs, 3);
	ck_assert_int_eq(config_worker(&config, "b")->options.nice, OPTION_NONE);
}
END_TEST

/* What a worker writes of its environment, and what it has then: the default is A=1. */
static const struct {
	const char *written;
	const char *environment;
} lists[] = {
	{ "", "A=1 " },
	{ "environment = {}", "" },
	{ "environment = {'B=2'}", "B=2 " },
	{ "environment = 'B=2'", "B=2 " },
	{ "environment += {'B=2', 'C=3'}", "A=1 B=2 C=3 " },
	{ "environment += {'B=2'} environment += 'C=3'", "A=1 B=2 C=3 " },
	{ "environment = {} environment += {'C=3'}", "C=3 " },
	{ "environment = {'B=2'} environment += {'C=3'}", "B=2 C=3 " },
	{ "environment += {'B=2'} environment = {'C=3'}", "C=3 " },
};

START_TEST(continues_lists_of_the_defaults)
{
	struct str found = STR_INIT;
	char *text = mem_format("defaults { environment = {'A=1'} }\n"
				"worker a { command = x %s }\nworker b { command = y }",
				lists[_i].written);

	write_conf("x.conf", text);
	free(text);
	ck_assert_int_eq(load(), 0);
	expect_clean();

	const struct strlist *list = &config_worker(&config, "a")->options.environment;
	for (size_t i = 0; i < list->count; i++)
		str_addf(&found, "%s ", list->items[i]);
	ck_assert_str_eq(str_text(&found), lists[_i].environment);
	str_free(&found);
	ck_assert_uint_eq(config_worker(&config, "b")->options.environment.count, 1);
	ck_assert_uint_eq(config_worker(&config, "b")->options.exitcodes.count, 1);
}
END_TEST

/* ---- several files -------------------------------------------------------- */

START_TEST(reads_conf_files_in_byte_order)
{
	write_conf("b.conf", "worker b { command = x }");
	write_conf("B.conf", "worker B { command = x }");
	write_conf("10.conf", "worker w10 { command = x }");
	write_conf("9.conf", "worker w9 { command = x }");
	write_conf("ä.conf", "worker ae { command = x }");
	write_conf("a.conf", "worker a { command = x } worker A { command = x }");
	write_conf(".hidden.conf", "nonsense");
	write_conf("a.conf.bak", "nonsense");
	write_conf("conf", "nonsense");
	ck_assert_int_eq(load(), 0);
	expect_clean();
	expect_names("w10 w9 B a A b ae");
}
END_TEST

START_TEST(keeps_the_others_of_a_broken_file)
{
	write_conf("a.conf", "worker a { command = x } worker a2 { command = x umask = 9 }");
	write_conf("b.conf", "worker b { command = x after = {a, c} }\ngroup g { workers = a }");
	write_conf("c.conf", "worker c { command = \"x");
	write_conf("d.conf", "worker d { command = x }");
	ck_assert_int_eq(load(), 0);
	expect_names("b d");
	ck_assert_uint_eq(config.error_count, 2);
	ck_assert_uint_eq(config.broken_files.count, 2);
	ck_assert_str_eq(config.broken_files.items[0] + strlen(dir), "/conf.d/a.conf");
	ck_assert_uint_eq(config.broken_workers.count, 2);
	ck_assert_str_eq(config.broken_workers.items[1], "a2");
	ck_assert(config.broken_unread);
	ck_assert_ptr_null(config_worker(&config, "a"));
	ck_assert_ptr_nonnull(config_worker(&config, "d"));
	ck_assert_ptr_nonnull(config_group(&config, "g"));
}
END_TEST

START_TEST(knows_names_in_broken_files_that_could_be_read)
{
	write_conf("a.conf", "worker a { command = x umask = 9 }");
	write_conf("b.conf", "worker b { command = x after = {a} }");
	write_conf("c.conf", "worker c { command = x after = {nobody} }");
	ck_assert_int_eq(load(), 0);
	expect_names("b");
	ck_assert(!config.broken_unread);
	expect_error(1, "conf.d/c.conf", 1, "'nobody', which is no worker");
}
END_TEST

START_TEST(refuses_the_later_of_two)
{
	write_main("worker m { command = x }");
	write_conf("a.conf", "worker a { command = x }");
	write_conf("b.conf", "worker b { command = x }\n\nworker a { command = y }");
	write_conf("c.conf", "worker m { command = x }");
	ck_assert_int_eq(load(), 0);
	expect_names("m a");

	char *other = mem_format("%s/conf.d/a.conf:1;", dir);
	expect_error(0, "conf.d/b.conf", 3, other);
	free(other);
	expect_error(1, "conf.d/c.conf", 1, "worker 'm' is already defined at");
}
END_TEST

START_TEST(refuses_the_later_of_two_though_the_first_is_broken)
{
	write_conf("a.conf", "worker a { command = x umask = 9 }");
	write_conf("b.conf", "worker a { command = y }");
	ck_assert_int_eq(load(), 0);
	ck_assert_uint_eq(config.worker_count, 0);
	expect_error(1, "conf.d/b.conf", 1, "already defined");
}
END_TEST

START_TEST(finds_circles_across_files)
{
	write_conf("a.conf", "worker a { command = x after = b }");
	write_conf("b.conf", "worker b { command = x after = a }");
	write_conf("c.conf", "worker c { command = x after = a }");
	ck_assert_int_eq(load(), 0);
	expect_names("c");
	expect_error(0, "conf.d/a.conf", 1, "circle: a, b, a;");
	expect_error(1, "conf.d/b.conf", 1, "circle: b, a, b;");
}
END_TEST

START_TEST(takes_ten_thousand_workers_in_a_file)
{
	struct str text = STR_INIT;

	for (int i = 0; i < 10000; i++)
		str_addf(&text, "worker w%d {\n command = x\n after = {w%d}\n}\n", i,
			 i < 9999 ? i + 1 : 0);
	write_conf("a.conf", str_text(&text));
	ck_assert_int_eq(load(), 0);
	ck_assert_uint_eq(config.worker_count, 0); /* one circle of all */
	expect_error(99, "conf.d/a.conf", 0, "more errors");

	str_free(&text);
	for (int i = 0; i < 10000; i++)
		str_addf(&text, "worker w%d {\n command = x\n after = {w0%s}\n}\n", i,
			 i > 0 ? "" : "0");
	str_add(&text, "worker w00 { command = x }");
	write_conf("a.conf", str_text(&text));
	str_free(&text);
	ck_assert_int_eq(load(), 0);
	expect_clean();
	ck_assert_uint_eq(config.worker_count, 10001);
	ck_assert_int_eq(config_worker(&config, "w9999")->line, 39997);
}
END_TEST

START_TEST(takes_many_files)
{
	for (int i = 0; i < 1000; i++) {
		char *name = mem_format("%04d.conf", i);
		char *text = mem_format("worker w%d { command = x }", i);
		write_conf(name, text);
		free(name);
		free(text);
	}
	ck_assert_int_eq(load(), 0);
	expect_clean();
	ck_assert_uint_eq(config.worker_count, 1000);
	ck_assert_ptr_eq(config_worker(&config, "w999"), &config.workers[999]);
}
END_TEST

/* ---- the main file -------------------------------------------------------- */

START_TEST(expands_directories)
{
	char *expected = mem_format("%s/state", dir);

	write_main("state_dir = state/\npidfile_dir = \"%d/pids\"\nlog_dir = '~/%%log'\n"
		   "conf_dir = conf.d\nminder = Off\n");
	ck_assert_int_eq(setenv("HOME", "/home/of me", 1), 0);
	ck_assert_int_eq(load(), 0);
	expect_clean();
	ck_assert_str_eq(config.state_dir, expected);
	ck_assert_str_eq(config.log_dir, "/home/of me/%log");
	ck_assert_str_eq(config.pidfile_dir + strlen(dir), "/pids");
	ck_assert_str_eq(config.conf_dir + strlen(dir), "/conf.d");
	ck_assert_str_eq(config.main_file, main_file);
	ck_assert(!config.minder);
	free(expected);
}
END_TEST

/* Main files that leave nothing to go by. */
static const struct {
	const char *text;
	int line;
	const char *part;
} broken_mains[] = {
	{ "\nstate_dir = x\nstate_dir = y", 3, "a second time; the first is on line 2" },
	{ "\nstate_dir = \"%n\"", 2, "'%n' in '%n': there is no worker here" },
	{ "state_dir = ''", 1, "empty" },
	{ "minder = maybe", 1, "must be true or false" },
	{ "\n\nconf_dir = nowhere", 3, "does not exist; create it" },
	{ "worker a { command = x umask = 9 }", 1, "umask" },
	{ "nonsense", 1, "no such option" },
	{ "defaults { umask = 9 }", 1, "umask" },
	{ "worker a {", 1, "not closed" },
};

START_TEST(ends_at_a_broken_main_file)
{
	write_main(broken_mains[_i].text);
	write_conf("a.conf", "worker a { command = x }");
	ck_assert_int_eq(load(), -1);
	ck_assert(config.main_broken);
	ck_assert_int_eq(err.kind, ERR_CONFIG);
	expect_error(0, "cronherd.conf", broken_mains[_i].line, broken_mains[_i].part);

	char *place = mem_format("%s:%d: ", main_file, broken_mains[_i].line);
	ck_assert_msg(strncmp(err.text, place, strlen(place)) == 0, "%s", err.text);
	free(place);
	ck_assert_uint_eq(config.worker_count, 0);
}
END_TEST

START_TEST(loses_only_the_mains_workers_to_what_is_wrong_between_files)
{
	write_main("worker m { command = x after = nobody }");
	write_conf("a.conf", "worker a { command = x }");
	ck_assert_int_eq(load(), 0);
	ck_assert(!config.main_broken);
	expect_names("a");
	expect_error(0, "cronherd.conf", 1, "nobody");
}
END_TEST

START_TEST(needs_something_to_keep)
{
	char *conf_dir = mem_format("%s/conf.d", dir);

	ck_assert_int_eq(load(), 0); /* an empty conf.d is a herd of none */
	expect_clean();
	ck_assert_str_eq(config.conf_dir, conf_dir);

	ck_assert_int_eq(rmdir(conf_dir), 0);
	ck_assert_int_eq(load(), -1);
	ck_assert_int_eq(err.kind, ERR_CONFIG);
	ck_assert_ptr_nonnull(strstr(err.text, "no configuration: create "));
	ck_assert(!config.main_broken);

	write_main("minder = on");
	ck_assert_int_eq(load(), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "nothing to keep"));

	write_main("worker a { command = x }");
	ck_assert_int_eq(load(), 0);
	expect_names("a");
	free(conf_dir);
}
END_TEST

START_TEST(finds_the_main_file)
{
	write_main("worker a { command = x }");
	ck_assert_int_eq(setenv("CRONHERD_CONFIG", main_file, 1), 0);
	ck_assert_int_eq(config_load(&config, NULL, &err), 0);
	expect_names("a");
	config_free(&config);
	ck_assert_int_eq(unsetenv("CRONHERD_CONFIG"), 0);

	char *before = getcwd(NULL, 0);
	ck_assert_ptr_nonnull(before);
	ck_assert_int_eq(chdir(dir), 0);
	ck_assert_int_eq(config_load(&config, "cronherd.conf", &err), 0);
	ck_assert_int_eq(config.main_file[0], '/');
	ck_assert_ptr_nonnull(strstr(config.main_file, "/cronherd.conf"));
	ck_assert_int_eq(chdir(before), 0);
	free(before);
}
END_TEST

/* ---- who may write -------------------------------------------------------- */

static void set_mode(const char *name, mode_t mode, uid_t owner)
{
	char *path = mem_format("%s/%s", dir, name);

	ck_assert_int_eq(chmod(path, mode), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(chown(path, owner, (gid_t)-1), 0);
	free(path);
}

START_TEST(refuses_what_everyone_may_write)
{
	write_conf("a.conf", "worker a { command = x }");
	write_conf("b.conf", "worker b { command = x }");
	set_mode("conf.d/a.conf", 0646, 0);
	ck_assert_int_eq(load(), 0);
	expect_names("b");
	expect_error(0, "conf.d/a.conf", 0, "may write it; run: chmod ");
	ck_assert(config.broken_unread);

	set_mode("conf.d", 0757, 0);
	ck_assert_int_eq(load(), -1);
	expect_error(0, "conf.d", 0, "may write it; run: chmod ");
	set_mode("conf.d", 0755, 0);

	write_main("worker m { command = x }");
	set_mode("cronherd.conf", 0666, 0);
	ck_assert_int_eq(load(), -1);
	ck_assert(config.main_broken);
}
END_TEST

/* Modes and owners of a file of conf.d; PART: of the refusal by root and by another user. */
static const struct {
	mode_t mode;
	uid_t owner;
	const char *root_part;
	const char *user_part;
} owners[] = {
	{ 0644, 0, NULL, NULL },
	{ 0444, 0, NULL, NULL },
	{ 0664, 0, "others than root may write it; run: chmod go-w '", NULL },
	{ 0646, 0, "others than root may write it", "everyone may write it; run: chmod o-w '" },
	{ 0644, NOBODY, "does not belong to root; run: chown root '", NULL },
	{ 0644, 1, "does not belong to root", NULL },
};

START_TEST(trusts_root_alone_as_root)
{
	if (geteuid() != 0)
		return;
	write_conf("a.conf", "worker a { command = x }");
	set_mode("conf.d/a.conf", owners[_i].mode, owners[_i].owner);
	ck_assert_int_eq(load(), 0);
	if (owners[_i].root_part)
		expect_error(0, "conf.d/a.conf", 0, owners[_i].root_part);
	else
		expect_clean();

	set_mode(".", 0755, 0);
	ck_assert_int_eq(seteuid(NOBODY), 0);
	ck_assert_int_eq(setenv("HOME", "/", 1), 0);
	int rc = load();
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(rc, 0);
	if (owners[_i].user_part)
		expect_error(0, "conf.d/a.conf", 0, owners[_i].user_part);
	else
		expect_clean();
}
END_TEST

START_TEST(trusts_only_roots_conf_dir_and_main_file_as_root)
{
	if (geteuid() != 0)
		return;
	write_conf("a.conf", "worker a { command = x }");
	set_mode("conf.d", 0755, NOBODY);
	ck_assert_int_eq(load(), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "/conf.d: it does not belong to root"));
	set_mode("conf.d", 0775, 0);
	ck_assert_int_eq(load(), -1);
	set_mode("conf.d", 0755, 0);
	write_main("");
	set_mode("cronherd.conf", 0644, NOBODY);
	ck_assert_int_eq(load(), -1);
	ck_assert(config.main_broken);
	ck_assert_ptr_nonnull(strstr(err.text, "/cronherd.conf: it does not belong to root"));
}
END_TEST

START_TEST(takes_only_regular_files)
{
	char *folder = mem_format("%s/conf.d/a.conf", dir);
	char *fifo = mem_format("%s/conf.d/b.conf", dir);
	char *target = mem_format("%s/conf.d/c.conf", dir);
	char *alias = mem_format("%s/conf.d/d.conf", dir);
	char *nowhere = mem_format("%s/conf.d/e.conf", dir);

	ck_assert_int_eq(mkdir(folder, 0755), 0);
	ck_assert_int_eq(mkfifo(fifo, 0644), 0);
	tempdir_file(dir, "elsewhere", "worker c { command = x }");
	ck_assert_int_eq(symlink("../elsewhere", alias), 0);
	ck_assert_int_eq(symlink("nowhere", nowhere), 0);
	ck_assert_int_eq(load(), 0);
	expect_error(0, "conf.d/a.conf", 0, "no regular file");
	expect_error(1, "conf.d/b.conf", 0, "no regular file");
	if (geteuid() == 0) {
		expect_error(2, "conf.d/d.conf", 0, "symbolic link");
		expect_error(3, "conf.d/e.conf", 0, "symbolic link");
	} else {
		expect_error(2, "conf.d/e.conf", 0, "cannot be opened");
		expect_names("c");
	}
	free(folder);
	free(fifo);
	free(target);
	free(alias);
	free(nowhere);
}
END_TEST

START_TEST(refuses_a_file_that_is_too_large)
{
	char *path = mem_format("%s/conf.d/a.conf", dir);

	write_conf("a.conf", "");
	ck_assert_int_eq(truncate(path, 16 * 1024 * 1024 + 1), 0);
	ck_assert_int_eq(load(), 0);
	expect_error(0, "conf.d/a.conf", 0, "larger than 16 MiB");
	free(path);
}
END_TEST

/* ---- webhooks, pings, metrics_file, history ------------------------------- */

#define SECRET	     "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define LINE_OF_URL "\n url = 'https://h/SECRET'\n "

/* What costs a section, and nothing else. In each text SECRET stands for what must not be told. */
static const struct {
	const char *text;
	struct {
		int line;
		const char *part;
	} errors[4];
	const char *lost; /* names of webhooks that are known to be broken */
} lost[] = {
	{ "webhook b { }", { { 1, "webhook 'b': url is missing" } }, "b" },
	{ "webhook b {\n url = h/SECRET }", { { 2, "option 'url' has no scheme" } }, "b" },
	{ "webhook b {\n url = 'ftp://h/SECRET' }", { { 2, "not spoken here" } }, "b" },
	{ "webhook b {\n url = 'https://u:SECRET@h/' }", { { 2, "user and password" } }, "b" },
	{ "webhook b {\n url = 'https://h/#SECRET' }", { { 2, "'#'" } }, "b" },
	{ "webhook b {\n url = \"https://h/\\x01SECRET\" }",
	  { { 2, "option 'url': the value has control characters" } },
	  "b" },
	{ "webhook b {" LINE_OF_URL "url = 'https://i/SECRET' }",
	  { { 3, "a second time in this section; the first is on line 2" } },
	  "b" },
	{ "webhook b {" LINE_OF_URL "format = slak\n timeout = 31s\n digest = many }",
	  { { 3, "'slak' is unknown (did you mean 'slack'?)" },
	    { 4, "'timeout' must be from 1s to 30s" },
	    { 5, "'digest' must be a whole number" } },
	  "b" },
	{ "webhook b {" LINE_OF_URL "format = SECRET }", { { 3, "must be cloudevents, " } }, "b" },
	{ "webhook b {" LINE_OF_URL "events = {worker.started,\n worker.stoped,\n 'x.*'} }",
	  { { 4, "'worker.stoped' is unknown (did you mean 'worker.stopped'?)" },
	    { 5, "matches no type" } },
	  "b" },
	{ "webhook b {" LINE_OF_URL "secret = whsec_SECRET }", { { 3, "'secret' must be base64" } }, "b" },
	{ "webhook b {" LINE_OF_URL "secret = SECRET }", { { 3, "must begin with whsec_" } }, "b" },
	{ "webhook b {" LINE_OF_URL "secret = " SECRET " }",
	  { { 3, "option 'secret': others may read this file; run: chmod 600" } },
	  "b" },
	{ "webhook b {" LINE_OF_URL "secret_file = nowhere }",
	  { { 3, "/nowhere' does not exist; make it, of mode 0600" } },
	  "b" },
	{ "webhook b {" LINE_OF_URL "secret_file = cronherd.conf }",
	  { { 3, "is of mode 0644, and must be 0600 or 0400; run: chmod 600" } },
	  "b" },
	{ "webhook b {" LINE_OF_URL "secret_file = '%i' }", { { 3, "there is no instance here" } }, "b" },
	{ "webhook b {" LINE_OF_URL "ca_file = nowhere }",
	  { { 3, "'ca_file': '/" }, },
	  "b" },
	{ "webhook b {" LINE_OF_URL "ca_file = conf.d }", { { 3, "no regular file" } }, "b" },
	{ "webhook b {" LINE_OF_URL "headers = 'X-A: SECRET\n\nX-B: x' }",
	  { { 5, "'headers' must have values of one line" } },
	  "b" },
	{ "webhook b {" LINE_OF_URL "proxy = 'https://SECRET' }", { { 3, "'proxy' must begin with" } }, "b" },
	{ "webhook b {" LINE_OF_URL "format = template }", { { 3, "needs template" } }, "b" },
	{ "webhook b {" LINE_OF_URL "\n template = x }", { { 4, "only for format = template" } }, "b" },
	{ "webhook b {" LINE_OF_URL "format = template\n template = 'SECRET\n{{foo}}' }",
	  { { 5, "unknown name 'foo' at line 2, column 1 of its text" } },
	  "b" },
	{ "webhook b {" LINE_OF_URL "workers = {a, 'x*', '@g', 'a:7'} }\ngroup g { workers = a }",
	  { { 0, NULL } },
	  "" },
	{ "webhook b {" LINE_OF_URL "workers = {mial} }\nworker mail { command = x }",
	  { { 3, "names 'mial' in 'workers', which is no worker (did you mean 'mail'?)" } },
	  "b" },
	{ "webhook b {" LINE_OF_URL "workers = {'zzz:1', '@zzz'} }",
	  { { 3, "'zzz:1' in 'workers', which is no worker" },
	    { 3, "'@zzz' in 'workers', which is no group" } },
	  "b" },
	/* what libconfuse itself would give up at */
	{ "webhook b {" LINE_OF_URL "evnts = x }",
	  { { 3, "no such option 'evnts' (did you mean 'events'?)" } },
	  "b" },
	{ "webhook b {" LINE_OF_URL "command = x }", { { 3, "'command' cannot stand within" } }, "b" },
	{ "webhook b {\n url = https://h/ SECRET/x }", { { 2, "no option of a webhook stands here" } }, "b" },
	{ "webhook b {\n url = https://h/x?SECRET=x }", { { 2, "syntax error" } }, "b" },
	{ "webhook b {\n url = { 'https://h/SECRET' } }", { { 2, "syntax error" } }, "b" },
	{ "webhook b {\n url https://h/SECRET }", { { 2, "missing '=' after option 'url'" } }, "b" },
	{ "webhook b {\n url += https://h/SECRET }", { { 2, "append" } }, "b" },
	{ "webhook b {\n 'SECRET|x' = y }", { { 2, "syntax error" } }, "b" },
	{ "webhook b {" LINE_OF_URL "format = slack; }", { { 3, "did you mean 'slack'" } }, "b" },
	/* and confscan */
	{ "webhook 'b' {" LINE_OF_URL "events = {\n worker.*} }", { { 4, "stray '*': quote" } }, "b" },
	{ "webhook \"b\" {\n url = \"https://${SECRET}\" }", { { 2, "'${'" } }, "b" },
	{ "webhook b {\n url = \"https://h/\\400SECRET\" }", { { 2, "bad escape" } }, "b" },
	/* names */
	{ "webhook 'https://h/SECRET' {" LINE_OF_URL "}",
	  { { 1, "the name of this webhook must not contain" } },
	  "" },
	{ "webhook {" LINE_OF_URL "}", { { 1, "missing title" } }, "" },
	{ "webhook '' {" LINE_OF_URL "}", { { 1, "must not be empty" } }, "" },
	{ "webhook b {" LINE_OF_URL "}\nwebhook b {" LINE_OF_URL "}\nping b {" LINE_OF_URL "}",
	  { { 4, "webhook 'b' is already defined at" } },
	  "b" },
	/* pings */
	{ "ping b { }", { { 1, "ping 'b': url is missing" } }, "" },
	{ "ping b {" LINE_OF_URL "style = kuma }", { { 3, "uptime-kuma, cronitor" } }, "" },
	{ "ping b {" LINE_OF_URL "style = uptimekuma }", { { 3, "did you mean 'uptime-kuma'?" } }, "" },
	{ "ping b {" LINE_OF_URL "when = worker }", { { 3, "must be round, or worker" } }, "" },
	{ "ping b {" LINE_OF_URL "when = worker 'zzz' }",
	  { { 3, "names 'zzz' in 'when', which is no worker" } },
	  "" },
	{ "ping b {" LINE_OF_URL "events = x }",
	  { { 3, "no option of a ping stands here" } }, "" },
	{ "ping b {" LINE_OF_URL "}\nping b {" LINE_OF_URL "}", { { 4, "ping 'b' is already defined" } }, "" },
	/* the main file's */
	{ "metrics_file = x\nhistory = 3",
	  { { 1, "'metrics_file' belongs into the main file" },
	    { 2, "'history' belongs into the main file" } },
	  "" },
};

/* The workers of the file are kept, and a webhook behind the broken one. */
START_TEST(loses_a_section_alone)
{
	size_t count = 0;
	char *text = mem_format("%s\nworker a { command = x }\n"
				"webhook good { url = 'https://h/x' workers = a }\n"
				"ping good { url = 'https://h/x' when = worker \"a\" }\n",
				lost[_i].text);
	struct str names_lost = STR_INIT;

	write_main("");
	write_conf("x.conf", text);
	free(text);
	ck_assert_int_eq(load(), 0);
	for (; count < 4 && lost[_i].errors[count].line > 0; count++)
		expect_error(count, "conf.d/x.conf", lost[_i].errors[count].line,
			     lost[_i].errors[count].part);

	char *all = all_errors();
	ck_assert_msg(config.error_count == count, "%zu wanted:\n%s", count, all);
	ck_assert_msg(strstr(all, "SECRET") == NULL, "told:\n%s", all);
	ck_assert_msg(strstr(all, "MfKQ") == NULL, "told:\n%s", all);
	free(all);
	ck_assert_ptr_nonnull(config_worker(&config, "a"));
	ck_assert_uint_eq(config.broken_files.count, 0);
	ck_assert_uint_eq(config.broken_workers.count, 0);
	ck_assert(!config.broken_unread);
	ck_assert_str_eq(config.webhooks[config.webhook_count - 1].name, "good");
	ck_assert_str_eq(config.pings[config.ping_count - 1].name, "good");
	for (size_t i = 0; i < config.broken_webhooks.count; i++)
		str_add(&names_lost, config.broken_webhooks.items[i]);
	ck_assert_str_eq(str_text(&names_lost), lost[_i].lost);
	str_free(&names_lost);
	ck_assert(count == 0 || !config.is_cacheable);
}
END_TEST

START_TEST(keeps_the_main_file_though_a_webhook_in_it_is_wrong)
{
	write_main("webhook b { url = y }\nworker m { command = x }\n"
		   "history = soon\nmetrics_file = 'x/'\nmetrics_file = y\n");
	write_conf("a.conf", "worker a { command = x }");
	ck_assert_int_eq(load(), 0);
	expect_names("m a");
	ck_assert(!config.main_broken);
	expect_error(0, "cronherd.conf", 3, "'history' must be none, or how long");
	expect_error(1, "cronherd.conf", 4, "'metrics_file' must name a file");
	expect_error(2, "cronherd.conf", 5, "'metrics_file' is set a second time");
	expect_error(3, "cronherd.conf", 1, "no scheme");
	ck_assert_uint_eq(config.error_count, 4);
	ck_assert_uint_eq(config.broken_files.count, 0);
	ck_assert_ptr_null(config.metrics_file);
	ck_assert_int_eq(config.history_ms, 0);
}
END_TEST

START_TEST(keeps_webhooks_though_a_worker_of_their_file_is_wrong)
{
	write_conf("a.conf", "worker a { command = x umask = 9 }\n"
			     "webhook w { url = 'https://h/x' workers = a }");
	write_conf("b.conf", "webhook v { url = 'https://h/x' }\nworker b {\n comand = x }\n"
			     "worker c { command = x }");
	ck_assert_int_eq(load(), 0);
	ck_assert_uint_eq(config.worker_count, 0);
	ck_assert_uint_eq(config.error_count, 2);
	ck_assert_uint_eq(config.webhook_count, 2);
	ck_assert_str_eq(config.webhooks[0].name, "w");
	ck_assert_str_eq(config.webhooks[1].name, "v");
	ck_assert_uint_eq(config.broken_webhooks.count, 0);
}
END_TEST

/* While a file is unread, a worker that nobody knows may be in it. */
START_TEST(lets_targets_be_in_a_file_that_is_unread)
{
	write_conf("a.conf", "webhook w { url = 'https://h/x' workers = {zzz, '@zzz'} }\n"
			     "ping p { url = 'https://h/x' when = 'worker zzz' }");
	write_conf("b.conf", "worker zzz {");
	ck_assert_int_eq(load(), 0);
	ck_assert_uint_eq(config.error_count, 1);
	ck_assert_uint_eq(config.webhook_count, 1);
	ck_assert_uint_eq(config.ping_count, 1);
}
END_TEST

START_TEST(fills_webhooks_and_pings)
{
	char *conf = mem_format("%s/conf.d/a.conf", dir);
	char *secret = mem_format("%s/secret", dir);

	write_main("metrics_file = '%d/x.prom'\nhistory = 1d12h");
	write_conf("a.conf",
		   "worker mail { command = x }\n\n"
		   "webhook \"one\" {\n url = 'https://h/%n/~/${HOME}'\n format = template\n"
		   " template = '{\"id\": \"{{id}}\"}'\n content_type = text/plain\n"
		   " secret = '" SECRET "'\n secret_file = '%d/secret'\n"
		   " events = {'worker.*', cronherd.host.rebooted}\n workers += {mail, 'x*'}\n"
		   " timeout = 2s max_age = 1d headers = {'X-A: %h', 'X-B: ~/'}\n"
		   " ca_file = '%d/conf.d/a.conf' proxy = 'http://u:p@proxy:3128'\n"
		   " digest = 7 flap = 0 log_tail = 2 }\n"
		   "ping two { url = http://h/x\n style = plain\n when=worker\t# of mail\n\n'mail'\n }"
		   "ping three { url = 'http://h/x' when = 'worker mail' } ping four { url = 'http://h/x' "
		   "when = round } # ping five { }\n");
	ck_assert_int_eq(chmod(conf, 0600), 0);
	tempdir_file(dir, "secret", SECRET "\n");
	ck_assert_int_eq(chmod(secret, 0600), 0);
	ck_assert_int_eq(load(), 0);
	expect_clean();

	ck_assert_str_eq(config.metrics_file + strlen(dir), "/x.prom");
	ck_assert_int_eq(config.history_ms, 36 * 3600 * 1000);
	ck_assert_uint_eq(config.webhook_count, 1);
	ck_assert_str_eq(config.webhooks[0].name, "one");
	ck_assert_str_eq(config.webhooks[0].file, conf);
	ck_assert_int_eq(config.webhooks[0].line, 3);

	const struct webhook_options *options = &config.webhooks[0].options;
	ck_assert_str_eq(options->url, "https://h/%n/~/${HOME}");
	ck_assert_int_eq(options->format, WEBHOOK_TEMPLATE);
	ck_assert_str_eq(options->template_text, "{\"id\": \"{{id}}\"}");
	ck_assert_str_eq(options->content_type, "text/plain");
	ck_assert_str_eq(options->secret.items[0], SECRET);
	ck_assert_str_eq(options->secret_file.items[0], secret);
	ck_assert_uint_eq(options->events.count, 2);
	ck_assert_uint_eq(options->workers.count, 2);
	ck_assert_int_eq(options->timeout_ms, 2000);
	ck_assert_str_eq(options->headers.items[0], "X-A: %h");
	ck_assert_str_eq(options->headers.items[1], "X-B: ~/");
	ck_assert_str_eq(options->ca_file, conf);
	ck_assert_str_eq(options->proxy, "http://u:p@proxy:3128");
	ck_assert_int_eq(options->digest, 7);
	ck_assert_int_eq(options->flap, 0);
	ck_assert_int_eq(options->log_tail, 2);

	ck_assert_uint_eq(config.ping_count, 3);
	ck_assert_str_eq(ping_worker(&config.pings[0].options), "mail");
	ck_assert_int_eq(config.pings[0].options.style, PING_PLAIN);
	ck_assert_str_eq(ping_worker(&config.pings[1].options), "mail");
	ck_assert_str_eq(config.pings[1].name, "three");
	ck_assert_ptr_null(ping_worker(&config.pings[2].options));
	free(conf);
	free(secret);
}
END_TEST

/* In these words no section begins: they are values. */
START_TEST(takes_no_value_for_a_section)
{
	write_main("conf_dir = conf.d\nmetrics_file = ping worker m { command = x }\n");
	write_conf("a.conf", "defaults { command = webhook }\nworker webhook { }\n"
			     "worker ping { command = ping after = webhook }\n"
			     "group ping { workers = {webhook, ping} }\n"
			     "webhook webhook { url = 'https://h/x' workers = webhook }\n"
			     "ping ping { url = 'https://h/x' when = worker 'ping' }\n");
	ck_assert_int_eq(load(), 0);
	expect_clean();
	expect_names("m webhook ping");
	ck_assert_str_eq(config.workers[1].options.command, "webhook");
	ck_assert_str_eq(config.webhooks[0].name, "webhook");
	ck_assert_str_eq(config.pings[0].name, "ping");
	ck_assert_str_eq(ping_worker(&config.pings[0].options), "ping");
}
END_TEST

/* ---- samples -------------------------------------------------------------- */

static char *read_sample(const char *name)
{
	struct str text = STR_INIT;
	char buf[4096];
	char *path = mem_format("%s/%s", SAMPLES, name);
	FILE *file = fopen(path, "re");

	ck_assert_msg(file != NULL, "%s", path);
	for (size_t got; (got = fread(buf, 1, sizeof(buf), file)) > 0;)
		str_add_n(&text, buf, got);
	ck_assert_int_eq(fclose(file), 0);
	free(path);
	return str_take(&text);
}

static const struct {
	const char *file;
	const char *workers;
} samples[] = {
	{ "example.conf", "" },
	{ "symfony-messenger.conf", "messenger-async messenger-mail" },
	{ "laravel.conf", "laravel-default laravel-mail" },
	{ "rq.conf", "rq-default rq-reports" },
	{ "celery.conf", "celery celery-beat" },
	{ "telling.conf", "" },
};

START_TEST(parses_the_samples)
{
	char *text = read_sample(samples[_i].file);

	write_conf(samples[_i].file, text);
	free(text);
	ck_assert_int_eq(load(), 0);
	expect_clean();
	expect_names(samples[_i].workers);
}
END_TEST

/* Takes the '#' from the lines where no blank follows it. */
static void uncomment(char *text)
{
	for (char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (line[0] == '#' && line[1] != ' ' && line[1] != '\n')
			line[0] = ' ';
	}
}

/* What the example shows of an option that has a default is that default. */
static void expect_default(const struct option_spec *option, const void *shown, const void *defaults)
{
	if (option->kind == OPTION_LATER || !option->fallback)
		return;
	if (option_is_number(option))
		ck_assert_msg(*option_number(option, shown) == *option_number(option, defaults),
			      "%s", option->name);
	else if (option->kind == OPTION_STRING)
		ck_assert_str_eq(*option_string(option, shown), *option_string(option, defaults));
	else
		ck_assert_str_eq(option_list(option, shown)->items[0],
				 option_list(option, defaults)->items[0]);
}

static void expect_defaults(const struct option_spec *table, const void *shown)
{
	union {
		struct worker_options worker;
		struct webhook_options webhook;
		struct ping_options ping;
	} defaults;

	options_init_in(table, &defaults);
	for (const struct option_spec *option = table; option->name; option++)
		expect_default(option, shown, &defaults);
	options_free_in(table, &defaults);
}

/* In what TEXT has from the line that begins with WORD on: the tables share names. */
static void expect_shown(const char *text, const char *word, const struct option_spec *table)
{
	char *begin = mem_format("\n %s \"example\" {", word);

	text = strstr(text, begin);
	ck_assert_msg(text != NULL, "%s", word);
	free(begin);
	for (const struct option_spec *option = table; option->name; option++) {
		char *set = mem_format("\n \t%s = ", option->name);
		ck_assert_msg((strstr(text, set) != NULL) == (option->kind != OPTION_LATER), "%s %s",
			      word, option->name);
		free(set);
	}
}

/* What the samples' webhooks name. */
static void write_named(void)
{
	static const char secret[] = SECRET "\n";
	static const char *const names_[] = { "webhook.secret", "own.secret", "ca.pem" };

	for (size_t i = 0; i < 3; i++) {
		char *path = mem_format("%s/%s", dir, names_[i]);
		tempdir_file(dir, names_[i], secret);
		ck_assert_int_eq(chmod(path, 0600), 0);
		free(path);
	}
}

START_TEST(shows_every_option_in_the_example)
{
	char *text = read_sample("example.conf");

	uncomment(text);
	expect_shown(text, "worker", option_table);
	expect_shown(text, "webhook", webhook_option_table);
	expect_shown(text, "ping", ping_option_table);

	/* What only a worker of type "forking" has would be refused. */
	char *pidfile = strstr(text, "pidfile = ");
	ck_assert_ptr_nonnull(pidfile);
	pidfile[-1] = '#';
	char *after = strstr(text, "\"db-proxy\"");
	ck_assert_ptr_nonnull(after);
	memset(after, ' ', strlen("\"db-proxy\""));
	write_named();
	write_conf("x.conf", text);
	free(text);
	ck_assert_int_eq(load(), 0);
	expect_clean();
	expect_names("example");
	ck_assert_ptr_nonnull(config_group(&config, "site"));

	expect_defaults(option_table, &config.workers[0].options);
	ck_assert_uint_eq(config.webhook_count, 2);
	expect_defaults(webhook_option_table, &config.webhooks[0].options);
	ck_assert_uint_eq(config.ping_count, 1);
	expect_defaults(ping_option_table, &config.pings[0].options);
}
END_TEST

START_TEST(shows_how_to_tell)
{
	char *text = read_sample("telling.conf");

	uncomment(text);
	write_named();
	write_conf("a.conf", "worker mail { command = x }");
	write_conf("x.conf", text);
	free(text);
	ck_assert_int_eq(load(), 0);
	expect_clean();
	ck_assert_uint_eq(config.webhook_count, 3);
	ck_assert_uint_eq(config.ping_count, 2);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof(*(table))))

static Suite *suite(void)
{
	Suite *all = suite_create("config");
	TCase *tests = tcase_create("files");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, tells_what_is_wrong_and_where, 0, COUNT(wrong));
	tcase_add_test(tests, refuses_a_nul_byte);
	tcase_add_test(tests, keeps_a_hundred_errors_of_a_file);
	tcase_add_test(tests, makes_messages_one_line_of_utf8);
	tcase_add_loop_test(tests, reads_values_as_libconfuse_does, 0, COUNT(commands));
	tcase_add_test(tests, fills_a_worker);
	tcase_add_test(tests, reads_groups);
	tcase_add_test(tests, applies_defaults_to_their_file_and_the_mains_to_all);
	tcase_add_loop_test(tests, continues_lists_of_the_defaults, 0, COUNT(lists));
	tcase_add_test(tests, reads_conf_files_in_byte_order);
	tcase_add_test(tests, keeps_the_others_of_a_broken_file);
	tcase_add_test(tests, knows_names_in_broken_files_that_could_be_read);
	tcase_add_test(tests, refuses_the_later_of_two);
	tcase_add_test(tests, refuses_the_later_of_two_though_the_first_is_broken);
	tcase_add_test(tests, finds_circles_across_files);
	tcase_add_test(tests, takes_ten_thousand_workers_in_a_file);
	tcase_add_test(tests, takes_many_files);
	tcase_add_test(tests, expands_directories);
	tcase_add_loop_test(tests, ends_at_a_broken_main_file, 0, COUNT(broken_mains));
	tcase_add_test(tests, loses_only_the_mains_workers_to_what_is_wrong_between_files);
	tcase_add_test(tests, needs_something_to_keep);
	tcase_add_test(tests, finds_the_main_file);
	tcase_add_test(tests, refuses_what_everyone_may_write);
	tcase_add_loop_test(tests, trusts_root_alone_as_root, 0, COUNT(owners));
	tcase_add_test(tests, trusts_only_roots_conf_dir_and_main_file_as_root);
	tcase_add_test(tests, takes_only_regular_files);
	tcase_add_test(tests, refuses_a_file_that_is_too_large);
	tcase_add_loop_test(tests, loses_a_section_alone, 0, COUNT(lost));
	tcase_add_test(tests, keeps_the_main_file_though_a_webhook_in_it_is_wrong);
	tcase_add_test(tests, keeps_webhooks_though_a_worker_of_their_file_is_wrong);
	tcase_add_test(tests, lets_targets_be_in_a_file_that_is_unread);
	tcase_add_test(tests, fills_webhooks_and_pings);
	tcase_add_test(tests, takes_no_value_for_a_section);
	tcase_add_loop_test(tests, parses_the_samples, 0, COUNT(samples));
	tcase_add_test(tests, shows_every_option_in_the_example);
	tcase_add_test(tests, shows_how_to_tell);
	suite_add_tcase(all, tests);
	return all;
}

CHECK_MAIN(suite())
