/* SPDX-License-Identifier: ISC */
#include "watchdog/store/spool.h"

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

#include "pidfiles/atomfile.h"
#include "watchdog/base/clock.h"
#include "watchdog/base/dirnames.h"
#include "watchdog/base/hash.h"
#include "watchdog/base/mem.h"
#include "watchdog/base/str.h"

/* A file longer than that is none of ours: a million events. */
#define TEXT_MAX (INT64_C(1) << 30)
/* No wait is as long: the longest one is a day, and a fifth more. */
#define OWED_MAX_MS INT64_C(108000000)
/* Nanoseconds since 1970. */
#define STAMP_DIGITS 19
/* Who is written to all the time is read all the same. */
#define LOOKS_MAX	 20
#define LITTER_MIN_AGE_S 600

/* ---- what there is ------------------------------------------------------------------------- */

struct spool_file {
	char *name;
	off_t size; /* as it was at the moment that is read */
	char *text;
	bool is_left; /* nobody will add to it any more */
};

static int by_name(const void *a, const void *b)
{
	const struct spool_file *left = a;
	const struct spool_file *right = b;

	return strcmp(left->name, right->name);
}

static void add_file(int dir_fd, const char *name, struct spool_reading *reading)
{
	struct stat st;

	if (name[0] == '.' || fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) ||
	    !S_ISREG(st.st_mode))
		return;
	if ((reading->file_count & (reading->file_count - 1)) == 0) /* full at each power of two */
		reading->files = mem_resize(reading->files,
					    reading->file_count ? reading->file_count * 2 : 1,
					    sizeof(*reading->files));
	reading->files[reading->file_count++] =
		(struct spool_file){ .name = mem_dup(name), .size = st.st_size };
}

static int list(int dir_fd, struct spool_reading *reading)
{
	struct dirnames names;
	const char *name;

	dirnames_begin(&names, dir_fd);
	while ((name = dirnames_next(&names)))
		add_file(dir_fd, name, reading);
	if (reading->file_count)
		qsort(reading->files, reading->file_count, sizeof(*reading->files), by_name);
	return -names.failure;
}

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
	(void)snprintf(spool->name, sizeof(spool->name), "%016" PRId64 "-%d-%d",
		       clock_read().wall_ms, (int)getpid(), attempt);
}

/* Held by all who share the file's description, the lock goes with the last of them. Under its name
 * nobody ever sees it without. */
