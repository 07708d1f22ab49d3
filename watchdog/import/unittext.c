/* SPDX-License-Identifier: ISC */
#include "watchdog/import/unittext.h"

#include <string.h>

#include "watchdog/import/exportworker.h"

static void add_mark(int width, int64_t number, struct str *out)
{
	if (number == UNITTEXT_TEMPLATE)
		str_add(out, "%i");
	else
		str_addf(out, "%0*lld", width, (long long)number);
}

/* Bytes that need no quotes anywhere; a mark's first byte is one. */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (!((*text & 0x80) || *text == EXPORTWORKER_MARK ||
		      strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/"
			     ".,:=+@%^-",
			     *text)))
			return false;
	return true;
}

/* One character, which is no mark. */
static void add_character(char byte, bool is_command, struct str *out)
{
	if (byte == '%')
		str_add(out, "%%");
	else if (byte == '$' && is_command)
		str_add(out, "$$");
	else if (byte == '\n')
		str_add(out, "\\n");
	else if (byte == '\t')
		str_add(out, "\\t");
	else if (byte == '"' || byte == '\\')
		str_addf(out, "\\%c", byte);
	else
		str_add_n(out, &byte, 1);
}

void unittext_word(const char *text, int64_t number, bool is_command, struct str *out)
{
	bool is_bare = *text && is_plain(text);

	str_add(out, is_bare ? "" : "\"");
	for (size_t len; *text; text += len) {
		int width = exportworker_mark(text);

		len = width >= 0 ? EXPORTWORKER_MARK_LEN : 1;
		if (width >= 0)
			add_mark(width, number, out);
		else
			add_character(*text, is_command, out);
	}
	str_add(out, is_bare ? "" : "\"");
}

bool unittext_value(const char *text, int64_t number, struct str *out)
{
	size_t text_len = strlen(text);

	/* Blanks at an end are taken off, a backslash has the line go on. */
	if (text_len == 0 || strchr(text, '\n') || strchr(" \t", text[0]) ||
	    strchr(" \t\\", text[text_len - 1]))
		return false;
	for (size_t len; *text; text += len) {
		int width = exportworker_mark(text);

		len = width >= 0 ? EXPORTWORKER_MARK_LEN : 1;
		if (width >= 0)
			add_mark(width, number, out);
		else
			str_add_n(out, *text == '%' ? "%%" : text, *text == '%' ? 2 : 1);
	}
	return true;
}

char *unittext_name(const char *name)
{
	struct str out = STR_INIT;

	for (; *name; name++) {
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-",
			   *name))
			str_add_n(&out, name, 1);
		else
			str_addf(&out, "\\x%02x", (unsigned)(unsigned char)*name);
	}
	return str_take(&out);
}
