/* SPDX-License-Identifier: ISC */
#include "watchdog/store/holds.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pidfiles/atomfile.h"
#include "watchdog/base/dirnames.h"
#include "watchdog/base/mem.h"
#include "watchdog/base/units.h"

#define HOLD_SIZE 512

static void free_text(const char *text)
{
	free((char *)(uintptr_t)text);
}

static void parse_boot(struct holds_boot *boot, const char *text)
{
	struct holds_boot read = { .id = "" };

	if (sscanf(text, "%39s %" SCNu64, read.id, &read.init_ticks) == 2 &&
	    procid_is_boot_id(read.id, strlen(read.id)))
		*boot = read;
}

static void parse_line(struct hold *hold, const char *line)
{
	int64_t seconds;

	if (strncmp(line, "until ", 6) == 0 &&
	    units_parse_int(line + 6, 1, INT64_MAX / 1000, &seconds) == 0) {
		hold->until_wall_ms = seconds * 1000;
	} else if (strncmp(line, "boot ", 5) == 0) {
		parse_boot(&hold->boot, line + 5);
	} else if (strncmp(line, "by ", 3) == 0) {
		free_text(hold->by);
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
	free_text(hold->target);
	free_text(hold->by);
}

static bool is_same_boot(const struct holds_boot *a, const struct holds_boot *b)
{
	return strcmp(a->id, b->id) == 0 &&
	       (!a->init_ticks || !b->init_ticks || a->init_ticks == b->init_ticks);
}

bool hold_has_end(const struct hold *hold)
{
	return hold->until_wall_ms || hold->boot.id[0];
}

static bool is_over(const struct hold *hold, const struct holds_now *now)
{
	if (hold->until_wall_ms > now->wall_ms)
		return false;
	if (hold->boot.id[0] && is_same_boot(&hold->boot, &now->boot))
		return false;
	return hold_has_end(hold);
}

static void add(struct holds *holds, struct hold *hold, const struct holds_now *now)
{
	if (is_over(hold, now)) {
		free_one(hold);
		return;
	}
	holds->items = mem_resize(holds->items, holds->count + 1, sizeof(*holds->items));
	holds->items[holds->count++] = *hold;
}

int holds_read(struct holds *holds, const struct statedir *dir, const struct holds_now *now,
	       struct err *err)
{
	struct dirnames names;
	const char *name;

	*holds = (struct holds){ 0 };
	if (dir->holds_fd < 0)
		return 0;
	dirnames_begin(&names, dir->holds_fd);
	while ((name = dirnames_next(&names))) {
		struct hold hold;

		if (name[0] == '.')
			continue;
		hold = read_one(dir, name);
		add(holds, &hold, now);
	}
	if (names.failure)
		return err_set(err, ERR_SYSTEM, names.failure, "cannot read %s/holds", dir->path);
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

/* 1 where the file NAME holds NOW, 0 where it does not, or a negative errno. */
static int ask_one(const struct statedir *dir, const char *name, const struct holds_now *now)
{
	struct hold hold;
	struct stat st;
	bool holds;

	if (fstatat(dir->holds_fd, name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : -errno;
	hold = read_one(dir, name);
	holds = !is_over(&hold, now);
	free_one(&hold);
	return holds;
}

int holds_ask(const struct statedir *dir, const struct instance *instance,
	      const struct holds_now *now)
{
	char id[INSTANCE_ID_SIZE];
	const char *names[] = { instance->name, instance_id(instance, id), HOLDS_ALL };
	int status = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && status == 0; i++)
		status = ask_one(dir, names[i], now);
	return status;
}

int holds_place(const struct statedir *dir, const struct hold *hold, struct err *err)
{
	char text[HOLD_SIZE];
	int len = snprintf(text, sizeof(text), "by %.200s\n", hold->by);
	int status;

	if (hold->until_wall_ms)
		len += snprintf(text + len, sizeof(text) - (size_t)len, "until %" PRId64 "\n",
				hold->until_wall_ms / 1000);
	if (hold->boot.id[0])
		len += snprintf(text + len, sizeof(text) - (size_t)len, "boot %s %" PRIu64 "\n",
				hold->boot.id, hold->boot.init_ticks);
	status = atomfile_write(dir->holds_fd, hold->target, text, (size_t)len, 0600,
				ATOMFILE_DURABLE);
	if (status < 0)
		return err_set(err, ERR_SYSTEM, -status, "cannot write the hold %s/holds/%s", dir->path,
			       hold->target);
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
