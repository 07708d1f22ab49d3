/* SPDX-License-Identifier: ISC */
/* check_pathwalk: root follows no link that another user could turn; who is not root goes where he may. */
#include <config.h>

#include <limits.h>

#include "pidfiles/pathwalk.h"
#include "tests/unit/check_main.h"
#include "tests/unit/pidfiles_fixture.h"

#define NOBODY 65534

static struct fixture_dir dir;

static const char *in_dir(const char *name)
{
	static char paths[4][512];
	static unsigned int next;
	char *path = paths[next++ % 4];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", dir.path, name);
	return path;
}

/* "real" and "home" are directories, "home/link" leads to "real". */
static void make(void)
{
	dir = fixture_open();
	ck_assert_int_eq(chmod(dir.path, 0755), 0);
	ck_assert_int_eq(mkdir(in_dir("real"), 0755), 0);
	ck_assert_int_eq(mkdir(in_dir("home"), 0755), 0);
	ck_assert_int_eq(symlink(in_dir("real"), in_dir("home/link")), 0);
}

static void clear(void)
{
	fixture_close(&dir);
}

/* Whether the walk to NAME ends in the directory THERE; else its negative errno is in *STATUS. */
static bool leads_to(const char *name, const char *there, int *status)
{
	struct stat found;
	struct stat meant;
	const char *base;
	int fd = pathwalk_open(in_dir(name), &base);

	*status = fd;
	if (fd < 0)
		return false;
	ck_assert_str_eq(base, strrchr(name, '/') ? strrchr(name, '/') + 1 : name);
	ck_assert_int_eq(fstat(fd, &found), 0);
	ck_assert_int_eq(stat(in_dir(there), &meant), 0);
	ck_assert_int_eq(close(fd), 0);
	return found.st_ino == meant.st_ino && found.st_dev == meant.st_dev;
}

START_TEST(finds_the_directory)
{
	int status;

	ck_assert(leads_to("real/file", "real", &status));
	ck_assert(leads_to("real//file", "real", &status));
	ck_assert(leads_to("home/../real/file", "real", &status));
	ck_assert(leads_to("file", ".", &status));
	ck_assert(!leads_to("none/file", ".", &status));
	ck_assert_int_eq(status, -ENOENT);
	fixture_put_text(dir.fd, "plain", "");
	ck_assert(!leads_to("plain/file", ".", &status));
	ck_assert_int_eq(status, -ENOTDIR);
}
END_TEST

