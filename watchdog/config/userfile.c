/* SPDX-License-Identifier: ISC */
/* userfile: takes a user's rights for the time of one open(2), and gives them back. Contract: userfile.h. */
#include "watchdog/config/userfile.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pidfiles/pathwalk.h"
#include "watchdog/base/mem.h"

/* NONBLOCK: a FIFO in the way must not hang the round. */
#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

struct rights {
	uid_t uid;
	gid_t gid;
	gid_t *groups;
	int group_count;
};

static int our_rights(struct rights *rights)
{
	int count = getgroups(0, NULL);

	*rights = (struct rights){ .uid = geteuid(), .gid = getegid() };
	if (count < 0)
		return -errno;
	rights->groups = mem_alloc(((size_t)count + 1) * sizeof(*rights->groups));
	rights->group_count = getgroups(count, rights->groups);
	return rights->group_count < 0 ? -errno : 0;
}

static int their_rights(const struct account *reader, gid_t gid, struct rights *rights)
{
	*rights = (struct rights){ .uid = reader->uid, .gid = gid };
	rights->group_count = account_groups(reader, gid, &rights->groups);
	return rights->group_count < 0 ? rights->group_count : 0;
}

/* The real and the saved user stay root: nobody else may signal or trace us meanwhile. */
static int give_up(const struct rights *to)
{
	return setgroups((size_t)to->group_count, to->groups) || setegid(to->gid) || seteuid(to->uid)
		       ? -errno
		       : 0;
}

/* Where it fails we have less rights than we need, and whatever comes next says so. */
static int take_back(const struct rights *ours)
{
	return seteuid(ours->uid) || setegid(ours->gid) ||
			       setgroups((size_t)ours->group_count, ours->groups)
		       ? -errno
		       : 0;
}

static int open_with(const char *path, const struct rights *theirs, const struct rights *ours)
{
	int fd = give_up(theirs);

	if (fd == 0) {
		fd = open(path, OPEN_FLAGS);
		fd = fd < 0 ? -errno : fd;
	}
	int rc = take_back(ours);
	if (rc == 0)
		return fd;
	if (fd >= 0)
		(void)close(fd); /* was not even read */
	return rc;
}

static int open_as(const char *path, const struct account *reader, gid_t gid)
{
	struct rights ours = { .groups = NULL };
	struct rights theirs = { .groups = NULL };
	int fd = our_rights(&ours);

	if (fd == 0)
		fd = their_rights(reader, gid, &theirs);
	if (fd == 0)
		fd = open_with(path, &theirs, &ours);
	free(ours.groups);
	free(theirs.groups);
	return fd;
}

static bool is_directory_roots_alone(const char *path)
{
	const char *base;
	int fd = pathwalk_open(path, &base);
	struct stat st;
	bool is_alone = fd >= 0 && fstat(fd, &st) == 0 && pathwalk_is_roots_alone(&st);

	if (fd >= 0)
		(void)close(fd); /* it was only a place to stand on */
	return is_alone;
}

/* NULL, or what is wrong with the open file FD, which is not its reader's to read. */
static const char *why_not(int fd, const char *path, const struct account *reader)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return "cannot be looked at";
	if (st.st_uid != 0)
		return reader->uid == 0 ? "its worker runs as root, and it does not belong to root: chown root it, or set `user`"
					: "belongs neither to root nor may its worker's user read it: chmod or chown it";
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return "belongs to root, and others may write it: chmod go-w it";
	if (S_ISREG(st.st_mode) && st.st_nlink > 1)
		return "belongs to root, and has other names (hard links): name a file of its own";
	if (reader->uid == 0 && !is_directory_roots_alone(path))
		return "its worker runs as root, and it lies in a directory that is not root's alone: move it, or set `user`";
	return NULL;
}

static int open_as_root(const char *path, const struct account *reader, struct err *err)
{
	int fd = pathwalk_open_file(path);
	const char *why;

	if (fd == -ELOOP)
		return err_set(err, ERR_CONFIG, 0,
			       "%s: a link on the way that is not root's (name where it leads), and its "
			       "worker's user may not read it",
			       path);
	if (fd < 0)
		return err_set(err, ERR_CONFIG, -fd, "%s: cannot be opened", path);
	why = why_not(fd, path, reader);
	if (!why)
		return fd;
	(void)close(fd); /* was not even read */
	return err_set(err, ERR_CONFIG, 0, "%s: %s", path, why);
}

static int open_by_right(const char *path, const struct account *reader, gid_t gid, struct err *err)
{
	int fd;

	if (geteuid() != 0) {
		fd = open(path, OPEN_FLAGS);
		return fd >= 0 ? fd : err_set(err, ERR_CONFIG, errno, "%s: cannot be opened", path);
	}
	fd = reader->uid == 0 ? -EACCES : open_as(path, reader, gid);
	return fd >= 0 ? fd : open_as_root(path, reader, err);
}

int userfile_open(const char *path, const struct account *reader, gid_t gid, struct err *err)
{
	int fd = open_by_right(path, reader, gid, err);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	(void)close(fd); /* was not even read */
	return err_set(err, ERR_CONFIG, 0, "%s: is no regular file", path);
}
