/* SPDX-License-Identifier: ISC */
#include "watchdog/import/supertext.h"

#include <stdlib.h>
#include <string.h>

#include "watchdog/import/exportworker.h"
#include "watchdog/import/ini.h"
#include "watchdog/import/shellwords.h"

/* Of any text its first no characters. */
#define NOTHING "%(program_name).0s"

static void add_number(int width, struct str *out)
{
	if (width > 0)
		str_addf(out, "%%(process_num)0%dd", width);
	else
		str_add(out, "%(process_num)d");
}

static void add_percent(int passes, struct str *out)
{
	for (int i = 0; i < 1 << passes; i++)
		str_add(out, "%");
}

/* Whether what follows a blank, a newline or nothing needs something in front. */
static bool is_lost_there(const char *at)
{
	return *at == '\0' || *at == ';' || *at == '#' || *at == '\n' || ini_space(at) > 0;
}

void supertext_value(const char *text, int passes, struct str *out)
{
	bool is_after_space = true;

	for (size_t len; *text; text += len) {
		int width = exportworker_mark(text);
		size_t space = ini_space(text);

		len = 1;
		if (is_after_space && is_lost_there(text))
			str_add(out, NOTHING);
		if (width >= 0) {
			add_number(width, out);
			len = EXPORTWORKER_MARK_LEN;
		} else if (*text == '\n') {
			str_add(out, "\n ");
		} else if (*text == '%') {
			add_percent(passes, out);
		} else {
			len = space > 0 ? space : 1;
			str_add_n(out, text, len);
		}
		is_after_space = space > 0;
	}
	if (is_after_space && out->len > 0)
		str_add(out, NOTHING);
}

void supertext_words(const struct strlist *words, struct str *out)
{
	char *joined = shellwords_join(words);

	supertext_value(joined, 1, out);
	free(joined);
}

bool supertext_pair(const char *item, struct str *out)
{
	size_t name_len = strcspn(item, "=");
	const char *value = item + name_len + 1;
	size_t len = strlen(value);
	const char *quote = strchr(value, '"') ? "'" : "\"";
	struct str text = STR_INIT;

	/* All quotes at its ends are taken off, and none can be escaped. */
	if (strchr(value, *quote) ||
	    (len > 0 && (strchr("'\"", value[0]) || strchr("'\"", value[len - 1]))))
		return false;
	str_addf(&text, "%.*s=%s%s%s", (int)name_len, item, quote, value, quote);
	supertext_value(str_text(&text), 1, out);
	str_free(&text);
	return true;
}
