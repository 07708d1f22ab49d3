/* SPDX-License-Identifier: ISC */
/* utf8: UTF-8 after RFC 3629. */
#include "watchdog/base/utf8.h"

#include <stdint.h>
#include <string.h>

size_t utf8_len(const char *text, size_t left)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *byte = (const unsigned char *)text;

	if (byte[0] < 0x80)
		return 1;
	if (byte[0] < 0xC0 || byte[0] > 0xF4)
		return 0;

	size_t len = byte[0] < 0xE0 ? 2 : byte[0] < 0xF0 ? 3 : 4;
	if (len > left)
		return 0;
	uint32_t code = byte[0] & (0x7FU >> len);
	for (size_t i = 1; i < len; i++) {
		if ((byte[i] & 0xC0) != 0x80)
			return 0;
		code = code << 6 | (byte[i] & 0x3F);
	}
	if (code < least[len] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
		return 0;
	return len;
}

static bool is_control(char byte)
{
	return (unsigned char)byte < 0x20 || byte == 0x7F;
}

bool utf8_is_value(const char *text)
{
	for (size_t left = strlen(text), len; left > 0; text += len, left -= len) {
		len = utf8_len(text, left);
		if (len == 0 || (is_control(*text) && *text != '\t' && *text != '\n'))
			return false;
	}
	return true;
}

/* U+0080 to U+009F: a terminal takes the one at 9B for an escape sequence's beginning. */
static bool is_high_control(const char *text, size_t len)
{
	return len == 2 && (unsigned char)text[0] == 0xC2 && (unsigned char)text[1] < 0xA0;
}

void utf8_make_line(char *text)
{
	for (size_t left = strlen(text), len; left > 0; text += len, left -= len) {
		len = utf8_len(text, left);
		if (len == 0 || is_control(*text) || is_high_control(text, len)) {
			*text = '?';
			len = 1;
		}
	}
}

void utf8_repair(const char *text, size_t len, struct str *out)
{
	size_t good = 0;

	for (size_t at = 0, step; at < len; at += step) {
		step = utf8_len(text + at, len - at);
		if (step > 0 && text[at] != '\0')
			continue;
		step = 1;
		str_add_n(out, text + good, at - good);
		str_add(out, "\xEF\xBF\xBD");
		good = at + 1;
	}
	str_add_n(out, text + good, len - good);
}
