/* SPDX-License-Identifier: ISC */
#include "watchdog/config/confcache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pidfiles/atomfile.h"
#include "watchdog/base/hash.h"
#include "watchdog/config/confimage.h"
#include "watchdog/config/conftell.h"
#include "watchdog/config/paths.h"

#define SIZE_MAX_BYTES (INT64_C(256) << 20)

/* ---- what the result depends on ----------------------------------------------------------- */

static uint64_t hash_surroundings(const char *main_file)
{
	char host[256] = "";
	uint64_t uid = geteuid();
	uint64_t hash = hash_words(HASH_INIT, &uid, 1);

	(void)gethostname(host, sizeof(host) - 1);
	hash = hash_text(hash, host);
	hash = hash_text(hash, main_file);
	hash = hash_text(hash, getenv("HOME"));
	hash = hash_text(hash, getenv("XDG_CONFIG_HOME"));
	return hash_text(hash, getenv("XDG_STATE_HOME"));
}

/* ---- loading ------------------------------------------------------------------------------ */

/* Cheap things first: who made it, for whom; then whether it is whole; then whether the files are as they were. */
static bool is_for_us(const struct confimage *image, const char *main_file)
{
	return confimage_is_ours(image) &&
	       confimage_facts(image)->surroundings == hash_surroundings(main_file) &&
	       confimage_is_whole(image);
}

static bool is_current(const struct confimage *image, struct config *config)
{
	const char *conf_dir = confimage_conf_dir(image);

	if (!conf_dir)
		return false;
	config->stamp = confstamp_of(config->main_file, conf_dir);
	return config->stamp.hash == confimage_facts(image)->stamp;
}

static void take(struct config *config, struct config *before)
{
	before->stamp = config->stamp;
	before->main_file = config->main_file;
	*config = *before;
	*before = (struct config){ .main_file = NULL };
}

static void file_name(const char *main_file, char *name, size_t size)
{
	(void)snprintf(name, size, "config-%016" PRIx64, hash_text(HASH_INIT, main_file));
}

/* A cache that somebody else could have written is none. */
static int open_dir(bool make)
{
	char *path = paths_cache_dir();
	struct stat st;
	int fd;

	if (!path)
		return -1;
	if (make)
		for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
			*slash = '\0';
			(void)mkdir(path, geteuid() == 0 ? 0755 : 0700);
			*slash = '/';
		}
	if (make)
		(void)mkdir(path, 0700);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(path);
	if (fd >= 0 && (fstat(fd, &st) || st.st_uid != geteuid() ||
			(st.st_mode & (S_IWGRP | S_IWOTH)))) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool is_trusted(int fd, uint64_t *size)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) || st.st_size < 1 || st.st_size > SIZE_MAX_BYTES)
		return false;
	*size = (uint64_t)st.st_size;
	return true;
}

/* Reads it once for nothing: what a disk cannot give is no cache here. */
static bool is_readable(int fd, uint64_t size)
{
	char piece[8192];
	uint64_t done = 0;
	ssize_t got;

	while ((got = read(fd, piece, sizeof(piece))) > 0)
		done += (uint64_t)got;
	return got == 0 && done == size;
}

/* Since Linux 5.14; here for older headers. */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

/* Whether all of the mapping can be read, which then is there: that is what the kernel tells without SIGBUS. */
static bool populate(const struct confimage *image, int fd)
{
	if (madvise(image->data, image->size, MADV_POPULATE_READ) == 0)
		return true;
	return errno == EINVAL && is_readable(fd, image->size);
}

/* Mapped, not read: pages of the file cost a fraction of pages of our own. Files are replaced, never written to. */
static bool map_whole(int fd, struct confimage *image)
{
	void *data;

	if (!is_trusted(fd, &image->size))
		return false;
	/* First for reading alone: to populate what may be written to would copy it. */
	data = mmap((void *)(uintptr_t)CONFIMAGE_ADDRESS, image->size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return false;
	image->data = data;
	return populate(image, fd) && mprotect(data, image->size, PROT_READ | PROT_WRITE) == 0;
}

static bool map_image(const char *main_file, struct confimage *image)
{
	char name[40];
	int dir_fd = open_dir(false);
	bool is_mapped = false;
	int fd;

	if (dir_fd < 0)
		return false;
	file_name(main_file, name, sizeof(name));
	fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0) {
		is_mapped = map_whole(fd, image);
		close(fd);
	}
	close(dir_fd);
	return is_mapped;
}

bool confcache_load(struct config *config, struct config *before)
{
	struct confimage image = { .data = NULL };
	uint64_t told_stamp;
	bool is_same;

	*before = (struct config){ .main_file = NULL };
	if (!map_image(config->main_file, &image) || !is_for_us(&image, config->main_file)) {
		confimage_free(&image);
		return false;
	}
	is_same = is_current(&image, config);
	told_stamp = confimage_facts(&image)->told_stamp;
	if (!confimage_open(&image, before)) {
		confimage_free(&image);
		return false;
	}
	if (!is_same || conftell_stamp(before).hash != told_stamp) {
		(void)confimage_open_files(before); /* without them everything is read anew */
		return false;
	}
	take(config, before);
	return true;
}

/* ---- saving ------------------------------------------------------------------------------- */

void confcache_save(const struct config *config)
{
	struct confimage_facts facts = { .surroundings = hash_surroundings(config->main_file),
					 .stamp = config->stamp.hash,
					 .told_stamp = conftell_stamp(config).hash };
	struct str blob;
	char name[40];
	int dir_fd = open_dir(true);

	if (dir_fd < 0)
		return;
	confimage_build(config, &facts, &blob);
	file_name(config->main_file, name, sizeof(name));
	(void)atomfile_write(dir_fd, name, blob.data, blob.len, 0600, ATOMFILE_VOLATILE);
	close(dir_fd);
	str_free(&blob);
}
