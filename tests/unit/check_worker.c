/* SPDX-License-Identifier: ISC */
/* worker: names, and which options go together. */
#include "watchdog/model/worker.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/check_main.h"
#include "watchdog/base/mem.h"
#include "watchdog/model/option.h"

#define LONGEST "0123456789012345678901234567890123456789012345678901234567890123"

/* WHY: a part of the reason; NULL where the name is valid. */
static const struct {
	const char *name;
	const char *why;
} names[] = {
	{ "a", NULL },
	{ "mail-worker_2.high", NULL },
	{ "_x", NULL },
	{ "9", NULL },
	{ "a@b", NULL },
	{ "a+b,c;d#e%f$g&h|i(j)", NULL },
	{ "prüfung", NULL },
	{ "作業員", NULL },
	{ "\xF0\x9F\x90\x83", NULL },
	{ "\xF4\x8F\xBF\xBF", NULL },
	{ "\xEF\xBF\xBD", NULL },
	{ LONGEST, NULL },
	{ "", "empty" },
	{ LONGEST "x", "64 bytes" },
	{ ".a", "start" },
	{ "-a", "start" },
	{ "@a", "group" },
	{ "a b", "white space" },
	{ "a\tb", "control" },
	{ "a\n", "control" },
	{ "a\177", "control" },
	{ "a\xC2\x80", "control" },
	{ "a\xC2\x85", "control" },
	{ "a\xC2\xA0", "white space" },
	{ "a\xE1\x9A\x80", "white space" },
	{ "a\xE2\x80\x80", "white space" },
	{ "a\xE2\x80\x8A", "white space" },
	{ "a\xE2\x80\x8B", NULL }, /* zero width space: no White_Space to Unicode */
	{ "a\xE2\x80\xA8", "white space" },
	{ "a\xE2\x80\xA9", "white space" },
	{ "a\xE2\x80\xAF", "white space" },
	{ "a\xE2\x81\x9F", "white space" },
	{ "a\xE3\x80\x80", "white space" },
	{ "a/b", "any of" },
	{ "a:b", "any of" },
	{ "a*", "any of" },
	{ "a?", "any of" },
	{ "a[", "any of" },
	{ "a]", "any of" },
	{ "a\\", "any of" },
	{ "a\"", "any of" },
	{ "a'", "any of" },
	{ "a`", "any of" },
	{ "\x80", "UTF-8" },		 /* no lead */
	{ "a\xC3", "UTF-8" },		 /* cut */
	{ "a\xE4\xBD", "UTF-8" },	 /* cut */
	{ "a\xC3(", "UTF-8" },		 /* no continuation */
	{ "\xC0\xAF", "UTF-8" },	 /* overlong / */
	{ "\xE0\x80\xAF", "UTF-8" },	 /* overlong / */
	{ "\xF0\x80\x80\xAF", "UTF-8" }, /* overlong / */
	{ "\xED\xA0\x80", "UTF-8" },	 /* surrogate */
	{ "\xED\xBF\xBF", "UTF-8" },	 /* surrogate */
	{ "\xF4\x90\x80\x80", "UTF-8" }, /* beyond Unicode */
	{ "\xF8\x88\x80\x80\x80", "UTF-8" },
	{ "\xFF", "UTF-8" },
};

START_TEST(judges_names)
{
	const char *why = NULL;

	ck_assert_int_eq(worker_name_is_valid(names[_i].name, &why), names[_i].why == NULL);
	if (names[_i].why)
		ck_assert_msg(why && strstr(why, names[_i].why), "%d: %s", _i, why);
}
END_TEST

struct setting {
	const char *name;
	const char *text;
};

