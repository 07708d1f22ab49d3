/* SPDX-License-Identifier: ISC */
#include "watchdog/net/percent.h"

#include <string.h>

void percent_add(struct str *out, const char *text, const char *plain)
{
	while (*text) {
		size_t len = strspn(text, plain);

		str_add_n(out, text, len);
		text += len;
		if (*text)
			str_addf(out, "%%%02X", (unsigned int)(unsigned char)*text++);
	}
}
