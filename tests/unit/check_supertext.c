/* SPDX-License-Identifier: ISC */
/* supertext: what it writes into a file of supervisord's is read there as what was meant. */
#include "watchdog/import/supertext.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/check_main.h"
#include "watchdog/import/ini.h"
#include "watchdog/import/pyformat.h"
#include "watchdog/import/pyshlex.h"

static const char *const texts[] = {
	"plain",
	"a b",
	" lead",
	"trail ",
	"",
	" ",
	" ;",
	"; x",
	"a ; b",
	"a;b",
	"a # b",
	"#",
	"100%",
	"%(here)s",
	"%%",
	"a\nb",
	"a \n b",
	"\n",
	"\n\na\n\n",
	"a\n;b",
	"a\n#b",
	"tab\t;",
	"\xC2\xA0#",
	"ü",
	"'it' \"x\"",
	"a\\",
	"a\n  b",
	"[x]",
	"k=v",
	"x\1"
	"00"
	"y",
	"\1"
	"02",
	"%\1"
	"03%",
};

#define TEXT_COUNT ((int)(sizeof(texts) / sizeof(texts[0])))

/* As supervisord would have it: the file read, the value expanded PASSES times. */
static char *read_back(const char *key, const char *written, int passes)
{
	struct pyformat format = {
		.here = "/here", .program_name = "web", .has_process = true, .process_num = -1
	};
	struct importer importer;
	struct ini ini = INI_INIT;
	struct str file = STR_INIT;
	char *value;

	importer_init(&importer);
	str_addf(&file, "[program:web]\n%s=%s\nnext=1\n", key, written);
	ck_assert_int_eq(ini_read(&ini, "f", str_text(&file), &importer), 0);
	ck_assert_uint_eq(ini.sections[0]->count, 2);
	value = strdup(ini_value(&ini, ini.sections[0], key)->text);
	for (int i = 0; i < passes; i++) {
		struct str out = STR_INIT;
		struct err err = ERR_INIT;

		ck_assert_msg(pyformat_expand(&format, value, &out, &err) == PYFORMAT_DONE,
			      "%s: %s", value, err.text);
		free(value);
		value = str_take(&out);
	}
	str_free(&file);
	ini_free(&ini);
	importer_free(&importer);
	return value;
}

START_TEST(values_are_read_as_meant)
{
	for (int passes = 1; passes <= 2; passes++) {
		struct str out = STR_INIT;
		char *found;

		supertext_value(texts[_i], passes, &out);
		found = read_back("key", str_text(&out), passes);
		ck_assert_str_eq(found, texts[_i]);
		free(found);
		str_free(&out);
	}
}
END_TEST

START_TEST(words_are_read_as_meant)
{
	struct strlist words = STRLIST_INIT;
	struct strlist found = STRLIST_INIT;
	struct str out = STR_INIT;
	char *value;

	strlist_add(&words, "/bin/echo");
	strlist_add(&words, texts[_i]);
	strlist_add(&words, texts[(_i + 7) % TEXT_COUNT]);
	supertext_words(&words, &out);
	value = read_back("command", str_text(&out), 1);
	ck_assert_ptr_null(pyshlex_split(value, &found));
	ck_assert_uint_eq(found.count, words.count);
	for (size_t i = 0; i < words.count; i++)
		ck_assert_str_eq(found.items[i], words.items[i]);
	free(value);
	str_free(&out);
	strlist_free(&words);
	strlist_free(&found);
}
END_TEST

START_TEST(pairs_are_read_as_meant)
{
	struct str item = STR_INIT;
	struct str out = STR_INIT;
	struct strlist found = STRLIST_INIT;
	char *value;

	str_addf(&item, "A=%s", texts[_i]);
	if (supertext_pair(str_text(&item), &out)) {
		value = read_back("environment", str_text(&out), 1);
		ck_assert_ptr_null(pyshlex_pairs(value, &found, NULL));
		ck_assert_uint_eq(found.count, 1);
		ck_assert_str_eq(found.items[0], str_text(&item));
		free(value);
	} else {
		ck_assert_str_eq(texts[_i], "'it' \"x\"");
		ck_assert_uint_eq(out.len, 0);
	}
	str_free(&item);
	str_free(&out);
	strlist_free(&found);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("supertext");
	TCase *tcase = tcase_create("supertext");

	tcase_add_loop_test(tcase, values_are_read_as_meant, 0, TEXT_COUNT);
	tcase_add_loop_test(tcase, words_are_read_as_meant, 0, TEXT_COUNT);
	tcase_add_loop_test(tcase, pairs_are_read_as_meant, 0, TEXT_COUNT);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
