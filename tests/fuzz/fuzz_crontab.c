/* SPDX-License-Identifier: ISC */
/* A crontab: our lines go in and out, once, and no other byte changes. */
#include <stdlib.h>
#include <string.h>

#include "cron/crontab_edit.h"
#include "tests/fuzz/fuzz.h"
#include "watchdog/act/cronentry.h"

static const char ours[] = "* * * * * /usr/bin/cronherd run\n";

static void check_found(const char *text, size_t len)
{
	const char *lines;
	size_t lines_len;
	int line;

	FUZZ_CHECK(crontab_edit_find(text, len, &lines, &lines_len, &line) == CRONTAB_EDIT_OK);
	FUZZ_CHECK(lines_len == strlen(ours) && memcmp(lines, ours, lines_len) == 0);
}

/* What was installed, taken out again, is TEXT without a region, but for the newline at its end. */
static void check_removed(const char *text, size_t len, const char *with, size_t with_len)
{
	char *plain, *again;
	size_t plain_len, again_len;
	int line;
	enum crontab_edit status = crontab_edit_remove(text, len, &plain, &plain_len, &line);

	FUZZ_CHECK(status == CRONTAB_EDIT_OK || status == CRONTAB_EDIT_UNCHANGED);
	FUZZ_CHECK(crontab_edit_remove(with, with_len, &again, &again_len, &line) ==
		   CRONTAB_EDIT_OK);
	FUZZ_CHECK(again_len >= plain_len && memcmp(again, plain, plain_len) == 0);
	FUZZ_CHECK(again_len == plain_len ||
		   (again_len == plain_len + 1 && again[plain_len] == '\n' &&
		    status == CRONTAB_EDIT_UNCHANGED));
	free(plain);
	free(again);
}

static void check_edit(const char *text, size_t len)
{
	char *with, *same;
	size_t with_len, same_len;
	int line;
	enum crontab_edit status = crontab_edit_install(text, len, ours, &with, &with_len, &line);

	if (status == CRONTAB_EDIT_UNBALANCED || status == CRONTAB_EDIT_NUL) {
		FUZZ_CHECK(status != CRONTAB_EDIT_UNBALANCED || line >= 1);
		FUZZ_CHECK((status == CRONTAB_EDIT_NUL) == (memchr(text, '\0', len) != NULL));
		return;
	}
	check_found(with, with_len);
	FUZZ_CHECK(crontab_edit_install(with, with_len, ours, &same, &same_len, &line) ==
		   CRONTAB_EDIT_UNCHANGED);
	FUZZ_CHECK(same_len == with_len && memcmp(same, with, with_len) == 0);
	check_removed(text, len, with, with_len);
	free(same);
	free(with);
}

/* The line for a program of any path is one line, with no % that crond would take. */
static void check_entry(char *path, int minutes)
{
	struct cronentry entry = {
		.program = path, .config = path, .every_minutes = minutes, .max_linger_s = 50
	};
	struct err err = ERR_INIT;
	char *line = cronentry_format(&entry, &err);

	if (!line) {
		FUZZ_CHECK(err.text[0] && fuzz_is_plain(err.text));
		return;
	}
	FUZZ_CHECK(strchr(line, '\n') == line + strlen(line) - 1);
	for (const char *at = strchr(line, '%'); at; at = strchr(at + 1, '%'))
		FUZZ_CHECK(at > line && at[-1] == '\\');
	free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	char *shown = cronentry_diff(text, size, ours, strlen(ours));

	FUZZ_CHECK(shown != NULL);
	for (const char *at = shown; *at; at++)
		FUZZ_CHECK((unsigned char)*at >= ' ' || *at == '\t' || *at == '\n');
	free(shown);
	check_edit(text, size);
	check_entry(text, size ? data[0] % 61 : 1);
	free(text);
	return 0;
}
