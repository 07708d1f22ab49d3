/* SPDX-License-Identifier: ISC */
#include "watchdog/store/complaints.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pidfiles/atomfile.h"
#include "pidfiles/digits.h"
#include "watchdog/base/mem.h"
#include "watchdog/base/utf8.h"

#define LINE_MAX_BYTES 600
#define TEXT_SIZE      (COMPLAINTS_MAX * (LINE_MAX_BYTES + 32))

static const char kinds[] = { [COMPLAINT_STANDING] = '!', [COMPLAINT_NOTE] = '.' };

static void remove_at(struct complaints *complaints, size_t at)
{
	free(complaints->items[at].text);
	complaints->count--;
	memmove(&complaints->items[at], &complaints->items[at + 1],
		(complaints->count - at) * sizeof(*complaints->items));
}

static bool is_about(const struct complaint *complaint, const char *topic)
{
	size_t len = strlen(topic);

	return strncmp(complaint->text, topic, len) == 0 &&
	       strncmp(complaint->text + len, ": ", 2) == 0;
}

static struct complaint *find(const struct complaints *complaints, const char *topic)
{
	for (size_t i = 0; i < complaints->count; i++)
		if (is_about(&complaints->items[i], topic))
			return &complaints->items[i];
	return NULL;
}

/* Takes TEXT over. */
static void add(struct complaints *complaints, enum complaint_kind kind, int64_t wall_ms,
		char *text)
{
	if (complaints->count == COMPLAINTS_MAX) {
		free(text);
		return;
	}
	complaints->items =
		mem_resize(complaints->items, complaints->count + 1, sizeof(*complaints->items));
	complaints->items[complaints->count++] =
		(struct complaint){ .wall_ms = wall_ms, .kind = kind, .text = text };
}

void complaints_set(struct complaints *complaints, enum complaint_kind kind, const char *topic,
		    const char *text, int64_t now_wall_ms)
{
	struct complaint *before = find(complaints, topic);
	char *line = mem_format("%s: %s", topic, text);

	if (strlen(line) > LINE_MAX_BYTES)
		line[LINE_MAX_BYTES] = '\0';
	utf8_make_line(line);
	if (!before) {
		add(complaints, kind, now_wall_ms, line);
		return;
	}
	/* What stands already keeps its time; a note happened now. */
	if (kind == COMPLAINT_NOTE || strcmp(before->text, line) != 0)
		before->wall_ms = now_wall_ms;
	before->kind = kind;
	free(before->text);
	before->text = line;
}

void complaints_clear(struct complaints *complaints, const char *topic)
{
	for (size_t i = complaints->count; i-- > 0;)
		if (is_about(&complaints->items[i], topic))
			remove_at(complaints, i);
}

void complaints_age(struct complaints *complaints, int64_t now_wall_ms)
{
	for (size_t i = complaints->count; i-- > 0;) {
		const struct complaint *complaint = &complaints->items[i];

		if (complaint->kind == COMPLAINT_NOTE &&
		    (complaint->wall_ms > now_wall_ms ||
		     now_wall_ms - complaint->wall_ms > COMPLAINTS_NOTE_MS))
			remove_at(complaints, i);
	}
}

void complaints_free(struct complaints *complaints)
{
	for (size_t i = 0; i < complaints->count; i++)
		free(complaints->items[i].text);
	free(complaints->items);
	*complaints = (struct complaints)COMPLAINTS_INIT;
}

/* ---- text --------------------------------------------------------------------------------- */

void complaints_format(const struct complaints *complaints, struct str *text)
{
	for (size_t i = 0; i < complaints->count; i++)
		str_addf(text, "%" PRId64 " %c %s\n", complaints->items[i].wall_ms,
			 kinds[complaints->items[i].kind], complaints->items[i].text);
}

static void take_line(const char *line, size_t len, struct complaints *complaints)
{
	const char *at = line;
	const char *end = line + len;
	uint64_t wall_ms;
	enum complaint_kind kind;
	char *text;

	if (!digits_take(&at, end, &wall_ms) || wall_ms > INT64_MAX || end - at < 4 ||
	    at[0] != ' ' || at[2] != ' ' || end - at > LINE_MAX_BYTES + 3)
		return;
	if (at[1] == kinds[COMPLAINT_STANDING])
		kind = COMPLAINT_STANDING;
	else if (at[1] == kinds[COMPLAINT_NOTE])
		kind = COMPLAINT_NOTE;
	else
		return;
	text = mem_dup_n(at + 3, (size_t)(end - at - 3));
	utf8_make_line(text);
	if (strstr(text, ": "))
		add(complaints, kind, (int64_t)wall_ms, text);
	else
		free(text);
}

void complaints_parse(const char *text, struct complaints *complaints)
{
	*complaints = (struct complaints)COMPLAINTS_INIT;
	while (*text) {
		size_t len = strcspn(text, "\n");

		take_line(text, len, complaints);
		text += len + (text[len] == '\n');
	}
}

/* ---- the file ----------------------------------------------------------------------------- */

static char *read_file(int state_fd)
{
	char *text;

	/* Mostly there is none: that is to be known for less than room for the longest. */
	if (!atomfile_exists(state_fd, COMPLAINTS_FILE))
		return mem_dup("");
	text = mem_resize(NULL, TEXT_SIZE, 1);
	if (atomfile_read(state_fd, COMPLAINTS_FILE, text, TEXT_SIZE) < 0)
		text[0] = '\0';
	return text;
}

void complaints_load(int state_fd, struct complaints *complaints)
{
	char *text = read_file(state_fd);

	complaints_parse(text, complaints);
	free(text);
}

int complaints_save(int state_fd, const struct complaints *complaints)
{
	struct str text = STR_INIT;
	char *before = read_file(state_fd);
	int status = 0;

	complaints_format(complaints, &text);
	if (strcmp(before, str_text(&text)) == 0)
		; /* as it is */
	else if (text.len)
		status = atomfile_write(state_fd, COMPLAINTS_FILE, text.data, text.len, 0600,
					ATOMFILE_VOLATILE);
	else if (unlinkat(state_fd, COMPLAINTS_FILE, 0) && errno != ENOENT)
		status = -errno;
	free(before);
	str_free(&text);
	return status;
}

void complaints_read(int state_fd, struct strlist *lines)
{
	struct complaints complaints;

	complaints_load(state_fd, &complaints);
	for (size_t i = 0; i < complaints.count; i++)
		strlist_add(lines, complaints.items[i].text);
	complaints_free(&complaints);
}
