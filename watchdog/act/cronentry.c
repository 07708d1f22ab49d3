/* SPDX-License-Identifier: ISC */
/* cronentry: builds our line of a crontab and shows how it changes. No I/O. */
#include <config.h>

#include "watchdog/act/cronentry.h"

#include <stdbool.h>
#include <string.h>

#include "watchdog/base/str.h"

struct lines {
	const char *text;
	size_t len;
};

static int check_path(const char *what, const char *path, struct err *err)
{
	if (path[0] != '/')
		return err_set(err, ERR_USAGE, 0,
			       "%s \"%s\" is not an absolute path, and cron has another directory",
			       what, path);
	for (const char *at = path; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return err_set(err, ERR_USAGE, 0,
				       "%s \"%s\" holds a control character, which a crontab "
				       "cannot express",
				       what, path);
	return 0;
}

static int check(const struct cronentry *entry, struct err *err)
{
	int every = entry->every_minutes;

	if (every < 1 || every > 60 || 60 % every != 0)
		return err_set(
			err, ERR_USAGE, 0,
			"every %d minutes would be uneven at the full hour; take 1, 2, 3, 4, "
			"5, 6, 10, 12, 15, 20, 30 or 60",
			every);
	if (check_path("the program", entry->program, err) < 0)
		return -1;
	return entry->config ? check_path("the configuration", entry->config, err) : 0;
}

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (unsigned char)c >= 0x80 || strchr("/._-+,:@=%", c);
}

/*
 * cron replaces \% and passes over a backslash and what follows it. A backslash of the path
 * is always in quotes here, and the quote that closes them stands between it and our \%.
 */
static void add_path(struct str *line, const char *path)
{
	bool quoted = false;

	for (const char *at = path; *at; at++)
		quoted = quoted || !is_plain(*at);
	if (quoted)
		str_add(line, "'");
	for (const char *at = path; *at; at++) {
		if (*at == '%')
			str_add(line, quoted ? "'\\%'" : "\\%");
		else if (*at == '\'')
			str_add(line, "'\\''");
		else
			str_add_n(line, at, 1);
	}
	if (quoted)
		str_add(line, "'");
}

static void add_when(struct str *line, int every_minutes)
{
	if (every_minutes == 1)
		str_add(line, "* * * * * ");
	else if (every_minutes == 60)
		str_add(line, "0 * * * * ");
	else
		str_addf(line, "*/%d * * * * ", every_minutes);
}

static void add_linger(struct str *line, const struct cronentry *entry)
{
	int linger_s = entry->every_minutes * 60 - CRONENTRY_GAP_S;

	/* cron's own minute needs none: a plain round is called again soon enough. */
	if (entry->every_minutes == 1 || entry->max_linger_s <= 0)
		return;
	if (linger_s > entry->max_linger_s)
		linger_s = entry->max_linger_s;
	str_add(line, " --for ");
	if (linger_s >= 60)
		str_addf(line, "%dmin", linger_s / 60);
	if (linger_s % 60 != 0)
		str_addf(line, "%ds", linger_s % 60);
}

char *cronentry_format(const struct cronentry *entry, struct err *err)
{
	struct str line = STR_INIT;

	if (check(entry, err) < 0)
		return NULL;
	add_when(&line, entry->every_minutes);
	add_path(&line, entry->program);
	if (entry->config) {
		str_add(&line, " -c ");
		add_path(&line, entry->config);
	}
	str_add(&line, " run");
	add_linger(&line, entry);
	str_add(&line, "\n");
	return str_take(&line);
}

/* Takes the first line (with its newline, where it has one) off LINES. */
static struct lines take_first(struct lines *lines)
{
	const char *newline = memchr(lines->text, '\n', lines->len);
	struct lines first = { lines->text, lines->len };

	if (newline)
		first.len = (size_t)(newline - lines->text) + 1;
	lines->text += first.len;
	lines->len -= first.len;
	return first;
}

static struct lines take_last(struct lines *lines)
{
	size_t start = lines->len;

	while (start > 0 && (start == lines->len || lines->text[start - 1] != '\n'))
		start--;
	struct lines last = { lines->text + start, lines->len - start };
	lines->len = start;
	return last;
}

static bool same(struct lines a, struct lines b)
{
	return a.len == b.len && memcmp(a.text, b.text, a.len) == 0;
}

static void add_lines(struct str *diff, char sign, struct lines lines)
{
	while (lines.len > 0) {
		struct lines line = take_first(&lines);

		str_add_n(diff, &sign, 1);
		for (size_t i = 0; i < line.len && line.text[i] != '\n'; i++) {
			unsigned char c = (unsigned char)line.text[i];
			bool shown = (c >= ' ' && c != 0x7f) || c == '\t';
			str_add_n(diff, shown ? line.text + i : "?", 1);
		}
		str_add(diff, "\n");
	}
}

/* Moves what both begin with (or end with) out of them; returns it. */
static struct lines take_common(struct lines *a, struct lines *b,
				struct lines (*take)(struct lines *))
{
	struct lines whole = *a;

	while (a->len > 0 && b->len > 0) {
		struct lines a_left = *a;
		struct lines b_left = *b;

		if (!same(take(&a_left), take(&b_left)))
			break;
		*a = a_left;
		*b = b_left;
	}
	if (take == take_first)
		return (struct lines){ whole.text, whole.len - a->len };
	return (struct lines){ a->text + a->len, whole.len - a->len };
}

char *cronentry_diff(const char *old_lines, size_t old_len, const char *new_lines, size_t new_len)
{
	struct lines before = { old_lines ? old_lines : "", old_lines ? old_len : 0 };
	struct lines after = { new_lines ? new_lines : "", new_lines ? new_len : 0 };
	struct str diff = STR_INIT;

	if (same(before, after))
		return str_take(&diff);
	struct lines head = take_common(&before, &after, take_first);
	struct lines tail = take_common(&before, &after, take_last);
	add_lines(&diff, ' ', head);
	add_lines(&diff, '-', before);
	add_lines(&diff, '+', after);
	add_lines(&diff, ' ', tail);
	return str_take(&diff);
}
