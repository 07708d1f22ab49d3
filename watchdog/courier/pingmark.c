/* SPDX-License-Identifier: ISC */
#include "watchdog/courier/pingmark.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pidfiles/atomfile.h"
#include "watchdog/base/mem.h"

#define HEADER	  "cronherd-sent 1\nrid "
#define TEXT_SIZE 65536

static const char *const steps[] = {
	[PINGMARK_STARTED] = " started\n", [PINGMARK_ENDED] = " ended\n"
};

static struct pingmark *find(const struct pingmarks *marks, const char *name)
{
	for (size_t i = 0; i < marks->count; i++)
		if (strcmp(marks->items[i].name, name) == 0)
			return &marks->items[i];
	return NULL;
}

enum pingmark_step pingmark_get(const struct pingmarks *marks, const char *rid, const char *name)
{
	const struct pingmark *mark = find(marks, name);

	return mark && strcmp(marks->rid, rid) == 0 ? mark->step : PINGMARK_NONE;
}

/* Takes NAME over. */
static void add(struct pingmarks *marks, char *name, enum pingmark_step step)
{
	marks->items = mem_resize(marks->items, marks->count + 1, sizeof(*marks->items));
	marks->items[marks->count++] = (struct pingmark){ .name = name, .step = step };
}

void pingmark_set(struct pingmarks *marks, const char *rid, const char *name,
		  enum pingmark_step step)
{
	struct pingmark *mark;

	if (strcmp(marks->rid, rid) != 0) {
		pingmark_free(marks);
		(void)snprintf(marks->rid, sizeof(marks->rid), "%s", rid);
	}
	mark = find(marks, name);
	if (mark)
		mark->step = step;
	else
		add(marks, mem_dup(name), step);
}

void pingmark_free(struct pingmarks *marks)
{
	for (size_t i = 0; i < marks->count; i++)
		free(marks->items[i].name);
	free(marks->items);
	*marks = (struct pingmarks)PINGMARKS_INIT;
}

/* ---- text --------------------------------------------------------------------------------- */

void pingmark_format(const struct pingmarks *marks, struct str *text)
{
	str_addf(text, HEADER "%s\n", marks->rid);
	for (size_t i = 0; i < marks->count; i++)
		if (marks->items[i].step != PINGMARK_NONE)
			str_addf(text, "ping %s%s", marks->items[i].name,
				 steps[marks->items[i].step]);
}

static bool take(const char **at, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*at, word, len) != 0)
		return false;
	*at += len;
	return true;
}

static bool take_mark(const char **at, struct pingmarks *marks)
{
	enum pingmark_step step;
	const char *name;
	size_t len;

	if (!take(at, "ping "))
		return false;
	name = *at;
	len = strcspn(name, " \n");
	*at += len;
	if (len && take(at, steps[PINGMARK_STARTED]))
		step = PINGMARK_STARTED;
	else if (len && take(at, steps[PINGMARK_ENDED]))
		step = PINGMARK_ENDED;
	else
		return false;
	add(marks, mem_dup_n(name, len), step);
	return true;
}

void pingmark_parse(const char *text, struct pingmarks *marks)
{
	const char *at = text;
	size_t len;

	*marks = (struct pingmarks)PINGMARKS_INIT;
	if (!take(&at, HEADER))
		return;
	len = strcspn(at, "\n");
	if (len != BEATFILE_RID_SIZE - 1)
		return;
	memcpy(marks->rid, at, len);
	at += len;
	(void)take(&at, "\n");
	while (*at)
		if (!take_mark(&at, marks)) {
			pingmark_free(marks);
			return;
		}
}

/* ---- the file ----------------------------------------------------------------------------- */

void pingmark_load(int state_fd, struct pingmarks *marks)
{
	char *text = mem_alloc(TEXT_SIZE);

	if (atomfile_read(state_fd, PINGMARK_FILE, text, TEXT_SIZE) < 0)
		text[0] = '\0';
	pingmark_parse(text, marks);
	free(text);
}

int pingmark_save(int state_fd, const struct pingmarks *marks)
{
	struct str text = STR_INIT;
	int status;

	pingmark_format(marks, &text);
	status = atomfile_write(state_fd, PINGMARK_FILE, text.data, text.len, 0600,
				ATOMFILE_VOLATILE);
	str_free(&text);
	return status;
}
