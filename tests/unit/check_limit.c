/* SPDX-License-Identifier: ISC */
/* limit: items of `limits` that are read, and that are refused. */
#include "watchdog/model/limit.h"

#include <stdio.h>
#include <sys/resource.h>

#include "tests/unit/check_main.h"

static const struct {
	const char *text;
	struct rlimit_setting limit;
} taken[] = {
	{ "nofile=4096", { RLIMIT_NOFILE, 4096, 4096 } },
	{ "NOFILE=1024:4K", { RLIMIT_NOFILE, 1024, 4096 } },
	{ "core=0", { RLIMIT_CORE, 0, 0 } },
	{ "core=0:unlimited", { RLIMIT_CORE, 0, LIMIT_INFINITY } },
	{ "as=1.5G", { RLIMIT_AS, 1610612736, 1610612736 } },
	{ "stack=infinity", { RLIMIT_STACK, LIMIT_INFINITY, LIMIT_INFINITY } },
};

START_TEST(reads_limits)
{
	struct rlimit_setting limit;

	ck_assert_int_eq(limit_parse(taken[_i].text, &limit), 0);
	ck_assert_int_eq(limit.resource, taken[_i].limit.resource);
	ck_assert_uint_eq(limit.soft, taken[_i].limit.soft);
	ck_assert_uint_eq(limit.hard, taken[_i].limit.hard);
}
END_TEST

static const char *const names[] = { "nofile",	 "nproc", "core",   "cpu",	  "data",
				     "fsize",	 "as",	  "rss",    "stack",	  "memlock",
				     "msgqueue", "nice",  "rtprio", "sigpending", "locks" };

START_TEST(knows_names)
{
	char text[32];
	struct rlimit_setting limit;

	ck_assert_int_lt(snprintf(text, sizeof(text), "%s=1", names[_i]), (int)sizeof(text));
	ck_assert_int_eq(limit_parse(text, &limit), 0);
}
END_TEST

static const char *const refused[] = {
	"",
	"nofile",
	"=1",
	"nofile=",
	"nofile=:1",
	"nofile=1:",
	"nofile=-1",
	"nofile=2:1",
	"nofile=1:2:3",
	"nofil=1",
	"nofiles=1",
	"unknown=1",
	"core=unlimited:0",
	"nofile=x",
	"nofile = 1 2",
	"nofile=00000000000000000000000000000000001",
};

START_TEST(refuses_the_rest)
{
	struct rlimit_setting limit = { .resource = -1 };

	ck_assert_int_eq(limit_parse(refused[_i], &limit), -1);
	ck_assert_int_eq(limit.resource, -1);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

static Suite *suite(void)
{
	Suite *suite = suite_create("limit");
	TCase *tcase = tcase_create("limit");

	tcase_add_loop_test(tcase, reads_limits, 0, COUNT(taken));
	tcase_add_loop_test(tcase, knows_names, 0, COUNT(names));
	tcase_add_loop_test(tcase, refuses_the_rest, 0, COUNT(refused));
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
