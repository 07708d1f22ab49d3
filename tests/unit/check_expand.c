/* SPDX-License-Identifier: ISC */
/* expand: words, sequences, paths, accounts, and the environment. */
#include "watchdog/config/expand.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "tests/unit/check_main.h"
#include "tests/unit/tempdir.h"
#include "watchdog/base/mem.h"
#include "watchdog/config/envfile.h"
#include "watchdog/config/nameindex.h"
#include "watchdog/model/option.h"

static char main_file[] = "/etc/herd/cronherd.conf";
static char state_dir[] = "/var/state";
static char log_dir[] = "/var/log/herd";
static char worker_file[] = "/etc/herd/conf.d/mail.conf";
static char worker_name[] = "mail";

static struct config config;
static struct worker worker;
static struct instance instance;
static struct err err;
static struct account self;
static char *dir;

static void setup(void)
{
	dir = tempdir_make();
	config = (struct config){ .main_file = main_file,
				  .state_dir = state_dir,
				  .log_dir = log_dir };
	worker = (struct worker){ .name = worker_name, .file = worker_file, .line = 7 };
	options_init(&worker.options);
	instance = (struct instance){ .name = worker_name, .number = 3, .worker = &worker };
	err = (struct err)ERR_INIT;
	ck_assert_int_eq(account_find(NULL, &self), 0);
}

static void teardown(void)
{
	options_free(&worker.options);
	account_free(&self);
	tempdir_remove(dir);
}

static void set(const char *name, const char *value)
{
	const char *why = option_set(option_find(name), &worker.options, value);

	ck_assert_msg(why == NULL, "%s %s", name, why);
}

static char *joined(const struct strlist *list)
{
	struct str all = STR_INIT;

	for (size_t i = 0; i < list->count; i++)
		str_addf(&all, "%s<%s>", i > 0 ? " " : "", list->items[i]);
	return str_take(&all);
}

static void expect_list(const struct strlist *list, const char *expected)
{
	char *all = joined(list);

	ck_assert_str_eq(all, expected);
	free(all);
}

/* ---- words ---------------------------------------------------------------- */

/* WORDS NULL: a quote is open. */
static const struct {
	const char *command;
	const char *words;
} splits[] = {
	{ "", "" },
	{ " \t\n ", "" },
	{ "a", "<a>" },
	{ "  a  b\tc\nd ", "<a> <b> <c> <d>" },
	{ "a 'b c' \"d e\"", "<a> <b c> <d e>" },
	{ "a'b'\"c\"d", "<abcd>" },
	{ "''", "<>" },
	{ "a '' \"\" b", "<a> <> <> <b>" },
	{ "'a\"b' \"c'd\"", "<a\"b> <c'd>" },
	{ "'a\\b' 'a\\'", "<a\\b> <a\\>" },
	{ "\"a\\\"b\" \"\\\\\" \"\\$x\" \"\\`\"", "<a\"b> <\\> <$x> <`>" },
	{ "\"a\\nb\\ c\"", "<a\\nb\\ c>" },
	{ "\"a\\\nb\"", "<ab>" },
	{ "'a\nb'", "<a\nb>" },
	{ "a\\ b \\' \\\" \\\\ \\x", "<a b> <'> <\"> <\\> <x>" },
	{ "a\\\nb", "<ab>" },
	{ "a \\\n b", "<a> <b>" },
	{ "a\\", "<a\\>" },
	{ "\\", "<\\>" },
	{ "a $HOME ~ *.c b|c d>e # f; g & (h)",
	  "<a> <$HOME> <~> <*.c> <b|c> <d>e> <#> <f;> <g> <&> <(h)>" },
	{ "grün '作 業'", "<grün> <作 業>" },
	{ "a 'b", NULL },
	{ "a \"b", NULL },
	{ "a \"b\\\"", NULL },
	{ "'", NULL },
	{ "\"\\", NULL },
};

