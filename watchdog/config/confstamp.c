/* SPDX-License-Identifier: ISC */
#include "watchdog/config/confstamp.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "watchdog/base/dirnames.h"
#include "watchdog/base/hash.h"
#include "watchdog/config/confd.h"

#define SETTLED_AFTER_MS 2000

uint64_t confstamp_add_at(struct confstamp *stamp, int dir_fd, const char *name)
{
	struct stat st = { .st_ino = 0 };
	uint64_t hash = hash_text(HASH_INIT, name);
	int failure = fstatat(dir_fd, name, &st, 0) ? errno : 0;
	int64_t changed_ms = (int64_t)st.st_ctim.tv_sec * 1000 + st.st_ctim.tv_nsec / 1000000;
	uint64_t facts[] = { (uint64_t)failure,
			     (uint64_t)st.st_dev,
			     (uint64_t)st.st_ino,
			     (uint64_t)st.st_size,
			     (uint64_t)st.st_mode,
			     (uint64_t)st.st_uid,
			     (uint64_t)st.st_mtim.tv_sec,
			     (uint64_t)st.st_mtim.tv_nsec,
			     (uint64_t)st.st_ctim.tv_sec,
			     (uint64_t)st.st_ctim.tv_nsec };

	hash = hash_words(hash, facts, sizeof(facts) / sizeof(facts[0]));
	/* A sum, so that the order in which a directory is read does not matter. */
	stamp->hash += hash;
	if (changed_ms > stamp->newest_wall_ms)
		stamp->newest_wall_ms = changed_ms;
	return failure ? 0 : hash;
}

void confstamp_add(struct confstamp *stamp, const char *path)
{
	(void)confstamp_add_at(stamp, AT_FDCWD, path);
}

struct confstamp confstamp_of(const char *main_file, const char *conf_dir)
{
	struct confstamp stamp = { .hash = 0 };
	struct dirnames names;
	const char *name;
	int fd;

	confstamp_add(&stamp, main_file);
	confstamp_add(&stamp, conf_dir);
	fd = open(conf_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return stamp;
	dirnames_begin(&names, fd);
	while ((name = dirnames_next(&names)))
		if (confd_is_name(name))
			(void)confstamp_add_at(&stamp, fd, name);
	close(fd);
	return stamp;
}

bool confstamp_is_settled(const struct confstamp *stamp, int64_t at_wall_ms)
{
	return stamp->newest_wall_ms <= at_wall_ms - SETTLED_AFTER_MS;
}
