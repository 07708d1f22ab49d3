/* SPDX-License-Identifier: ISC */
/*
 * logfile: moves the old part of a log into a backup. Never writes a byte into the log, and
 * touches nothing but through the descriptor of its directory.
 */
#include <config.h>

#include "watchdog/act/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "pidfiles/atomfile.h"
#include "pidfiles/pathwalk.h"

/* A worker that outruns copying so long is truncated in spite of it. */
#define CATCH_UP_PASSES 1000

struct rotation {
	const char *path;
	const char *base; /* the name within the directory: part of path */
	uid_t owner;
	int64_t maxbytes;
	int backups;
	int dirfd;
	int fd;
	int backup_fd;
	struct stat st; /* of the log, when it was locked */
	int64_t block_bytes;
};

static int fail(const struct rotation *rotation, const char *what, struct err *err)
{
	return err_set(err, ERR_SYSTEM, errno, "cannot rotate %s: %s", rotation->path, what);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* nothing was written by it, or it is thrown away */
	*fd = -1;
}

static int open_directory(struct rotation *rotation, struct err *err)
{
	rotation->dirfd = pathwalk_open(rotation->path, &rotation->base);
	if (rotation->dirfd >= 0)
		return 0;
	errno = -rotation->dirfd;
	return fail(rotation, "its directory", err);
}

static int check_log(const struct rotation *rotation, struct err *err)
{
	const struct stat *st = &rotation->st;
	const char *why = NULL;

	if (!S_ISREG(st->st_mode))
		why = "it is no regular file";
	else if (st->st_nlink > 1)
		why = "it has other names (hard links)";
	else if (st->st_uid != rotation->owner && st->st_uid != geteuid())
		why = "it belongs to somebody else than its worker";
	if (!why)
		return 0;
	return err_set(err, ERR_SYSTEM, 0, "cannot rotate %s: %s", rotation->path, why);
}

