/* SPDX-License-Identifier: ISC */
/* pyshlex: the states of shlex.read_token. */
#include "watchdog/import/pyshlex.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "watchdog/base/mem.h"

#define NO_QUOTE "a quote is not closed"

static bool is_among(char byte, const char *set)
{
	return byte != '\0' && strchr(set, byte);
}

/* ---- split -------------------------------------------------------------------------------- */

/* The quoted part at AT (at its quote) to WORD; gives what follows, or NULL. */
static const char *quoted(const char *at, struct str *word, const char **why)
{
	char quote = *at++;

	for (; *at != quote; at++) {
		if (quote == '"' && *at == '\\') {
			at++;
			if (*at != '\\' && *at != '"' && *at != '\0')
				str_add(word, "\\");
		}
		if (*at == '\0') {
			*why = NO_QUOTE;
			return NULL;
		}
		str_add_n(word, at, 1);
	}
	return at + 1;
}

/* The word at AT, which is no white space; gives what follows, or NULL. */
static const char *read_word(const char *at, struct str *word, const char **why)
{
	while (at && *at && !is_among(*at, " \t\r\n")) {
		if (*at == '\'' || *at == '"') {
			at = quoted(at, word, why);
			continue;
		}
		if (*at == '\\' && *++at == '\0') {
			*why = "it ends with a backslash";
			return NULL;
		}
		str_add_n(word, at++, 1);
	}
	return at;
}

const char *pyshlex_split(const char *text, struct strlist *words)
{
	const char *why = NULL;

	for (;;) {
		struct str word = STR_INIT;

		text += strspn(text, " \t\r\n");
		if (*text == '\0')
			return NULL;
		text = read_word(text, &word, &why);
		if (!text) {
			str_free(&word);
			return why;
		}
		strlist_take(words, str_take(&word));
	}
}

/* ---- pairs -------------------------------------------------------------------------------- */

/* \1 and \2 begin our marks, which stand for letters or digits. */
static bool is_word(char byte)
{
	return is_among(
		byte, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/.+-():\1\2");
}

static const char *skip_comment(const char *at)
{
	at += strcspn(at, "\n");
	return *at == '\n' ? at + 1 : at;
}

/* A comment within a token swallows its line, and the token goes on with the next. */
static const char *read_bare(const char *at, struct str *token)
{
	while (*at == '#' || is_word(*at) || is_among(*at, "'\"")) {
		if (*at == '#')
			at = skip_comment(at);
		else
			str_add_n(token, at++, 1);
	}
	return at;
}

/* The next token, quotes and all, to TOKEN, which stays empty at the end; gives what follows, or
 * NULL. */
static const char *read_token(const char *at, struct str *token)
{
	while (is_among(*at, " \t\r\n#"))
		at = *at == '#' ? skip_comment(at) : at + 1;
	if (*at == '\0')
		return at;
	if (is_among(*at, "'\"")) {
		const char *end = strchr(at + 1, *at);

		if (!end)
			return NULL;
		str_add_n(token, at, (size_t)(end - at) + 1);
		return end + 1;
	}
	if (is_word(*at))
		return read_bare(at, token);
	do
		str_add_n(token, at++, 1);
	while ((*at & 0xC0) == 0x80);
	return at;
}

static const char *tokenize(const char *text, struct strlist *tokens)
{
	for (;;) {
		struct str token = STR_INIT;

		text = read_token(text, &token);
		if (!text || token.len == 0) {
			str_free(&token);
			return text ? NULL : NO_QUOTE;
		}
		strlist_take(tokens, str_take(&token));
	}
}

/* TOKEN without the quotes around it, however many. */
static char *unquote(const char *token)
{
	size_t len;

	token += strspn(token, "'\"");
	len = strlen(token);
	while (len > 0 && is_among(token[len - 1], "'\""))
		len--;
	return mem_dup_n(token, len);
}

const char *pyshlex_pairs(const char *text, struct strlist *items, char **cut)
{
	struct strlist tokens = STRLIST_INIT;
	const char *why = tokenize(text, &tokens);

	for (size_t i = 0; !why && i < tokens.count; i += 4) {
		char **token = tokens.items + i;

		if (i + 2 >= tokens.count || strcmp(token[1], "=") != 0) {
			why = "it must be KEY=\"value\",KEY2=\"value\"; values with other "
			      "characters than letters, digits "
			      "and _/.+-(): need quotes";
			break;
		}
		char *value = unquote(token[2]);
		strlist_take(items, mem_format("%s=%s", token[0], value));
		free(value);
		if (i + 3 < tokens.count && strcmp(token[3], ",") != 0 && cut && !*cut)
			*cut = mem_dup(token[0]);
	}
	strlist_free(&tokens);
	return why;
}
