/* SPDX-License-Identifier: ISC */
#include "watchdog/model/template.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "watchdog/base/nearest.h"
#include "watchdog/base/utf8.h"

static const char *const names[] = {
	[TEMPLATE_ID] = "id",
	[TEMPLATE_TYPE] = "type",
	[TEMPLATE_SOURCE] = "source",
	[TEMPLATE_SUBJECT] = "subject",
	[TEMPLATE_HOST] = "host",
	[TEMPLATE_USER] = "user",
	[TEMPLATE_TIME] = "time",
	[TEMPLATE_WORKER] = "worker",
	[TEMPLATE_INSTANCE] = "instance",
	[TEMPLATE_PID] = "pid",
	[TEMPLATE_COMMAND] = "command",
	[TEMPLATE_REASON] = "reason",
	[TEMPLATE_EXIT_CODE] = "exit_code",
	[TEMPLATE_SIGNAL] = "signal",
	[TEMPLATE_UPTIME_S] = "uptime_s",
	[TEMPLATE_RSS_BYTES] = "rss_bytes",
	[TEMPLATE_MEMORY_LIMIT_BYTES] = "memory_limit_bytes",
	[TEMPLATE_RESTARTS] = "restarts",
	[TEMPLATE_NEXT_START_AT] = "next_start_at",
	[TEMPLATE_LOG_TAIL] = "log_tail",
	[TEMPLATE_MESSAGE] = "message",
	[TEMPLATE_SENTENCE] = "sentence",
	NULL,
};
_Static_assert(sizeof(names) / sizeof(names[0]) == TEMPLATE_NAME_COUNT + 1, "a name is missing");

enum filter { FILTER_JSON, FILTER_RAW, FILTER_URL, FILTER_TEXT };

static const char *const filters[] = {
	[FILTER_JSON] = "json",
	[FILTER_RAW] = "raw",
	[FILTER_URL] = "url",
	[FILTER_TEXT] = "text",
	NULL,
};

const char *template_name_text(enum template_name name)
{
	return names[name];
}

/* ---- tags --------------------------------------------------------------------------------- */

#define WORD_SIZE 40

struct tag {
	const char *begin; /* at "{{" */
	const char *end;   /* behind "}}"; NULL: it is not closed */
	int name;	   /* -1: none of ours; likewise: */
	int filter;
	char name_text[WORD_SIZE];
	char filter_text[WORD_SIZE]; /* "" where there is none */
};

/* What of FROM to TO is no blank at its ends, cut where it is too long to be a word of ours. */
static void copy_word(char word[WORD_SIZE], const char *from, const char *to)
{
	while (from < to && strchr(" \t\n", *from))
		from++;
	while (to > from && strchr(" \t\n", to[-1]))
		to--;
	(void)snprintf(word, WORD_SIZE, "%.*s",
		       (int)(to - from < WORD_SIZE ? to - from : WORD_SIZE), from);
}

static int find(const char *const *words, const char *word)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -1;
}

/* The first tag at or behind TEXT; false where there is none. */
static bool next_tag(const char *text, struct tag *tag)
{
	const char *begin = strstr(text, "{{");

	if (!begin)
		return false;
	const char *close = strstr(begin + 2, "}}");
	*tag = (struct tag){ .begin = begin,
			     .end = close ? close + 2 : NULL,
			     .filter = FILTER_JSON };
	if (!close)
		return true;
	const char *bar = memchr(begin + 2, '|', (size_t)(close - begin - 2));
	copy_word(tag->name_text, begin + 2, bar ? bar : close);
	tag->name = find(names, tag->name_text);
	if (bar) {
		copy_word(tag->filter_text, bar + 1, close);
		tag->filter = find(filters, tag->filter_text);
	}
	return true;
}

/* ---- checking ----------------------------------------------------------------------------- */

struct place {
	int line;
	int column; /* in characters, from 1 */
};

