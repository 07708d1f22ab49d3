/* SPDX-License-Identifier: ISC */
#include "watchdog/import/pyformat.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "tests/unit/check_main.h"

static struct strlist own, global;
static struct pyformat format;

static void setup(void)
{
	own = global = (struct strlist)STRLIST_INIT;
	strlist_add(&own, "A=own");
	strlist_add(&global, "A=global");
	strlist_add(&global, "B=ünï");
	ck_assert_int_eq(setenv("CHECK_PYFORMAT", "outside", 1), 0);
	ck_assert_int_eq(setenv("CHECK_PYFORMAT_BAD", "\1", 1), 0);
	format = (struct pyformat){ .here = "/etc",
				    .program_name = "web",
				    .group_name = "site",
				    .has_process = true,
				    .process_num = -1,
				    .numprocs = 3,
				    .envs = { &own, &global } };
}

static void teardown(void)
{
	strlist_free(&own);
	strlist_free(&global);
}

/* FINISHED: NULL where it is BAD, "EACH" where it is that. */
static const struct {
	const char *text, *finished;
} cases[] = {
	{ "", "" },
	{ "plain", "plain" },
	{ "100%%", "100%%" },
	{ "%%(here)s", "%%(here)s" },
	{ "%(here)s/x", "/etc/x" },
	{ "%(program_name)s-%(group_name)s", "web-site" },
	{ "%(program_name)6s|", "   web|" },
	{ "%(program_name)-6s|", "web   |" },
	{ "%(program_name).1s|", "w|" },
	{ "%(ENV_B).2s|", "ün|" },
	{ "%(ENV_A)s", "own" },
	{ "%(ENV_CHECK_PYFORMAT)s", "outside" },
	{ "%(ENV_CHECK_PYFORMAT_BAD)s", NULL },
	{ "%(process_num)d", "%i" },
	{ "%(process_num)s", "%i" },
	{ "%(process_num)02d", "%02i" },
	{ "%(process_num)1d", "%i" },
	{ "%(process_num)020d", "%020i" },
	{ "%(process_num)ld", "%i" },
	{ "%(process_num)3d", "EACH" },
	{ "%(process_num)02s", "EACH" },
	{ "%(process_num)x", "EACH" },
	{ "%(process_num)-03d", "EACH" },
	{ "%(process_num)021d", "EACH" },
	{ "%(numprocs)d %(numprocs)02d %(numprocs)2s", "3 03  3" },
	{ "%(host_node_name)s", "%H" },
	{ "%(host_node_name)9s", "EACH" },
	{ "%(x)%", "%%" },
	{ "%", NULL },
	{ "%s", NULL },
	{ "%d", NULL },
	{ "%(here)", NULL },
	{ "%(here", NULL },
	{ "%(here)d", NULL },
	{ "%(here)*s", NULL },
	{ "%(nothing)s", NULL },
	{ "%(ENV_CHECK_PYFORMAT_NOTHING)s", NULL },
	{ "%(process_num)f", NULL },
	{ "%(process_num)99999999999999999999d", NULL },
	{ "%(numprocs)99999d", NULL },
};

START_TEST(expands)
{
	struct str out = STR_INIT;
	struct err err = ERR_INIT;
	enum pyformat_result result = pyformat_expand(&format, cases[_i].text, &out, &err);
	const char *expected = cases[_i].finished;

	if (!expected || strcmp(expected, "EACH") == 0) {
		ck_assert_int_eq(result, expected ? PYFORMAT_EACH : PYFORMAT_BAD);
		ck_assert_uint_eq(out.len, 0);
		ck_assert(expected || err.text[0] != '\0');
		return;
	}
	ck_assert_int_eq(result, PYFORMAT_DONE);
	char *finished = pyformat_finish(str_text(&out));
	ck_assert_str_eq(finished, expected);
	free(finished);
	str_free(&out);
}
END_TEST

START_TEST(names_outside_the_section_are_unknown)
{
	struct pyformat bare = { .here = "/etc" };
	struct str out = STR_INIT;

	ck_assert_int_eq(pyformat_expand(&bare, "%(process_num)d", &out, NULL), PYFORMAT_BAD);
	ck_assert_int_eq(pyformat_expand(&bare, "%(program_name)s", &out, NULL), PYFORMAT_BAD);
	ck_assert_int_eq(pyformat_expand(&bare, "%(here)s", &out, NULL), PYFORMAT_DONE);
	str_free(&out);
}
END_TEST

START_TEST(one_process_has_a_number)
{
	struct str out = STR_INIT;

	format.process_num = 10;
	ck_assert_int_eq(pyformat_expand(&format,
					 "%(process_num)4d|%(process_num)04X|%(process_num)-4d|",
					 &out, NULL),
			 PYFORMAT_DONE);
	ck_assert_str_eq(str_text(&out), "  10|000A|10  |");
	str_free(&out);
}
END_TEST

START_TEST(marks_are_put_in)
{
	struct str out = STR_INIT;
	struct utsname host;
	char *concrete;

	ck_assert_int_eq(uname(&host), 0);
	ck_assert_int_eq(pyformat_expand(&format,
					 "a%(process_num)02db%(process_num)d%%%(host_node_name)s",
					 &out, NULL),
			 PYFORMAT_DONE);
	ck_assert(pyformat_is_marked(str_text(&out)));
	concrete = pyformat_concrete(str_text(&out), 7);
	ck_assert_int_eq(strncmp(concrete, "a07b7%", 6), 0);
	ck_assert_str_eq(concrete + 6, host.nodename);
	free(concrete);
	str_free(&out);
}
END_TEST

/* What is no mark is text, wherever it ends. */
START_TEST(half_a_mark_is_none)
{
	static const char *const texts[] = { "\1",
					     "\1"
					     "0",
					     "\1x0",
					     "\2"
					     "1" };
	char *out = pyformat_finish(texts[_i]);

	ck_assert_str_eq(out, texts[_i]);
	free(out);
	out = pyformat_concrete(texts[_i], 1);
	ck_assert_str_eq(out, texts[_i]);
	free(out);
}
END_TEST

START_TEST(tells_what_came_from_outside)
{
	struct strlist outside = STRLIST_INIT;
	struct str out = STR_INIT;

	format.from_outside = &outside;
	ck_assert_int_eq(pyformat_expand(&format,
					 "%(ENV_A)s%(ENV_CHECK_PYFORMAT)s%(ENV_CHECK_PYFORMAT)s",
					 &out, NULL),
			 PYFORMAT_DONE);
	ck_assert_uint_eq(outside.count, 1);
	ck_assert_str_eq(outside.items[0], "CHECK_PYFORMAT");
	strlist_free(&outside);
	str_free(&out);
}
END_TEST

START_TEST(does_not_grow_without_end)
{
	struct str text = STR_INIT;
	struct str out = STR_INIT;

	for (int i = 0; i < 200; i++)
		str_add(&text, "%(here)1000s");
	ck_assert_int_eq(pyformat_expand(&format, str_text(&text), &out, NULL), PYFORMAT_BAD);
	str_free(&text);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("pyformat");
	TCase *tcase = tcase_create("pyformat");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, expands, 0, sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tcase, names_outside_the_section_are_unknown);
	tcase_add_test(tcase, one_process_has_a_number);
	tcase_add_test(tcase, marks_are_put_in);
	tcase_add_loop_test(tcase, half_a_mark_is_none, 0, 4);
	tcase_add_test(tcase, tells_what_came_from_outside);
	tcase_add_test(tcase, does_not_grow_without_end);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
