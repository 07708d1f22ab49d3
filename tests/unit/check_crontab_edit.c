/* SPDX-License-Identifier: ISC */
/* crontab_edit: nothing outside the markers ever changes. */
#include <config.h>

#include "cron/crontab_edit.h"
#include "tests/unit/check_main.h"

#include <stdio.h>
#include <string.h>

#define BEGIN CRONTAB_EDIT_BEGIN
#define END   CRONTAB_EDIT_END
#define ENTRY "* * * * * /usr/bin/cronherd run\n"

static const struct {
	const char *before;
	const char *after; /* of installing ENTRY */
} installs[] = {
	{ "", BEGIN "\n" ENTRY END "\n" },
	{ "a\n", "a\n" BEGIN "\n" ENTRY END "\n" },
	{ "a", "a\n" BEGIN "\n" ENTRY END "\n" },
	{ "\n\n", "\n\n" BEGIN "\n" ENTRY END "\n" },
	{ "a\r\n", "a\r\n" BEGIN "\n" ENTRY END "\n" },
	{ BEGIN "\n" END "\n", BEGIN "\n" ENTRY END "\n" },
	{ BEGIN "\nold\n" END, BEGIN "\n" ENTRY END },
	{ "a\n" BEGIN "\nold\nolder\n" END "\nb", "a\n" BEGIN "\n" ENTRY END "\nb" },
	{ "a\r\n" BEGIN "\r\nold\r\n" END "\r\nb\r\n", "a\r\n" BEGIN "\r\n" ENTRY END "\r\nb\r\n" },
	/* Much like a marker, and none. */
	{ " " BEGIN "\n" END " too\n", " " BEGIN "\n" END " too\n" BEGIN "\n" ENTRY END "\n" },
};

START_TEST(install_puts_lines_between_markers)
{
	const char *before = installs[_i].before;
	size_t len = 0;
	char *out = NULL;
	int line = 0;

	ck_assert_int_eq(crontab_edit_install(before, strlen(before), ENTRY, &out, &len, &line),
			 CRONTAB_EDIT_OK);
	ck_assert_str_eq(out, installs[_i].after);
	ck_assert_uint_eq(len, strlen(out));

	char *again = NULL;
	ck_assert_int_eq(crontab_edit_install(out, len, ENTRY, &again, &len, &line),
			 CRONTAB_EDIT_UNCHANGED);
	ck_assert_str_eq(again, out);
	free(again);
	free(out);
}
END_TEST

static const struct {
	const char *text;
	int line;
} refusals[] = {
	{ BEGIN "\na\n", 1 },
	{ "a\n" BEGIN, 2 },
	{ "a\nb\n" END "\nc\n", 3 },
	{ BEGIN "\n" BEGIN "\n" END "\n", 2 },
	{ END "\n" BEGIN "\n", 1 },
	{ BEGIN "\n" END "\n" END "\n", 3 },
	{ BEGIN "\n" END "\na\n" BEGIN "\n" END "\n", 4 },
	{ BEGIN "\r\na\r\n", 1 },
};

START_TEST(markers_without_fellow_are_refused)
{
	const char *text = refusals[_i].text;
	const char *lines = NULL;
	size_t len = 0;
	char *out = NULL;
	int line = 0;

	ck_assert_int_eq(crontab_edit_install(text, strlen(text), ENTRY, &out, &len, &line),
			 CRONTAB_EDIT_UNBALANCED);
	ck_assert_int_eq(line, refusals[_i].line);
	line = 0;
	ck_assert_int_eq(crontab_edit_remove(text, strlen(text), &out, &len, &line),
			 CRONTAB_EDIT_UNBALANCED);
	ck_assert_int_eq(line, refusals[_i].line);
	ck_assert_int_eq(crontab_edit_find(text, strlen(text), &lines, &len, &line),
			 CRONTAB_EDIT_UNBALANCED);
	ck_assert_ptr_null(out);
}
END_TEST

