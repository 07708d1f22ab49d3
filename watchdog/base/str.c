/* SPDX-License-Identifier: ISC */
/* str: text that grows, and lists of texts. */
#include "watchdog/base/str.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watchdog/base/mem.h"

#define FIRST_CAP 64

void str_reserve(struct str *str, size_t more)
{
	size_t need;
	size_t cap = str->cap > 0 ? str->cap : FIRST_CAP;

	if (__builtin_add_overflow(str->len + 1, more, &need))
		need = SIZE_MAX; /* mem_resize ends the process */
	if (need <= str->cap)
		return;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	str->data = mem_resize(str->data, cap, 1);
	str->cap = cap;
}

void str_add(struct str *str, const char *text)
{
	str_add_n(str, text, strlen(text));
}

void str_add_n(struct str *str, const char *text, size_t len)
{
	str_reserve(str, len);
	memcpy(str->data + str->len, text, len);
	str->len += len;
	str->data[str->len] = '\0';
}

void str_addf(struct str *str, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	str_addv(str, format, args);
	va_end(args);
}

void str_addv(struct str *str, const char *format, va_list args)
{
	va_list again;

	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	/* Negative: longer than printf can count, which is as good as out of memory. */
	str_reserve(str, len < 0 ? SIZE_MAX : (size_t)len);
	(void)vsnprintf(str->data + str->len, (size_t)len + 1, format, args);
	str->len += (size_t)len;
}

const char *str_text(const struct str *str)
{
	return str->data ? str->data : "";
}

char *str_take(struct str *str)
{
	char *text = str->data ? str->data : mem_dup("");

	*str = (struct str)STR_INIT;
	return text;
}

void str_free(struct str *str)
{
	free(str->data);
	*str = (struct str)STR_INIT;
}

void strlist_add(struct strlist *list, const char *text)
{
	strlist_take(list, mem_dup(text));
}

void strlist_take(struct strlist *list, char *text)
{
	size_t count = list->count;

	/* Grows at 0 and at each power of two, to hold all up to the next one and the NULL:
	 * so no capacity need be kept. */
	if ((count & (count - 1)) == 0)
		list->items = mem_resize(list->items, 2 * count + 2, sizeof(*list->items));
	list->items[count] = text;
	list->items[count + 1] = NULL;
	list->count = count + 1;
}

void strlist_copy(struct strlist *to, const struct strlist *from)
{
	*to = (struct strlist)STRLIST_INIT;
	for (size_t i = 0; i < from->count; i++)
		strlist_add(to, from->items[i]);
}

bool strlist_has(const struct strlist *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], text) == 0)
			return true;
	return false;
}

void strlist_free(struct strlist *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct strlist)STRLIST_INIT;
}
