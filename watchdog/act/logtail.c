/* SPDX-License-Identifier: ISC */
/* logtail: prints the end of a log and follows it. Opens for reading only. */
#include <config.h>

#include "watchdog/act/logtail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pidfiles/pathwalk.h"
#include "watchdog/base/mem.h"

#define CHUNK_BYTES 65536

/* The file of that name, and no other: a descriptor, or a negative errno. */
static int open_named(const char *path)
{
	const char *base;
	int dir_fd = pathwalk_open(path, &base);

	if (dir_fd < 0)
		return dir_fd;
	int fd = openat(dir_fd, base, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int rc = fd < 0 ? -errno : fd;
	(void)close(dir_fd); /* it was only a place to stand on */
	return rc;
}

/* Root may read whatever file somebody has given a log's name, too. */
static bool is_one_of_ours(const struct stat *st)
{
	return st->st_nlink <= 1 || geteuid() != 0;
}

static int open_log(const char *path, struct err *err)
{
	struct stat st;
	int fd = open_named(path);

	if (fd < 0)
		return err_set(err, ERR_SYSTEM, -fd, "cannot open the log %s", path);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && is_one_of_ours(&st))
		return fd;
	(void)close(fd); /* was not even read */
	return err_set(err, ERR_SYSTEM, 0,
		       S_ISREG(st.st_mode) ? "the log %s has other names (hard links), so it may be another file"
					   : "%s is no regular file",
		       path);
}

static void close_log(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* was only read */
	*fd = -1;
}

static char *backup_of(const char *path)
{
	return mem_format("%s.1", path);
}

static int size_of(int fd, const char *path, int64_t *size, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set(err, ERR_SYSTEM, errno, "cannot look at the log %s", path);
	*size = st.st_size;
	return 0;
}

/* Like pread(2) of all that is wanted; less only where the file ends. */
static ssize_t read_at(int fd, char *buf, size_t want, int64_t at, const char *path,
		       struct err *err)
{
	size_t have = 0;

	while (have < want) {
		ssize_t count = pread(fd, buf + have, want - have, at + (int64_t)have);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return err_set(err, ERR_SYSTEM, errno, "cannot read the log %s", path);
		if (count == 0)
			break;
		have += (size_t)count;
	}
	return (ssize_t)have;
}

/* Prints from *AT to the end, moves *AT there. */
static int print_from(int fd, int64_t *at, FILE *out, const char *path, struct err *err)
{
	char buf[CHUNK_BYTES];
	ssize_t count;

	while ((count = read_at(fd, buf, sizeof(buf), *at, path, err)) > 0) {
		if (fwrite(buf, 1, (size_t)count, out) != (size_t)count)
			return err_set(err, ERR_SYSTEM, errno, "cannot print the log %s", path);
		*at += count;
	}
	return count < 0 ? -1 : 0;
}

/*
 * Looks backwards from SIZE for *NEWLINES newlines and takes those found off it. *START is
 * behind the last one wanted, or 0 where there are too few.
 */
static int scan_back(int fd, int64_t size, int64_t *newlines, int64_t *start, const char *path,
		     struct err *err)
{
	char buf[CHUNK_BYTES];

	*start = 0;
	for (int64_t end = size; end > 0;) {
		int64_t begin = (end - 1) / CHUNK_BYTES * CHUNK_BYTES;
		ssize_t count = read_at(fd, buf, (size_t)(end - begin), begin, path, err);

		if (count < 0)
			return -1;
		for (ssize_t i = count; i > 0; i--) {
			if (buf[i - 1] != '\n' || --*newlines > 0)
				continue;
			*start = begin + i;
			return 0;
		}
		end = begin;
	}
	return 0;
}

/* The newline that ends the last line begins no other: it is one more to pass. */
static int count_last(int fd, int64_t size, int64_t *newlines, const char *path, struct err *err)
{
	char last = '\0';

	if (size > 0 && read_at(fd, &last, 1, size - 1, path, err) < 0)
		return -1;
	if (last == '\n' && *newlines < INT64_MAX)
		++*newlines;
	return 0;
}

