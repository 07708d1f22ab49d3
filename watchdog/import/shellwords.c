/* SPDX-License-Identifier: ISC */
#include "watchdog/import/shellwords.h"

#include <stdbool.h>
#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/config/expand.h"

/* Bytes that mean nothing to any shell wherever they stand. \1 and \2 begin our marks. */
static bool is_plain(char byte)
{
	return (byte & 0x80) ||
	       (byte != '\0' && strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789_/.,:=+@%^-\1\2",
				       byte));
}

void shellwords_quote(const char *word, struct str *text)
{
	size_t plain = 0;

	while (is_plain(word[plain]))
		plain++;
	if (plain > 0 && word[plain] == '\0') {
		str_add(text, word);
		return;
	}
	str_add(text, "'");
	for (; *word; word++)
		str_add_n(text, *word == '\'' ? "'\\''" : word, *word == '\'' ? 4 : 1);
	str_add(text, "'");
}

char *shellwords_join(const struct strlist *words)
{
	struct str text = STR_INIT;

	for (size_t i = 0; i < words->count; i++) {
		str_add(&text, i ? " " : "");
		shellwords_quote(words->items[i], &text);
	}
	return str_take(&text);
}

static bool is_same(const struct strlist *a, const struct strlist *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

char *shellwords_keep(const char *text, const struct strlist *words)
{
	struct strlist ours = STRLIST_INIT;
	bool is_kept = !strchr(text, '\n') && expand_split(text, &ours, NULL) == 0 &&
		       is_same(&ours, words);

	strlist_free(&ours);
	return is_kept ? mem_dup(text) : shellwords_join(words);
}
