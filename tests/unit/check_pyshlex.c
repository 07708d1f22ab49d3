/* SPDX-License-Identifier: ISC */
/* pyshlex, and shellwords, which writes what our own splitter reads. Expectations were taken from
 * Python 3.11. */
#include "watchdog/import/pyshlex.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/check_main.h"
#include "watchdog/config/expand.h"
#include "watchdog/import/shellwords.h"

static char *join(const struct strlist *list)
{
	struct str text = STR_INIT;

	for (size_t i = 0; i < list->count; i++)
		str_addf(&text, "<%s>", list->items[i]);
	return str_take(&text);
}

static const struct {
	const char *text, *words;
} splits[] = {
	{ "", "" },
	{ "  a  b\tc\nd ", "<a><b><c><d>" },
	{ "a 'b c' \"d e\"", "<a><b c><d e>" },
	{ "a'b'\"c\"d", "<abcd>" },
	{ "'' \"\"", "<><>" },
	{ "\\a \\\\ \\  \\'", "<a><\\>< ><'>" },
	{ "\"\\\"\\\\\\$\\`\\n\"", "<\"\\\\$\\`\\n>" },
	{ "'\\'", "<\\>" },
	{ "a\\\nb", "<a\nb>" },
	{ "\"a\\\nb\"", "<a\\\nb>" },
	{ "$HOME ~ * ; # | &", "<$HOME><~><*><;><#><|><&>" },
	{ "a '", NULL },
	{ "a \"b\\\"", NULL },
	{ "a \\", NULL },
};

START_TEST(splits_as_python)
{
	struct strlist words = STRLIST_INIT;
	const char *why = pyshlex_split(splits[_i].text, &words);

	ck_assert((why == NULL) == (splits[_i].words != NULL));
	if (!why) {
		char *found = join(&words);
		ck_assert_str_eq(found, splits[_i].words);
		free(found);
	}
	strlist_free(&words);
}
END_TEST

/* Kept or written anew, our own `command` gives the same words. */
START_TEST(writes_what_we_read_alike)
{
	struct strlist words = STRLIST_INIT;
	struct strlist ours = STRLIST_INIT;
	char *texts[2], *left, *right;

	if (!splits[_i].words)
		return;
	ck_assert_ptr_null(pyshlex_split(splits[_i].text, &words));
	texts[0] = shellwords_keep(splits[_i].text, &words);
	texts[1] = shellwords_join(&words);
	left = join(&words);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(expand_split(texts[i], &ours, NULL), 0);
		right = join(&ours);
		ck_assert_str_eq(left, right);
		free(right);
		free(texts[i]);
		strlist_free(&ours);
	}
	free(left);
	strlist_free(&words);
}
END_TEST

START_TEST(keeps_what_is_alike)
{
	struct strlist words = STRLIST_INIT;
	char *text;

	ck_assert_ptr_null(pyshlex_split("sh -c \"a 'b'\"", &words));
	text = shellwords_keep("sh -c \"a 'b'\"", &words);
	ck_assert_str_eq(text, "sh -c \"a 'b'\"");
	free(text);
	text = shellwords_join(&words);
	ck_assert_str_eq(text, "sh -c 'a '\\''b'\\'''");
	free(text);
	strlist_free(&words);
}
END_TEST

static const struct {
	const char *text, *items, *cut;
} pairs[] = {
	{ "", "", NULL },
	{ "A=1", "<A=1>", NULL },
	{ "A=1,B=2,", "<A=1><B=2>", NULL },
	{ " A = 1 ,\n B=\"2 3\"", "<A=1><B=2 3>", NULL },
	{ "A='1,2',B=\"it's\"", "<A=1,2><B=it's>", NULL },
	{ "A=\"\"", "<A=>", NULL },
	{ "A=''1''", "<A=>", "A" },
	{ "A=/usr/bin:/b-c.d+(e)", "<A=/usr/bin:/b-c.d+(e)>", NULL },
	{ "A=\"b\\\"", "<A=b\\>", NULL },
	{ "A=b\"c\"", "<A=b\"c>", NULL },
	{ "A=b@c=d", "<A=b><c=d>", "A" },
	{ "A=ü", "<A=ü>", NULL },
	{ "A=1 #,B=2\n,C=3", "<A=1><C=3>", NULL },
	{ "A=1#x\n2,C=3", "<A=12><C=3>", NULL },
	{ "A", NULL, NULL },
	{ "A=", NULL, NULL },
	{ "A=1,B", NULL, NULL },
	{ "A=b@c", NULL, NULL },
	{ "A=\"b", NULL, NULL },
	{ ",A=1", NULL, NULL },
};

START_TEST(reads_pairs_as_supervisord)
{
	struct strlist items = STRLIST_INIT;
	char *cut = NULL;
	const char *why = pyshlex_pairs(pairs[_i].text, &items, &cut);

	ck_assert_msg((why == NULL) == (pairs[_i].items != NULL), "%s", pairs[_i].text);
	if (!why) {
		char *found = join(&items);
		ck_assert_str_eq(found, pairs[_i].items);
		free(found);
		ck_assert_pstr_eq(cut, pairs[_i].cut);
	}
	free(cut);
	strlist_free(&items);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("pyshlex");
	TCase *tcase = tcase_create("pyshlex");

	tcase_add_loop_test(tcase, splits_as_python, 0, sizeof(splits) / sizeof(splits[0]));
	tcase_add_loop_test(tcase, writes_what_we_read_alike, 0,
			    sizeof(splits) / sizeof(splits[0]));
	tcase_add_test(tcase, keeps_what_is_alike);
	tcase_add_loop_test(tcase, reads_pairs_as_supervisord, 0, sizeof(pairs) / sizeof(pairs[0]));
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
