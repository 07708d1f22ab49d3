/* SPDX-License-Identifier: ISC */
#include "watchdog/net/clip.h"

#include <string.h>

#include "watchdog/base/utf8.h"

void clip_add(struct str *out, const char *text, size_t max)
{
	struct str repaired = STR_INIT;
	const char *data;
	size_t len = 0;
	size_t step;

	utf8_repair(text, strlen(text), &repaired);
	data = str_text(&repaired);
	while (len < repaired.len && (step = utf8_len(data + len, repaired.len - len)) <= max - len)
		len += step;
	str_add_n(out, data, len);
	str_free(&repaired);
}
