/* SPDX-License-Identifier: ISC */
/* importer, importname, confvalue and confwriter: what is found becomes configuration that is
 * accepted. */
#include "watchdog/import/importer.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/check_main.h"
#include "watchdog/base/mem.h"
#include "watchdog/config/confparse.h"
#include "watchdog/import/confvalue.h"
#include "watchdog/import/confwriter.h"
#include "watchdog/import/importname.h"

static const struct importer_place place = { "f", 7 };
static struct importer importer;

static void setup(void)
{
	importer_init(&importer);
}

static void teardown(void)
{
	importer_free(&importer);
}

static const struct {
	const char *wanted, *name;
} names[] = {
	{ "web", "web" },
	{ "grün-1.x_y", "grün-1.x_y" },
	{ "a b", "a_b" },
	{ "a/b:c*d?e[f]g\\h\"i'j`k", "a_b_c_d_e_f_g_h_i_j_k" },
	{ "../../etc/passwd", "_..___.._etc_passwd" },
	{ ".hidden", "_.hidden" },
	{ "-x", "_-x" },
	{ "@x", "_@x" },
	{ "", "_" },
	{ "\xFFz", "_z" },
	{ "a\xE3\x80\x80z", "a_z" },
	{ "\1", "_" },
};

START_TEST(names_are_made_fit)
{
	char *name = importname_fit(names[_i].wanted);
	const char *why;

	if (strcmp(names[_i].wanted, "../../etc/passwd") == 0)
		ck_assert_ptr_null(strchr(name, '/'));
	else
		ck_assert_str_eq(name, names[_i].name);
	ck_assert(worker_name_is_valid(name, &why));
	free(name);
}
END_TEST

START_TEST(long_names_are_cut_between_characters)
{
	struct str wanted = STR_INIT;
	const char *why;
	char *name;

	for (int i = 0; i < 100; i++)
		str_add(&wanted, "ü");
	name = importname_fit(str_text(&wanted));
	ck_assert_uint_eq(strlen(name), 64);
	ck_assert(worker_name_is_valid(name, &why));
	free(name);
	name = importname_numbered(str_text(&wanted), 12);
	ck_assert_uint_le(strlen(name), 64);
	ck_assert_str_eq(name + strlen(name) - 3, "-12");
	ck_assert(worker_name_is_valid(name, &why));
	free(name);
	str_free(&wanted);
}
END_TEST

START_TEST(names_stay_apart)
{
	ck_assert_str_eq(importer_add(&importer, "a", place, "x")->name, "a");
	ck_assert_uint_eq(importer.message_seen, 0);
	ck_assert_str_eq(importer_add(&importer, "a", place, "x")->name, "a-2");
	ck_assert_str_eq(importer_add(&importer, "a b", place, "x")->name, "a_b");
	ck_assert_str_eq(importer_add(&importer, "a/b", place, "x")->name, "a_b-2");
	ck_assert_uint_eq(importer.message_seen, 3);
	for (int i = 0; i < 500; i++)
		(void)importer_add(&importer, "a", place, "x");
	for (size_t i = 0; i < importer.worker_count; i++)
		ck_assert_ptr_eq(importer_find(&importer, importer.workers[i]->name),
				 importer.workers[i]);
}
END_TEST

START_TEST(what_is_refused_is_warned_of)
{
	struct importer_worker *worker = importer_add(&importer, "a", place, "x");

	ck_assert(!importer_set(&importer, worker, "umask", "9", place, "UMask"));
	ck_assert(!importer_is_set(worker, "umask"));
	ck_assert_int_eq(worker->options.umask, 022);
	ck_assert_str_eq(importer.messages[0].text,
			 "f:7: UMask: '9' must be an octal number from 0 to 0777");
	ck_assert_str_eq(worker->comments.items[0], importer.messages[0].text);
	ck_assert(!importer_set(&importer, worker, "exitcodes", "x", place, "exitcodes"));
	ck_assert_uint_eq(worker->options.exitcodes.count, 1); /* the default again */
	ck_assert(!importer_set(&importer, worker, "command", "a\1", place, "command"));
	ck_assert_uint_eq(importer.error_count, 0);
	ck_assert_uint_eq(importer.message_seen, 3);
}
END_TEST

START_TEST(a_worker_is_accepted_as_a_whole)
{
	struct importer_worker *worker = importer_add(&importer, "a", place, "x");
	struct importer_group *group = importer_add_group(&importer, "g", place, "g");

	strlist_add(&group->workers, "a");
	ck_assert(!importer_accept(&importer, worker, place)); /* no command */
	ck_assert_uint_eq(importer.worker_count, 0);
	ck_assert_uint_eq(importer.error_count, 1);
	importer_finish(&importer);
	ck_assert_uint_eq(importer.group_count, 0);
}
END_TEST

