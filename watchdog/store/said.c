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
#include "watchdog/base/mem.h"
#include "watchdog/base/str.h"

#define FILE_NAME "said"
#define LINE_SIZE 17
#define TEXT_SIZE (SAID_MAX * LINE_SIZE + 1)

static int open_fallback(void)
{
	int fd = open("/dev/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 ? fd : open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Most rounds have nothing to complain of: memory that is not touched costs nothing. */
static void add(struct said_hashes *hashes, uint64_t hash)
{
	if (hashes->count == SAID_MAX)
		return;
	if (!hashes->items)
		hashes->items = mem_resize(NULL, SAID_MAX, sizeof(*hashes->items));
	hashes->items[hashes->count++] = hash;
}

static void read_from(struct said *said, int dir_fd, const char *name)
{
	const char *at;
	char *text;
	char *end;

	if (dir_fd < 0 || !atomfile_exists(dir_fd, name))
		return;
	text = mem_resize(NULL, TEXT_SIZE, 1);
	if (atomfile_read(dir_fd, name, text, TEXT_SIZE) < 0)
		text[0] = '\0';
	at = text;
	for (;; at = end) {
		uint64_t hash = strtoull(at, &end, 16);

		if (end == at)
			break;
		add(&said->before, hash);
	}
	free(text);
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

static bool has(const struct said_hashes *hashes, uint64_t hash)
{
	for (size_t i = 0; i < hashes->count; i++)
		if (hashes->items[i] == hash)
			return true;
	return false;
}

bool said_is_new(struct said *said, const char *text)
{
	uint64_t hash = hash_text(HASH_INIT, text);

	if (has(&said->now, hash))
		return false;
	add(&said->now, hash);
	return !has(&said->before, hash);
}

void said_keep(struct said *said, const char *text)
{
	if (has(&said->before, hash_text(HASH_INIT, text)))
		(void)said_is_new(said, text); /* it is not */
}

/* Whether all that is in A is in B. */
static bool is_within(const struct said_hashes *a, const struct said_hashes *b)
{
	for (size_t i = 0; i < a->count; i++)
		if (!has(b, a->items[i]))
			return false;
	return true;
}

static int write_to(const struct said *said, int dir_fd, const char *name)
{
	struct str text = STR_INIT;
	int status;

	if (dir_fd < 0)
		return -1;
	if (!said->now.count)
		return unlinkat(dir_fd, name, 0);
	for (size_t i = 0; i < said->now.count; i++)
		str_addf(&text, "%016" PRIx64 "\n", said->now.items[i]);
	status = atomfile_write(dir_fd, name, text.data, text.len, 0600, ATOMFILE_VOLATILE);
	str_free(&text);
	return status;
}

void said_write(const struct said *said)
{
	int fd;

	if (is_within(&said->now, &said->before) && is_within(&said->before, &said->now))
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

void said_free(struct said *said)
{
	free(said->before.items);
	free(said->now.items);
	said->before = said->now = (struct said_hashes){ 0 };
}