/* Where the last LINES lines of the LEN bytes at TEXT begin. The newline at its end is no more there. */
static size_t start_of_last(const char *text, size_t len, int64_t lines)
{
	while (len > 0 && (text[len - 1] != '\n' || --lines > 0))
		len--;
	return len;
}

/* What is read goes to others: as root we are not to be led to what its worker could not read. */
static int open_own(const char *path, uid_t owner)
{
	int fd = open_named(path);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == owner &&
	    is_one_of_ours(&st))
		return fd;
	close_log(&fd);
	return -1;
}

void logtail_excerpt(const char *path, uid_t owner, int64_t lines, size_t max_bytes, struct str *text)
{
	int fd = lines > 0 ? open_own(path, owner) : -1;
	int64_t size = 0;
	ssize_t len;
	char *buf;

	if (fd < 0)
		return;
	if (size_of(fd, path, &size, NULL) == 0) {
		buf = mem_alloc(max_bytes + 1);
		len = read_at(fd, buf, max_bytes, size > (int64_t)max_bytes ? size - (int64_t)max_bytes : 0,
			      path, NULL);
		if (len > 0 && buf[len - 1] == '\n')
			len--;
		if (len > 0) {
			size_t start = start_of_last(buf, (size_t)len, lines);

			str_add_n(text, buf + start, (size_t)len - start);
		}
		free(buf);
	}
	close_log(&fd);
}

/* Prints the last NEWLINES of PATH's backup, if there is one. EMPTY: nothing follows it. */
static int print_backup(const char *path, int64_t newlines, bool empty, FILE *out, struct err *err)
{
	char *backup = backup_of(path);
	int fd = open_log(backup, NULL);
	int64_t size = 0;
	int64_t at;
	int result = 0;

	if (fd >= 0) {
		result = size_of(fd, backup, &size, err);
		if (result == 0 && empty)
			result = count_last(fd, size, &newlines, backup, err);
		if (result == 0)
			result = scan_back(fd, size, &newlines, &at, backup, err);
		if (result == 0)
			result = print_from(fd, &at, out, backup, err);
	}
	close_log(&fd);
	free(backup);
	return result;
}

static int print_last(int fd, const char *path, int64_t lines, FILE *out, int64_t *end,
		      struct err *err)
{
	int64_t newlines = lines;
	int64_t size = 0;
	int64_t at;

	if (size_of(fd, path, &size, err) < 0)
		return -1;
	*end = size;
	if (lines <= 0)
		return 0;
	if (count_last(fd, size, &newlines, path, err) < 0 ||
	    scan_back(fd, size, &newlines, &at, path, err) < 0)
		return -1;
	if (newlines > 0 && print_backup(path, newlines, size == 0, out, err) < 0)
		return -1;
	int result = print_from(fd, &at, out, path, err);
	*end = at;
	return result;
}

int logtail_print(const char *path, int64_t lines, FILE *out, int64_t *end, struct err *err)
{
	int64_t seen = 0;
	int fd = open_log(path, err);

	if (fd < 0)
		return -1;
	int result = print_last(fd, path, lines, out, &seen, err);
	close_log(&fd);
	if (end)
		*end = seen;
	return result;
}

static ino_t inode_of(const char *path, int64_t *size)
{
	struct stat st;

	if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return 0; /* whatever the reason: nothing can be read from it */
	*size = st.st_size;
	return st.st_ino;
}

static int reopen(struct logtail *tail, struct err *err)
{
	struct err why = ERR_INIT;

	close_log(&tail->fd);
	tail->fd = open_log(tail->path, &why);
	if (tail->fd >= 0 || why.sys_errno == ENOENT)
		return 0;
	if (err)
		*err = why;
	return -1;
}

