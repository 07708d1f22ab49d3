/* SPDX-License-Identifier: ISC */
/* pathwalk: the way to a file, step by step. Contract: pathwalk.h. */

#include "pidfiles/pathwalk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#define STAND_FLAGS (O_PATH | O_DIRECTORY | O_CLOEXEC)
#define DIR_FLAGS   (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#define FILE_FLAGS  (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
#define LINKS_MAX   40 /* as the kernel has it */

/* Where we stand, and what is still to be walked from there. */
struct walk {
	int fd;
	int links;
	char left[PATH_MAX];
};

bool pathwalk_is_roots_alone(const struct stat *st)
{
	return st->st_uid == 0 && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static int move_to(struct walk *walk, int fd)
{
	if (walk->fd >= 0)
		(void)close(walk->fd); /* it was only a place to stand on */
	walk->fd = fd;
	return fd < 0 ? fd : 0;
}

static int open_start(const char *path)
{
	int fd = open(path[0] == '/' ? "/" : ".", STAND_FLAGS);

	return fd < 0 ? -errno : fd;
}

/* Takes the first name off what is left; *IS_LAST: nothing but slashes is behind it. False: there is none. */
static bool take_name(struct walk *walk, char name[NAME_MAX + 1], bool *is_last)
{
	const char *at = walk->left + strspn(walk->left, "/");
	size_t len = strcspn(at, "/");
	const char *rest = at + len;

	if (len == 0 || len > NAME_MAX)
		return false;
	memcpy(name, at, len);
	name[len] = '\0';
	*is_last = rest[strspn(rest, "/")] == '\0';
	memmove(walk->left, rest, strlen(rest) + 1);
	return true;
}

/* What is left to walk is the target of the link NAME, and then what was left. The owner of the directory could change
 * the link between any check and its use, so only root's own are looked at. */
static int follow(struct walk *walk, const char *name)
{
	char target[PATH_MAX];
	struct stat st;
	size_t rest_len = strlen(walk->left);

	if (fstat(walk->fd, &st) < 0)
		return -errno;
	if (!pathwalk_is_roots_alone(&st) || walk->links++ == LINKS_MAX)
		return -ELOOP;
	ssize_t len = readlinkat(walk->fd, name, target, sizeof(target));
	if (len < 0)
		return -errno;
	if ((size_t)len + 1 + rest_len + 1 > sizeof(walk->left))
		return -ENAMETOOLONG;
	memmove(walk->left + len + 1, walk->left, rest_len + 1);
	memcpy(walk->left, target, (size_t)len);
	walk->left[len] = rest_len > 0 ? '/' : '\0';
	return target[0] == '/' ? move_to(walk, open_start("/")) : 0;
}

/* One step; the last one with LAST_FLAGS. */
static int step(struct walk *walk, int last_flags)
{
	char name[NAME_MAX + 1];
	bool is_last;

	if (!take_name(walk, name, &is_last))
		return -ENAMETOOLONG;
	int next = openat(walk->fd, name, (is_last ? last_flags : STAND_FLAGS) | O_NOFOLLOW);
	if (next >= 0)
		return move_to(walk, next);
	/* A link is ENOTDIR where a directory is asked for, and so is a file. */
	struct stat st;
	int failure = errno;
	if ((failure != ENOTDIR && failure != ELOOP) ||
	    fstatat(walk->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISLNK(st.st_mode))
		return -failure;
	return follow(walk, name);
}

/* From where PATH begins to its end, which is opened with LAST_FLAGS. */
static int walk_to(const char *path, size_t len, int last_flags)
{
	struct walk walk = { .fd = -1 };
	int rc;

	if (len >= sizeof(walk.left))
		return -ENAMETOOLONG;
	memcpy(walk.left, path, len);
	walk.left[len] = '\0';
	rc = move_to(&walk, open_start(path));
	/* "/" and "" have no name in them: where we stand is what was asked for. */
	if (rc == 0 && walk.left[strspn(walk.left, "/")] == '\0')
		memcpy(walk.left, ".", 2);
	while (rc == 0 && walk.left[strspn(walk.left, "/")] != '\0')
		rc = step(&walk, last_flags);
	if (rc == 0)
		return walk.fd;
	(void)move_to(&walk, -1);
	return rc;
}

static int open_plainly(const char *path, int flags)
{
	int fd = open(path, flags);

	return fd < 0 ? -errno : fd;
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int pathwalk_open(const char *path, const char **base)
{
	char directory[PATH_MAX];
	size_t len;

	*base = base_of(path);
	len = (size_t)(*base - path);
	if (geteuid() == 0)
		return walk_to(path, len, STAND_FLAGS);
	if (len >= sizeof(directory))
		return -ENAMETOOLONG;
	memcpy(directory, path, len);
	directory[len] = '\0';
	return open_plainly(len ? directory : ".", STAND_FLAGS);
}

int pathwalk_open_dir(const char *path)
{
	return geteuid() == 0 ? walk_to(path, strlen(path), DIR_FLAGS) : open_plainly(path, DIR_FLAGS);
}

int pathwalk_open_file(const char *path)
{
	return geteuid() == 0 ? walk_to(path, strlen(path), FILE_FLAGS) : open_plainly(path, FILE_FLAGS);
}

/* The directory that the first LEN bytes of PATH name. */
static int make_one(const char *path, size_t len, mode_t mode)
{
	char name[PATH_MAX];
	const char *base;

	if (len >= sizeof(name))
		return -ENAMETOOLONG;
	memcpy(name, path, len);
	name[len] = '\0';
	int fd = pathwalk_open(name, &base);
	if (fd < 0)
		return fd;
	/* Without a name it is "/", which is there. */
	int rc = *base != '\0' && mkdirat(fd, base, mode) < 0 && errno != EEXIST ? -errno : 0;
	(void)close(fd); /* it was only a place to stand on */
	return rc;
}

int pathwalk_make_dir(const char *path, mode_t mode, mode_t mode_above, size_t *failed)
{
	size_t end = strlen(path);
	size_t len = 0;
	int rc = 0;
	int fd = pathwalk_open_dir(path);

	/* Mostly it is there: one walk instead of one for each directory on the way. */
	if (fd >= 0) {
		(void)close(fd); /* it was only looked for */
		if (failed)
			*failed = end;
		return 0;
	}
	while (end > 1 && path[end - 1] == '/')
		end--;
	while (rc == 0 && len < end) {
		len += strspn(path + len, "/");
		len += strcspn(path + len, "/");
		rc = make_one(path, len, len < end ? mode_above : mode);
	}
	if (failed)
		*failed = len;
	return rc;
}
