/* SPDX-License-Identifier: ISC */
#include "watchdog/store/statedir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pidfiles/pathwalk.h"
#include "watchdog/base/mem.h"

#define LED_ASTRAY "a link on the way to it, in a directory that is not root's alone: name where it leads"

int statedir_make(const char *path, unsigned mode, struct err *err)
{
	/* Root's lie beside other programs' (/var/lib), and a worker's user must get to its log. */
	unsigned mode_above = geteuid() == 0 ? 0755 : 0700;
	size_t failed;
	int rc = pathwalk_make_dir(path, mode, mode_above, &failed);

	if (rc == -ELOOP)
		return err_set(err, ERR_SYSTEM, 0, "cannot make the directory %.*s: " LED_ASTRAY,
			       (int)failed, path);
	if (rc < 0)
		return err_set(err, ERR_SYSTEM, -rc, "cannot make the directory %.*s", (int)failed, path);
	return 0;
}

static int check_owner(int fd, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return err_set(err, ERR_SYSTEM, errno, "cannot look at %s", path);
	if (st.st_uid != geteuid())
		return err_set(err, ERR_SYSTEM, 0,
			       "%s belongs to uid %u, we are uid %u: run as its owner, or set state_dir",
			       path, (unsigned)st.st_uid, (unsigned)geteuid());
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return err_set(err, ERR_SYSTEM, 0, "%s can be written by others: chmod go-w %s", path,
			       path);
	return 0;
}

/* Where PATH lies in the state directory itself, which is open and nobody else's to write to: one step, unless it is a link. As pathwalk_open_dir. */
static int open_within(const struct statedir *dir, const char *path)
{
	size_t len = strlen(dir->path);
	int fd = -1;

	if (dir->fd >= 0 && strncmp(path, dir->path, len) == 0 && path[len] == '/' && !strchr(path + len + 1, '/'))
		fd = openat(dir->fd, path + len + 1, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? pathwalk_open_dir(path) : fd;
}

static int open_directory(const struct statedir *dir, const char *path, unsigned mode, bool is_read_only, int *out,
			  struct err *err)
{
	int fd = open_within(dir, path);

	if (fd == -ENOENT && is_read_only)
		return 0;
	if (fd == -ENOENT) {
		if (statedir_make(path, mode, err))
			return -1;
		fd = pathwalk_open_dir(path);
	}
	if (fd == -ELOOP)
		return err_set(err, ERR_SYSTEM, 0, "cannot open the directory %s: " LED_ASTRAY, path);
	if (fd < 0)
		return err_set(err, ERR_SYSTEM, -fd,
			       "cannot open the directory %s (move away what stands in its place, or give it back to us)",
			       path);
	if (check_owner(fd, path, err)) {
		close(fd);
		return -1;
	}
	*out = fd;
	return 0;
}

/* A room in the state directory, which is open. Missing and not to be made: *OUT stays -1. */
static int open_room(const struct statedir *dir, const char *name, bool is_read_only, int *out,
		     struct err *err)
{
	int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	int fd = openat(dir->fd, name, flags);
	char path[4096];

	if (fd < 0 && errno == ENOENT && is_read_only)
		return 0;
	if (fd < 0 && errno == ENOENT && (mkdirat(dir->fd, name, 0700) == 0 || errno == EEXIST))
		fd = openat(dir->fd, name, flags);
	*out = fd;
	if (fd < 0)
		return err_set(err, ERR_SYSTEM, errno,
			       "cannot open the directory %s/%s (move away what stands in its place, or give it back to us)",
			       dir->path, name);
	(void)snprintf(path, sizeof(path), "%s/%s", dir->path, name);
	return check_owner(fd, path, err);
}

int statedir_open(struct statedir *dir, const char *path, const char *pidfile_dir,
		  bool is_read_only, struct err *err)
{
	*dir = (struct statedir)STATEDIR_INIT;
	dir->path = mem_dup(path);
	if (open_directory(dir, path, 0700, is_read_only, &dir->fd, err))
		return -1;
	if (open_directory(dir, pidfile_dir, 0755, is_read_only, &dir->pidfiles_fd, err))
		return -1;
	if (dir->fd < 0)
		return 0;
	if (open_room(dir, "records", is_read_only, &dir->records_fd, err) ||
	    open_room(dir, "holds", is_read_only, &dir->holds_fd, err) ||
	    open_room(dir, "exits", is_read_only, &dir->exits_fd, err))
		return -1;
	return 0;
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void statedir_close(struct statedir *dir)
{
	close_one(&dir->fd);
	close_one(&dir->pidfiles_fd);
	close_one(&dir->records_fd);
	close_one(&dir->holds_fd);
	close_one(&dir->exits_fd);
	free(dir->path);
	dir->path = NULL;
}