static int lock_and_name(const struct spool *spool, int dir_fd, const char *temporary)
{
	struct stat st;

	if (flock(spool->fd, LOCK_EX | LOCK_NB))
		return -errno;
	if (fstatat(dir_fd, spool->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	return renameat(dir_fd, temporary, dir_fd, spool->name) ? -errno : 0;
}

static int make_file(struct spool *spool, int dir_fd)
{
	int flags = O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	char temporary[SPOOL_NAME_SIZE + sizeof(ATOMFILE_PREFIX)];
	int status = -EEXIST;

	for (int attempt = 0; attempt < 100 && status == -EEXIST; attempt++) {
		name_it(spool, attempt);
		(void)snprintf(temporary, sizeof(temporary), ATOMFILE_PREFIX "%s", spool->name);
		spool->fd = openat(dir_fd, temporary, flags, 0600);
		status = spool->fd < 0 ? -errno : lock_and_name(spool, dir_fd, temporary);
		if (spool->fd >= 0 && status < 0) {
			(void)unlinkat(dir_fd, temporary, 0); /* what stays is litter */
			spool_close(spool);
		}
	}
	return status;
}

/* A journal that cannot be written is a person's business, and no reason to fill the disk. */
static int check_room(int dir_fd)
{
	struct spool_reading reading = SPOOL_READING_INIT;
	int status = list(dir_fd, &reading);
	int64_t bytes = 0;

	for (size_t i = 0; i < reading.file_count; i++)
		bytes += reading.files[i].size;
	spool_reading_free(&reading);
	return status == 0 && bytes > SPOOL_MAX_BYTES ? -SPOOL_FULL : status;
}

/* Who is killed in here leaves a file that says nothing. */
static int begin(struct spool *spool, int state_fd)
{
	int dir_fd = open_dir(state_fd, true);
	int status;

	if (dir_fd < 0)
		return dir_fd;
	status = check_room(dir_fd);
	if (status == 0)
		status = make_file(spool, dir_fd);
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

/* When it is spooled, so that lines of several files can be put in order. */
static void add_stamp(struct str *line)
{
	struct timespec now = { .tv_sec = 0 };

	(void)clock_gettime(CLOCK_REALTIME, &now); /* always there */
	str_addf(line, "%010" PRId64 "%09ld ", (int64_t)now.tv_sec, now.tv_nsec);
}

/* Half a line would swallow the next one; and a full disk is not to get one more empty file with
 * each run. */
static void cut_back(struct spool *spool, int state_fd, off_t end)
{
	int dir_fd = end ? -1 : open_dir(state_fd, false);

	if (dir_fd >= 0)
		(void)unlinkat(dir_fd, spool->name, 0); /* what stays says nothing */
	if (dir_fd >= 0)
		close(dir_fd);
	if (end == 0 || ftruncate(spool->fd, end))
		spool_close(spool);
}

int spool_add(struct spool *spool, int state_fd, const char *line, size_t len)
{
	struct str whole = STR_INIT;
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
	add_stamp(&whole);
	str_add_n(&whole, line, len);
	str_add(&whole, "\n");
	status = append(spool->fd, whole.data, whole.len);
	str_free(&whole);
	if (status < 0)
		cut_back(spool, state_fd, end);
	/* With each line: a courier that is about to end may have looked already. */
	return status < 0 ? status : spool_owe(state_fd, clock_read().wall_ms + spool->patience_ms);
}

void spool_close(struct spool *spool)
{
	if (spool->fd >= 0)
		close(spool->fd);
	spool->fd = -1;
}

/* ---- owed --------------------------------------------------------------------------------- */

/* INT64_MAX where there is none. */
static int64_t time_of_owed(int state_fd, int64_t now_wall_ms)
{
	struct stat st;
	int64_t owed_wall_ms;

	if (fstatat(state_fd, SPOOL_OWED, &st, AT_SYMLINK_NOFOLLOW))
		return INT64_MAX;
	owed_wall_ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
	return owed_wall_ms > now_wall_ms + OWED_MAX_MS ? 0 : owed_wall_ms;
}

int64_t spool_owed_wall_ms(int state_fd)
{
	int64_t now_wall_ms = clock_read().wall_ms;
	int64_t owed_wall_ms = time_of_owed(state_fd, now_wall_ms);
	struct stat st;

	if (owed_wall_ms > now_wall_ms &&
	    fstatat(state_fd, SPOOL_OWED_TAKEN, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	return owed_wall_ms;
}

static void times_of(int64_t wall_ms, struct timespec times[2])
{
	times[0].tv_sec = times[1].tv_sec = (time_t)(wall_ms / 1000);
	times[0].tv_nsec = times[1].tv_nsec = (long)(wall_ms % 1000) * 1000000;
}

static int set_owed(int state_fd, int64_t wall_ms)
{
	struct timespec times[2];

	times_of(wall_ms, times);
	return utimensat(state_fd, SPOOL_OWED, times, AT_SYMLINK_NOFOLLOW) ? -errno : 0;
}

/* Never in the place of one that has come meanwhile, but on file systems without links. */
static int name_owed(int state_fd, const char *temporary)
{
	if (linkat(state_fd, temporary, state_fd, SPOOL_OWED, 0) && errno != EEXIST)
		return renameat(state_fd, temporary, state_fd, SPOOL_OWED) ? -errno : 0;
	(void)unlinkat(state_fd, temporary, 0); /* left, it is litter */
	return 0;
}

/* It has its time from the start: whoever sees it between would take it for due, and leave it
 * alone. */
static int make_owed(int state_fd, int64_t wall_ms)
{
	char temporary[sizeof(ATOMFILE_PREFIX) + 32];
	struct timespec times[2];
	int status;
	int fd;

	(void)snprintf(temporary, sizeof(temporary), ATOMFILE_PREFIX "owed-%d", (int)getpid());
	(void)unlinkat(state_fd, temporary, 0); /* of somebody who was killed under our number */
	fd = openat(state_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    0600);
	if (fd < 0)
		return -errno;
	times_of(wall_ms, times);
	status = futimens(fd, times) ? -errno : 0;
	close(fd); /* nothing was written */
	return status < 0 ? status : name_owed(state_fd, temporary);
}

int spool_owe(int state_fd, int64_t wall_ms)
{
	int status = 0;

	/* The courier may take it at any moment, and others may make it. */
	for (int attempt = 0; attempt < 100; attempt++) {
		int64_t owed_wall_ms = time_of_owed(state_fd, clock_read().wall_ms);

		if (owed_wall_ms <= wall_ms)
			return 0;
		status = owed_wall_ms == INT64_MAX ? make_owed(state_fd, wall_ms)
						   : set_owed(state_fd, wall_ms);
		if (status < 0 && status != -ENOENT)
			return status;
	}
	return status;
}

void spool_take_owed(int state_fd)
{
	(void)renameat(state_fd, SPOOL_OWED, state_fd,
		       SPOOL_OWED_TAKEN); /* left where it is, it is due */
}

void spool_drop_owed(int state_fd)
{
	(void)unlinkat(state_fd, SPOOL_OWED_TAKEN, 0); /* ENOENT: there was none. Left, it is due */
}

/* ---- reading: one moment ------------------------------------------------------------------ */

static uint64_t sum_of(const struct spool_reading *reading)
{
	uint64_t sum = HASH_INIT;

	for (size_t i = 0; i < reading->file_count; i++) {
		uint64_t size = (uint64_t)reading->files[i].size;

		sum = hash_words(hash_text(sum, reading->files[i].name), &size, 1);
	}
	return sum;
}

/*
 * Files only grow. So where two looks in a row see the same, it is what there was between them, and
 * no line is without those that came before it in another file.
 */
static int look(int dir_fd, struct spool_reading *reading)
{
	int status = list(dir_fd, reading);
	bool is_settled = false;

	for (int i = 0; i < LOOKS_MAX && status == 0 && !is_settled; i++) {
		uint64_t before = sum_of(reading);

		spool_reading_free(reading);
		status = list(dir_fd, reading);
		is_settled = sum_of(reading) == before;
	}
	return status;
}

/* ---- reading: the files ------------------------------------------------------------------- */

/* As much of FILE as was there at the moment that is read, up to the last newline: what follows was
 * cut off with its writer. */
static void read_text(int fd, struct spool_file *file)
{
	size_t size = (size_t)file->size;
	size_t len = 0;
	ssize_t count;

	file->text = mem_alloc(size + 1);
	while (len < size) {
		count = pread(fd, file->text + len, size - len, (off_t)len);
		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			break;
		len += (size_t)count;
	}
	file->is_left = file->is_left && len == size;
	while (len > 0 && file->text[len - 1] != '\n')
		len--;
	/* Zeros, as a power loss leaves them, spoil a line and not all that follow. */
	for (size_t i = 0; i < len; i++)
		file->text[i] = file->text[i] ? file->text[i] : '?';
	file->text[len] = '\0';
}

static void read_file(int dir_fd, struct spool_file *file)
{
	int fd = openat(dir_fd, file->name,
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return;
	/* Asked before its size: what was added last is seen. */
	file->is_left = flock(fd, LOCK_SH | LOCK_NB) == 0;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	    file->size <= TEXT_MAX) {
		file->is_left = file->is_left && st.st_size == file->size;
		read_text(fd, file);
	}
	close(fd);
}

/* ---- reading: the lines ------------------------------------------------------------------- */

struct keyed_line {
	struct spool_line line;
	int64_t stamp;
	size_t place;
};

static int by_stamp(const void *a, const void *b)
{
	const struct keyed_line *left = a;
	const struct keyed_line *right = b;

	if (left->stamp != right->stamp)
		return left->stamp < right->stamp ? -1 : 1;
	return left->place < right->place ? -1 : 1;
}

/* Passes over the stamp at *AT, if there is one. A file's lines stay in their order, whatever the
 * clock did. */
static int64_t take_stamp(const char **at, int64_t before)
{
	const char *digit = *at;
	uint64_t stamp = 0; /* 19 digits always fit */

	while (*digit >= '0' && *digit <= '9' && digit - *at < STAMP_DIGITS)
		stamp = stamp * 10 + (uint64_t)(*digit++ - '0');
	if (digit - *at != STAMP_DIGITS || *digit != ' ' || stamp > INT64_MAX)
		return before;
	*at = digit + 1;
	return (int64_t)stamp > before ? (int64_t)stamp : before;
}

static size_t count_lines(const struct spool_reading *reading)
{
	size_t count = 0;

	for (size_t i = 0; i < reading->file_count; i++)
		for (const char *at = reading->files[i].text; at && (at = strchr(at, '\n')); at++)
			count++;
	return count;
}

static size_t cut(const struct spool_file *file, size_t count, struct keyed_line *lines)
{
	int64_t stamp = 0;
	char *end;

	for (char *at = file->text; at && (end = strchr(at, '\n')); at = end + 1) {
		const char *text = at;

		*end = '\0';
		stamp = take_stamp(&text, stamp);
		lines[count] = (struct keyed_line){
			.line = { .round = file->name, .text = text, .len = (size_t)(end - text) },
			.stamp = stamp,
			.place = count
		};
		count++;
	}
	return count;
}

static void put_in_order(struct spool_reading *reading)
{
	size_t count = count_lines(reading);
	struct keyed_line *keyed = mem_alloc((count + 1) * sizeof(*keyed));

	count = 0;
	for (size_t i = 0; i < reading->file_count; i++)
		count = cut(&reading->files[i], count, keyed);
	qsort(keyed, count, sizeof(*keyed), by_stamp);
	reading->lines = mem_alloc((count + 1) * sizeof(*reading->lines));
	for (size_t i = 0; i < count; i++)
		reading->lines[i] = keyed[i].line;
	reading->count = count;
	free(keyed);
}

int spool_read(int state_fd, struct spool_reading *reading)
{
	int dir_fd = open_dir(state_fd, false);
	int status;

	*reading = (struct spool_reading)SPOOL_READING_INIT;
	if (dir_fd < 0)
		return dir_fd == -ENOENT ? 0 : dir_fd;
	status = look(dir_fd, reading);
	for (size_t i = 0; i < reading->file_count; i++)
		read_file(dir_fd, &reading->files[i]);
	put_in_order(reading);
	close(dir_fd);
	return status;
}

void spool_forget(int state_fd, const struct spool_reading *reading)
{
	int dir_fd = open_dir(state_fd, false);

	for (size_t i = 0; dir_fd >= 0 && i < reading->file_count; i++)
		if (reading->files[i].text && reading->files[i].is_left)
			(void)unlinkat(dir_fd, reading->files[i].name,
				       0); /* what stays is taken again */
	if (dir_fd < 0)
		return;
	(void)atomfile_sweep(dir_fd, LITTER_MIN_AGE_S); /* of who was killed before it had a name */
	close(dir_fd);
}

void spool_reading_free(struct spool_reading *reading)
{
	for (size_t i = 0; i < reading->file_count; i++) {
		free(reading->files[i].name);
		free(reading->files[i].text);
	}
	free(reading->files);
	free(reading->lines);
	/* One by one: clang's analyser does not see the members of a struct that is assigned. */
	reading->files = NULL;
	reading->file_count = 0;
	reading->lines = NULL;
	reading->count = 0;
}