START_TEST(finds_where_we_are)
{
	char path[PATH_MAX + 8];
	struct stat found;
	struct stat meant;
	const char *base;
	int fd;

	ck_assert_int_eq(chdir(in_dir("real")), 0);
	fd = pathwalk_open("file", &base);
	ck_assert_int_ge(fd, 0);
	ck_assert_str_eq(base, "file");
	ck_assert_int_eq(fstat(fd, &found), 0);
	ck_assert_int_eq(stat(".", &meant), 0);
	ck_assert_int_eq(found.st_ino, meant.st_ino);
	ck_assert_int_eq(close(fd), 0);
	memset(path, '/', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	ck_assert_int_eq(pathwalk_open(path, &base), -ENAMETOOLONG);
}
END_TEST

START_TEST(follows_links_of_nobody_else)
{
	int status;

	ck_assert(leads_to("home/link/file", "real", &status));
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chown(in_dir("home"), NOBODY, NOBODY), 0);
	ck_assert(!leads_to("home/link/file", "real", &status));
	ck_assert_int_eq(status, -ELOOP);
	ck_assert(leads_to("home/file", "home", &status));
	/* What is open to all: a link in it may be anybody's. */
	ck_assert_int_eq(chown(in_dir("home"), 0, 0), 0);
	ck_assert_int_eq(chmod(in_dir("home"), 01777), 0);
	ck_assert(!leads_to("home/link/file", "real", &status));
	ck_assert_int_eq(status, -ELOOP);
	/* Not root any more: no more is open to us through the link than without it. */
	ck_assert_int_eq(seteuid(NOBODY), 0);
	ck_assert(leads_to("home/link/file", "real", &status));
	ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

/* What a link of root's own names is walked by the same rule. */
START_TEST(follows_no_link_of_others_behind_our_own)
{
	int status;

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(symlink("home/link", in_dir("through")), 0);
	ck_assert_int_eq(symlink(in_dir("real"), in_dir("straight")), 0);
	ck_assert_int_eq(symlink("loop", in_dir("loop")), 0);
	ck_assert(leads_to("through/file", "real", &status));
	ck_assert_int_eq(chown(in_dir("home"), NOBODY, NOBODY), 0);
	ck_assert(!leads_to("through/file", "real", &status));
	ck_assert_int_eq(status, -ELOOP);
	ck_assert(leads_to("straight/file", "real", &status));
	ck_assert(leads_to("straight/../home/file", "home", &status));
	ck_assert(!leads_to("loop/file", "real", &status));
	ck_assert_int_eq(status, -ELOOP);
}
END_TEST

START_TEST(opens_what_is_named)
{
	int fd;

	fixture_put_text(dir.fd, "real/text", "x");
	ck_assert_int_eq(mkfifo(in_dir("real/fifo"), 0600), 0);
	ck_assert_int_ge(fd = pathwalk_open_file(in_dir("home/link/text")), 0);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_ge(fd = pathwalk_open_file(in_dir("real/fifo")), 0);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_ge(fd = pathwalk_open_dir(in_dir("home/link")), 0);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_ge(fd = pathwalk_open_dir("/"), 0);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(pathwalk_open_dir(in_dir("real/text")), -ENOTDIR);
	ck_assert_int_eq(pathwalk_open_file(in_dir("none")), -ENOENT);
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(symlink("text", in_dir("real/link")), 0);
	ck_assert_int_ge(fd = pathwalk_open_file(in_dir("real/link")), 0);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(chown(in_dir("real"), NOBODY, NOBODY), 0);
	ck_assert_int_eq(pathwalk_open_file(in_dir("real/link")), -ELOOP);
	ck_assert_int_ge(fd = pathwalk_open_file(in_dir("real/text")), 0);
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

START_TEST(makes_directories)
{
	struct stat made;
	size_t failed;

	ck_assert_int_eq(pathwalk_make_dir(in_dir("real/a//b/c/"), 0700, 0755, NULL), 0);
	ck_assert_int_eq(stat(in_dir("real/a/b"), &made), 0);
	ck_assert_int_eq(made.st_mode & 0777, 0755);
	ck_assert_int_eq(stat(in_dir("real/a/b/c"), &made), 0);
	ck_assert_int_eq(made.st_mode & 0777, 0700);
	ck_assert_int_eq(pathwalk_make_dir(in_dir("real/a/b/c"), 0700, 0755, NULL), 0);
	ck_assert_int_eq(pathwalk_make_dir("/", 0700, 0755, NULL), 0);
	fixture_put_text(dir.fd, "plain", "");
	ck_assert_int_eq(pathwalk_make_dir(in_dir("plain/a"), 0700, 0755, &failed), -ENOTDIR);
	ck_assert_uint_eq(failed, strlen(in_dir("plain/a")));
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chown(in_dir("home"), NOBODY, NOBODY), 0);
	ck_assert_int_eq(pathwalk_make_dir(in_dir("home/link/a/d"), 0700, 0755, &failed), -ELOOP);
	ck_assert_uint_eq(failed, strlen(in_dir("home/link/a")));
	ck_assert_int_ne(stat(in_dir("real/a/d"), &made), 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("pathwalk");
	TCase *tcase = tcase_create("pathwalk");

	tcase_add_checked_fixture(tcase, make, clear);
	tcase_add_test(tcase, finds_the_directory);
	tcase_add_test(tcase, follows_no_link_of_others_behind_our_own);
	tcase_add_test(tcase, opens_what_is_named);
	tcase_add_test(tcase, makes_directories);
	tcase_add_test(tcase, finds_where_we_are);
	tcase_add_test(tcase, follows_links_of_nobody_else);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
