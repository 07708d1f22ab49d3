/* SPDX-License-Identifier: ISC */
/* width: UTF-8, East Asian wide characters, and marks that stand on the one before. */
#include "watchdog/report/width.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "watchdog/base/utf8.h"

struct range {
	uint32_t first, last;
};

/* Combining marks, joiners and variation selectors of the scripts that names are written in. */
static const struct range empty[] = {
	{ 0x0300, 0x036F }, { 0x0483, 0x0489 }, { 0x0591, 0x05BD }, { 0x064B, 0x065F },
	{ 0x093A, 0x093A }, { 0x0941, 0x0948 }, { 0x094D, 0x094D }, { 0x0E31, 0x0E31 },
	{ 0x0E34, 0x0E3A }, { 0x0E47, 0x0E4E }, { 0x1AB0, 0x1AFF }, { 0x1DC0, 0x1DFF },
	{ 0x200B, 0x200F }, { 0x202A, 0x202E }, { 0x2060, 0x2064 }, { 0x20D0, 0x20FF },
	{ 0xFE00, 0xFE0F }, { 0xFE20, 0xFE2F }, { 0xFEFF, 0xFEFF }, { 0xE0100, 0xE01EF },
};

static const struct range wide[] = {
	{ 0x1100, 0x115F },   { 0x2E80, 0x303E },   { 0x3041, 0x33FF },	  { 0x3400, 0x4DBF },
	{ 0x4E00, 0x9FFF },   { 0xA000, 0xA4CF },   { 0xAC00, 0xD7A3 },	  { 0xF900, 0xFAFF },
	{ 0xFE30, 0xFE6F },   { 0xFF00, 0xFF60 },   { 0xFFE0, 0xFFE6 },	  { 0x1F300, 0x1F64F },
	{ 0x1F680, 0x1F6FF }, { 0x1F900, 0x1F9FF }, { 0x20000, 0x3FFFD },
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static bool is_in(const struct range *ranges, size_t count, uint32_t code)
{
	for (size_t i = 0; i < count && ranges[i].first <= code; i++)
		if (code <= ranges[i].last)
			return true;
	return false;
}

static uint32_t decode(const char *text, size_t len)
{
	unsigned char lead = (unsigned char)text[0];
	uint32_t code = len == 1 ? lead : lead & (0x7FU >> len);

	for (size_t i = 1; i < len; i++)
		code = code << 6 | ((unsigned char)text[i] & 0x3FU);
	return code;
}

/* Columns of the character at TEXT; its bytes to LEN. What is no UTF-8 counts by the byte. */
static size_t step(const char *text, size_t left, size_t *len)
{
	uint32_t code;

	*len = utf8_len(text, left);
	if (*len <= 1) {
		*len = 1;
		return 1;
	}
	code = decode(text, *len);
	if (is_in(empty, COUNT(empty), code))
		return 0;
	return is_in(wide, COUNT(wide), code) ? 2 : 1;
}

size_t width_prefix(const char *text, size_t columns)
{
	size_t used = 0;
	size_t at = 0;
	size_t all = strlen(text);

	while (at < all) {
		size_t len;
		size_t more = step(text + at, all - at, &len);

		if (used + more > columns)
			break;
		used += more;
		at += len;
	}
	return at;
}

size_t width_of(const char *text)
{
	size_t used = 0;
	size_t len;

	for (size_t left = strlen(text); left > 0; text += len, left -= len)
		used += step(text, left, &len);
	return used;
}
