/* SPDX-License-Identifier: ISC */
/* ini: what RawConfigParser makes of it, as supervisord sets it up. Expectations were taken from
 * Python 3.11. */
#include "watchdog/import/ini.h"

#include <string.h>

#include "tests/unit/check_main.h"
#include "watchdog/base/mem.h"

static struct ini ini;
static struct importer importer;

static void setup(void)
{
	ini = (struct ini)INI_INIT;
	importer_init(&importer);
}

static void teardown(void)
{
	ini_free(&ini);
	importer_free(&importer);
}

static const char *value(const char *section, const char *key)
{
	const struct ini_value *found = ini_value(&ini, ini_section(&ini, section), key);

	return found ? found->text : "(none)";
}

static const struct {
	const char *text, *key, *expected;
} values[] = {
	{ "[a]\nk=v\n", "k", "v" },
	{ "[a]\nk = v w \n", "k", "v w" },
	{ "[a]\nk: v=w\n", "k", "v=w" },
	{ "[a]\nk=v:w\n", "k", "v:w" },
	{ "[a]\nKEY=v\n", "key", "v" },
	{ "[a]\nk=\n", "k", "" },
	{ "[a]\nk=v", "k", "v" },
	{ "[a] behind it\nk=v\n", "k", "v" },
	{ "  [a]\n  k=v\n", "k", "v" },
	{ "[DEFAULT]\nk=d\n[a]\nj=v\n", "k", "d" },
	{ "[DEFAULT]\nk=d\n[a]\nk=v\n", "k", "v" },
	/* comments */
	{ "[a]\nk=v ;c\n", "k", "v" },
	{ "[a]\nk=v #c\n", "k", "v" },
	{ "[a]\nk=v\t;c\n", "k", "v" },
	{ "[a]\nk=v\xC2\xA0;c\n", "k", "v" },
	{ "[a]\nk=v;c\n", "k", "v;c" },
	{ "[a]\nk=v#c\n", "k", "v#c" },
	{ "[a]\nk=\"v ;c\"\n", "k", "\"v" },
	{ "[a] ;c\nk=v\n", "k", "v" },
	{ "[a]\n# k=w\n; k=x\n   ; k=y\nk=v\n", "k", "v" },
	/* Prefixes are looked for in turns: the second ';' comes only after the first '#'. */
	{ "[a]\nk=v;w ;c #d\n", "k", "v;w ;c" },
	{ "[a]\nk=v ;c #d\n", "k", "v" },
	{ "[a]\nk=v;w ;c\n", "k", "v;w" },
	/* lines that go on */
	{ "[a]\nk=v\n  w\n", "k", "v\nw" },
	{ "[a]\nk=v\n  w ;c\n  x\n", "k", "v\nw\nx" },
	{ "[a]\nk=v\n\n  w\n\n\n", "k", "v\n\nw" },
	{ "[a]\nk=v\n  ;c\n  w\n", "k", "v\nw" },
	{ "[a]\nk=v\n  j=w\n", "k", "v\nj=w" },
	{ "[a]\n  k=v\n  j=w\n", "k", "v" },
	{ "[a]\n  k=v\n j=w\n", "j", "w" },
	{ "[a]\nk=\n  v\n", "k", "\nv" },
	/* again */
	{ "[a]\nk=v\n[b]\nk=x\n[a]\nj=w\n", "k", "v" },
	{ "[a]\nk=v\nk=w\n", "k", "w" },
};

START_TEST(reads_values)
{
	ck_assert_int_eq(ini_read(&ini, "f", values[_i].text, &importer), 0);
	ck_assert_str_eq(value("a", values[_i].key), values[_i].expected);
}
END_TEST

static const struct {
	const char *text, *place;
} broken[] = {
	{ "k=v\n", "f:1: " },
	{ "\n\nk=v\n", "f:3: " },
	{ "[a]\nnothing\n", "f:2: " },
	{ "[a]\n=v\n", "f:2: " },
	{ "[a\n", "f:1: " },
	{ "[]\n", "f:1: " },
	{ "[a]\n  goes on\n", "f:2: " },
};

START_TEST(refuses_what_is_malformed)
{
	ck_assert_int_eq(ini_read(&ini, "f", broken[_i].text, &importer), -1);
	ck_assert_uint_eq(importer.error_count, 1);
	ck_assert_msg(
		strncmp(importer.messages[0].text, broken[_i].place, strlen(broken[_i].place)) == 0,
		"%s", importer.messages[0].text);
}
END_TEST

START_TEST(tells_of_what_is_replaced)
{
	ck_assert_int_eq(ini_read(&ini, "f", "[a]\nk=v\nsame=x\n", &importer), 0);
	ck_assert_int_eq(ini_read(&ini, "g", "[a]\nsame=x\nk=w\n", &importer), 0);
	ck_assert_str_eq(value("a", "k"), "w");
	ck_assert_uint_eq(importer.message_seen, 1);
	ck_assert_str_eq(importer.messages[0].text,
			 "f:2: [a] k is set again on g:3, and that is what counts");
}
END_TEST

START_TEST(keeps_places)
{
	const struct ini_value *found;

	ck_assert_int_eq(ini_read(&ini, "f", "\n[a]\n\nk=v\n w\n", &importer), 0);
	found = ini_value(&ini, ini_section(&ini, "a"), "k");
	ck_assert_str_eq(found->file, "f");
	ck_assert_int_eq(found->line, 4);
	ck_assert_int_eq(ini_section(&ini, "a")->line, 2);
}
END_TEST

START_TEST(keeps_the_marks_of_an_export)
{
	const struct ini_section *section;

	ck_assert_int_eq(
		ini_read(
			&ini, "f",
			"[a]\n; cronherd: after = {\"b\"}\n# cronherd: no = 1\n;cronherd: x=y ;z\n",
			&importer),
		0);
	section = ini_section(&ini, "a");
	ck_assert_uint_eq(section->mark_count, 2);
	ck_assert_str_eq(section->marks[0].key, "after");
	ck_assert_str_eq(section->marks[0].text, "{\"b\"}");
	ck_assert_str_eq(section->marks[1].text, "y ;z");
}
END_TEST

START_TEST(ends_with_its_limits)
{
	struct str text = STR_INIT;

	str_add(&text, "[a]\n");
	for (int i = 0; i <= INI_KEYS_MAX; i++)
		str_addf(&text, "k%d=v\n", i);
	ck_assert_int_eq(ini_read(&ini, "f", str_text(&text), &importer), -1);
	str_free(&text);
	for (int i = 0; i <= INI_SECTIONS_MAX; i++)
		str_addf(&text, "[s%d]\n", i);
	ck_assert_int_eq(ini_read(&ini, "f", str_text(&text), &importer), -1);
	str_free(&text);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("ini");
	TCase *tcase = tcase_create("ini");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, reads_values, 0, sizeof(values) / sizeof(values[0]));
	tcase_add_loop_test(tcase, refuses_what_is_malformed, 0,
			    sizeof(broken) / sizeof(broken[0]));
	tcase_add_test(tcase, tells_of_what_is_replaced);
	tcase_add_test(tcase, keeps_places);
	tcase_add_test(tcase, keeps_the_marks_of_an_export);
	tcase_add_test(tcase, ends_with_its_limits);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