START_TEST(splits_as_a_shell)
{
	struct strlist words = STRLIST_INIT;
	int rc = expand_split(splits[_i].command, &words, &err);

	ck_assert_int_eq(rc, splits[_i].words ? 0 : -1);
	if (splits[_i].words)
		expect_list(&words, splits[_i].words);
	else
		ck_assert_ptr_nonnull(strstr(err.text, "a quote is not closed"));
	strlist_free(&words);
}
END_TEST

/* ---- sequences ------------------------------------------------------------ */

/* EXPANDED NULL: an error with PART in it. */
static const struct {
	const char *text;
	const char *expanded;
	const char *part;
} sequences[] = {
	{ "", "", NULL },
	{ "plain", "plain", NULL },
	{ "%n-%i", "mail-3", NULL },
	{ "%02i %03i %01i %010i", "03 003 3 0000000003", NULL },
	{ "%u@%h", "joe@/home/joe", NULL },
	{ "%d/x", "/etc/herd/x", NULL },
	{ "100%% %%n %%%n", "100% %n %mail", NULL },
	{ "~/x", "~/x", NULL },
	{ "%x", NULL, "'%x' in '%x': known are %n" },
	{ "a%", NULL, "'%' in 'a%': known" },
	{ "%2i", NULL, "'%2' in" },
	{ "%00i", NULL, "'%00i' in" },
	{ "%02n", NULL, "'%02n' in" },
	{ "%021i", NULL, "'%021i' in" },
	{ "%0000002i", NULL, "'%0000002i' in" },
	{ "%I", NULL, "'%I'" },
};

START_TEST(puts_sequences_in)
{
	char *text = expand_text(sequences[_i].text, &config, &instance, "joe", "/home/joe", &err);

	if (sequences[_i].expanded) {
		ck_assert_str_eq(text, sequences[_i].expanded);
	} else {
		ck_assert_ptr_null(text);
		ck_assert_msg(strstr(err.text, sequences[_i].part) != NULL, "%s", err.text);
		ck_assert_int_eq(err.kind, ERR_CONFIG);
	}
	free(text);
}
END_TEST

START_TEST(puts_the_host_in)
{
	struct utsname host;
	char *text = expand_text("%H", &config, NULL, NULL, NULL, &err);

	ck_assert_int_eq(uname(&host), 0);
	ck_assert_str_eq(text, host.nodename);
	free(text);
}
END_TEST

