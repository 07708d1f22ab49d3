/* SPDX-License-Identifier: ISC */
/* str: text that grows. Always NUL-terminated once anything was added. */
#ifndef WATCHDOG_BASE_STR_H
#define WATCHDOG_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct str {
	char *data; /* NULL while empty: use str_text */
	size_t len;
	size_t cap;
};

#define STR_INIT { .data = NULL }

/* Makes room for MORE bytes at once, for who knows about how much is to come: memory that is not written to costs nothing, growing does. */
void str_reserve(struct str *str, size_t more);
void str_add(struct str *str, const char *text);
void str_add_n(struct str *str, const char *text, size_t len);
void str_addf(struct str *str, const char *format, ...) __attribute__((format(printf, 2, 3)));
void str_addv(struct str *str, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
const char *str_text(const struct str *str); /* "" while empty */
char *str_take(struct str *str);             /* hands the text over (never NULL), leaves STR empty */
void str_free(struct str *str);

/* A list of texts that owns them; grown by these functions alone. */
struct strlist {
	char **items; /* NULL-terminated once anything was added, so that it serves as argv */
	size_t count;
};

#define STRLIST_INIT { .items = NULL }

void strlist_add(struct strlist *list, const char *text); /* copies */
void strlist_take(struct strlist *list, char *text);      /* takes TEXT over */
void strlist_copy(struct strlist *to, const struct strlist *from); /* TO: empty or not yet set */
bool strlist_has(const struct strlist *list, const char *text);
void strlist_free(struct strlist *list);

#endif
