/* SPDX-License-Identifier: ISC */
#include "watchdog/base/dirnames.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As in getdents(2). */
struct entry {
	uint64_t inode;
	int64_t offset;
	uint16_t size;
	uint8_t type;
	char name[];
};

void dirnames_begin(struct dirnames *names, int fd)
{
	names->fd = fd;
	names->failure = lseek(fd, 0, SEEK_SET) < 0 ? errno : 0;
	names->at = names->len = 0;
}

/* Whether there is at least one more. */
static int fill(struct dirnames *names)
{
	long got = names->failure ? -1 : syscall(SYS_getdents64, names->fd, names->entries, sizeof(names->entries));

	if (got < 0 && !names->failure)
		names->failure = errno;
	names->at = 0;
	names->len = got > 0 ? (size_t)got : 0;
	return got > 0;
}

static int is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

const char *dirnames_next(struct dirnames *names)
{
	while (names->at < names->len || fill(names)) {
		const struct entry *entry = (const void *)((const char *)names->entries + names->at);

		names->at += entry->size;
		names->type = entry->type;
		if (!is_dots(entry->name))
			return entry->name;
	}
	return NULL;
}
