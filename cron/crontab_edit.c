/* SPDX-License-Identifier: ISC */
/*
 * crontab_edit: finds our markers and builds the text without, or with another, region.
 * May not do any I/O, and never guesses where a marker should have been.
 */
#include <config.h>

#include "cron/crontab_edit.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Offsets into the text: [begin, body) is the one marker's line, [body_end, end) the other's. */
struct region {
	bool found;
	size_t begin;
	size_t body;
	size_t body_end;
	size_t end;
};

struct piece {
	const char *data;
	size_t len;
};

static bool is_marker(const char *line, size_t len, const char *marker)
{
	if (len > 0 && line[len - 1] == '\n')
		len--;
	if (len > 0 && line[len - 1] == '\r')
		len--;
	return len == strlen(marker) && memcmp(line, marker, len) == 0;
}

static size_t line_length(const char *line, size_t rest)
{
	const char *newline = memchr(line, '\n', rest);

	return newline ? (size_t)(newline - line) + 1 : rest;
}

static enum crontab_edit unbalanced(int *line, int number)
{
	*line = number;
	return CRONTAB_EDIT_UNBALANCED;
}

/* A second region is refused like a lone marker: which of the two is ours is not known. */
static enum crontab_edit find_region(const char *text, size_t len, struct region *region, int *line)
{
	int open_line = 0;
	int number = 0;

	*region = (struct region){ .found = false };
	if (len == 0)
		return CRONTAB_EDIT_OK;
	if (memchr(text, '\0', len))
		return CRONTAB_EDIT_NUL;
	for (size_t at = 0, next; at < len; at = next) {
		next = at + line_length(text + at, len - at);
		number++;
		if (is_marker(text + at, next - at, CRONTAB_EDIT_BEGIN)) {
			if (region->found || open_line)
				return unbalanced(line, number);
			open_line = number;
			region->begin = at;
			region->body = next;
		} else if (is_marker(text + at, next - at, CRONTAB_EDIT_END)) {
			if (!open_line)
				return unbalanced(line, number);
			open_line = 0;
			region->found = true;
			region->body_end = at;
			region->end = next;
		}
	}
	return open_line ? unbalanced(line, open_line) : CRONTAB_EDIT_OK;
}

static enum crontab_edit join(const struct piece *pieces, size_t count, char **out, size_t *out_len)
{
	size_t len = 0;
	size_t at = 0;

	for (size_t i = 0; i < count; i++)
		len += pieces[i].len;
	char *joined = malloc(len + 1);
	if (!joined)
		return CRONTAB_EDIT_NOMEM;
	for (size_t i = 0; i < count; i++) {
		if (pieces[i].len > 0)
			memcpy(joined + at, pieces[i].data, pieces[i].len);
		at += pieces[i].len;
	}
	joined[len] = '\0';
	*out = joined;
	*out_len = len;
	return CRONTAB_EDIT_OK;
}

static enum crontab_edit copy(const char *text, size_t len, char **out, size_t *out_len)
{
	enum crontab_edit result = join(&(struct piece){ text, len }, 1, out, out_len);

	return result == CRONTAB_EDIT_OK ? CRONTAB_EDIT_UNCHANGED : result;
}

static enum crontab_edit append(const char *text, size_t len, const char *lines, char **out,
				size_t *out_len)
{
	bool unfinished = len > 0 && text[len - 1] != '\n';
	const struct piece pieces[] = {
		{ text, len },
		{ "\n", unfinished ? 1 : 0 },
		{ CRONTAB_EDIT_BEGIN "\n", sizeof(CRONTAB_EDIT_BEGIN "\n") - 1 },
		{ lines, strlen(lines) },
		{ CRONTAB_EDIT_END "\n", sizeof(CRONTAB_EDIT_END "\n") - 1 },
	};

	return join(pieces, sizeof(pieces) / sizeof(*pieces), out, out_len);
}

enum crontab_edit crontab_edit_install(const char *text, size_t len, const char *lines, char **out,
				       size_t *out_len, int *line)
{
	struct region region;
	enum crontab_edit result = find_region(text, len, &region, line);
	size_t lines_len = strlen(lines);

	if (result != CRONTAB_EDIT_OK)
		return result;
	if (!region.found)
		return append(text, len, lines, out, out_len);
	if (region.body_end - region.body == lines_len &&
	    memcmp(text + region.body, lines, lines_len) == 0)
		return copy(text, len, out, out_len);
	const struct piece pieces[] = {
		{ text, region.body },
		{ lines, lines_len },
		{ text + region.body_end, len - region.body_end },
	};
	return join(pieces, sizeof(pieces) / sizeof(*pieces), out, out_len);
}

enum crontab_edit crontab_edit_remove(const char *text, size_t len, char **out, size_t *out_len,
				      int *line)
{
	struct region region;
	enum crontab_edit result = find_region(text, len, &region, line);

	if (result != CRONTAB_EDIT_OK)
		return result;
	if (!region.found)
		return copy(text, len, out, out_len);
	const struct piece pieces[] = {
		{ text, region.begin },
		{ text + region.end, len - region.end },
	};
	return join(pieces, sizeof(pieces) / sizeof(*pieces), out, out_len);
}

enum crontab_edit crontab_edit_find(const char *text, size_t len, const char **lines,
				    size_t *lines_len, int *line)
{
	struct region region;
	enum crontab_edit result = find_region(text, len, &region, line);

	if (result != CRONTAB_EDIT_OK)
		return result;
	if (!region.found)
		return CRONTAB_EDIT_UNCHANGED;
	*lines = text + region.body;
	*lines_len = region.body_end - region.body;
	return CRONTAB_EDIT_OK;
}
