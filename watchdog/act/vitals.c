/* SPDX-License-Identifier: ISC */
#include "watchdog/act/vitals.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "watchdog/base/hash.h"
#include "watchdog/config/expand.h"

static bool is_asked(const struct instance *instance)
{
	const struct worker *worker = instance->worker;

	return worker && (worker->options.heartbeat_file || worker->options.restart_on_change.count);
}

static uint64_t add_identity(uint64_t hash, const struct stat *st)
{
	const uint64_t facts[] = { (uint64_t)st->st_dev, (uint64_t)st->st_ino };

	return hash_bytes(hash, facts, sizeof(facts));
}

static uint64_t add_state(uint64_t hash, const struct stat *st)
{
	const uint64_t facts[] = { (uint64_t)st->st_size, (uint64_t)st->st_mtim.tv_sec,
				   (uint64_t)st->st_mtim.tv_nsec };

	return hash_bytes(add_identity(hash, st), facts, sizeof(facts));
}

/* False where PATH is not there, or cannot be looked at. */
static bool add_path(const char *path, uint64_t *hash)
{
	char target[PATH_MAX];
	struct stat own, st;
	ssize_t len;

	if (lstat(path, &own) || stat(path, &st))
		return false;
	if (!S_ISLNK(own.st_mode)) {
		*hash = add_state(*hash, &st);
		return true;
	}
	len = readlink(path, target, sizeof(target));
	if (len < 0)
		return false;
	*hash = hash_bytes(*hash, target, (size_t)len);
	/* In a directory that is pointed to, files come and go by themselves. */
	*hash = S_ISDIR(st.st_mode) ? add_identity(*hash, &st) : add_state(*hash, &st);
	return true;
}

static uint64_t hash_paths(const struct strlist *paths)
{
	uint64_t hash = HASH_INIT;

	if (!paths->count)
		return 0;
	for (size_t i = 0; i < paths->count; i++)
		if (!add_path(paths->items[i], &hash))
			return 0;
	return hash ? hash : 1;
}

static void look_at_heartbeat(const char *path, struct observation *seen)
{
	struct stat st;

	if (!path)
		return;
	if (stat(path, &st) == 0) {
		seen->heartbeat_wall_ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
	} else if (errno == ENOENT || errno == ENOTDIR) {
		seen->heartbeat_wall_ms = 0;
	} else {
		seen->heartbeat_wall_ms = -1;
		seen->concern = "its heartbeat_file cannot be looked at, so whether it hangs cannot be told";
	}
}

void vitals_look(const struct scene *scene, const struct instance *instance, struct observation *seen)
{
	struct expanded expanded;

	if (!is_asked(instance))
		return;
	if (expand_instance(scene->config, instance, &expanded, NULL)) {
		seen->concern = "its user or its paths cannot be found out, so whether it hangs cannot be told";
		return;
	}
	look_at_heartbeat(expanded.heartbeat_file, seen);
	seen->watched = hash_paths(&expanded.restart_on_change);
	expanded_free(&expanded);
}

uint64_t vitals_watched(const struct scene *scene, const struct instance *instance)
{
	struct observation seen = OBSERVATION_INIT;

	vitals_look(scene, instance, &seen);
	return seen.watched;
}
