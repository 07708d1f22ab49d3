/* SPDX-License-Identifier: ISC */
/* pathwalk: the way to a directory, step by step. Contract: pathwalk.h. */

#include "pidfiles/pathwalk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLAGS (O_PATH | O_DIRECTORY | O_CLOEXEC)

/* One step of the way down. FD's owner could change a link between any check and its use. */
static int step(int fd, const char *name)
{
	struct stat st;
	int next = openat(fd, name, FLAGS | O_NOFOLLOW);

	if (next >= 0)
		return next;
	if (errno != ENOTDIR && errno != ELOOP)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return -ELOOP;
	next = openat(fd, name, FLAGS);
	return next < 0 ? -errno : next;
}

static int walk(char *path)
{
	int fd = open(path[0] == '/' ? "/" : ".", FLAGS);
	char *save;

	if (fd < 0)
		return -errno;
	for (char *name = strtok_r(path, "/", &save); name && fd >= 0;
	     name = strtok_r(NULL, "/", &save)) {
		int next = step(fd, name);

		(void)close(fd); /* it was only a place to stand on */
		fd = next;
	}
	return fd;
}

int pathwalk_open(const char *path, const char **base)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) + 1 : 0;
	char directory[PATH_MAX];

	*base = path + len;
	if (len >= sizeof(directory))
		return -ENAMETOOLONG;
	memcpy(directory, path, len);
	directory[len] = '\0';
	/* Who is not root can be led nowhere that is not open to him anyway. */
	if (geteuid() == 0)
		return walk(directory);
	int fd = open(len ? directory : ".", FLAGS);
	return fd < 0 ? -errno : fd;
}