static int open_log(struct rotation *rotation, struct err *err)
{
	rotation->fd = openat(rotation->dirfd, rotation->base,
			      O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (rotation->fd < 0)
		return fail(rotation, "open", err);
	if (fstat(rotation->fd, &rotation->st) < 0)
		return fail(rotation, "stat", err);
	return check_log(rotation, err);
}

/*
 * *STILL: we alone hold the log, it is what its name stands for, and it is too long. Two
 * processes that cut what both have copied would lose as much again.
 */
static int lock_log(struct rotation *rotation, bool *still, struct err *err)
{
	struct statfs fs;
	struct stat named;

	*still = false;
	if (flock(rotation->fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 0 : fail(rotation, "lock", err);
	if (fstat(rotation->fd, &rotation->st) < 0 || fstatfs(rotation->fd, &fs) < 0)
		return fail(rotation, "stat", err);
	if (fstatat(rotation->dirfd, rotation->base, &named, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : fail(rotation, "stat", err);
	rotation->block_bytes = fs.f_bsize > 0 ? fs.f_bsize : 4096;
	*still = named.st_ino == rotation->st.st_ino && named.st_dev == rotation->st.st_dev &&
		 rotation->st.st_size > rotation->maxbytes;
	return check_log(rotation, err);
}

/* Asks for a cut far behind the end: refused as such (EINVAL) only where cuts are known. */
static bool can_collapse(const struct rotation *rotation)
{
	int64_t block = rotation->block_bytes;
	int64_t beyond = (rotation->st.st_size / block + 2) * block + (INT64_C(1) << 30);

	return fallocate(rotation->fd, FALLOC_FL_COLLAPSE_RANGE, beyond, block) == 0 ||
	       errno == EINVAL;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t count = write(fd, data, len);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return -1;
		data += count;
		len -= (size_t)count;
	}
	return 0;
}

/* Copies what the log holds from *AT up to UPTO, or to its end where that comes first. */
static int copy_range(struct rotation *rotation, int64_t *at, int64_t upto, struct err *err)
{
	char buf[65536];

	while (*at < upto) {
		int64_t left = upto - *at;
		size_t want = left < (int64_t)sizeof(buf) ? (size_t)left : sizeof(buf);
		ssize_t count = pread(rotation->fd, buf, want, *at);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return fail(rotation, "read", err);
		if (count == 0)
			break;
		if (write_all(rotation->backup_fd, buf, (size_t)count) < 0)
			return fail(rotation, "write its backup", err);
		*at += count;
	}
	return 0;
}

/* Without the right to keep the group, the backup is not for the group. */
static int dress_backup(const struct rotation *rotation, struct err *err)
{
	const struct stat *st = &rotation->st;
	mode_t mode = st->st_mode & 0777;

	if (fchown(rotation->backup_fd, st->st_uid, st->st_gid) < 0) {
		if (errno != EPERM || st->st_uid != geteuid())
			return fail(rotation, "give its backup away", err);
		mode &= (mode_t)~S_IRWXG;
	}
	if (fchmod(rotation->backup_fd, mode) < 0)
		return fail(rotation, "set the mode of its backup", err);
	return 0;
}

/* The name is fixed, so that what a killed rotation left goes with the next one. */
static int name_file(const struct rotation *rotation, const char *prefix, int number,
		     char name[NAME_MAX + 1], struct err *err)
{
	int len = snprintf(name, NAME_MAX + 1, "%s%s.%d", prefix, rotation->base, number);

	if (len >= 0 && len <= NAME_MAX)
		return 0;
	errno = ENAMETOOLONG;
	return fail(rotation, "name its backups", err);
}

static int fill_temp(struct rotation *rotation, const char *temp, int64_t *at, int64_t upto,
		     struct err *err)
{
	if (unlinkat(rotation->dirfd, temp, 0) < 0 && errno != ENOENT)
		return fail(rotation, "remove an unfinished backup", err);
	rotation->backup_fd = openat(rotation->dirfd, temp,
				     O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (rotation->backup_fd < 0)
		return fail(rotation, "make a backup beside it", err);
	if (dress_backup(rotation, err) < 0 || copy_range(rotation, at, upto, err) < 0)
		return -1;
	if (*at < upto)
		return err_set(err, ERR_SYSTEM, 0,
			       "cannot rotate %s: somebody else has shortened it meanwhile",
			       rotation->path);
	return 0;
}

static int has_backup(const struct rotation *rotation, int number, bool *has, struct err *err)
{
	char name[NAME_MAX + 1];
	struct stat st;

	if (name_file(rotation, "", number, name, err) < 0)
		return -1;
	*has = fstatat(rotation->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	return *has || errno == ENOENT ? 0 : fail(rotation, "look for its backups", err);
}

/*
 * Makes .1 free. Only up to the first gap: one that a killed rotation has left must not cost
 * the oldest backup.
 */
static int shift_backups(const struct rotation *rotation, struct err *err)
{
	char from[NAME_MAX + 1];
	char to[NAME_MAX + 1];
	bool has = true;
	int gap = 1;

	for (; gap < rotation->backups; gap++) {
		if (has_backup(rotation, gap, &has, err) < 0)
			return -1;
		if (!has)
			break;
	}
	for (int number = gap; number > 1; number--) {
		if (name_file(rotation, "", number - 1, from, err) < 0 ||
		    name_file(rotation, "", number, to, err) < 0)
			return -1;
		if (renameat(rotation->dirfd, from, rotation->dirfd, to) < 0)
			return fail(rotation, "rename its backups", err);
	}
	return 0;
}

/* Copies [*AT, UPTO) into a new .1, whose descriptor stays open. */
static int make_backup(struct rotation *rotation, int64_t *at, int64_t upto, struct err *err)
{
	char temp[NAME_MAX + 1];
	char first[NAME_MAX + 1];

	if (name_file(rotation, ATOMFILE_PREFIX, 1, temp, err) < 0 ||
	    name_file(rotation, "", 1, first, err) < 0)
		return -1;
	if (fill_temp(rotation, temp, at, upto, err) == 0 && shift_backups(rotation, err) == 0) {
		if (renameat(rotation->dirfd, temp, rotation->dirfd, first) == 0)
			return 0;
		(void)fail(rotation, "rename its backup", err); /* is what is returned below */
	}
	(void)unlinkat(rotation->dirfd, temp, 0); /* else the next rotation removes it */
	return -1;
}

static int catch_up(struct rotation *rotation, int64_t at, struct err *err)
{
	int64_t before = -1;

	if (copy_range(rotation, &at, INT64_MAX, err) < 0)
		return -1;
	/* NFS and its like tell of a full disk no sooner, and the log is about to go. */
	if (fdatasync(rotation->backup_fd) < 0)
		return fail(rotation, "write its backup", err);
	for (int pass = 0; before != at && pass < CATCH_UP_PASSES; pass++) {
		before = at;
		if (copy_range(rotation, &at, INT64_MAX, err) < 0)
			return -1;
	}
	return 0;
}

static int truncate_log(struct rotation *rotation, int64_t at, struct err *err)
{
	if (rotation->backups > 0 && catch_up(rotation, at, err) < 0)
		return -1;
	return ftruncate(rotation->fd, 0) < 0 ? fail(rotation, "truncate", err) : 0;
}

/*
 * Cuts UPTO bytes off in front. The log may not have been shortened since they were copied.
 * A cut that fails for any reason becomes a truncation: were it an error, each round would
 * make the same backup again, until none of the others was left.
 */
static int collapse_log(struct rotation *rotation, int64_t upto, struct err *err)
{
	struct stat now;
	int result;

	if (fstat(rotation->fd, &now) < 0)
		return fail(rotation, "stat", err);
	if (now.st_size < rotation->st.st_size)
		return err_set(err, ERR_SYSTEM, 0,
			       "cannot rotate %s: somebody else has shortened it meanwhile",
			       rotation->path);
	do {
		result = fallocate(rotation->fd, FALLOC_FL_COLLAPSE_RANGE, 0, upto);
	} while (result < 0 && errno == EINTR);
	return result == 0 ? 0 : truncate_log(rotation, upto, err);
}

/* Where copying begins: see LOGFILE_COPY_BYTES. */
static int64_t copy_start(const struct rotation *rotation, int64_t upto)
{
	int64_t keep = LOGFILE_COPY_BYTES;

	if (rotation->maxbytes > keep / 2)
		keep = rotation->maxbytes > INT64_MAX / 2 ? INT64_MAX : rotation->maxbytes * 2;
	return upto > keep ? upto - keep : 0;
}

static int rotate(struct rotation *rotation, bool *rotated, struct err *err)
{
	bool collapse = can_collapse(rotation);
	int64_t size = rotation->st.st_size;
	/* A cut may not reach the end: EINVAL. */
	int64_t upto = collapse ? (size - 1) / rotation->block_bytes * rotation->block_bytes : size;
	int64_t at = copy_start(rotation, upto);

	if (upto == 0)
		return 0;
	if (rotation->backups > 0 && make_backup(rotation, &at, upto, err) < 0)
		return -1;
	int result = collapse ? collapse_log(rotation, upto, err) : truncate_log(rotation, at, err);
	*rotated = result == 0;
	return result;
}

static int open_and_rotate(struct rotation *rotation, bool *rotated, struct err *err)
{
	bool still;

	if (open_directory(rotation, err) < 0 || open_log(rotation, err) < 0 ||
	    lock_log(rotation, &still, err) < 0)
		return -1;
	return still ? rotate(rotation, rotated, err) : 0;
}

int logfile_rotate_if_needed(const char *path, uid_t owner, int64_t maxbytes, int backups,
			     bool *rotated, struct err *err)
{
	struct rotation rotation = {
		.path = path,
		.owner = owner,
		.maxbytes = maxbytes,
		.backups = backups,
		.dirfd = -1,
		.fd = -1,
		.backup_fd = -1,
	};
	struct stat st;

	*rotated = false;
	if (maxbytes <= 0)
		return 0;
	if (fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : fail(&rotation, "stat", err);
	if (st.st_size <= maxbytes)
		return 0;
	int result = open_and_rotate(&rotation, rotated, err);
	close_fd(&rotation.backup_fd);
	close_fd(&rotation.fd);
	close_fd(&rotation.dirfd);
	return result;
}
