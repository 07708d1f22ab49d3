/* SPDX-License-Identifier: ISC */
#include "watchdog/store/slotcache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pidfiles/atomfile.h"
#include "watchdog/base/hash.h"
#include "watchdog/base/mem.h"

#define FILE_NAME "slots.cache"
#define MAGIC	  UINT64_C(0x32746f6c73686372)
#define COUNT_MAX 1000000
#define BUFFERED  16 /* entries read at once: few pages */

struct header {
	uint64_t magic;
	uint64_t checksum; /* of the entries */
	uint64_t entry_size;
	uint64_t count;
	uint64_t config;
	uint64_t directories;
};

static uint64_t add_directory(uint64_t hash, int fd, int64_t *newest_wall_ms)
{
	struct stat st = { .st_ino = 0 };
	int failure = fd < 0 || fstat(fd, &st);
	int64_t changed_ms = (int64_t)st.st_ctim.tv_sec * 1000 + st.st_ctim.tv_nsec / 1000000;
	uint64_t facts[] = { (uint64_t)failure,		  (uint64_t)st.st_dev,
			     (uint64_t)st.st_ino,	  (uint64_t)st.st_mtim.tv_sec,
			     (uint64_t)st.st_mtim.tv_nsec, (uint64_t)st.st_ctim.tv_sec,
			     (uint64_t)st.st_ctim.tv_nsec };

	if (changed_ms > *newest_wall_ms)
		*newest_wall_ms = changed_ms;
	return hash_words(hash, facts, sizeof(facts) / sizeof(facts[0]));
}

struct slotcache_stamp slotcache_stamp_of(const struct statedir *dir, uint64_t config)
{
	struct slotcache_stamp stamp = { .config = config };
	uint64_t hash = add_directory(HASH_INIT, dir->pidfiles_fd, &stamp.newest_wall_ms);

	stamp.directories = add_directory(hash, dir->records_fd, &stamp.newest_wall_ms);
	return stamp;
}

/* In pieces, as they are read. */
static uint64_t add_piece(uint64_t sum, const struct slotcache_entry *entries, size_t count)
{
	_Static_assert(sizeof(struct slotcache_entry) % 8 == 0, "summed in whole words");
	return hash_block(sum, (const uint64_t *)(const void *)entries, count * sizeof(*entries) / 8);
}

static uint64_t sum_of(const struct slotcache_entry *entries, size_t count)
{
	uint64_t sum = HASH_INIT;

	for (size_t i = 0; i < count; i += BUFFERED)
		sum = add_piece(sum, &entries[i], count - i < BUFFERED ? count - i : BUFFERED);
	return sum;
}

static bool is_for(const struct header *header, const struct slotcache_stamp *stamp, off_t size)
{
	return header->magic == MAGIC && header->entry_size == sizeof(struct slotcache_entry) &&
	       header->directories == stamp->directories &&
	       header->count <= COUNT_MAX &&
	       size == (off_t)(sizeof(*header) + header->count * sizeof(struct slotcache_entry));
}

/* The checksum is right; but another version of this program may mean other things by the same bytes. */
static bool is_sound(const struct slotcache_entry *entry)
{
	return memchr(entry->name, '\0', WORKER_NAME_MAX + 1) &&
	       memchr(entry->pidfile.id.boot_id, '\0', sizeof(entry->pidfile.id.boot_id)) &&
	       record_is_sound(&entry->record);
}

static bool read_header(int fd, const struct slotcache_stamp *stamp, struct header *header)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	       !(st.st_mode & (S_IWGRP | S_IWOTH)) &&
	       read(fd, header, sizeof(*header)) == (ssize_t)sizeof(*header) &&
	       is_for(header, stamp, st.st_size);
}

bool slotcache_open(struct slotcache_reader *reader, const struct statedir *dir,
		    const struct slotcache_stamp *stamp)
{
	struct header header;
	int fd;

	if (dir->fd < 0)
		return false;
	fd = openat(dir->fd, FILE_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (!read_header(fd, stamp, &header)) {
		close(fd);
		return false;
	}
	*reader = (struct slotcache_reader){ .fd = fd,
					     .count = header.count,
					     .is_same_config = header.config == stamp->config,
					     .left = header.count,
					     .sum = HASH_INIT,
					     .checksum = header.checksum };
	reader->buffer = mem_resize(NULL, header.count < BUFFERED ? header.count + 1 : BUFFERED, sizeof(*reader->buffer));
	return true;
}

static bool fill(struct slotcache_reader *reader)
{
	size_t count = reader->left < BUFFERED ? reader->left : BUFFERED;
	size_t size = count * sizeof(*reader->buffer);

	if (!count || read(reader->fd, reader->buffer, size) != (ssize_t)size)
		return false;
	reader->sum = add_piece(reader->sum, reader->buffer, count);
	reader->buffered = count;
	reader->at = 0;
	return true;
}

const struct slotcache_entry *slotcache_next(struct slotcache_reader *reader)
{
	const struct slotcache_entry *entry;

	if (reader->at == reader->buffered && !fill(reader))
		return NULL;
	entry = &reader->buffer[reader->at];
	if (!is_sound(entry))
		return NULL;
	reader->at++;
	reader->left--;
	return entry;
}

bool slotcache_is_whole(const struct slotcache_reader *reader)
{
	return reader->left == 0 && reader->sum == reader->checksum;
}

void slotcache_close(struct slotcache_reader *reader)
{
	close(reader->fd);
	free(reader->buffer);
	reader->buffer = NULL;
}

int64_t slotcache_changed_ns(const struct stat *st)
{
	return (int64_t)st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec;
}

void slotcache_save(const struct statedir *dir, const struct slotcache_stamp *stamp,
		    const struct slotcache_entry *entries, size_t count)
{
	struct header header = { .magic = MAGIC,
				 .checksum = sum_of(entries, count),
				 .entry_size = sizeof(*entries),
				 .count = count,
				 .config = stamp->config,
				 .directories = stamp->directories };
	size_t size = sizeof(header) + count * sizeof(*entries);
	char *whole = mem_alloc(size);

	memcpy(whole, &header, sizeof(header));
	memcpy(whole + sizeof(header), entries, count * sizeof(*entries));
	(void)atomfile_write(dir->fd, FILE_NAME, whole, size, 0600, ATOMFILE_VOLATILE);
	free(whole);
}