static struct place place_of(const char *text, const char *at)
{
	struct place place = { .line = 1, .column = 1 };

	for (; text < at; text++) {
		if (*text == '\n')
			place = (struct place){ .line = place.line + 1, .column = 1 };
		else if (((unsigned char)*text & 0xC0) != 0x80)
			place.column++;
	}
	return place;
}

static const char *refuse_word(const char *kind, const char *word, const char *const *known,
			       const struct place *place, char *buf, size_t size)
{
	const char *near = nearest_of(word, known);
	struct str list = STR_INIT;

	for (size_t i = 0; !near && known[i]; i++)
		str_addf(&list, "%s%s", i ? " " : "", known[i]);
	(void)snprintf(buf, size,
		       "has an unknown %s '%s' at line %d, column %d of its text (%s %s%s", kind,
		       word, place->line, place->column, near ? "did you mean" : "known are",
		       near ? near : str_text(&list), near ? "?)" : ")");
	str_free(&list);
	return buf;
}

const char *template_check(const char *text, char *buf, size_t size)
{
	struct tag tag;

	for (const char *at = text; next_tag(at, &tag); at = tag.end) {
		struct place place = place_of(text, tag.begin);

		if (!tag.end) {
			(void)snprintf(
				buf, size,
				"has a '{{' at line %d, column %d of its text that no '}}' closes",
				place.line, place.column);
			return buf;
		}
		if (tag.name < 0)
			return refuse_word("name", tag.name_text, names, &place, buf, size);
		if (tag.filter < 0)
			return refuse_word("filter", tag.filter_text, filters, &place, buf, size);
	}
	return NULL;
}

/* ---- filling in --------------------------------------------------------------------------- */

static void add_json(const char *value, struct str *out)
{
	static const char named[] = "\b\f\n\r\t\"\\";
	static const char letters[] = "bfnrt\"\\";

	for (; *value != '\0'; value++) {
		const char *at = strchr(named, *value);
		if (at)
			str_addf(out, "\\%c", letters[at - named]);
		else if ((unsigned char)*value < 0x20)
			str_addf(out, "\\u%04x", (unsigned)(unsigned char)*value);
		else
			str_add_n(out, value, 1);
	}
}

static void add_url(const char *value, struct str *out)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~";

	for (; *value != '\0'; value++) {
		if (strchr(plain, *value))
			str_add_n(out, value, 1);
		else
			str_addf(out, "%%%02X", (unsigned)(unsigned char)*value);
	}
}

static void add_text(const char *value, struct str *out)
{
	for (; *value != '\0'; value++) {
		bool steers = ((unsigned char)*value < 0x20 && *value != '\n' && *value != '\t') ||
			      *value == 0x7F;
		str_add_n(out, steers ? "?" : value, 1);
	}
}

static void add_value(const char *value, enum filter filter, struct str *out)
{
	struct str repaired = STR_INIT;

	utf8_repair(value, strlen(value), &repaired);
	switch (filter) {
	case FILTER_JSON:
		add_json(str_text(&repaired), out);
		break;
	case FILTER_RAW:
		str_add(out, str_text(&repaired));
		break;
	case FILTER_URL:
		add_url(str_text(&repaired), out);
		break;
	case FILTER_TEXT:
		add_text(str_text(&repaired), out);
		break;
	}
	str_free(&repaired);
}

void template_expand(const char *text, template_lookup *lookup, void *context, struct str *out)
{
	const char *at = text;
	struct tag tag;

	while (next_tag(at, &tag) && tag.end) {
		str_add_n(out, at, (size_t)(tag.begin - at));
		if (tag.name < 0 || tag.filter < 0) {
			str_add_n(out, tag.begin, (size_t)(tag.end - tag.begin));
		} else {
			const char *value = lookup((enum template_name)tag.name, context);
			if (value)
				add_value(value, (enum filter)tag.filter, out);
		}
		at = tag.end;
	}
	str_add(out, at);
}