START_TEST(refuses_what_is_not_known)
{
	static const char *const texts[] = { "%n", "%i", "%02i", "%u", "%h" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		ck_assert_ptr_null(expand_text(texts[i], &config, NULL, NULL, NULL, &err));
	ck_assert_ptr_null(expand_path("~/x", "/", &config, NULL, NULL, NULL, &err));
}
END_TEST

static const struct {
	const char *text;
	const char *base;
	const char *path;
} paths[] = {
	{ "/a", "/b", "/a" },
	{ "a", "/b", "/b/a" },
	{ "a", "/", "/a" },
	{ "~", "/b", "/home/joe" },
	{ "~/", "/b", "/home/joe" },
	{ "~/a%i", "/b", "/home/joe/a3" },
	{ "~joe/a", "/b", "/b/~joe/a" },
	{ "a/~/b", "/b", "/b/a/~/b" },
	{ "%h/x", "/b", "/home/joe/x" },
	{ "%n.log", "/b", "/b/mail.log" },
};

START_TEST(makes_paths_absolute)
{
	char *path = expand_path(paths[_i].text, paths[_i].base, &config, &instance, "joe",
				 "/home/joe", &err);

	ck_assert_str_eq(path, paths[_i].path);
	free(path);
}
END_TEST

/* ---- an instance ---------------------------------------------------------- */

START_TEST(expands_an_instance)
{
	struct expanded expanded;
	char *in_home = mem_format("%s/app", strcmp(self.home, "/") == 0 ? "" : self.home);
	char *env_file = mem_format("%s/.env", in_home);
	char *program = mem_format("<%s/php>", in_home);

	set("command", "~/app/php 'a %n' ~/x --id=%02i '%%'");
	set("directory", "app");
	set("environment", "WHO=%n:%i=%%");
	set("environment", "EMPTY=");
	set("env_file", "-.env");
	set("stdout_logfile", "%n-%i.log");
	set("stderr_logfile", "/tmp/err");
	ck_assert_msg(expand_instance(&config, &instance, &expanded, &err) == 0, "%s", err.text);

	char *argv = joined(&expanded.argv);
	ck_assert(strncmp(argv, program, strlen(program)) == 0);
	ck_assert_str_eq(argv + strlen(program), " <a mail> <~/x> <--id=03> <%>");
	free(argv);
	ck_assert_ptr_null(expanded.argv.items[expanded.argv.count]);
	ck_assert_str_eq(expanded.directory, in_home);
	expect_list(&expanded.environment, "<WHO=mail:3=%> <EMPTY=>");
	ck_assert_str_eq(expanded.env_file, env_file);
	ck_assert_int_eq(expanded.env_file_optional, 1);
	ck_assert_str_eq(expanded.stdout_logfile, "/var/log/herd/mail-3.log");
	ck_assert_str_eq(expanded.stderr_logfile, "/tmp/err");
	ck_assert_ptr_null(expanded.pidfile);
	ck_assert_uint_eq(expanded.account.uid, geteuid());
	ck_assert_uint_eq(expanded.gid, getegid());
	expanded_free(&expanded);
	free(in_home);
	free(env_file);
	free(program);
}
END_TEST

START_TEST(gives_defaults)
{
	struct expanded expanded;

	set("command", "x");
	ck_assert_int_eq(expand_instance(&config, &instance, &expanded, &err), 0);
	ck_assert_str_eq(expanded.directory, self.home);
	ck_assert_str_eq(expanded.stdout_logfile, "/var/log/herd/mail.log");
	ck_assert_str_eq(expanded.stderr_logfile, "/var/log/herd/mail.log");
	ck_assert_ptr_null(expanded.env_file);
	expanded_free(&expanded);
}
END_TEST

START_TEST(hands_a_command_to_the_shell)
{
	struct expanded expanded;

	set("command", "echo '%n' \"$X\" | cat");
	set("shell", "true");
	ck_assert_int_eq(expand_instance(&config, &instance, &expanded, &err), 0);
	expect_list(&expanded.argv, "</bin/sh> <-c> <echo 'mail' \"$X\" | cat>");
	expanded_free(&expanded);
}
END_TEST

START_TEST(expands_a_forking_workers_pidfile)
{
	struct expanded expanded;

	set("command", "x");
	set("type", "forking");
	set("pidfile", "run/%n-%i.pid");
	set("directory", "/srv/app");
	ck_assert_int_eq(expand_instance(&config, &instance, &expanded, &err), 0);
	ck_assert_str_eq(expanded.pidfile, "/srv/app/run/mail-3.pid");
	expanded_free(&expanded);
}
END_TEST

/* What makes expand_instance fail; PART: of the message behind the place. */
static const struct {
	const char *option;
	const char *value;
	const char *part;
} failures[] = {
	{ "command", "a 'b", "a quote is not closed" },
	{ "command", "a %q", "'%q' in '%q'" },
	{ "command", "'' b", "command names no program" },
	{ "environment", "A=%q", "environment: '%q'" },
	{ "directory", "%q", "directory: '%q'" },
	{ "env_file", "%q", "env_file: '%q'" },
	{ "stdout_logfile", "%q", "stdout_logfile: '%q'" },
	{ "stderr_logfile", "%q", "stderr_logfile: '%q'" },
	{ "user", "no-such-user-here", "user 'no-such-user-here' does not exist" },
	{ "user", "%u", "'%u' in '%u': the user is not known here" },
	{ "group", "no-such-group-here", "group 'no-such-group-here' does not exist" },
	{ "group", "%h", "the home is not known here" },
};

START_TEST(names_the_place_of_a_failure)
{
	struct expanded expanded;
	static const char place[] = "/etc/herd/conf.d/mail.conf:7: worker 'mail': ";

	set("command", "x");
	set(failures[_i].option, failures[_i].value);
	ck_assert_int_eq(expand_instance(&config, &instance, &expanded, &err), -1);
	ck_assert_int_eq(err.kind, ERR_CONFIG);
	ck_assert_msg(strncmp(err.text, place, strlen(place)) == 0, "%s", err.text);
	ck_assert_msg(strstr(err.text, failures[_i].part) != NULL, "%s", err.text);
}
END_TEST

START_TEST(finds_user_and_group)
{
	struct expanded expanded;

	set("command", "x");
	set("user", "root");
	set("group", "65533");
	set("directory", "%h/%u");
	ck_assert_int_eq(expand_instance(&config, &instance, &expanded, &err), 0);
	ck_assert_uint_eq(expanded.account.uid, 0);
	ck_assert_uint_eq(expanded.gid, 65533);
	ck_assert_str_eq(expanded.directory, "/root/root");
	expanded_free(&expanded);
}
END_TEST

static const struct {
	const char *out, *error;
	const char *out_path, *error_path;
} logs[] = {
	{ "a.log", "same", "/var/log/herd/a.log", "/var/log/herd/a.log" },
	{ "none", "same", NULL, NULL },
	{ "none", "/b", NULL, "/b" },
	{ "/a", "none", "/a", NULL },
	{ "%n/%03i", "%d/e", "/var/log/herd/mail/003", "/etc/herd/e" },
};

START_TEST(finds_logs)
{
	set("command", "x");
	set("stdout_logfile", logs[_i].out);
	set("stderr_logfile", logs[_i].error);

	char *out = expand_logfile(&config, &instance, 1, &err);
	char *error = expand_logfile(&config, &instance, 2, &err);
	ck_assert_pstr_eq(out, logs[_i].out_path);
	ck_assert_pstr_eq(error, logs[_i].error_path);
	ck_assert_int_eq(err.kind, ERR_NONE);
	free(out);
	free(error);
}
END_TEST

START_TEST(finds_logs_of_an_account)
{
	char *expected =
		mem_format("%s/l-%s", strcmp(self.home, "/") == 0 ? "" : self.home, self.name);

	set("stdout_logfile", "~/l-%u");
	char *path = expand_logfile(&config, &instance, 1, &err);
	ck_assert_pstr_eq(path, expected);
	free(path);
	free(expected);

	set("user", "no-such-user-here");
	ck_assert_ptr_null(expand_logfile(&config, &instance, 1, &err));
	ck_assert_int_eq(err.kind, ERR_CONFIG);
}
END_TEST

/* ---- environment ---------------------------------------------------------- */

/* The environment, an entry a line. */
static char *environment(struct expanded *expanded)
{
	struct strlist list;
	struct str all = STR_INIT;

	ck_assert_msg(expand_environment(&config, &instance, expanded, &list, &err) == 0, "%s",
		      err.text);
	ck_assert_ptr_null(list.items[list.count]);
	for (size_t i = 0; i < list.count; i++)
		str_addf(&all, "%s\n", list.items[i]);
	strlist_free(&list);
	return str_take(&all);
}

static void fill(struct expanded *expanded, uid_t uid)
{
	*expanded = (struct expanded){ .account = { .uid = uid } };
	expanded->account.name = mem_dup("joe");
	expanded->account.home = mem_dup("/home/joe");
	expanded->account.shell = mem_dup("/bin/zsh");
}

START_TEST(makes_the_environment_from_nothing)
{
	struct expanded expanded;

	ck_assert_int_eq(setenv("STRAY", "1", 1), 0);
	fill(&expanded, 1000);
	char *text = environment(&expanded);
	ck_assert_str_eq(text, "HOME=/home/joe\nUSER=joe\nLOGNAME=joe\nSHELL=/bin/zsh\n"
			       "PATH=/usr/local/bin:/usr/bin:/bin\nLANG=C.UTF-8\n"
			       "CRONHERD_ID=mail:3\nCRONHERD_STATE_DIR=/var/state\n");
	free(text);
	expanded_free(&expanded);

	fill(&expanded, 0);
	text = environment(&expanded);
	ck_assert_ptr_nonnull(strstr(
		text, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"));
	free(text);
	expanded_free(&expanded);
}
END_TEST

START_TEST(lets_the_later_win)
{
	struct expanded expanded;

	fill(&expanded, 1000);
	tempdir_file(dir, "env", "HOME=/file\nA=file\nB=file\nB=%n\nCRONHERD_ID=no\n");
	expanded.env_file = mem_format("%s/env", dir);
	strlist_add(&expanded.environment, "A=option");
	strlist_add(&expanded.environment, "LANG=de");
	strlist_add(&expanded.environment, "C=1");
	strlist_add(&expanded.environment, "C=2=3");
	char *text = environment(&expanded);
	ck_assert_str_eq(text, "HOME=/file\nUSER=joe\nLOGNAME=joe\nSHELL=/bin/zsh\n"
			       "PATH=/usr/local/bin:/usr/bin:/bin\nLANG=de\n"
			       "A=option\nB=%n\nCRONHERD_ID=mail:3\nC=2=3\n"
			       "CRONHERD_STATE_DIR=/var/state\n");
	free(text);
	expanded_free(&expanded);
}
END_TEST

START_TEST(needs_the_env_file_unless_told)
{
	struct expanded expanded;
	struct strlist list;

	fill(&expanded, 1000);
	expanded.env_file = mem_format("%s/missing", dir);
	ck_assert_int_eq(expand_environment(&config, &instance, &expanded, &list, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "worker 'mail': env_file: "));
	ck_assert_ptr_nonnull(strstr(err.text, "/missing: cannot be opened: "));
	expanded.env_file_optional = 1;
	free(environment(&expanded));
	expanded_free(&expanded);
}
END_TEST

/* LIST NULL: an error on LINE with PART in it. */
static const struct {
	const char *text;
	const char *list;
	int line;
	const char *part;
} env_files[] = {
	{ "", "", 0, NULL },
	{ "A=1", "<A=1>", 0, NULL },
	{ "\n # c\n;c\n\t\nA=1\n", "<A=1>", 0, NULL },
	{ "A=1\r\nB=2\r\n", "<A=1> <B=2>", 0, NULL },
	{ "export A=1\nexport\tB=2\n  C_3=3", "<A=1> <B=2> <C_3=3>", 0, NULL },
	{ "exportA=1", "<exportA=1>", 0, NULL },
	{ "A=\nB=''\nC=\"\"", "<A=> <B=> <C=>", 0, NULL },
	{ "A= x y  \t\n", "<A= x y>", 0, NULL },
	{ "A=b#c;d 'e' \"f\" $g", "<A=b#c;d 'e' \"f\" $g>", 0, NULL },
	{ "A='b \\ \"c\" # d'  ", "<A=b \\ \"c\" # d>", 0, NULL },
	{ "A=\"b \\\"c\\\" \\\\ \\n 'd' \\$e\"", "<A=b \"c\" \\ \n 'd' $e>", 0, NULL },
	{ "A=%n", "<A=%n>", 0, NULL },
	{ "A=b=c", "<A=b=c>", 0, NULL },
	{ "A=1\nA=2", "<A=1> <A=2>", 0, NULL },
	{ "A=1\nB", NULL, 2, "NAME=VALUE" },
	{ "A =1", NULL, 1, "NAME=VALUE" },
	{ "1A=1", NULL, 1, "NAME=VALUE" },
	{ "=1", NULL, 1, "NAME=VALUE" },
	{ "A-B=1", NULL, 1, "NAME=VALUE" },
	{ "\n\nA='b", NULL, 3, "not closed" },
	{ "A=\"b", NULL, 1, "not closed" },
	{ "A=\"b\\", NULL, 1, "not closed" },
	{ "A='secret' x", NULL, 1, "behind the closing quote" },
};

START_TEST(reads_env_files)
{
	struct strlist list = STRLIST_INIT;
	char *path = mem_format("%s/env", dir);

	tempdir_file(dir, "env", env_files[_i].text);
	int rc = envfile_read(path, false, &list, &err);
	if (env_files[_i].list) {
		ck_assert_msg(rc == 0, "%s", err.text);
		expect_list(&list, env_files[_i].list);
	} else {
		char *place = mem_format("%s:%d: ", path, env_files[_i].line);
		ck_assert_int_eq(rc, -1);
		ck_assert_msg(strncmp(err.text, place, strlen(place)) == 0, "%s", err.text);
		ck_assert_msg(strstr(err.text, env_files[_i].part) != NULL, "%s", err.text);
		ck_assert_ptr_null(strstr(err.text, "secret"));
		free(place);
	}
	strlist_free(&list);
	free(path);
}
END_TEST

START_TEST(refuses_what_is_no_env_file)
{
	struct strlist list = STRLIST_INIT;
	char *path = mem_format("%s/env", dir);

	ck_assert_int_eq(envfile_read(dir, false, &list, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "no regular file"));
	tempdir_write(dir, "env", "A=1\nB=\0\n", 8);
	ck_assert_int_eq(envfile_read(path, false, &list, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "env:2: a NUL byte"));
	ck_assert_int_eq(truncate(path, ENVFILE_SIZE_MAX + 1), 0);
	ck_assert_int_eq(envfile_read(path, true, &list, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "larger than 1 MiB"));
	ck_assert_int_eq(remove(path), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(envfile_read(path, true, &list, &err), -1);
	free(path);
}
END_TEST

/* ---- nameindex ------------------------------------------------------------ */

START_TEST(finds_names)
{
	struct nameindex index = NAMEINDEX_INIT;
	char names[500][8];
	size_t value;

	ck_assert(!nameindex_find(&index, "a", 1, &value));
	for (size_t i = 0; i < 500; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "n%zu", i);
		nameindex_put(&index, names[i], strlen(names[i]), i);
	}
	nameindex_put(&index, names[7], strlen(names[7]), 1007);
	ck_assert_uint_eq(index.count, 500);
	for (size_t i = 0; i < 500; i++) {
		ck_assert(nameindex_find(&index, names[i], strlen(names[i]), &value));
		ck_assert_uint_eq(value, i == 7 ? 1007 : i);
	}
	ck_assert(nameindex_find(&index, "n12=x", 3, NULL));
	ck_assert(!nameindex_find(&index, "n", 1, NULL));
	ck_assert(!nameindex_find(&index, "n500", 4, NULL));
	nameindex_free(&index);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof(*(table))))

static Suite *suite(void)
{
	Suite *all = suite_create("expand");
	TCase *tests = tcase_create("values");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, splits_as_a_shell, 0, COUNT(splits));
	tcase_add_loop_test(tests, puts_sequences_in, 0, COUNT(sequences));
	tcase_add_test(tests, puts_the_host_in);
	tcase_add_test(tests, refuses_what_is_not_known);
	tcase_add_loop_test(tests, makes_paths_absolute, 0, COUNT(paths));
	tcase_add_test(tests, expands_an_instance);
	tcase_add_test(tests, gives_defaults);
	tcase_add_test(tests, hands_a_command_to_the_shell);
	tcase_add_test(tests, expands_a_forking_workers_pidfile);
	tcase_add_loop_test(tests, names_the_place_of_a_failure, 0, COUNT(failures));
	tcase_add_test(tests, finds_user_and_group);
	tcase_add_loop_test(tests, finds_logs, 0, COUNT(logs));
	tcase_add_test(tests, finds_logs_of_an_account);
	tcase_add_test(tests, makes_the_environment_from_nothing);
	tcase_add_test(tests, lets_the_later_win);
	tcase_add_test(tests, needs_the_env_file_unless_told);
	tcase_add_loop_test(tests, reads_env_files, 0, COUNT(env_files));
	tcase_add_test(tests, refuses_what_is_no_env_file);
	tcase_add_test(tests, finds_names);
	suite_add_tcase(all, tests);
	return all;
}

CHECK_MAIN(suite())
