/* SPDX-License-Identifier: ISC */
#include "watchdog/store/holds.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pidfiles/atomfile.h"
#include "watchdog/base/mem.h"
#include "watchdog/base/units.h"

#define HOLD_SIZE 512

static void parse_line(struct hold *hold, const char *line)
{
	int64_t seconds;

	if (strncmp(line, "until ", 6) == 0 &&
	    units_parse_int(line + 6, 1, INT64_MAX / 1000, &seconds) == 0) {
		hold->until_wall_ms = seconds * 1000;
	} else if (strncmp(line, "by ", 3) == 0) {
		free(hold->by);
		hold->by = mem_dup(line + 3);
	}
}

/* Unreadable or odd content still holds, without an end. */
static struct hold read_one(const struct statedir *dir, const char *name)
{
	struct hold hold = { .target = mem_dup(name), .by = mem_dup("a file") };
	char text[HOLD_SIZE];
	char *save;

	if (atomfile_read(dir->holds_fd, name, text, sizeof(text)) < 0)
		return hold;
	for (char *line = strtok_r(text, "\r\n", &save); line; line = strtok_r(NULL, "\r\n", &save))
		parse_line(&hold, line);
	return hold;
}

static void free_one(struct hold *hold)
{
	free(hold->target);
	free(hold->by);
}

static void add(struct holds *holds, const struct hold *hold, int64_t now_wall_ms)
{
	struct hold copy = *hold;

	if (copy.until_wall_ms && copy.until_wall_ms <= now_wall_ms) {
		free_one(&copy);
		return;
	}
	holds->items = mem_resize(holds->items, holds->count + 1, sizeof(*holds->items));
	holds->items[holds->count++] = copy;
}

/* A directory stream of our own, so that the statedir keeps its descriptor. */
static DIR *open_stream(const struct statedir *dir)
{
	int fd = openat(dir->holds_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);

	if (!stream && fd >= 0)
		close(fd);
	return stream;
}

int holds_read(struct holds *holds, const struct statedir *dir, int64_t now_wall_ms,
	       struct err *err)
{
	struct dirent *entry;
	DIR *stream;
	int failed;

	*holds = (struct holds){ 0 };
	if (dir->holds_fd < 0)
		return 0;
	stream = open_stream(dir);
	if (!stream)
		return err_set(err, ERR_SYSTEM, errno, "cannot read %s/holds", dir->path);
	while (errno = 0, (entry = readdir(stream))) {
		struct hold hold;

		if (entry->d_name[0] == '.')
			continue;
		hold = read_one(dir, entry->d_name);
		add(holds, &hold, now_wall_ms);
	}
	failed = errno;
	closedir(stream);
	if (failed)
		return err_set(err, ERR_SYSTEM, failed, "cannot read %s/holds", dir->path);
	return 0;
}

void holds_free(struct holds *holds)
{
	for (size_t i = 0; i < holds->count; i++)
		free_one(&holds->items[i]);
	free(holds->items);
	*holds = (struct holds){ 0 };
}

const struct hold *holds_find(const struct holds *holds, const struct instance *instance)
{
	char id[INSTANCE_ID_SIZE];

	if (!holds->count)
		return NULL;
	instance_id(instance, id);
	for (size_t i = 0; i < holds->count; i++) {
		const char *target = holds->items[i].target;

		if (strcmp(target, instance->name) == 0 || strcmp(target, id) == 0 ||
		    strcmp(target, HOLDS_ALL) == 0)
			return &holds->items[i];
	}
	return NULL;
}

/* 1 where the file NAME holds at NOW, 0 where it does not, or a negative errno. */
static int ask_one(const struct statedir *dir, const char *name, int64_t now_wall_ms)
{
	struct hold hold;
	struct stat st;
	bool is_over;

	if (fstatat(dir->holds_fd, name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : -errno;
	hold = read_one(dir, name);
	is_over = hold.until_wall_ms && hold.until_wall_ms <= now_wall_ms;
	free_one(&hold);
	return !is_over;
}

int holds_ask(const struct statedir *dir, const struct instance *instance, int64_t now_wall_ms)
{
	char id[INSTANCE_ID_SIZE];
	const char *names[] = { instance->name, instance_id(instance, id), HOLDS_ALL };
	int status = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && status == 0; i++)
		status = ask_one(dir, names[i], now_wall_ms);
	return status;
}

int holds_place(const struct statedir *dir, const char *target, const char *by,
		int64_t until_wall_ms, struct err *err)
{
	char text[HOLD_SIZE];
	int len = snprintf(text, sizeof(text), "by %.200s\n", by);
	int status;

	if (until_wall_ms)
		len += snprintf(text + len, sizeof(text) - (size_t)len, "until %" PRId64 "\n",
				until_wall_ms / 1000);
	status = atomfile_write(dir->holds_fd, target, text, (size_t)len, 0600, ATOMFILE_DURABLE);
	if (status < 0)
		return err_set(err, ERR_SYSTEM, -status, "cannot write the hold %s/holds/%s", dir->path,
			       target);
	return 0;
}

int holds_lift(const struct statedir *dir, const char *target, struct err *err)
{
	if (unlinkat(dir->holds_fd, target, 0) && errno != ENOENT)
		return err_set(err, ERR_SYSTEM, errno, "cannot remove the hold %s/holds/%s", dir->path,
			       target);
	if (fsync(dir->holds_fd) && errno != EINVAL && errno != EROFS)
		return err_set(err, ERR_SYSTEM, errno, "cannot sync %s/holds", dir->path);
	return 0;
}
