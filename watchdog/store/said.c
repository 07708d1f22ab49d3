/* SPDX-License-Identifier: ISC */
#include "watchdog/store/said.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pidfiles/atomfile.h"
#include "watchdog/base/hash.h"

#define FILE_NAME "said"
#define LINE_SIZE 17
#define TEXT_SIZE (SAID_MAX * LINE_SIZE + 1)

static int open_fallback(void)
{
	int fd = open("/dev/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 ? fd : open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void read_from(struct said *said, int dir_fd, const char *name)
{
	char text[TEXT_SIZE];
	char *at = text;
	char *end;

	if (dir_fd < 0 || atomfile_read(dir_fd, name, text, sizeof(text)) < 0)
		return;
	while (said->before_count < SAID_MAX) {
		uint64_t hash = strtoull(at, &end, 16);

		if (end == at)
			return;
		said->before[said->before_count++] = hash;
		at = end;
	}
}

void said_open(struct said *said, int dir_fd, const char *herd)
{
	int fd = open_fallback();

	*said = (struct said){ .dir_fd = dir_fd };
	(void)snprintf(said->fallback, sizeof(said->fallback), "cronherd-said-%u-%016" PRIx64,
		       (unsigned)geteuid(), hash_text(HASH_INIT, herd));
	read_from(said, dir_fd, FILE_NAME);
	read_from(said, fd, said->fallback);
	if (fd >= 0)
		close(fd);
}

static bool has(const uint64_t *hashes, size_t count, uint64_t hash)
{
	for (size_t i = 0; i < count; i++)
		if (hashes[i] == hash)
			return true;
	return false;
}

bool said_is_new(struct said *said, const char *text)
{
	uint64_t hash = hash_text(HASH_INIT, text);

	if (has(said->now, said->now_count, hash))
		return false;
	if (said->now_count < SAID_MAX)
		said->now[said->now_count++] = hash;
	return !has(said->before, said->before_count, hash);
}

void said_keep(struct said *said, const char *text)
{
	if (has(said->before, said->before_count, hash_text(HASH_INIT, text)))
		(void)said_is_new(said, text); /* it is not */
}

static bool is_unchanged(const struct said *said)
{
	for (size_t i = 0; i < said->now_count; i++)
		if (!has(said->before, said->before_count, said->now[i]))
			return false;
	for (size_t i = 0; i < said->before_count; i++)
		if (!has(said->now, said->now_count, said->before[i]))
			return false;
	return true;
}

static int write_to(const struct said *said, int dir_fd, const char *name)
{
	char text[TEXT_SIZE];
	size_t len = 0;

	if (dir_fd < 0)
		return -1;
	if (!said->now_count)
		return unlinkat(dir_fd, name, 0);
	for (size_t i = 0; i < said->now_count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%016" PRIx64 "\n",
					said->now[i]);
	return atomfile_write(dir_fd, name, text, len, 0600, ATOMFILE_VOLATILE);
}

void said_close(struct said *said)
{
	int fd;

	if (is_unchanged(said))
		return;
	fd = open_fallback();
	/* One of the two; what the other held is of an earlier round. */
	if (write_to(said, said->dir_fd, FILE_NAME) < 0)
		(void)write_to(said, fd, said->fallback);
	else if (fd >= 0)
		(void)unlinkat(fd, said->fallback, 0);
	if (fd >= 0)
		close(fd);
}
