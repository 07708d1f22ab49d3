/* SPDX-License-Identifier: ISC */
/* unitfile, unitname, unitwords, unitspec and unittext: how systemd's units are read, and written
 * so that they are. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/check_main.h"
#include "watchdog/import/pyformat.h"
#include "watchdog/import/unitfile.h"
#include "watchdog/import/unitname.h"
#include "watchdog/import/unitspec.h"
#include "watchdog/import/unittext.h"
#include "watchdog/import/unitwords.h"

static char *join(const struct strlist *list)
{
	struct str text = STR_INIT;

	for (size_t i = 0; i < list->count; i++)
		str_addf(&text, "<%s>", list->items[i]);
	return str_take(&text);
}

/* ---- names -------------------------------------------------------------------------------- */

static const struct {
	const char *text, *prefix, *instance, *suffix, *template; /* PREFIX NULL: it is no unit */
} names[] = {
	{ "web.service", "web", NULL, "service", NULL },
	{ "/etc/systemd/system/web.service", "web", NULL, "service", NULL },
	{ "web@.service", "web", "", "service", NULL },
	{ "web@2.service", "web", "2", "service", "web@.service" },
	{ "a-b@x.y@z.service", "a-b", "x.y@z", "service", "a-b@.service" },
	{ "a\\x20b.target", "a\\x20b", NULL, "target", NULL },
	{ "web", NULL, NULL, NULL, NULL },
	{ ".service", NULL, NULL, NULL, NULL },
	{ "@1.service", NULL, NULL, NULL, NULL },
	{ "a b.service", NULL, NULL, NULL, NULL },
	{ "web.", NULL, NULL, NULL, NULL },
	{ "web.service/", NULL, NULL, NULL, NULL },
	{ "", NULL, NULL, NULL, NULL },
};

START_TEST(names_have_parts)
{
	struct unitname name = { .full = NULL };
	bool is_one = unitname_parse(names[_i].text, &name);

	ck_assert_int_eq(is_one, names[_i].prefix != NULL);
	if (!is_one)
		return;
	char *template = unitname_template(&name);
	ck_assert_str_eq(name.prefix, names[_i].prefix);
	ck_assert_pstr_eq(name.instance, names[_i].instance);
	ck_assert_str_eq(name.suffix, names[_i].suffix);
	ck_assert_pstr_eq(template, names[_i].template);
	free(template);
	unitname_free(&name);
}
END_TEST

START_TEST(names_are_escaped_and_back)
{
	static const char *const texts[] = { "web", "grün", "a@b", "a-b.c_d", "x%y", "\\", "a,b" };
	char *name = unittext_name(texts[_i]);
	char *plain = unitname_plain(name);

	ck_assert_uint_eq(
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-\\"),
		strlen(name));
	ck_assert_str_eq(plain, texts[_i]);
	free(plain);
	free(name);
	plain = unitname_unescape("a-b\\x2dc\\x00\\xZZ");
	ck_assert_str_eq(plain, "a/b-c\\x00\\xZZ");
	free(plain);
}
END_TEST

/* ---- words -------------------------------------------------------------------------------- */

static const struct {
	const char *text, *words; /* NULL: a quote stays open */
} splits[] = {
	{ "", "" },
	{ " a  b\tc ", "<a><b><c>" },
	{ "a 'b c' \"d e\" f'g h'i", "<a><b c><d e><fg hi>" },
	{ "'' \"\"", "<><>" },
	{ "a\\x41\\101\\u00fc\\U0001F600", "<aAAü\xF0\x9F\x98\x80>" },
	{ "a\\sb \\\\ \\\" \\' \\t|", "<a b><\\><\"><'><\t|>" },
	{ "'a\\'b' \"a\\\"b\"", "<a'b><a\"b>" },
	{ "\\q \\x4 \\u12 \\777 \\x00 \\ud800", "<\\q><\\x4><\\u12><\\777><\\x00><\\ud800>" },
	{ "a ; b \\; c;d ;e \";\"", "<a><\n;><b><;><c;d><;e><;>" },
	{ "a\\", "<a\\>" },
	{ "'a", NULL },
	{ "\"a\\\"", NULL },
};

