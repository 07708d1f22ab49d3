/* SPDX-License-Identifier: ISC */
#include "watchdog/import/confvalue.h"

#include <string.h>

/* The quoted text at AT (at its quote) to ITEMS; gives what follows, or NULL. */
static const char *quoted(const char *at, struct strlist *items)
{
	struct str text = STR_INIT;

	for (at++; *at != '"'; at++) {
		if (*at == '\\' && at[1] != '\0') {
			at++;
			str_add_n(&text, *at == 'n' ? "\n" : at, 1);
		} else if (*at != '\0') {
			str_add_n(&text, at, 1);
		} else {
			str_free(&text);
			return NULL;
		}
	}
	strlist_take(items, str_take(&text));
	return at + 1;
}

/* AT: at the brace. */
static const char *list(const char *at, struct strlist *items)
{
	at += 1 + strspn(at + 1, " ");
	if (*at == '}')
		return at + 1;
	for (;;) {
		if (*at != '"' || !(at = quoted(at, items)))
			return NULL;
		at += strspn(at, " ");
		if (*at == '}')
			return at + 1;
		if (*at != ',')
			return NULL;
		at += 1 + strspn(at + 1, " ");
	}
}

static const char *bare(const char *at, struct strlist *items)
{
	size_t len = strcspn(at, " \t\n\r\"'#={}()+,*");

	if (len == 0 || at[len] != '\0')
		return NULL;
	strlist_add(items, at);
	return at + len;
}

bool confvalue_read(const char *text, struct strlist *items)
{
	const char *end;

	if (*text == '"')
		end = quoted(text, items);
	else if (*text == '{')
		end = list(text, items);
	else
		end = bare(text, items);
	if (end && *end == '\0')
		return true;
	strlist_free(items);
	return false;
}
