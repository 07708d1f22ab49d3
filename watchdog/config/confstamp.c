/* SPDX-License-Identifier: ISC */
#include "watchdog/config/confstamp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "watchdog/base/hash.h"

static uint64_t add_number(uint64_t hash, uint64_t number)
{
	return hash_bytes(hash, &number, sizeof(number));
}

static uint64_t stamp_file(int dir_fd, const char *name)
{
	uint64_t hash = hash_text(HASH_INIT, name);
	struct stat st;

	if (fstatat(dir_fd, name, &st, 0))
		return add_number(hash, (uint64_t)errno);
	hash = add_number(hash, (uint64_t)st.st_dev);
	hash = add_number(hash, (uint64_t)st.st_ino);
	hash = add_number(hash, (uint64_t)st.st_size);
	hash = add_number(hash, (uint64_t)st.st_mode);
	hash = add_number(hash, (uint64_t)st.st_uid);
	hash = hash_bytes(hash, &st.st_mtim, sizeof(st.st_mtim));
	return hash_bytes(hash, &st.st_ctim, sizeof(st.st_ctim));
}

static int is_conf(const char *name)
{
	size_t len = strlen(name);

	return *name != '.' && len > 5 && strcmp(name + len - 5, ".conf") == 0;
}

/* Sums, so that the order in which a directory is read does not matter. */
static uint64_t stamp_folder(const char *path)
{
	uint64_t sum = stamp_file(AT_FDCWD, path);
	DIR *stream = opendir(path);
	struct dirent *entry;

	if (!stream)
		return sum;
	while ((entry = readdir(stream)))
		if (is_conf(entry->d_name))
			sum += stamp_file(dirfd(stream), entry->d_name);
	closedir(stream);
	return sum;
}

uint64_t confstamp_of(const struct config *config)
{
	return stamp_file(AT_FDCWD, config->main_file) ^ stamp_folder(config->conf_dir);
}
