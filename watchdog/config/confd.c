/* SPDX-License-Identifier: ISC */
/* confd: directory and file reading; parses nothing. */
#include "watchdog/config/confd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pidfiles/pathwalk.h"
#include "watchdog/base/dirnames.h"
#include "watchdog/base/mem.h"

/* NONBLOCK: a FIFO in the way must not hang the round. */
#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

#define LED_ASTRAY "a link on the way to it, in a directory that is not root's alone; name where it leads"

static int check_owner(const struct stat *st, const char *path, struct err *err)
{
	if (geteuid() != 0) {
		if (st->st_mode & S_IWOTH)
			return err_set(err, ERR_CONFIG, 0,
				       "everyone may write it; run: chmod o-w '%s'", path);
		return 0;
	}
	if (st->st_uid != 0)
		return err_set(err, ERR_CONFIG, 0,
			       "it does not belong to root; run: chown root '%s'", path);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return err_set(err, ERR_CONFIG, 0,
			       "others than root may write it; run: chmod go-w '%s'", path);
	return 0;
}

/* Reads all that FD has to TEXT; what grows meanwhile is read to its end. */
static int read_whole(int fd, const struct stat *st, struct str *text, struct err *err)
{
	text->cap = (size_t)st->st_size + 2;
	text->data = mem_alloc(text->cap);
	text->len = 0;
	for (;;) {
		if (text->len + 1 == text->cap) {
			text->cap *= 2;
			text->data = mem_resize(text->data, text->cap, 1);
		}
		ssize_t got = read(fd, text->data + text->len, text->cap - text->len - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(err, ERR_CONFIG, errno, "cannot be read");
		if (got == 0)
			break;
		text->len += (size_t)got;
		if (text->len > CONFD_SIZE_MAX)
			return err_set(err, ERR_CONFIG, 0, "larger than 16 MiB");
	}
	text->data[text->len] = '\0';
	return 0;
}

static bool same_time(const struct stat *a, const struct stat *b)
{
	return a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Half of a file that is just being written must not pass for all of it. */
static int check_unchanged(int fd, const struct stat *before, size_t len, struct err *err)
{
	struct stat now;

	if (fstat(fd, &now) != 0)
		return err_set(err, ERR_CONFIG, errno, "cannot be looked at");
	if ((size_t)now.st_size != len || !same_time(before, &now))
		return err_set(err, ERR_CONFIG, 0, "was written while it was being read");
	return 0;
}

static int read_open(int fd, const char *path, struct str *text, mode_t *mode, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_set(err, ERR_CONFIG, errno, "cannot be looked at");
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_CONFIG, 0, "is no regular file");
	if (check_owner(&st, path, err) != 0)
		return -1;
	if ((size_t)st.st_size > CONFD_SIZE_MAX)
		return err_set(err, ERR_CONFIG, 0, "larger than 16 MiB");
	*mode = st.st_mode;
	if (read_whole(fd, &st, text, err) != 0)
		return -1;
	return check_unchanged(fd, &st, text->len, err);
}

static enum confd_found read_at(int dir_fd, const char *name, const char *path, int flags,
				struct str *text, mode_t *mode, struct err *err)
{
	int fd = dir_fd == AT_FDCWD ? pathwalk_open_file(path) : openat(dir_fd, name, OPEN_FLAGS | flags);

	if (fd < 0 && dir_fd == AT_FDCWD)
		errno = -fd;
	if (fd < 0 && errno == ELOOP && dir_fd == AT_FDCWD && geteuid() == 0) {
		(void)err_set(err, ERR_CONFIG, 0, LED_ASTRAY);
		return CONFD_FAILED;
	}
	if (fd < 0 && errno == ELOOP && (flags & O_NOFOLLOW)) {
		(void)err_set(err, ERR_CONFIG, 0,
			      "is a symbolic link; root's configuration must be regular files");
		return CONFD_FAILED;
	}
	if (fd < 0) {
		struct stat st;
		/* A link to nowhere is a mistake; a file that went away since is none. */
		if (errno == ENOENT && fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			return CONFD_MISSING;
		if (errno == ENOTDIR)
			return CONFD_MISSING;
		(void)err_set(err, ERR_CONFIG, errno, "cannot be opened");
		return CONFD_FAILED;
	}

	int rc = read_open(fd, path, text, mode, err);
	(void)close(fd); /* was only read */
	if (rc != 0)
		str_free(text);
	return rc == 0 ? CONFD_FOUND : CONFD_FAILED;
}

enum confd_found confd_read_main(const char *path, struct str *text, mode_t *mode, struct err *err)
{
	return read_at(AT_FDCWD, path, path, 0, text, mode, err);
}

enum confd_found confd_read(const struct confd *confd, const char *name, const char *path,
			    struct str *text, mode_t *mode, struct err *err)
{
	return read_at(confd->fd, name, path, geteuid() == 0 ? O_NOFOLLOW : 0, text, mode, err);
}

bool confd_is_name(const char *name)
{
	size_t len = strlen(name);

	return name[0] != '.' && len > 5 && strcmp(name + len - 5, ".conf") == 0;
}

static int compare(const void *a, const void *b)
{
	const char *const *left = a;
	const char *const *right = b;

	return strcmp(*left, *right);
}

static int list(struct confd *confd, struct err *err)
{
	struct dirnames names;
	const char *name;

	dirnames_begin(&names, confd->fd);
	while ((name = dirnames_next(&names)))
		if (confd_is_name(name))
			strlist_add(&confd->names, name);
	if (names.failure)
		return err_set(err, ERR_CONFIG, names.failure, "cannot be read");
	if (confd->names.count > 1)
		qsort(confd->names.items, confd->names.count, sizeof(*confd->names.items), compare);
	return 0;
}

enum confd_found confd_open(struct confd *confd, const char *path, struct err *err)
{
	struct stat st;

	*confd = (struct confd)CONFD_INIT;
	confd->fd = pathwalk_open_dir(path);
	if (confd->fd < 0) {
		if (confd->fd == -ENOENT)
			return CONFD_MISSING;
		if (confd->fd == -ELOOP && geteuid() == 0)
			(void)err_set(err, ERR_CONFIG, 0, LED_ASTRAY);
		else
			(void)err_set(err, ERR_CONFIG, -confd->fd, "cannot be opened");
		return CONFD_FAILED;
	}
	if (fstat(confd->fd, &st) != 0)
		(void)err_set(err, ERR_CONFIG, errno, "cannot be looked at");
	else if (check_owner(&st, path, err) == 0 && list(confd, err) == 0)
		return CONFD_FOUND;
	confd_close(confd);
	return CONFD_FAILED;
}

void confd_close(struct confd *confd)
{
	if (confd->fd >= 0)
		(void)close(confd->fd); /* was only read */
	strlist_free(&confd->names);
	*confd = (struct confd)CONFD_INIT;
}
