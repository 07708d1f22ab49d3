/* SPDX-License-Identifier: ISC */
#include "watchdog/model/secret.h"

#include <string.h>

static const char prefix[] = "whsec_";
static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#define CURE "; make one by: printf 'whsec_%s\\n' \"$(head -c 32 /dev/urandom | base64)\""

const char *secret_check(const char *text)
{
	if (strncmp(text, prefix, sizeof(prefix) - 1) != 0)
		return "must begin with whsec_" CURE;
	text += sizeof(prefix) - 1;
	size_t len = strlen(text);
	size_t plain = strspn(text, alphabet);
	if (plain < len && strchr("-_", text[plain]))
		return "is in URL-safe base64, which receivers do not read: write + for - and / "
		       "for _";
	if (len % 4 != 0 || len - plain > 2 || strspn(text + plain, "=") != len - plain)
		return "must be base64, with its padding, behind whsec_" CURE;
	size_t bytes = len / 4 * 3 - (len - plain);
	if (len == 0 || bytes < SECRET_BYTES_MIN)
		return "is too short: 24 bytes at least, which are 32 characters behind "
		       "whsec_" CURE;
	if (bytes > SECRET_BYTES_MAX)
		return "is too long: 64 bytes at most, which are 88 characters behind whsec_" CURE;
	return NULL;
}
