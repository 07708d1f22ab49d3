/* SPDX-License-Identifier: ISC */
/* A directory for one test: made empty, filled with files, removed whole. */
#ifndef TESTS_UNIT_TEMPDIR_H
#define TESTS_UNIT_TEMPDIR_H

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "watchdog/base/mem.h"

static inline int tempdir_remove_one(const char *path, const struct stat *st, int type,
				     struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* Allocated path. */
static inline char *tempdir_make(void)
{
	const char *base = getenv("TMPDIR");
	char *dir = mem_format("%s/cronherd-check-XXXXXX", base && base[0] == '/' ? base : "/tmp");

	ck_assert_ptr_nonnull(mkdtemp(dir));
	return dir;
}

static inline void tempdir_remove(char *dir)
{
	ck_assert_int_eq(nftw(dir, tempdir_remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	free(dir);
}

static inline void tempdir_folder(const char *dir, const char *name)
{
	char *path = mem_format("%s/%s", dir, name);

	ck_assert_int_eq(mkdir(path, 0755), 0);
	free(path);
}

/* Writes LEN bytes of TEXT to NAME in DIR, mode 0644 whatever the umask. */
static inline void tempdir_write(const char *dir, const char *name, const char *text, size_t len)
{
	char *path = mem_format("%s/%s", dir, name);
	FILE *file = fopen(path, "we");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text, 1, len, file), len);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(chmod(path, 0644), 0);
	free(path);
}

static inline void tempdir_file(const char *dir, const char *name, const char *text)
{
	tempdir_write(dir, name, text, strlen(text));
}

#endif