/* WHY: a part of the refusal; NULL where the options go together. */
static const struct {
	struct setting settings[4];
	const char *why;
} workers[] = {
	{ { { "command", "true" } }, NULL },
	{ { { "shell", "true" } }, "command is missing" },
	{ { { "command", " \t\n" } }, "command is missing" },
	{ { { "command", "a | b" }, { "shell", "true" } }, NULL },
	{ { { "command", "true" }, { "environment", "CRONHERD_ID=x" } }, "CRONHERD_ID:" },
	{ { { "command", "true" }, { "environment", "A=CRONHERD_ID" } }, NULL },
	{ { { "command", "true" }, { "environment", "XCRONHERD_ID=x" } }, NULL },
	{ { { "command", "true" }, { "type", "forking" } }, "needs pidfile" },
	{ { { "command", "true" }, { "type", "forking" }, { "pidfile", "p" } }, NULL },
	{ { { "command", "true" }, { "pidfile", "p" } }, "only for type = forking" },
	{ { { "command", "d" }, { "type", "forking" }, { "pidfile", "p%n" }, { "numprocs", "2" } },
	  "%i" },
	{ { { "command", "d" }, { "type", "forking" }, { "pidfile", "%%i" }, { "numprocs", "2" } },
	  "%i" },
	{ { { "command", "d" }, { "type", "forking" }, { "pidfile", "p%" }, { "numprocs", "2" } },
	  "%i" },
	{ { { "command", "d" }, { "type", "forking" }, { "pidfile", "%%%i" }, { "numprocs", "2" } },
	  NULL },
	{ { { "command", "d" }, { "type", "forking" }, { "pidfile", "%02i" }, { "numprocs", "2" } },
	  NULL },
	{ { { "command", "d" }, { "memory_max", "1M" }, { "memory_limit", "2M" } }, "memory_max" },
	{ { { "command", "d" }, { "memory_max", "2M" }, { "memory_limit", "2M" } }, NULL },
	{ { { "command", "d" }, { "memory_max", "2M" } }, NULL },
	{ { { "command", "d" }, { "memory_limit", "2M" } }, NULL },
	{ { { "command", "d" }, { "restart_delay", "6min" } }, "restart_delay_max" },
	{ { { "command", "d" }, { "restart_delay", "5min" } }, NULL },
	{ { { "command", "d" }, { "after", "other" }, { "after", "self" } }, "after" },
	{ { { "command", "d" }, { "after", "other" } }, NULL },
	{ { { "command", "d" }, { "numprocs_start", "2147483647" } }, "numprocs_start" },
	{ { { "command", "d" }, { "numprocs_start", "2147483646" } }, NULL },
	{ { { "command", "d" }, { "numprocs_start", "2147483646" }, { "numprocs", "2" } },
	  "numprocs_start" },
	{ { { "command", "d" }, { "stdout_logfile", "same" } }, "stdout_logfile" },
	{ { { "command", "d" }, { "stdout_logfile", "none" } }, NULL },
	{ { { "command", "d" }, { "stdout_logfile", "/dev/stdout" } }, "stdout_logfile" },
	{ { { "command", "d" }, { "stderr_logfile", "/dev/stderr" } }, "stderr_logfile" },
	{ { { "command", "d" }, { "stdout_logfile", "/proc/1/fd/1" } }, "stdout_logfile" },
	{ { { "command", "d" }, { "stdout_logfile", "/proc/self/fd/2" } }, "stdout_logfile" },
	{ { { "command", "d" }, { "stdout_logfile", "/dev/null" } }, NULL },
};

START_TEST(judges_workers)
{
	struct worker worker = { .name = mem_dup("self"), .file = mem_dup("f") };
	char buf[256];

	options_init(&worker.options);
	for (size_t i = 0; i < 4 && workers[_i].settings[i].name; i++) {
		const struct setting *setting = &workers[_i].settings[i];
		const struct option_spec *option = option_find(setting->name);
		ck_assert_ptr_nonnull(option);
		ck_assert_ptr_null(option_set(option, &worker.options, setting->text));
	}
	const char *why = worker_check(&worker, buf, sizeof(buf));
	if (workers[_i].why)
		ck_assert_msg(why && strstr(why, workers[_i].why), "%d: %s", _i, why);
	else
		ck_assert_ptr_null(why);
	worker_free(&worker);
	ck_assert_ptr_null(worker.name);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

static Suite *suite(void)
{
	Suite *suite = suite_create("worker");
	TCase *tcase = tcase_create("worker");

	tcase_add_loop_test(tcase, judges_names, 0, COUNT(names));
	tcase_add_loop_test(tcase, judges_workers, 0, COUNT(workers));
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
