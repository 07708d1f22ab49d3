/* SPDX-License-Identifier: ISC */
#include "watchdog/store/scales.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pidfiles/atomfile.h"
#include "watchdog/base/hash.h"
#include "watchdog/base/mem.h"
#include "watchdog/base/str.h"
#include "watchdog/base/units.h"

#define FILE_NAME "scale"
/* A line each for ten thousand workers. */
#define TEXT_MAX (4 << 20)
/* As `numprocs` itself allows. */
#define NUMPROCS_MAX 10000

static void parse_line(struct scales *scales, char *line)
{
	char *save;
	char *name = strtok_r(line, " ", &save);
	char *number = strtok_r(NULL, " ", &save);
	char *word = strtok_r(NULL, " ", &save);
	const char *why;
	int64_t numprocs;

	if (!name || !number || !worker_name_is_valid(name, &why) ||
	    units_parse_int(number, 0, NUMPROCS_MAX, &numprocs))
		return;
	scales_set(scales, name, numprocs, word && strcmp(word, "by") == 0 && *save ? save : "a file");
}

int scales_read(struct scales *scales, const struct statedir *dir, struct err *err)
{
	char *text;
	char *save;
	ssize_t len;

	*scales = (struct scales){ 0 };
	/* Hardly ever there: nothing is allocated to find that out. */
	if (dir->fd < 0 || !atomfile_exists(dir->fd, FILE_NAME))
		return 0;
	text = mem_alloc(TEXT_MAX);
	len = atomfile_read(dir->fd, FILE_NAME, text, TEXT_MAX);
	if (len > 0) {
		scales->hash = hash_bytes(HASH_INIT, text, (size_t)len);
		for (char *line = strtok_r(text, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save))
			parse_line(scales, line);
	}
	free(text);
	if (len < 0 && len != -ENOENT)
		return err_set(err, ERR_SYSTEM, (int)-len, "cannot read %s/" FILE_NAME, dir->path);
	return 0;
}

void scales_free(struct scales *scales)
{
	for (size_t i = 0; i < scales->count; i++)
		free(scales->items[i].by);
	free(scales->items);
	*scales = (struct scales){ 0 };
}

const struct scale *scales_find(const struct scales *scales, const char *name)
{
	for (size_t i = 0; i < scales->count; i++)
		if (strcmp(scales->items[i].name, name) == 0)
			return &scales->items[i];
	return NULL;
}

static void drop(struct scales *scales, const char *name)
{
	for (size_t i = 0; i < scales->count; i++) {
		if (strcmp(scales->items[i].name, name) != 0)
			continue;
		free(scales->items[i].by);
		scales->items[i] = scales->items[--scales->count];
		return;
	}
}

void scales_set(struct scales *scales, const char *name, int64_t numprocs, const char *by)
{
	struct scale *scale;

	drop(scales, name);
	if (numprocs < 0)
		return;
	scales->items = mem_resize(scales->items, scales->count + 1, sizeof(*scales->items));
	scale = &scales->items[scales->count++];
	*scale = (struct scale){ .numprocs = numprocs, .by = mem_dup(by) };
	memcpy(scale->name, name, strnlen(name, WORKER_NAME_MAX));
}

int scales_write(const struct scales *scales, const struct statedir *dir, struct err *err)
{
	struct str text = STR_INIT;
	int status = 0;

	for (size_t i = 0; i < scales->count; i++)
		str_addf(&text, "%s %" PRId64 " by %s\n", scales->items[i].name,
			 scales->items[i].numprocs, scales->items[i].by);
	if (text.len)
		status = atomfile_write(dir->fd, FILE_NAME, text.data, text.len, 0600, ATOMFILE_DURABLE);
	else if ((unlinkat(dir->fd, FILE_NAME, 0) && errno != ENOENT) || fsync(dir->fd))
		status = -errno;
	str_free(&text);
	if (status < 0)
		return err_set(err, ERR_SYSTEM, -status, "cannot write %s/" FILE_NAME, dir->path);
	return 0;
}
