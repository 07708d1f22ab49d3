/* SPDX-License-Identifier: ISC */
#include "watchdog/import/unitname.h"

#include <stdlib.h>
#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/str.h"

#define NAME_MAX_LEN 255

static bool is_name(const char *text, size_t len)
{
	static const char all[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@";

	return len > 0 && strspn(text, all) >= len;
}

bool unitname_parse(const char *text, struct unitname *name)
{
	const char *slash = strrchr(text, '/');
	const char *base = slash ? slash + 1 : text;
	const char *dot = strrchr(base, '.');
	const char *at = strchr(base, '@');
	size_t len = strlen(base);

	if (len > NAME_MAX_LEN || !dot || dot == base || dot[1] == '\0' || !is_name(base, len))
		return false;
	if (at && (at > dot || at == base))
		return false;
	name->full = mem_dup(base);
	name->prefix = mem_dup_n(base, (size_t)((at ? at : dot) - base));
	name->instance = at ? mem_dup_n(at + 1, (size_t)(dot - at - 1)) : NULL;
	name->suffix = mem_dup(dot + 1);
	return true;
}

void unitname_free(struct unitname *name)
{
	free(name->full);
	free(name->prefix);
	free(name->instance);
	free(name->suffix);
	*name = (struct unitname){ .full = NULL };
}

char *unitname_template(const struct unitname *name)
{
	if (!name->instance || name->instance[0] == '\0')
		return NULL;
	return mem_format("%s@.%s", name->prefix, name->suffix);
}

static int hex(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10;
	return -1;
}

static char *unescape(const char *text, const char *dash)
{
	struct str out = STR_INIT;

	for (; *text; text++) {
		if (*text == '-') {
			str_add(&out, dash);
		} else if (text[0] == '\\' && text[1] == 'x' && hex(text[2]) >= 0 &&
			   hex(text[3]) >= 0 && hex(text[2]) * 16 + hex(text[3]) > 0) {
			char byte = (char)(hex(text[2]) * 16 + hex(text[3]));
			str_add_n(&out, &byte, 1);
			text += 3;
		} else {
			str_add_n(&out, text, 1);
		}
	}
	return str_take(&out);
}

char *unitname_unescape(const char *text)
{
	return unescape(text, "/");
}

char *unitname_plain(const char *text)
{
	return unescape(text, "-");
}
