/* SPDX-License-Identifier: ISC */
#include "watchdog/import/superscope.h"

#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/units.h"
#include "watchdog/base/utf8.h"

/* ---- parsers ------------------------------------------------------------------------------ */

static char *strip(const char *text)
{
	size_t step, len;

	while ((step = ini_space(text)) > 0)
		text += step;
	len = strlen(text);
	while (len > 0 && strchr(" \t\n", text[len - 1]))
		len--;
	return mem_dup_n(text, len);
}

int superscope_parse_int(const char *text, int64_t *value)
{
	char *digits = strip(text);
	const char *at = digits;
	bool is_negative = *at == '-';
	int rc;

	if (*at == '-' || *at == '+')
		at++;
	rc = *at >= '0' && *at <= '9' ? units_parse_int(at, 0, INT64_MAX, value) : -1;
	if (rc == 0 && is_negative)
		*value = -*value;
	free(digits);
	return rc;
}

int superscope_parse_bool(const char *text, bool *value)
{
	static const char *const yes[] = { "yes", "true", "on", "1" };
	static const char *const no[] = { "no", "false", "off", "0" };

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		*value = strcasecmp(text, yes[i]) == 0;
		if (*value || strcasecmp(text, no[i]) == 0)
			return 0;
	}
	return -1;
}

int superscope_parse_size(const char *text, int64_t *bytes)
{
	static const char *const suffixes[] = { "kb", "mb", "gb" };
	char *copy = strip(text);
	size_t len = strlen(copy);
	int64_t factor = 1;
	int rc;

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (len >= 2 && strcasecmp(copy + len - 2, suffixes[i]) == 0) {
			factor = INT64_C(1024) << (10 * i);
			copy[len - 2] = '\0';
			break;
		}
	}
	rc = superscope_parse_int(copy, bytes);
	if (rc == 0 && __builtin_mul_overflow(*bytes, factor, bytes))
		rc = -1;
	free(copy);
	return rc;
}

void superscope_items(const char *text, struct strlist *items)
{
	while (*text) {
		size_t len = strcspn(text, ",");
		char *part = mem_dup_n(text, len);

		strlist_take(items, strip(part));
		free(part);
		text += len;
		if (*text == ',' && *++text == '\0')
			strlist_add(items, "");
	}
}

char *superscope_here(const char *file)
{
	const char *slash = strrchr(file, '/');
	char folder[PATH_MAX];
	char *here;

	if (file[0] == '/')
		here = mem_dup_n(file, slash == file ? 1 : (size_t)(slash - file));
	else if (!getcwd(folder, sizeof(folder)))
		return NULL;
	else
		here = slash ? mem_format("%s/%.*s", folder, (int)(slash - file), file)
			     : mem_dup(folder);
	if (utf8_is_value(here) && !strchr(here, '\n'))
		return here;
	free(here);
	return NULL;
}

/* ---- a section ---------------------------------------------------------------------------- */

bool superscope_has(const struct superscope *scope, const char *key)
{
	return ini_value(scope->ini, scope->section, key) != NULL;
}

struct importer_place superscope_place(const struct superscope *scope, const char *key)
{
	const struct ini_value *value = ini_value(scope->ini, scope->section, key);

	return value ? ini_place(value) : ini_section_place(scope->section);
}

void superscope_fail(struct superscope *scope, const char *key, const char *format, ...)
{
	struct str text = STR_INIT;
	va_list args;

	va_start(args, format);
	str_addv(&text, format, args);
	va_end(args);
	importer_fail(scope->importer, superscope_place(scope, key), "[%s] %s: %s",
		      scope->section->name, key, str_text(&text));
	str_free(&text);
	scope->is_bad = true;
}

/* TEXT, freed, expanded once; NULL where that fails. */
static char *expand_once(struct superscope *scope, const char *key, char *text)
{
	struct str out = STR_INIT;
	struct err err = ERR_INIT;

	switch (pyformat_expand(&scope->format, text, &out, &err)) {
	case PYFORMAT_DONE:
		break;
	case PYFORMAT_EACH:
		scope->is_each = true;
		free(text);
		return NULL;
	case PYFORMAT_BAD:
		superscope_fail(scope, key, "'%.200s': %s", text, err.text);
		free(text);
		return NULL;
	}
	free(text);
	return str_take(&out);
}

char *superscope_text(struct superscope *scope, const char *key, int passes)
{
	const struct ini_value *value = ini_value(scope->ini, scope->section, key);
	char *here, *text;

	if (!value)
		return NULL;
	here = superscope_here(value->file);
	scope->format.here = here;
	text = mem_dup(value->text);
	for (int pass = 0; text && pass < passes; pass++)
		text = expand_once(scope, key, text);
	scope->format.here = NULL;
	free(here);
	return text;
}

int64_t superscope_int(struct superscope *scope, const char *key, int64_t fallback)
{
	char *text = superscope_text(scope, key, 1);
	int64_t value = fallback;

	if (text && superscope_parse_int(text, &value) != 0) {
		superscope_fail(scope, key, "'%.200s' is no whole number", text);
		value = fallback;
	}
	free(text);
	return value;
}

bool superscope_bool(struct superscope *scope, const char *key, bool fallback)
{
	char *text = superscope_text(scope, key, 1);
	bool value = fallback;

	if (text && superscope_parse_bool(text, &value) != 0) {
		superscope_fail(scope, key, "'%.200s' is neither true nor false", text);
		value = fallback;
	}
	free(text);
	return value;
}

int64_t superscope_size(struct superscope *scope, const char *key, int64_t fallback)
{
	char *text = superscope_text(scope, key, 1);
	int64_t value = fallback;

	if (text && superscope_parse_size(text, &value) != 0) {
		superscope_fail(scope, key, "'%.200s' is no size: a whole number, and KB, MB or GB",
				text);
		value = fallback;
	}
	free(text);
	return value;
}
