/* SPDX-License-Identifier: ISC */
#include "watchdog/store/statedir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "watchdog/base/mem.h"

int statedir_make(const char *path, unsigned mode, struct err *err)
{
	/* Root's lie beside other programs' (/var/lib), and a worker's user must get to its log. */
	unsigned mode_above = geteuid() == 0 ? 0755 : 0700;
	char *copy = mem_dup(path);
	int status = 0;

	for (char *slash = strchr(copy + 1, '/');; slash = strchr(slash + 1, '/')) {
		if (slash)
			*slash = '\0';
		if (mkdir(copy, slash ? mode_above : mode) && errno != EEXIST && errno != EISDIR) {
			status = err_set(err, ERR_SYSTEM, errno, "cannot make the directory %s", copy);
			break;
		}
		if (!slash)
			break;
		*slash = '/';
	}
	free(copy);
	return status;
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

/* A room at PATH (relative to AT). Missing and not to be made: *OUT stays -1. */
static int open_room(int at, const char *path, unsigned mode, bool is_read_only, int *out,
		     struct err *err)
{
	int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	int fd = openat(at, path, flags);

	if (fd < 0 && errno == ENOENT && is_read_only)
		return 0;
	if (fd < 0 && errno == ENOENT) {
		if (*path == '/' ? statedir_make(path, mode, err)
				 : (mkdirat(at, path, mode) && errno != EEXIST
					    ? err_set(err, ERR_SYSTEM, errno,
						      "cannot make %s in the state directory", path)
					    : 0))
			return -1;
		fd = openat(at, path, flags);
	}
	if (fd < 0)
		return err_set(err, ERR_SYSTEM, errno, "cannot open the directory %s", path);
	if (check_owner(fd, path, err)) {
		close(fd);
		return -1;
	}
	*out = fd;
	return 0;
}

int statedir_open(struct statedir *dir, const char *path, const char *pidfile_dir,
		  bool is_read_only, struct err *err)
{
	*dir = (struct statedir)STATEDIR_INIT;
	dir->path = mem_dup(path);
	if (open_room(AT_FDCWD, path, 0700, is_read_only, &dir->fd, err))
		return -1;
	if (open_room(AT_FDCWD, pidfile_dir, 0755, is_read_only, &dir->pidfiles_fd, err))
		return -1;
	if (dir->fd < 0)
		return 0;
	if (open_room(dir->fd, "records", 0700, is_read_only, &dir->records_fd, err) ||
	    open_room(dir->fd, "holds", 0700, is_read_only, &dir->holds_fd, err) ||
	    open_room(dir->fd, "exits", 0700, is_read_only, &dir->exits_fd, err))
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
