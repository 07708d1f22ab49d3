/* SPDX-License-Identifier: ISC */
/* cronentry: what cron and sh make of our line is the path that was meant. */
#include <config.h>

#include "tests/unit/check_main.h"
#include "watchdog/act/cronentry.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	struct cronentry entry;
	const char *line;
} formats[] = {
	{ { "/usr/bin/cronherd", NULL, 1, INT_MAX }, "* * * * * /usr/bin/cronherd run\n" },
	{ { "/usr/bin/cronherd", NULL, 5, INT_MAX },
	  "*/5 * * * * /usr/bin/cronherd run --for 4min50s\n" },
	{ { "/usr/bin/cronherd", NULL, 2, INT_MAX },
	  "*/2 * * * * /usr/bin/cronherd run --for 1min50s\n" },
	{ { "/usr/bin/cronherd", NULL, 30, 600 },
	  "*/30 * * * * /usr/bin/cronherd run --for 10min\n" },
	{ { "/usr/bin/cronherd", NULL, 30, 45 }, "*/30 * * * * /usr/bin/cronherd run --for 45s\n" },
	{ { "/usr/bin/cronherd", NULL, 30, 0 }, "*/30 * * * * /usr/bin/cronherd run\n" },
	{ { "/usr/bin/cronherd", NULL, 60, INT_MAX },
	  "0 * * * * /usr/bin/cronherd run --for 59min50s\n" },
	{ { "/usr/bin/cronherd", "/etc/x.conf", 1, 0 },
	  "* * * * * /usr/bin/cronherd -c /etc/x.conf run\n" },
	{ { "/opt/my tools/cronherd", "/home/o'neill/100%/c.conf", 1, 0 },
	  "* * * * * '/opt/my tools/cronherd' -c '/home/o'\\''neill/100'\\%'/c.conf' run\n" },
	{ { "/opt/50%/cronherd", NULL, 1, 0 }, "* * * * * /opt/50\\%/cronherd run\n" },
};

START_TEST(lines_are_as_documented)
{
	struct err err = ERR_INIT;
	char *line = cronentry_format(&formats[_i].entry, &err);

	ck_assert_ptr_nonnull(line);
	ck_assert_str_eq(line, formats[_i].line);
	free(line);
}
END_TEST

static const struct cronentry refused[] = {
	{ "/c", NULL, 0, 0 },	 { "/c", NULL, -5, 0 },	     { "/c", NULL, 7, 0 },
	{ "/c", NULL, 61, 0 },	 { "/c", NULL, 120, 0 },     { "cronherd", NULL, 1, 0 },
	{ "", NULL, 1, 0 },	 { "/c", "rel.conf", 1, 0 }, { "/c\n* * * * * x", NULL, 1, 0 },
	{ "/c", "/a\rb", 1, 0 },
};

START_TEST(what_cron_cannot_express_is_refused)
{
	struct err err = ERR_INIT;

	ck_assert_ptr_null(cronentry_format(&refused[_i], &err));
	ck_assert_int_eq(err.kind, ERR_USAGE);
}
END_TEST

START_TEST(exactly_the_divisors_of_60_are_taken)
{
	int taken = 0;

	for (int every = -1; every <= 100; every++) {
		char *line = cronentry_format(&(struct cronentry){ "/c", NULL, every, 0 }, NULL);

		taken += line ? 1 : 0;
		free(line);
	}
	ck_assert_int_eq(taken, 12);
}
END_TEST

/* What do_command.c of vixie-cron, Debian's cron and cronie makes of a command. */
static bool as_cron(const char *command, char *out)
{
	bool escaped = false;

	for (; *command && *command != '\n'; command++) {
		if (escaped && *command == '%')
			out--;
		else if (!escaped && *command == '%')
			return false; /* here the command would end */
		escaped = !escaped && *command == '\\';
		*out++ = *command;
	}
	*out = '\0';
	return true;
}

/* The first word of COMMAND, by /bin/sh. */
static void as_shell(const char *command, char *out, size_t size)
{
	char script[2048];
	int ends[2];
	int status;

	(void)snprintf(script, sizeof(script), "set -- %s; printf %%s \"$1\"", command);
	ck_assert_int_eq(pipe(ends), 0);
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		(void)dup2(ends[1], STDOUT_FILENO);
		(void)execl("/bin/sh", "sh", "-c", script, (char *)NULL);
		_exit(127);
	}
	(void)close(ends[1]);
	ssize_t len = read(ends[0], out, size - 1);
	ck_assert_int_ge(len, 0);
	out[len] = '\0';
	(void)close(ends[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

static const char *const odd[] = {
	"/plain/cronherd",   "/a b", "/a'b",	   "/a\"b",	 "/a%b",     "/a\\%b",
	"/a\\\\%b",	     "/%\\", "/'%'\\%'\\", "/$HOME`id`", "/a;b&c|d", "/*?[x]~#",
	"/\xc3\xa4\xc3\xb6", "/a!b", "/%%%",	   "/a\\",	 "/'",	     "/ %",
};

START_TEST(odd_paths_survive_cron_and_shell)
{
	struct cronentry entry = { odd[_i], NULL, 1, 0 };
	char *line = cronentry_format(&entry, NULL);
	char command[1024];
	char word[1024];

	ck_assert_ptr_nonnull(line);
	ck_assert(as_cron(line + strlen("* * * * * "), command));
	as_shell(command, word, sizeof(word));
	ck_assert_str_eq(word, odd[_i]);
	/* busybox crond hands the command over as it stands. */
	line[strlen(line) - 1] = '\0';
	as_shell(line + strlen("* * * * * "), word, sizeof(word));
	ck_assert_str_eq(word, odd[_i]);
	free(line);
}
END_TEST

static const struct {
	const char *before;
	const char *after;
	const char *diff;
} diffs[] = {
	{ NULL, "a\n", "+a\n" },
	{ "a\n", NULL, "-a\n" },
	{ NULL, NULL, "" },
	{ "", "", "" },
	{ "a\n", "a\n", "" },
	{ "a\n", "b\n", "-a\n+b\n" },
	{ "a\nx\nb\n", "a\ny\nb\n", " a\n-x\n+y\n b\n" },
	{ "a\nb\n", "a\nc\nb\n", " a\n+c\n b\n" },
	{ "a\na\n", "a\n", " a\n-a\n" },
	{ "a\r\n", "a\n", "-a?\n+a\n" },
	{ "\033[2J\n", "a\tb\n", "-?[2J\n+a\tb\n" },
	{ "\n\n", "\n", " \n-\n" },
};

START_TEST(diff_shows_only_what_changes)
{
	const char *before = diffs[_i].before;
	const char *after = diffs[_i].after;
	char *diff = cronentry_diff(before, before ? strlen(before) : 0, after,
				    after ? strlen(after) : 0);

	ck_assert_str_eq(diff, diffs[_i].diff);
	free(diff);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("cronentry");
	TCase *tcase = tcase_create("core");

	tcase_add_loop_test(tcase, lines_are_as_documented, 0, sizeof(formats) / sizeof(*formats));
	tcase_add_loop_test(tcase, what_cron_cannot_express_is_refused, 0,
			    sizeof(refused) / sizeof(*refused));
	tcase_add_test(tcase, exactly_the_divisors_of_60_are_taken);
	tcase_add_loop_test(tcase, odd_paths_survive_cron_and_shell, 0, sizeof(odd) / sizeof(*odd));
	tcase_add_loop_test(tcase, diff_shows_only_what_changes, 0, sizeof(diffs) / sizeof(*diffs));
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