START_TEST(remove_takes_markers_and_lines)
{
	static const char text[] = "a\n" BEGIN "\n" ENTRY END "\r\nb";
	size_t len = 0;
	char *out = NULL;
	int line = 0;

	ck_assert_int_eq(crontab_edit_remove(text, sizeof(text) - 1, &out, &len, &line),
			 CRONTAB_EDIT_OK);
	ck_assert_str_eq(out, "a\nb");
	ck_assert_uint_eq(len, 3);
	free(out);
	ck_assert_int_eq(crontab_edit_remove("a\nb", 3, &out, &len, &line), CRONTAB_EDIT_UNCHANGED);
	ck_assert_str_eq(out, "a\nb");
	free(out);
	ck_assert_int_eq(crontab_edit_remove(NULL, 0, &out, &len, &line), CRONTAB_EDIT_UNCHANGED);
	ck_assert_str_eq(out, "");
	free(out);
}
END_TEST

START_TEST(find_shows_the_lines)
{
	static const char text[] = "a\n" BEGIN "\nx\ny\n" END "\nb\n";
	const char *lines = NULL;
	size_t len = 0;
	int line = 0;

	ck_assert_int_eq(crontab_edit_find(text, sizeof(text) - 1, &lines, &len, &line),
			 CRONTAB_EDIT_OK);
	ck_assert_uint_eq(len, 4);
	ck_assert_mem_eq(lines, "x\ny\n", 4);
	ck_assert_int_eq(crontab_edit_find("a\n", 2, &lines, &len, &line), CRONTAB_EDIT_UNCHANGED);
}
END_TEST

START_TEST(nul_is_no_crontab)
{
	static const char text[] = "a\0b\n";
	size_t len = 0;
	char *out = NULL;
	int line = 0;

	ck_assert_int_eq(crontab_edit_install(text, 4, ENTRY, &out, &len, &line), CRONTAB_EDIT_NUL);
	ck_assert_int_eq(crontab_edit_remove(text, 4, &out, &len, &line), CRONTAB_EDIT_NUL);
	ck_assert_ptr_null(out);
}
END_TEST

static const char *const shards[] = {
	"a",	    "\n",    "\r\n", "#", "* * * * * x\n", "no newline", " ", BEGIN, BEGIN " ",
	"# BEGIN ", END "x", END,    "%",
};

static size_t random_text(unsigned int *seed, char *text, size_t size)
{
	size_t count = (size_t)rand_r(seed) % 12;
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		const char *shard =
			shards[(size_t)rand_r(seed) % (sizeof(shards) / sizeof(*shards))];
		len += (size_t)snprintf(text + len, size - len, "%s", shard);
	}
	return len;
}

/* remove(install(x)) is x, but for the newline that x may have lacked. */
START_TEST(remove_undoes_install)
{
	unsigned int seed = (unsigned int)_i + 1;
	int line = 0;

	for (int round = 0; round < 2000; round++) {
		const char *lines = NULL;
		char text[2048];
		char *with = NULL;
		char *without = NULL;
		size_t len = random_text(&seed, text, sizeof(text));
		size_t with_len = 0;
		size_t without_len = 0;

		if (crontab_edit_find(text, len, &lines, &with_len, &line) !=
		    CRONTAB_EDIT_UNCHANGED)
			continue;
		ck_assert_int_eq(crontab_edit_install(text, len, ENTRY, &with, &with_len, &line),
				 CRONTAB_EDIT_OK);
		ck_assert_int_eq(crontab_edit_remove(with, with_len, &without, &without_len, &line),
				 CRONTAB_EDIT_OK);
		if (len > 0 && text[len - 1] != '\n')
			(void)snprintf(text + len++, 2, "\n");
		ck_assert_uint_eq(without_len, len);
		ck_assert_str_eq(without, text);
		free(with);
		free(without);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("crontab_edit");
	TCase *tcase = tcase_create("core");

	tcase_add_loop_test(tcase, install_puts_lines_between_markers, 0,
			    sizeof(installs) / sizeof(*installs));
	tcase_add_loop_test(tcase, markers_without_fellow_are_refused, 0,
			    sizeof(refusals) / sizeof(*refusals));
	tcase_add_test(tcase, remove_takes_markers_and_lines);
	tcase_add_test(tcase, find_shows_the_lines);
	tcase_add_test(tcase, nul_is_no_crontab);
	tcase_add_loop_test(tcase, remove_undoes_install, 0, 4);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