START_TEST(words_are_systemds)
{
	struct strlist words = STRLIST_INIT;
	const char *why = unitwords_split(splits[_i].text, &words);
	char *found = join(&words);

	ck_assert_int_eq(why == NULL, splits[_i].words != NULL);
	if (!why)
		ck_assert_str_eq(found, splits[_i].words);
	free(found);
	strlist_free(&words);
}
END_TEST

static const char *const texts[] = { "a",    "",     "a b",   "it's",  "say \"hi\"", "back\\slash",
				     "100%", "a\nb", "tab\t", "$HOME", "${A}",	     ";",
				     "ü",    "%i",   "-",     " ",     "a;b",	     "#c",
				     "x=y",  "\\n",  "'",     "%%" };

/* As systemd reads it: words, then specifiers; "$$" is put in at last. */
START_TEST(words_are_written_as_they_are_read)
{
	struct unitname name = { .full = NULL };
	struct unitspec spec = {
		.name = &name, .number_width = -1, .home = "/root", .user = "root"
	};
	struct strlist words = STRLIST_INIT;
	struct str out = STR_INIT;

	ck_assert(unitname_parse("web.service", &name));
	unittext_word(texts[_i], 0, false, &out);
	str_add(&out, " ");
	unittext_word("next", 0, false, &out);
	ck_assert_ptr_null(unitwords_split(str_text(&out), &words));
	ck_assert_uint_eq(words.count, 2);
	char *found = unitspec_expand(&spec, words.items[0], NULL);
	ck_assert_str_eq(found, texts[_i]);
	free(found);
	strlist_free(&words);
	str_free(&out);
	unitname_free(&name);
}
END_TEST

START_TEST(marks_are_written)
{
	struct str out = STR_INIT;

	unittext_word("a\1"
		      "00b\1"
		      "03",
		      UNITTEXT_TEMPLATE, true, &out);
	str_add(&out, " ");
	unittext_word("a\1"
		      "00b\1"
		      "03$",
		      7, true, &out);
	ck_assert_str_eq(str_text(&out), "a%ib%i \"a7b007$$\"");
	str_free(&out);
	ck_assert(unittext_value("/a b/100%/\1"
				 "02",
				 7, &out));
	ck_assert_str_eq(str_text(&out), "/a b/100%%/07");
	str_free(&out);
	ck_assert(!unittext_value("/a\\", 0, &out));
	ck_assert(!unittext_value(" /a", 0, &out));
	ck_assert(!unittext_value("/a\n", 0, &out));
	ck_assert(!unittext_value("", 0, &out));
	ck_assert_uint_eq(out.len, 0);
}
END_TEST

/* ---- specifiers --------------------------------------------------------------------------- */

static const struct {
	const char *unit;
	int width;
	const char *text, *expected; /* as our configuration has it; NULL: refused */
} specifiers[] = {
	{ "a-b.service", -1, "%n %N %p %P %j %J", "a-b.service a-b a-b a/b b b" },
	{ "a@x-y.service", -1, "%i %I %n %f", "x-y x/y a@x-y.service /x/y" },
	{ "a@1.service", 0, "%i %I %n %N", "%i %i a@%i.service a@%i" },
	{ "a@01.service", 2, "%i", "%02i" },
	{ "a.service", -1, "%H %h %u %U %T %V", "%H /root root 0 /tmp /var/tmp" },
	{ "a.service", -1, "%t %S %C %L %E", "/run /var/lib /var/cache /var/log /etc" },
	{ "a.service", -1, "100%% %z % 5%", "100%% %%z %% 5%%" },
	{ "a.service", -1, "%b", NULL },
	{ "a.service", -1, "%m", NULL },
};

