/* SPDX-License-Identifier: ISC */
#include "watchdog/import/unitwords.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static int digit(char byte, int base)
{
	int value = -1;

	if (byte >= '0' && byte <= '9')
		value = byte - '0';
	else if (byte >= 'a' && byte <= 'f')
		value = byte - 'a' + 10;
	else if (byte >= 'A' && byte <= 'F')
		value = byte - 'A' + 10;
	return value < base ? value : -1;
}

static void add_character(uint32_t code, struct str *out)
{
	char bytes[5] = { 0 };

	if (code < 0x80) {
		bytes[0] = (char)code;
	} else if (code < 0x800) {
		bytes[0] = (char)(0xC0 | code >> 6);
		bytes[1] = (char)(0x80 | (code & 0x3F));
	} else if (code < 0x10000) {
		bytes[0] = (char)(0xE0 | code >> 12);
		bytes[1] = (char)(0x80 | (code >> 6 & 0x3F));
		bytes[2] = (char)(0x80 | (code & 0x3F));
	} else {
		bytes[0] = (char)(0xF0 | code >> 18);
		bytes[1] = (char)(0x80 | (code >> 12 & 0x3F));
		bytes[2] = (char)(0x80 | (code >> 6 & 0x3F));
		bytes[3] = (char)(0x80 | (code & 0x3F));
	}
	str_add(out, bytes);
}

/* COUNT digits of BASE at AT; false where they are not all there, or their number is none of a
 * character's. */
static bool number(const char *at, int count, int base, uint32_t most, uint32_t *code)
{
	*code = 0;
	for (int i = 0; i < count; i++) {
		if (digit(at[i], base) < 0)
			return false;
		*code = *code * (uint32_t)base + (uint32_t)digit(at[i], base);
	}
	return *code > 0 && *code <= most && !(*code >= 0xD800 && *code <= 0xDFFF);
}

/* AT: behind a backslash. Gives what follows the escape; one that is none stays as it is, backslash
 * and all. */
static const char *escape(const char *at, struct str *out)
{
	static const char from[] = "abfnrtv\\\"'s";
	static const char to[] = "\a\b\f\n\r\t\v\\\"' ";
	const char *known = *at ? strchr(from, *at) : NULL;
	uint32_t code;

	if (known) {
		str_add_n(out, &to[known - from], 1);
		return at + 1;
	}
	if (*at == 'x' && number(at + 1, 2, 16, 0xFF, &code)) {
		char byte = (char)code;
		str_add_n(out, &byte, 1);
		return at + 3;
	}
	if (number(at, 3, 8, 0xFF, &code)) {
		char byte = (char)code;
		str_add_n(out, &byte, 1);
		return at + 3;
	}
	if ((*at == 'u' && number(at + 1, 4, 16, 0xFFFF, &code)) ||
	    (*at == 'U' && number(at + 1, 8, 16, 0x10FFFF, &code))) {
		add_character(code, out);
		return at + (*at == 'u' ? 5 : 9);
	}
	str_add(out, "\\");
	return at;
}

/* The word at AT, which is no blank; gives what follows, or NULL where a quote stays open. */
static const char *read_word(const char *at, struct str *word)
{
	char quote = '\0';

	for (; *at && (quote || !strchr(" \t\n", *at));) {
		if (*at == '\\' && at[1] != '\0') {
			at = escape(at + 1, word);
		} else if (quote ? *at == quote : *at == '"' || *at == '\'') {
			quote = quote ? '\0' : *at;
			at++;
		} else {
			str_add_n(word, at++, 1);
		}
	}
	return quote ? NULL : at;
}

/* Whether a ";" stands at AT, and nothing else in its word. */
static bool is_alone(const char *at)
{
	return at[0] == ';' && (at[1] == '\0' || strchr(" \t\n", at[1]));
}

const char *unitwords_split(const char *text, struct strlist *words)
{
	for (;;) {
		struct str word = STR_INIT;

		text += strspn(text, " \t\n");
		if (*text == '\0')
			return NULL;
		if (text[0] == '\\' && is_alone(text + 1)) {
			strlist_add(words, ";");
			text += 2;
			continue;
		}
		bool is_end = is_alone(text);
		text = read_word(text, &word);
		if (!text) {
			str_free(&word);
			return "a quote is not closed";
		}
		if (is_end) {
			str_free(&word);
			str_add(&word, UNITWORDS_END);
		}
		strlist_take(words, str_take(&word));
	}
}
