/* SPDX-License-Identifier: ISC */
#include "watchdog/import/yamltext.h"

static void indent(struct str *out, int depth)
{
	for (int i = 0; i < depth; i++)
		str_add(out, "  ");
}

static void quote(struct str *out, const char *text)
{
	str_add(out, "\"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			str_addf(out, "\\%c", *text);
		else if (*text == '\n')
			str_add(out, "\\n");
		else if (*text == '\t')
			str_add(out, "\\t");
		else if ((unsigned char)*text < 0x20 || *text == 0x7F)
			str_addf(out, "\\x%02x", (unsigned)(unsigned char)*text);
		else if ((unsigned char)text[0] == 0xC2 && (unsigned char)text[1] < 0xA0) {
			/* Control characters of Latin 1, a line end among them. */
			str_addf(out, "\\x%02x", (unsigned)(unsigned char)text[1]);
			text++;
		} else if ((unsigned char)text[0] == 0xE2 && (unsigned char)text[1] == 0x80 &&
			   ((unsigned char)text[2] & 0xFE) == 0xA8) {
			/* Line and paragraph separator. */
			str_addf(out, "\\u20%02x", (unsigned)(unsigned char)text[2] - 0x80);
			text += 2;
		} else {
			str_add_n(out, text, 1);
		}
	}
	str_add(out, "\"");
}

void yamltext_key(struct str *out, int depth, const char *key)
{
	indent(out, depth);
	str_addf(out, "%s:\n", key);
}

void yamltext_text(struct str *out, int depth, const char *key, const char *text)
{
	indent(out, depth);
	str_addf(out, "%s: ", key);
	quote(out, text);
	str_add(out, "\n");
}

void yamltext_number(struct str *out, int depth, const char *key, int64_t number)
{
	indent(out, depth);
	str_addf(out, "%s: %lld\n", key, (long long)number);
}

void yamltext_item(struct str *out, int depth, const char *text)
{
	indent(out, depth);
	str_add(out, "- ");
	quote(out, text);
	str_add(out, "\n");
}
