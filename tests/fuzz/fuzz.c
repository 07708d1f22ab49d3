/* SPDX-License-Identifier: ISC */
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/utf8.h"

void fuzz_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	FUZZ_CHECK(text != NULL);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

char *fuzz_piece(struct fuzz_input *input)
{
	size_t left = (size_t)(input->end - input->at);
	const uint8_t *mark = left ? memchr(input->at, 0xFF, left) : NULL;
	size_t len = mark ? (size_t)(mark - input->at) : left;
	char *text = fuzz_text(input->at, len);

	input->at += len + (mark != NULL);
	return text;
}

uint8_t fuzz_byte(struct fuzz_input *input)
{
	return input->at < input->end ? *input->at++ : 0;
}

/* ---- files -------------------------------------------------------------------------------- */

static char dir[4096];
static pid_t dir_owner;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_dir(void)
{
	if (getpid() == dir_owner)
		(void)nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *fuzz_dir(void)
{
	const char *base = getenv("TMPDIR");

	if (dir[0])
		return dir;
	if (!base || base[0] != '/')
		base = access("/dev/shm", R_OK | W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
	(void)snprintf(dir, sizeof(dir), "%s/cronherd-fuzz-XXXXXX", base);
	FUZZ_CHECK(mkdtemp(dir) != NULL);
	dir_owner = getpid();
	(void)atexit(remove_dir);
	return dir;
}

char *fuzz_path(const char *name)
{
	return mem_format("%s/%s", fuzz_dir(), name);
}

void fuzz_write(const char *name, const void *data, size_t size)
{
	char *path = fuzz_path(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	FUZZ_CHECK(fd >= 0);
	FUZZ_CHECK(size == 0 || write(fd, data, size) == (ssize_t)size);
	FUZZ_CHECK(close(fd) == 0);
	free(path);
}

/* ---- texts -------------------------------------------------------------------------------- */

bool fuzz_is_line(const char *text)
{
	return utf8_is_value(text) && !strpbrk(text, "\t\n");
}

bool fuzz_is_plain(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7F)
			return false;
	return true;
}

bool fuzz_is_utf8(const char *text, size_t len)
{
	for (size_t at = 0, n; at < len; at += n) {
		n = utf8_len(text + at, len - at);
		if (n == 0 || text[at] == '\0')
			return false;
	}
	return true;
}