START_TEST(messages_have_an_end)
{
	for (int i = 0; i < IMPORTER_MESSAGES_MAX + 10; i++)
		importer_warn(&importer, NULL, place, "%d", i);
	ck_assert_uint_eq(importer.message_count, IMPORTER_MESSAGES_MAX);
	ck_assert_uint_eq(importer.message_seen, IMPORTER_MESSAGES_MAX + 10);
	ck_assert_uint_eq(importer.notes.count, IMPORTER_MESSAGES_MAX);
}
END_TEST

/* Whatever is in values and comments, confparse reads what was meant. */
START_TEST(what_is_written_is_read)
{
	static const char nasty[] = "a\t\"b\" 'c' \\ ${HOME} $x # { } = , * +\nü %% %i";
	struct importer_worker *worker =
		importer_add(&importer, "we$b{#}", place, "x \"${y}\" */ ü");
	struct str text = STR_INIT;
	struct worker_options defaults;
	struct confparse parse;

	ck_assert(importer_set(&importer, worker, "command", nasty, place, "command"));
	ck_assert(importer_set(&importer, worker, "environment", "A=1", place, "environment"));
	char *variable = mem_format("B=%s", nasty);
	ck_assert(importer_set(&importer, worker, "environment", variable, place, "environment"));
	ck_assert(importer_set(&importer, worker, "stopsignal", "RTMIN+1", place, "stopsignal"));
	ck_assert(importer_set(&importer, worker, "startsecs", "1.5", place, "startsecs"));
	importer_clear(worker, "exitcodes");
	importer_warn(&importer, worker, place, "worker \"x\" { \n\1 } ${a} \xFF");
	importer_note(&importer, NULL, "a note /* ");
	strlist_add(&importer_add_group(&importer, "g", place, "g")->workers, worker->name);
	confwriter_text(&importer, &text);
	ck_assert_ptr_nonnull(strstr(str_text(&text), "# f:7: worker \"x\" { ?? } ${a} ?\n"));

	options_init(&defaults);
	confparse(&parse, &text, "f", "main", &defaults);
	ck_assert_msg(parse.errors.seen == 0, "%s",
		      parse.errors.count ? parse.errors.items[0].message : "");
	ck_assert_uint_eq(parse.worker_count, 1);
	ck_assert_str_eq(parse.workers[0].name, "we$b{#}");
	ck_assert_str_eq(parse.workers[0].options.command, nasty);
	ck_assert_str_eq(parse.workers[0].options.environment.items[1], variable);
	ck_assert_int_eq(parse.workers[0].options.startsecs_ms, 1500);
	ck_assert_uint_eq(parse.workers[0].options.exitcodes.count, 0);
	ck_assert_int_eq(parse.workers[0].options.stopsignal, worker->options.stopsignal);
	ck_assert_uint_eq(parse.group_count, 1);
	confparse_free(&parse);
	options_free(&defaults);
	free(variable);
	str_free(&text);
}
END_TEST

static const struct {
	const char *text;
	size_t count; /* of items; 99: none of these forms */
	const char *first;
} read_back[] = {
	{ "true", 1, "true" },
	{ "1h30min", 1, "1h30min" },
	{ "\"a b\"", 1, "a b" },
	{ "\"\"", 1, "" },
	{ "\"a\\\"b\\\\c\\nd\\${\"", 1, "a\"b\\c\nd${" },
	{ "{}", 0, NULL },
	{ "{\"a\"}", 1, "a" },
	{ "{\"a\", \"b, c\"}", 2, "a" },
	{ "", 99, NULL },
	{ "a b", 99, NULL },
	{ "\"a", 99, NULL },
	{ "\"a\\", 99, NULL },
	{ "\"a\" b", 99, NULL },
	{ "{\"a\"", 99, NULL },
	{ "{a}", 99, NULL },
	{ "{\"a\" \"b\"}", 99, NULL },
	{ "{\"a\",}", 99, NULL },
};

START_TEST(values_are_read_back)
{
	struct strlist items = STRLIST_INIT;
	bool is_read = confvalue_read(read_back[_i].text, &items);

	ck_assert_int_eq(is_read, read_back[_i].count != 99);
	ck_assert_uint_eq(items.count, is_read ? read_back[_i].count : 0);
	if (items.count > 0)
		ck_assert_str_eq(items.items[0], read_back[_i].first);
	strlist_free(&items);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("importer");
	TCase *tcase = tcase_create("importer");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, names_are_made_fit, 0, sizeof(names) / sizeof(names[0]));
	tcase_add_test(tcase, long_names_are_cut_between_characters);
	tcase_add_test(tcase, names_stay_apart);
	tcase_add_test(tcase, what_is_refused_is_warned_of);
	tcase_add_test(tcase, a_worker_is_accepted_as_a_whole);
	tcase_add_test(tcase, messages_have_an_end);
	tcase_add_test(tcase, what_is_written_is_read);
	tcase_add_loop_test(tcase, values_are_read_back, 0,
			    sizeof(read_back) / sizeof(read_back[0]));
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
