/* SPDX-License-Identifier: ISC */
/* A directory of its own for each test, under TMPDIR; made by setup, removed by teardown. */
#ifndef TESTS_UNIT_CHECK_DIR_H
#define TESTS_UNIT_CHECK_DIR_H

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char check_dir[512];

static inline void check_dir_setup_in(const char *where)
{
	(void)snprintf(check_dir, sizeof(check_dir), "%s/cronherd-act-check-XXXXXX", where);
	ck_assert_ptr_nonnull(mkdtemp(check_dir));
}

static inline void check_dir_setup(void)
{
	const char *tmp = getenv("TMPDIR");

	check_dir_setup_in(tmp && *tmp ? tmp : "/tmp");
}

static inline int check_dir_remove_one(const char *path, const struct stat *st, int type,
				       struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void check_dir_teardown(void)
{
	ck_assert_int_eq(nftw(check_dir, check_dir_remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* The path of NAME in the directory; the last four are valid at a time. */
static inline const char *check_dir_path(const char *name)
{
	static char paths[4][1024];
	static unsigned int next;
	char *path = paths[next++ % 4];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", check_dir, name);
	return path;
}

static inline void check_dir_write(const char *name, const void *data, size_t len, mode_t mode)
{
	int fd = open(check_dir_path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
	ck_assert_int_eq(close(fd), 0);
}

/* Adds what NAME holds to BUF at LEN, returns the new length. */
static inline size_t check_dir_read(const char *name, char *buf, size_t len, size_t size)
{
	int fd = open(check_dir_path(name), O_RDONLY | O_CLOEXEC);
	ssize_t count = 1;

	ck_assert_msg(fd >= 0, "cannot open %s", name);
	while (count > 0) {
		count = read(fd, buf + len, size - 1 - len);
		ck_assert_int_ge(count, 0);
		len += (size_t)count;
	}
	buf[len] = '\0';
	ck_assert_int_eq(close(fd), 0);
	return len;
}

#endif
