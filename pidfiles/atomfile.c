/* SPDX-License-Identifier: ISC */
/* atomfile: whole files, replaced in one step or not at all. Contract: atomfile.h. */

#include "pidfiles/atomfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TEMP_NAME_SIZE 64
#define TEMP_TRIES     16

static int open_temporary(int dirfd, char *name)
{
	for (int attempt = 0; attempt < TEMP_TRIES; attempt++) {
		struct timespec now;
		/* Two pid namespaces may share the directory, so the pid alone is not unique. */
		(void)clock_gettime(CLOCK_MONOTONIC, &now); /* always there on Linux */
		(void)snprintf(name, TEMP_NAME_SIZE, ATOMFILE_PREFIX "%d-%lld%09ld", (int)getpid(),
			       (long long)now.tv_sec, now.tv_nsec);
		int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
				0600);
		if (fd >= 0)
			return fd;
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t put = write(fd, data, len);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		if (put == 0)
			return -EIO;
		data += put;
		len -= (size_t)put;
	}
	return 0;
}

static int fill(int fd, const void *data, size_t len, mode_t mode,
		enum atomfile_durability durability)
{
	int rc = write_all(fd, data, len);

	if (rc == 0 && fchmod(fd, mode) < 0) /* open's mode is cut by the umask */
		rc = -errno;
	if (rc == 0 && durability == ATOMFILE_DURABLE && fsync(fd) < 0)
		rc = -errno;
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	return rc;
}

static int sync_directory(int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	int rc = fsync(fd) < 0 ? -errno : 0;
	(void)close(fd); /* only fsync's answer counts */
	/* Some file systems have no fsync for directories: there is nothing better then. */
	return rc == -EINVAL || rc == -ENOTSUP ? 0 : rc;
}

int atomfile_write(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
		   enum atomfile_durability durability)
{
	char temporary[TEMP_NAME_SIZE];
	int fd = open_temporary(dirfd, temporary);

	if (fd < 0)
		return fd;
	int rc = fill(fd, data, len, mode, durability);
	if (rc == 0 && renameat(dirfd, temporary, dirfd, name) < 0)
		rc = -errno;
	if (rc < 0) {
		(void)unlinkat(dirfd, temporary, 0); /* what stays is for atomfile_sweep */
		return rc;
	}
	return durability == ATOMFILE_DURABLE ? sync_directory(dirfd) : 0;
}

static int check_trusted(int fd, uid_t owner)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	/* No link at all is well: the file was replaced after it had been opened. */
	if (!S_ISREG(st.st_mode) || st.st_nlink > 1 || (st.st_uid != owner && st.st_uid != 0) ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return -EPERM;
	return 0;
}

/* Up to SIZE bytes, by as many reads as it takes. */
static ssize_t read_up_to(int fd, char *buf, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t got = read(fd, buf + len, size - len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		len += (size_t)got;
	}
	return (ssize_t)len;
}

/* Reading shall leave no trace: access times carry meaning here (the lease's), and cost a write. */
static int open_quietly(int dirfd, const char *name)
{
	int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = openat(dirfd, name, flags | O_NOATIME);

	/* Only the owner and root may ask for that. */
	return fd < 0 && errno == EPERM ? openat(dirfd, name, flags) : fd;
}

ssize_t atomfile_read_of(int dirfd, const char *name, uid_t owner, char *buf, size_t size)
{
	if (size == 0)
		return -EINVAL;
	int fd = open_quietly(dirfd, name);
	if (fd < 0)
		return errno == ENXIO ? -EPERM : -errno; /* ENXIO: a socket */
	ssize_t len = check_trusted(fd, owner);
	if (len == 0)
		len = read_up_to(fd, buf, size);
	(void)close(fd); /* nothing was written: nothing can be lost */
	if (len < 0)
		return len;
	if ((size_t)len == size)
		return -EFBIG;
	buf[len] = '\0';
	return len;
}

bool atomfile_exists(int dirfd, const char *name)
{
	return faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

ssize_t atomfile_read(int dirfd, const char *name, char *buf, size_t size)
{
	return atomfile_read_of(dirfd, name, geteuid(), buf, size);
}

/* 1 where NAME was litter and is gone, 0 where it is not to be touched, or negative errno. */
static int sweep_one(int dirfd, const char *name, time_t before)
{
	struct stat st;

	if (strncmp(name, ATOMFILE_PREFIX, strlen(ATOMFILE_PREFIX)) != 0)
		return 0;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISREG(st.st_mode) || st.st_mtime >= before)
		return 0;
	if (unlinkat(dirfd, name, 0) < 0)
		return errno == ENOENT ? 0 : -errno;
	return 1;
}

int atomfile_sweep(int dirfd, int min_age_s)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	DIR *dir = fdopendir(fd);
	if (!dir) {
		int error = errno;
		(void)close(fd);
		return -error;
	}
	time_t before = time(NULL) - min_age_s;
	int removed = 0;
	int rc = 0;
	const struct dirent *entry;
	while (rc >= 0 && (errno = 0, entry = readdir(dir)) != NULL) {
		rc = sweep_one(fd, entry->d_name, before);
		removed += rc > 0;
	}
	if (rc >= 0 && errno != 0)
		rc = -errno;
	(void)closedir(dir);
	return rc < 0 ? rc : removed;
}
