/* SPDX-License-Identifier: ISC */
/* A command and other texts with %-sequences: words and paths, or an error of one line; words
 * quoted again give the same words. */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "watchdog/base/mem.h"
#include "watchdog/config/expand.h"
#include "watchdog/import/pyshlex.h"
#include "watchdog/import/shellcommand.h"
#include "watchdog/import/shellwords.h"

static void expect_same(const struct strlist *a, const struct strlist *b)
{
	FUZZ_CHECK(a->count == b->count);
	for (size_t i = 0; i < a->count; i++)
		FUZZ_CHECK(strcmp(a->items[i], b->items[i]) == 0);
}

static void check_quoted(const struct strlist *words)
{
	struct strlist again = STRLIST_INIT;
	struct err err = ERR_INIT;
	char *text = shellwords_join(words);

	FUZZ_CHECK(expand_split(text, &again, &err) == 0);
	expect_same(words, &again);
	strlist_free(&again);
	free(text);
}

static void check_split(const char *text)
{
	struct strlist words = STRLIST_INIT;
	struct strlist pythons = STRLIST_INIT;
	struct err err = ERR_INIT;

	if (expand_split(text, &words, &err))
		FUZZ_CHECK(err.text[0] && fuzz_is_plain(err.text));
	else
		check_quoted(&words);
	if (!pyshlex_split(text, &pythons))
		check_quoted(&pythons);
	strlist_free(&words);
	strlist_free(&pythons);
}

static void check_pairs(const char *text)
{
	struct strlist items = STRLIST_INIT;
	char *cut = NULL;

	if (!pyshlex_pairs(text, &items, &cut))
		for (size_t i = 0; i < items.count; i++)
			FUZZ_CHECK(strchr(items.items[i], '=') != NULL);
	free(cut);
	strlist_free(&items);
}

static void check_expanded(const char *text)
{
	struct config config = { .main_file = (char[]){ "/etc/main.conf" } };
	struct worker worker = { .name = (char[]){ "mail" } };
	struct instance instance = { .name = "mail", .number = 12, .worker = &worker };
	struct err err = ERR_INIT;
	char *plain = expand_text(text, &config, &instance, "user", "/home/user", &err);
	char *path = expand_path(text, "/base", &config, &instance, "user", "/home/user", &err);

	FUZZ_CHECK(plain || (err.text[0] && fuzz_is_plain(err.text)));
	FUZZ_CHECK(!path || path[0] == '/');
	if (plain && !strchr(text, '%'))
		FUZZ_CHECK(strcmp(plain, text) == 0);
	free(plain);
	free(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	bool is_shell;
	char *command = shellcommand_make(text, &is_shell);

	FUZZ_CHECK(command != NULL);
	free(command);
	check_split(text);
	check_pairs(text);
	check_expanded(text);
	free(text);
	return 0;
}
