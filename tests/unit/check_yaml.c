/* SPDX-License-Identifier: ISC */
/* yamltext and yamltree: what is written is read as what was meant. */
#include <string.h>

#include "tests/unit/check_main.h"
#include "watchdog/import/yamltext.h"
#include "watchdog/import/yamltree.h"

static struct yamltree *read_text(const char *text, struct err *err)
{
	struct str copy = STR_INIT;
	struct yamltree *tree;

	str_add(&copy, text);
	tree = yamltree_read("f", &copy, err);
	str_free(&copy);
	return tree;
}

static const char *const texts[] = {
	"plain",	"",	    "yes",  "null",  "~",      "1.0",  "0x1",	"a: b", "- a",
	"# c",		"a #b",	    "'q'",  "\"q\"", "\\",     "a\nb", "tab\t", "*x",	"&x",
	"!t",		"%d",	    "@",    "`",     "|",      ">",    "{a}",	"[b]",	"ü",
	"\xE2\x80\xA8", "\xC2\x85", "\x7F", " lead", "trail ", "---",  "...",	"<<",	"?",
};

START_TEST(texts_are_read_as_written)
{
	struct str out = STR_INIT;
	struct err err = ERR_INIT;
	struct yamltree *tree;

	yamltext_key(&out, 0, "list");
	yamltext_item(&out, 1, texts[_i]);
	yamltext_text(&out, 0, "text", texts[_i]);
	yamltext_number(&out, 0, "number", -5);
	tree = yamltree_read("f", &out, &err);
	ck_assert_msg(tree != NULL, "%s", err.text);
	ck_assert_str_eq(yamltree_get(tree, "text")->text, texts[_i]);
	ck_assert(!yamltree_is_nothing(yamltree_get(tree, "text")));
	ck_assert_str_eq(yamltree_get(tree, "list")->items[0]->text, texts[_i]);
	ck_assert_str_eq(yamltree_get(tree, "number")->text, "-5");
	yamltree_free(tree);
	str_free(&out);
}
END_TEST

START_TEST(trees_have_kinds_and_lines)
{
	struct err err = ERR_INIT;
	struct yamltree *tree =
		read_text("a: &x {b: c, b: d}\ne: [1, *x]\nf:\n  ~\n? [k]\n: v\n", &err);

	ck_assert_ptr_nonnull(tree);
	ck_assert_int_eq(tree->kind, YAMLTREE_MAP);
	ck_assert_str_eq(yamltree_get(yamltree_get(tree, "a"), "b")->text, "d");
	ck_assert_int_eq(yamltree_get(tree, "e")->kind, YAMLTREE_LIST);
	ck_assert_int_eq(yamltree_get(tree, "e")->items[1]->kind, YAMLTREE_MAP);
	ck_assert_int_eq(yamltree_get(tree, "f")->line, 4);
	ck_assert_int_eq(tree->key_lines[2], 3);
	ck_assert(yamltree_is_nothing(yamltree_get(tree, "f")));
	ck_assert(yamltree_is_nothing(yamltree_get(tree, "none")));
	ck_assert_ptr_null(yamltree_get(yamltree_get(tree, "e"), "x"));
	ck_assert_str_eq(yamltree_get(tree, "")->text, "v");
	yamltree_free(tree);
	tree = read_text("", &err);
	ck_assert_int_eq(tree->kind, YAMLTREE_MAP);
	ck_assert_uint_eq(tree->count, 0);
	yamltree_free(tree);
}
END_TEST

START_TEST(what_is_none_is_refused)
{
	static const struct {
		const char *text, *place;
	} cases[] = {
		{ "a: [1\n", "f:2: " },	      { "\ta: 1\n", "f:1: " },
		{ "a: *nobody\n", "f:1: " },  { "a: &x [*x]\n", "f:1: " },
		{ "a: 1\n b: 2\n", "f:2: " }, { "- a\nb: c\n", "f:2: " },
	};
	struct err err = ERR_INIT;

	ck_assert_ptr_null(read_text(cases[_i].text, &err));
	ck_assert_msg(strncmp(err.text, cases[_i].place, 5) == 0, "%s", err.text);
}
END_TEST

START_TEST(few_aliases_are_not_many_nodes)
{
	struct str text = STR_INIT;
	struct err err = ERR_INIT;

	str_add(&text, "a0: &a0 x\n");
	for (int i = 1; i < 30; i++)
		str_addf(&text, "a%d: &a%d [*a%d, *a%d]\n", i, i, i - 1, i - 1);
	ck_assert_ptr_null(yamltree_read("f", &text, &err));
	str_free(&text);
	for (int i = 0; i < 1000; i++)
		str_add(&text, "[");
	ck_assert_ptr_null(yamltree_read("f", &text, &err));
	str_free(&text);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("yaml");
	TCase *tcase = tcase_create("yaml");

	tcase_add_loop_test(tcase, texts_are_read_as_written, 0, sizeof(texts) / sizeof(texts[0]));
	tcase_add_test(tcase, trees_have_kinds_and_lines);
	tcase_add_loop_test(tcase, what_is_none_is_refused, 0, 6);
	tcase_add_test(tcase, few_aliases_are_not_many_nodes);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