START_TEST(specifiers_are_put_in)
{
	struct unitname name = { .full = NULL };
	struct unitspec spec = { .name = &name,
				 .is_system = true,
				 .number_width = specifiers[_i].width,
				 .home = "/root",
				 .user = "root" };
	struct err err = ERR_INIT;
	char *found, *finished;

	ck_assert(unitname_parse(specifiers[_i].unit, &name));
	found = unitspec_expand(&spec, specifiers[_i].text, &err);
	ck_assert_int_eq(found != NULL, specifiers[_i].expected != NULL);
	if (found) {
		finished = pyformat_finish(found);
		ck_assert_str_eq(finished, specifiers[_i].expected);
		free(finished);
	} else {
		ck_assert(err.text[0] != '\0');
	}
	free(found);
	unitname_free(&name);
}
END_TEST

/* ---- files -------------------------------------------------------------------------------- */

static struct unitfile unit;
static struct importer importer;

static void setup(void)
{
	unit = (struct unitfile)UNITFILE_INIT;
	importer_init(&importer);
}

static void teardown(void)
{
	unitfile_free(&unit);
	importer_free(&importer);
}

static const struct {
	const char *text, *value; /* of Service.K; NULL: none */
} values[] = {
	{ "[Service]\nK=v\n", "v" },
	{ "[Service]\n K = v w \n", "v w" },
	{ "[Service]\nK=v # no comment ; either\n", "v # no comment ; either" },
	{ "[Service]\n# K=w\n; K=x\nK=v\n", "v" },
	{ "[Service]\nK=a \\\n  b \\\n# a comment within\nc\n", "a  b  c" },
	{ "[Service]\nK=a\\\n", "a" },
	{ "[Service]\nK=v\nK=w\n", "w" },
	{ "[Service]\nK=v\nK=\n", NULL },
	{ "[Service]\nk=v\n", NULL },
	{ "[Unit]\nK=v\n", NULL },
	{ "[Service]\nX=1\n[Unit]\nK=w\n[Service]\nK=v", "v" },
	{ "K=v\n", NULL },
	{ "", NULL },
};

START_TEST(files_are_read)
{
	const struct unitfile_assignment *found;

	ck_assert_int_eq(unitfile_read(&unit, "f", values[_i].text, &importer), 0);
	found = unitfile_last(&unit, "Service", "K");
	ck_assert_pstr_eq(found ? found->text : NULL, values[_i].value);
}
END_TEST

START_TEST(lists_go_on_until_they_are_taken_back)
{
	const struct unitfile_assignment *found;
	struct str all = STR_INIT;
	size_t at = 0;

	ck_assert_int_eq(unitfile_read(&unit, "f", "[Service]\nK=a\nK=\nK=b\nL=x\n", &importer), 0);
	ck_assert_int_eq(unitfile_read(&unit, "g", "[Service]\nK=c\nno\n", &importer), 0);
	while ((found = unitfile_next(&unit, "Service", "K", &at)))
		str_addf(&all, "%s:%d=%s ", found->file, found->line, found->text);
	ck_assert_str_eq(str_text(&all), "f:4=b g:2=c ");
	str_free(&all);
	ck_assert_uint_eq(importer.message_seen, 1);
	ck_assert_int_eq(strncmp(importer.messages[0].text, "g:3: ", 5), 0);
	for (size_t i = 0; i < unit.count; i++)
		ck_assert_int_eq(unit.items[i].is_known, unit.items[i].key[0] == 'K');
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("unit");
	TCase *tcase = tcase_create("unit");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, names_have_parts, 0, sizeof(names) / sizeof(names[0]));
	tcase_add_loop_test(tcase, names_are_escaped_and_back, 0, 7);
	tcase_add_loop_test(tcase, words_are_systemds, 0, sizeof(splits) / sizeof(splits[0]));
	tcase_add_loop_test(tcase, words_are_written_as_they_are_read, 0,
			    sizeof(texts) / sizeof(texts[0]));
	tcase_add_test(tcase, marks_are_written);
	tcase_add_loop_test(tcase, specifiers_are_put_in, 0,
			    sizeof(specifiers) / sizeof(specifiers[0]));
	tcase_add_loop_test(tcase, files_are_read, 0, sizeof(values) / sizeof(values[0]));
	tcase_add_test(tcase, lists_go_on_until_they_are_taken_back);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
