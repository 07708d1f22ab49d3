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
#define MAGIC	  UINT64_C(0x31746f6c73686372)
#define COUNT_MAX 1000000

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

static uint64_t sum_of(const struct slotcache_entry *entries, size_t count)
{
	_Static_assert(sizeof(struct slotcache_entry) % 8 == 0, "summed in whole words");
	return hash_words(HASH_INIT, (const uint64_t *)(const void *)entries,
			  count * sizeof(*entries) / 8);
}

static bool is_for(const struct header *header, const struct slotcache_stamp *stamp, off_t size)
{
	return header->magic == MAGIC && header->entry_size == sizeof(struct slotcache_entry) &&
	       header->config == stamp->config && header->directories == stamp->directories &&
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

static bool are_sound(const struct slotcache_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!is_sound(&entries[i]))
			return false;
	return true;
}

static struct slotcache_entry *read_entries(int fd, const struct slotcache_stamp *stamp,
					    size_t *count)
{
	struct header header;
	struct slotcache_entry *entries;
	struct stat st;
	size_t size;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) ||
	    read(fd, &header, sizeof(header)) != (ssize_t)sizeof(header) ||
	    !is_for(&header, stamp, st.st_size))
		return NULL;
	size = header.count * sizeof(*entries);
	entries = malloc(size ? size : 1);
	if (!entries)
		return NULL;
	if (read(fd, entries, size) != (ssize_t)size ||
	    sum_of(entries, header.count) != header.checksum || !are_sound(entries, header.count)) {
		free(entries);
		return NULL;
	}
	*count = header.count;
	return entries;
}

struct slotcache_entry *slotcache_load(const struct statedir *dir, const struct slotcache_stamp *stamp,
				       size_t *count)
{
	struct slotcache_entry *entries;
	int fd;

	if (dir->fd < 0)
		return NULL;
	fd = openat(dir->fd, FILE_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	entries = read_entries(fd, stamp, count);
	close(fd);
	return entries;
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
