/* SPDX-License-Identifier: ISC */
#include "watchdog/net/encodedword.h"

#include <stdbool.h>
#include <string.h>

#include "watchdog/base/utf8.h"

#define BEGIN "=?UTF-8?Q?"
#define END   "?="
/* Of a word, 75 are allowed. */
#define PAYLOAD_MAX (75 - strlen(BEGIN) - strlen(END))

static bool is_plain(const char *text)
{
	for (const char *at = text; *at; at++)
		if ((unsigned char)*at < 0x20 || (unsigned char)*at > 0x7E)
			return false;
	return !strstr(text, "=?");
}

/* One byte as "Q" has it. */
static void add_byte(struct str *out, char byte)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789!*+-/";

	if (byte == ' ')
		str_add(out, "_");
	else if (memchr(plain, byte, sizeof(plain) - 1))
		str_add_n(out, &byte, 1);
	else
		str_addf(out, "=%02X", (unsigned int)(unsigned char)byte);
}

void encodedword_add(struct str *out, const char *text)
{
	size_t left = strlen(text);
	size_t used = 0;
	size_t len;

	if (is_plain(text)) {
		str_add(out, text);
		return;
	}
	str_add(out, BEGIN);
	for (; left > 0; text += len, left -= len) {
		struct str coded = STR_INIT;

		len = utf8_len(text, left);
		len = len > 0 ? len : 1;
		for (size_t i = 0; i < len; i++)
			add_byte(&coded, text[i]);
		if (used + coded.len > PAYLOAD_MAX) {
			str_add(out, END " " BEGIN);
			used = 0;
		}
		str_add(out, coded.data);
		used += coded.len;
		str_free(&coded);
	}
	str_add(out, END);
}