int logtail_open(struct logtail *tail, const char *path, int64_t offset, struct err *err)
{
	char *backup = backup_of(path);
	int64_t size = 0;

	tail->path = mem_dup(path);
	tail->fd = -1;
	tail->offset = offset;
	tail->backup_inode = inode_of(backup, &size);
	free(backup);
	if (reopen(tail, err) == 0)
		return 0;
	logtail_close(tail);
	return -1;
}

/* Prints what FD holds from where the reader stands, adds to *COUNT. */
static int print_rest(struct logtail *tail, int fd, FILE *out, int64_t *count, struct err *err)
{
	int64_t before = tail->offset;
	int result = print_from(fd, &tail->offset, out, tail->path, err);

	*count += tail->offset - before;
	return result;
}

/*
 * A new .1 holds just what went: of a log that was cut, the start; of one that was truncated,
 * everything.
 */
static int resume(struct logtail *tail, const char *backup, int64_t gone, FILE *out, int64_t *count,
		  struct err *err)
{
	if (gone <= tail->offset) {
		tail->offset -= gone;
		return 0;
	}
	int fd = open_log(backup, err);
	int result = fd < 0 ? -1 : print_rest(tail, fd, out, count, err);

	close_log(&fd);
	tail->offset = 0;
	return result;
}

/*
 * Notices a rotation by its new .1 (a log may have grown again). .1 is there a moment before
 * the log is cut, while logfile holds its lock: *WAIT until it does not.
 */
static int look_for_rotation(struct logtail *tail, FILE *out, int64_t *count, bool *wait,
			     struct err *err)
{
	char *backup = backup_of(tail->path);
	int64_t gone = 0;
	ino_t inode = inode_of(backup, &gone);
	struct stat st;
	int result = 0;

	*wait = false;
	if (fstat(tail->fd, &st) < 0) {
		result = err_set(err, ERR_SYSTEM, errno, "cannot look at the log %s", tail->path);
	} else if (inode == 0 || inode == tail->backup_inode || inode == st.st_ino) {
		tail->backup_inode = inode;
		if (st.st_size < tail->offset)
			tail->offset = 0;
	} else if (flock(tail->fd, LOCK_SH | LOCK_NB) < 0) {
		*wait = errno == EWOULDBLOCK;
	} else {
		tail->backup_inode = inode;
		(void)flock(tail->fd, LOCK_UN); /* falls with the descriptor at the latest */
		result = resume(tail, backup, gone, out, count, err);
	}
	free(backup);
	return result;
}

static int print_new(struct logtail *tail, FILE *out, int64_t *count, struct err *err)
{
	bool wait = false;

	if (tail->fd < 0)
		return 0;
	if (look_for_rotation(tail, out, count, &wait, err) < 0)
		return -1;
	return wait ? 0 : print_rest(tail, tail->fd, out, count, err);
}

static bool is_replaced(const struct logtail *tail)
{
	struct stat named;
	struct stat opened;

	if (lstat(tail->path, &named) < 0)
		return false; /* moved away, or not to be seen: there is nothing to change to */
	return tail->fd < 0 || fstat(tail->fd, &opened) < 0 || named.st_ino != opened.st_ino ||
	       named.st_dev != opened.st_dev;
}

int logtail_read(struct logtail *tail, FILE *out, int64_t *count, struct err *err)
{
	*count = 0;
	if (print_new(tail, out, count, err) < 0)
		return -1;
	if (is_replaced(tail)) {
		tail->offset = 0;
		if (reopen(tail, err) < 0 || print_new(tail, out, count, err) < 0)
			return -1;
	}
	if (*count > 0 && fflush(out) != 0)
		return err_set(err, ERR_SYSTEM, errno, "cannot print the log %s", tail->path);
	return 0;
}

void logtail_close(struct logtail *tail)
{
	close_log(&tail->fd);
	free(tail->path);
	tail->path = NULL;
}
