/* SPDX-License-Identifier: ISC */
#include "watchdog/store/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "watchdog/base/clock.h"
#include "watchdog/base/mem.h"
#include "watchdog/base/str.h"

/* A file longer than that is none of ours: a million events. */
#define TEXT_MAX (INT64_C(1) << 30)
/* No wait is as long: the longest one is a day, and a fifth more. */
#define OWED_MAX_MS INT64_C(108000000)

/* ---- writing ------------------------------------------------------------------------------ */

static int open_dir(int state_fd, bool is_to_be_made)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(state_fd, SPOOL_DIR, flags);

	if (fd < 0 && errno == ENOENT && is_to_be_made) {
		if (mkdirat(state_fd, SPOOL_DIR, 0700) && errno != EEXIST)
			return -errno;
		fd = openat(state_fd, SPOOL_DIR, flags);
	}
	return fd < 0 ? -errno : fd;
}

/* The time first, in a width that sorts; then whatever no other run has. */
static void name_it(struct spool *spool, int attempt)
{
	(void)snprintf(spool->name, sizeof(spool->name), "%016" PRId64 "-%d-%d", clock_read().wall_ms,
		       (int)getpid(), attempt);
}

/*
 * Held by all who share the file's description, the lock goes with the last of them. A reader that came between has found nothing in
 * the file, and may have removed it.
 */
static bool has_locked(int fd)
{
	struct stat st;

	return flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 && st.st_nlink == 1;
}

static int make_file(struct spool *spool, int dir_fd)
{
	int failure = 0;

	for (int attempt = 0; attempt < 100; attempt++) {
		name_it(spool, attempt);
		spool->fd = openat(dir_fd, spool->name,
				   O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
				   0600);
		failure = errno;
		if (spool->fd < 0 && failure != EEXIST)
			break;
		if (spool->fd >= 0 && has_locked(spool->fd))
			return 0;
		failure = EAGAIN;
		spool_close(spool);
	}
	return -failure;
}

/* What is owed earlier stays owed earlier. */
static int owe(int state_fd, int64_t wall_ms)
{
	return spool_owed_wall_ms(state_fd) <= wall_ms ? 0 : spool_set_owed(state_fd, wall_ms);
}

/* Who is killed in here leaves a file that says nothing. */
static int begin(struct spool *spool, int state_fd)
{
	int dir_fd = open_dir(state_fd, true);
	int status;

	if (dir_fd < 0)
		return dir_fd;
	status = make_file(spool, dir_fd);
	if (status == 0)
		status = owe(state_fd, clock_read().wall_ms + spool->patience_ms);
	if (status < 0 && spool->fd >= 0) {
		(void)unlinkat(dir_fd, spool->name, 0);
		spool_close(spool);
	}
	close(dir_fd);
	return status;
}

static int append(int fd, const char *data, size_t len)
{
	ssize_t count;

	do
		count = write(fd, data, len);
	while (count < 0 && errno == EINTR);
	if (count < 0)
		return -errno;
	return (size_t)count == len ? 0 : -ENOSPC;
}

int spool_add(struct spool *spool, int state_fd, const char *line, size_t len)
{
	char *whole;
	off_t end;
	int status;

	if (spool->fd < 0) {
		status = begin(spool, state_fd);
		if (status < 0)
			return status;
	}
	end = lseek(spool->fd, 0, SEEK_END);
	if (end < 0)
		return -errno;
	whole = mem_alloc(len + 1);
	memcpy(whole, line, len);
	whole[len] = '\n';
	status = append(spool->fd, whole, len + 1);
	free(whole);
	/* Half a line would swallow the next one. */
	if (status < 0 && ftruncate(spool->fd, end))
		spool_close(spool);
	return status;
}

void spool_close(struct spool *spool)
{
	if (spool->fd >= 0)
		close(spool->fd);
	spool->fd = -1;
}

/* ---- owed --------------------------------------------------------------------------------- */

int64_t spool_owed_wall_ms(int state_fd)
{
	struct stat st;
	int64_t owed_wall_ms;

	if (fstatat(state_fd, SPOOL_OWED, &st, AT_SYMLINK_NOFOLLOW))
		return INT64_MAX;
	owed_wall_ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
	return owed_wall_ms > clock_read().wall_ms + OWED_MAX_MS ? 0 : owed_wall_ms;
}

static int set_time(int state_fd, int64_t wall_ms)
{
	struct timespec times[2];

	times[0].tv_sec = times[1].tv_sec = (time_t)(wall_ms / 1000);
	times[0].tv_nsec = times[1].tv_nsec = (long)(wall_ms % 1000) * 1000000;
	return utimensat(state_fd, SPOOL_OWED, times, AT_SYMLINK_NOFOLLOW) ? -errno : 0;
}

int spool_set_owed(int state_fd, int64_t wall_ms)
{
	int status;
	int fd;

	if (wall_ms == INT64_MAX)
		return unlinkat(state_fd, SPOOL_OWED, 0) && errno != ENOENT ? -errno : 0;
	status = set_time(state_fd, wall_ms);
	if (status != -ENOENT)
		return status;
	fd = openat(state_fd, SPOOL_OWED, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	close(fd);
	return set_time(state_fd, wall_ms);
}

/* ---- reading ------------------------------------------------------------------------------ */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list(int dir_fd, struct strlist *names)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int failure = errno;

	if (!stream) {
		if (fd >= 0)
			close(fd);
		return -failure;
	}
	while (errno = 0, (entry = readdir(stream)))
		if (entry->d_name[0] != '.')
			strlist_add(names, entry->d_name);
	failure = errno;
	closedir(stream);
	if (names->count)
		qsort(names->items, names->count, sizeof(*names->items), by_name);
	return -failure;
}

/* Up to the last newline: what follows is being written, or was when its writer was killed. */
static char *read_lines(int fd)
{
	struct stat st;
	size_t len = 0;
	ssize_t count;
	char *text;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_size > TEXT_MAX)
		return NULL;
	text = mem_alloc((size_t)st.st_size + 1);
	while (len < (size_t)st.st_size) {
		count = pread(fd, text + len, (size_t)st.st_size - len, (off_t)len);
		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			break;
		len += (size_t)count;
	}
	while (len > 0 && text[len - 1] != '\n')
		len--;
	/* Zeros, as a power loss leaves them, spoil a line and not all that follow. */
	for (size_t i = 0; i < len; i++)
		text[i] = text[i] ? text[i] : '?';
	text[len] = '\0';
	return text;
}

/* Whether nobody will add to it any more. To be asked before it is read. */
static bool is_left(int fd)
{
	return flock(fd, LOCK_SH | LOCK_NB) == 0;
}

int spool_each(int state_fd, enum spool_taken (*take)(const char *name, char *text, void *data),
	       void *data)
{
	struct strlist names = STRLIST_INIT;
	int dir_fd = open_dir(state_fd, false);
	int status;

	if (dir_fd < 0)
		return dir_fd == -ENOENT ? 0 : dir_fd;
	status = list(dir_fd, &names);
	for (size_t i = 0; i < names.count; i++) {
		int fd = openat(dir_fd, names.items[i],
				O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		bool is_over = fd >= 0 && is_left(fd);
		char *text = fd < 0 ? NULL : read_lines(fd);

		if (text && take(names.items[i], text, data) == SPOOL_STORED && is_over)
			(void)unlinkat(dir_fd, names.items[i], 0);
		free(text);
		if (fd >= 0)
			close(fd);
	}
	close(dir_fd);
	if (status == 0)
		status = (int)names.count;
	strlist_free(&names);
	return status;
}
