/* SPDX-License-Identifier: ISC */
/* dirnames: all that lies in a directory, once, however much it is. */
#include "watchdog/base/dirnames.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "tests/unit/check_main.h"
#include "tests/unit/tempdir.h"

static char *dir;
static int dir_fd;

static void setup(void)
{
	dir = tempdir_make();
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir_fd, 0);
}

static void teardown(void)
{
	(void)close(dir_fd);
	tempdir_remove(dir);
}

static size_t count(struct dirnames *names)
{
	size_t count = 0;

	dirnames_begin(names, dir_fd);
	while (dirnames_next(names))
		count++;
	return count;
}

START_TEST(test_nothing)
{
	struct dirnames names;

	ck_assert_uint_eq(count(&names), 0);
	ck_assert_int_eq(names.failure, 0);
	ck_assert_ptr_null(dirnames_next(&names));
}
END_TEST

/* More than one buffer takes; short names and the longest that there can be. */
START_TEST(test_many)
{
	enum { COUNT = 700 };
	static char seen[COUNT];
	struct dirnames names;
	const char *name;
	char text[256];

	for (int i = 0; i < COUNT; i++) {
		(void)snprintf(text, sizeof(text), "%0*d", i % 256 < 3 ? 3 : i % 256, i);
		tempdir_file(dir, text, "");
	}
	for (int round = 1; round <= 2; round++) { /* from the start again */
		dirnames_begin(&names, dir_fd);
		while ((name = dirnames_next(&names)))
			seen[atoi(name)]++;
		ck_assert_int_eq(names.failure, 0);
		for (int i = 0; i < COUNT; i++)
			ck_assert_int_eq(seen[i], round);
	}
}
END_TEST

START_TEST(test_names_that_begin_with_dots)
{
	struct dirnames names;

	tempdir_file(dir, ".a", "");
	tempdir_file(dir, "..b", "");
	tempdir_file(dir, "...", "");
	ck_assert_uint_eq(count(&names), 3);
}
END_TEST

START_TEST(test_types)
{
	struct dirnames names;
	const char *name;

	tempdir_file(dir, "f", "");
	tempdir_folder(dir, "d");
	ck_assert_int_eq(symlinkat("f", dir_fd, "l"), 0);
	dirnames_begin(&names, dir_fd);
	while ((name = dirnames_next(&names)))
		if (names.type != DT_UNKNOWN)
			ck_assert_int_eq(names.type, *name == 'f' ? DT_REG : *name == 'd' ? DT_DIR : DT_LNK);
}
END_TEST

START_TEST(test_what_cannot_be_read)
{
	struct dirnames names;
	int fd;

	tempdir_file(dir, "f", "");
	fd = openat(dir_fd, "f", O_RDONLY | O_CLOEXEC);
	dirnames_begin(&names, fd);
	ck_assert_ptr_null(dirnames_next(&names));
	ck_assert_int_eq(names.failure, ENOTDIR);
	(void)close(fd);
	dirnames_begin(&names, -1);
	ck_assert_ptr_null(dirnames_next(&names));
	ck_assert_int_eq(names.failure, EBADF);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("dirnames");
	TCase *tests = tcase_create("all");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, test_nothing);
	tcase_add_test(tests, test_many);
	tcase_add_test(tests, test_names_that_begin_with_dots);
	tcase_add_test(tests, test_types);
	tcase_add_test(tests, test_what_cannot_be_read);
	suite_add_tcase(all, tests);
	return all;
}

CHECK_MAIN(suite())
