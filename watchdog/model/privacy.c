/* SPDX-License-Identifier: ISC */
#include "watchdog/model/privacy.h"

#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/model/url.h"

char *privacy_text(enum option_privacy privacy, const char *value)
{
	struct str text = STR_INIT;

	switch (privacy) {
	case OPTION_OPEN:
		return mem_dup(value);
	case OPTION_URL:
		url_add_public(value, &text);
		return str_take(&text);
	case OPTION_HEADERS:
		return mem_format("%.*s: %s", (int)strcspn(value, ":"), value, URL_CUT);
	case OPTION_SECRET:
		break;
	}
	return mem_dup(URL_CUT);
}
