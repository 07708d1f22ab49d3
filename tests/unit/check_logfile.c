/* SPDX-License-Identifier: ISC */
/* logfile: whatever happens, backups and log in a row are what the worker wrote. */
#include <config.h>

#include "tests/unit/check_dir.h"
#include "tests/unit/check_main.h"
#include "watchdog/act/logfile.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define NOBODY	 65534
#define ALL_SIZE (16 * 1024 * 1024)

static struct err err;
static bool rotated;

static int rotate_as(const char *name, uid_t owner, int64_t maxbytes, int backups)
{
	err = (struct err)ERR_INIT;
	return logfile_rotate_if_needed(check_dir_path(name), owner, maxbytes, backups, &rotated,
					&err);
}

static int rotate(const char *name, int64_t maxbytes, int backups)
{
	return rotate_as(name, geteuid(), maxbytes, backups);
}

static bool exists(const char *name)
{
	struct stat st;

	return lstat(check_dir_path(name), &st) == 0;
}

static off_t size_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(lstat(check_dir_path(name), &st), 0);
	return st.st_size;
}

static int count_files(void)
{
	DIR *dir = opendir(check_dir);
	const struct dirent *entry;
	int count = 0;

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			count++;
	(void)closedir(dir);
	return count;
}

/* Lines "000000123 abc…\n", each told from all others. */
static size_t number_line(char line[64], int number)
{
	return (size_t)snprintf(line, 64, "%09d%.*s\n", number, number % 31,
				" abcdefghijklmnopqrstuvwxyzABCDE");
}

static void append_lines(const char *name, int from, int to)
{
	int fd = open(check_dir_path(name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	char line[64];

	ck_assert_int_ge(fd, 0);
	for (int number = from; number < to; number++) {
		size_t len = number_line(line, number);
		ck_assert_int_eq(write(fd, line, len), (ssize_t)len);
	}
	(void)close(fd);
}

/* Backups, the oldest first, and the log; NUL-terminated. */
static char *read_all(const char *name, size_t *len)
{
	char *all = calloc(1, ALL_SIZE);
	char backup[64];

	ck_assert_ptr_nonnull(all);
	*len = 0;
	for (int number = 2000; number > 0; number--) {
		(void)snprintf(backup, sizeof(backup), "%s.%d", name, number);
		if (exists(backup))
			*len = check_dir_read(backup, all, *len, ALL_SIZE);
	}
	*len = check_dir_read(name, all, *len, ALL_SIZE);
	return all;
}

/* Exactly the lines FROM to TO. */
static void assert_lines(const char *name, int from, int to)
{
	size_t all_len;
	char *all = read_all(name, &all_len);
	char line[64];
	size_t at = 0;

	for (int number = from; number < to; number++) {
		size_t len = number_line(line, number);

		ck_assert_msg(at + len <= all_len && memcmp(all + at, line, len) == 0,
			      "line %d is missing, or not whole", number);
		at += len;
	}
	ck_assert_uint_eq(at, all_len);
	free(all);
}

/* Whether this file system can cut, asked in another way than logfile does: by doing it. */
static bool can_collapse(void)
{
	char *zeros = calloc(1, 4L * 1024 * 1024);
	struct stat st;

	ck_assert_ptr_nonnull(zeros);
	check_dir_write("probe", zeros, 4L * 1024 * 1024, 0600);
	free(zeros);
	ck_assert_int_eq(stat(check_dir_path("probe"), &st), 0);
	int fd = open(check_dir_path("probe"), O_RDWR | O_CLOEXEC);
	bool can = fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, 1024L * 1024) == 0;
	(void)close(fd);
	ck_assert_int_eq(unlink(check_dir_path("probe")), 0);
	return can;
}

START_TEST(missing_or_short_is_left_alone)
{
	ck_assert_int_eq(rotate("none.log", 1, 5), 0);
	ck_assert(!rotated);
	append_lines("a.log", 0, 1000);
	off_t size = size_of("a.log");
	ck_assert_int_eq(rotate("a.log", size, 5), 0);
	ck_assert(!rotated);
	ck_assert_int_eq(rotate("a.log", 0, 5), 0);
	ck_assert(!rotated);
	ck_assert_int_eq(count_files(), 1);
	ck_assert_int_eq(rotate("a.log", size - 1, 5), 0);
	ck_assert(rotated);
	ck_assert_int_eq(count_files(), 2);
}
END_TEST

START_TEST(nothing_is_lost_at_rest)
{
	int number = 0;

	for (int round = 0; round < 20; round++) {
		int more = 400 + 37 * round;

		append_lines("a.log", number, number + more);
		number += more;
		ck_assert_msg(rotate("a.log", 8192, 100) == 0, "%s", err.text);
		ck_assert(rotated);
		ck_assert_int_le(size_of("a.log"), 65536);
		assert_lines("a.log", 0, number);
	}
	ck_assert_int_eq(count_files(), 21);
}
END_TEST

/* Of sizes around whole blocks, the last block has to stay: a cut may not reach the end. */
START_TEST(whole_blocks_lose_nothing)
{
	static const int around[] = { 2 * 4096 - 1, 2 * 4096, 2 * 4096 + 1, 65536, 131072 };
	size_t len = (size_t)around[_i];
	char *text = malloc(len + 1);

	ck_assert_ptr_nonnull(text);
	for (size_t i = 0; i < len; i++)
		text[i] = (char)('a' + i % 25);
	text[len] = '\0';
	check_dir_write("a.log", text, len, 0600);
	ck_assert_msg(rotate("a.log", 4096, 3) == 0, "%s", err.text);
	size_t all_len;
	char *all = read_all("a.log", &all_len);
	ck_assert_uint_eq(all_len, len);
	ck_assert_mem_eq(all, text, len);
	free(all);
	free(text);
}
END_TEST

#define WRITER_LINES 150000

static _Noreturn void write_without_pause(void)
{
	int fd = open(check_dir_path("a.log"), O_WRONLY | O_CREAT | O_APPEND, 0600);
	char line[64];

	for (int number = 0; number < WRITER_LINES; number++) {
		size_t len = number_line(line, number);
		if (write(fd, line, len) != (ssize_t)len)
			_exit(1);
	}
	_exit(0);
}

START_TEST(nothing_is_lost_while_it_is_written)
{
	bool lossless = can_collapse();
	int rotations = 0;
	int status = 0;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		write_without_pause();
	while (waitpid(pid, &status, WNOHANG) == 0) {
		ck_assert_msg(rotate("a.log", 32768, 1000) == 0, "%s", err.text);
		rotations += rotated ? 1 : 0;
	}
	ck_assert_int_eq(status, 0);
	ck_assert_int_gt(rotations, 0);
	if (lossless)
		assert_lines("a.log", 0, WRITER_LINES);
}
END_TEST

/* Two rounds at once: each would cut what both have copied. */
START_TEST(rotations_at_once_lose_nothing)
{
	bool lossless = can_collapse();
	int status = 0;
	pid_t rival;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		write_without_pause();
	rival = fork();
	ck_assert_int_ge(rival, 0);
	if (rival == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (rotate("a.log", 32768, 1000) == 0)
			continue;
		_exit(1);
	}
	while (waitpid(pid, &status, WNOHANG) == 0)
		ck_assert_msg(rotate("a.log", 32768, 1000) == 0, "%s", err.text);
	ck_assert_int_eq(status, 0);
	append_lines("a.log", WRITER_LINES, WRITER_LINES + 1);
	/* The rival is ended between two of its rotations, not within one. */
	int fd = open(check_dir_path("a.log"), O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	ck_assert_int_eq(kill(rival, SIGKILL), 0);
	ck_assert_int_eq(waitpid(rival, &status, 0), rival);
	(void)close(fd);
	ck_assert(WIFSIGNALED(status));
	if (lossless)
		assert_lines("a.log", 0, WRITER_LINES + 1);
}
END_TEST

START_TEST(locked_log_is_left_alone)
{
	append_lines("a.log", 0, 2000);
	int fd = open(check_dir_path("a.log"), O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	ck_assert_int_eq(rotate("a.log", 4096, 2), 0);
	ck_assert(!rotated);
	(void)close(fd);
	ck_assert_int_eq(rotate("a.log", 4096, 2), 0);
	ck_assert(rotated);
}
END_TEST

START_TEST(as_many_backups_as_asked)
{
	int backups = _i;
	int number = 0;

	for (int round = 0; round < 6; round++, number += 2000) {
		append_lines("a.log", number, number + 2000);
		ck_assert_msg(rotate("a.log", 8192, backups) == 0, "%s", err.text);
		ck_assert(rotated);
		ck_assert_int_eq(count_files(), 1 + (round < backups ? round + 1 : backups));
	}
	ck_assert_int_le(size_of("a.log"), 65536);
	/* What is there ends with the last line: it was the oldest that went. */
	size_t all_len;
	char *all = read_all("a.log", &all_len);
	char line[64];
	size_t len = number_line(line, number - 1);
	if (backups > 0)
		ck_assert_mem_eq(all + all_len - len, line, len);
	free(all);
}
END_TEST

START_TEST(gap_costs_no_backup)
{
	append_lines("a.log", 0, 2000);
	check_dir_write("a.log.2", "two", 3, 0600);
	check_dir_write("a.log.3", "three", 5, 0600);
	ck_assert_int_eq(rotate("a.log", 8192, 3), 0);
	ck_assert_int_eq(size_of("a.log.2"), 3);
	ck_assert_int_eq(size_of("a.log.3"), 5);
	append_lines("a.log", 2000, 4000);
	ck_assert_int_eq(unlink(check_dir_path("a.log.2")), 0);
	ck_assert_int_eq(rotate("a.log", 8192, 3), 0);
	ck_assert_int_gt(size_of("a.log.2"), 3);
	ck_assert_int_eq(size_of("a.log.3"), 5);
}
END_TEST

START_TEST(links_and_kinds_are_refused)
{
	char path[1024];

	append_lines("victim", 0, 2000);
	off_t size = size_of("victim");

	(void)snprintf(path, sizeof(path), "%s", check_dir_path("victim"));
	ck_assert_int_eq(symlink(path, check_dir_path("link.log")), 0);
	ck_assert_int_eq(rotate("link.log", 1, 5), -1);
	ck_assert_int_eq(err.sys_errno, ELOOP);

	ck_assert_int_eq(link(path, check_dir_path("hard.log")), 0);
	ck_assert_int_eq(rotate("hard.log", 4096, 5), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "hard links"));
	ck_assert_int_eq(unlink(check_dir_path("hard.log")), 0);

	ck_assert_int_eq(mkfifo(check_dir_path("fifo.log"), 0600), 0);
	ck_assert_int_eq(rotate("fifo.log", 1, 5), 0);
	ck_assert(!rotated);

	ck_assert_int_eq(mkdir(check_dir_path("dir.log"), 0700), 0);
	(void)rotate("dir.log", 1, 5); /* a directory's size depends on the file system */
	ck_assert(!rotated);
	ck_assert_int_eq(size_of("victim"), size);
	ck_assert_int_eq(count_files(), 4);
}
END_TEST

START_TEST(planted_names_are_not_followed)
{
	char path[1024];

	append_lines("a.log", 0, 2000);
	check_dir_write("victim", "precious", 8, 0600);
	(void)snprintf(path, sizeof(path), "%s", check_dir_path("victim"));
	ck_assert_int_eq(symlink(path, check_dir_path("a.log.1")), 0);
	ck_assert_int_eq(symlink(path, check_dir_path(".tmp-a.log.1")), 0);
	ck_assert_msg(rotate("a.log", 8192, 1) == 0, "%s", err.text);
	ck_assert(rotated);
	ck_assert_int_eq(size_of("victim"), 8);
	ck_assert(!exists(".tmp-a.log.1"));
	assert_lines("a.log", 0, 2000);
}
END_TEST

START_TEST(owner_and_mode_are_kept)
{
	struct stat st;
	uid_t owner = geteuid() == 0 ? NOBODY : geteuid();

	append_lines("a.log", 0, 2000);
	if (geteuid() == 0)
		ck_assert_int_eq(chown(check_dir_path("a.log"), NOBODY, NOBODY), 0);
	ck_assert_int_eq(chmod(check_dir_path("a.log"), 0640), 0);
	ck_assert_msg(rotate_as("a.log", owner, 8192, 2) == 0, "%s", err.text);
	ck_assert_int_eq(stat(check_dir_path("a.log.1"), &st), 0);
	ck_assert_uint_eq(st.st_uid, owner);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
}
END_TEST

START_TEST(strangers_log_is_refused)
{
	if (geteuid() != 0)
		return;
	append_lines("a.log", 0, 2000);
	ck_assert_int_eq(chown(check_dir_path("a.log"), NOBODY, NOBODY), 0);
	ck_assert_int_eq(rotate_as("a.log", NOBODY - 1, 8192, 2), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "belongs to somebody else"));
	ck_assert_int_eq(count_files(), 1);
}
END_TEST

/* Root's own log elsewhere must not be reached through a link of the worker's user. */
START_TEST(directory_of_a_user_leads_nowhere)
{
	char target[1024];

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(mkdir(check_dir_path("var"), 0755), 0);
	append_lines("var/a.log", 0, 2000);
	ck_assert_int_eq(mkdir(check_dir_path("home"), 0755), 0);
	(void)snprintf(target, sizeof(target), "%s", check_dir_path("var"));
	ck_assert_int_eq(symlink(target, check_dir_path("home/log")), 0);

	/* While the directory is root's, so is the link. */
	ck_assert_msg(rotate_as("home/log/a.log", NOBODY, 8192, 5) == 0, "%s", err.text);
	ck_assert(rotated);
	append_lines("var/a.log", 2000, 4000);

	ck_assert_int_eq(chown(check_dir_path("home"), NOBODY, NOBODY), 0);
	ck_assert_int_eq(rotate_as("home/log/a.log", NOBODY, 8192, 5), -1);
	ck_assert_int_eq(err.sys_errno, ELOOP);

	ck_assert_int_eq(chown(check_dir_path("home"), 0, 0), 0);
	ck_assert_int_eq(chmod(check_dir_path("home"), 01777), 0);
	ck_assert_int_eq(rotate_as("home/log/a.log", NOBODY, 8192, 5), -1);
	ck_assert(!exists("var/a.log.2"));
	assert_lines("var/a.log", 0, 4000);

	/* In a directory of his own, his log is rotated. */
	ck_assert_int_eq(mkdir(check_dir_path("own"), 0755), 0);
	append_lines("own/a.log", 0, 2000);
	ck_assert_int_eq(chown(check_dir_path("own"), NOBODY, NOBODY), 0);
	ck_assert_int_eq(chown(check_dir_path("own/a.log"), NOBODY, NOBODY), 0);
	ck_assert_msg(rotate_as("own/a.log", NOBODY, 8192, 5) == 0, "%s", err.text);
	ck_assert(rotated);
}
END_TEST

START_TEST(want_of_space_changes_nothing)
{
	struct rlimit before;
	struct rlimit small;

	append_lines("a.log", 0, 4000);
	check_dir_write("a.log.1", "one", 3, 0600);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 20000;
	ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	int result = rotate("a.log", 8192, 3);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);

	ck_assert_int_eq(result, -1);
	ck_assert(!rotated);
	ck_assert_int_eq(err.sys_errno, EFBIG);
	ck_assert_int_eq(count_files(), 2);
	ck_assert_int_eq(unlink(check_dir_path("a.log.1")), 0);
	assert_lines("a.log", 0, 4000);
}
END_TEST

/* Killed at any moment: what was written is there, once or (PATH.1) once more. */
START_TEST(killed_rotations_lose_nothing)
{
	char *all;
	char line[64];
	const char *at;
	size_t all_len;
	int number = 0;

	for (int round = 0; round < 60; round++, number += 1000) {
		append_lines("a.log", number, number + 1000);
		pid_t pid = fork();
		ck_assert_int_ge(pid, 0);
		if (pid == 0) {
			(void)rotate("a.log", 8192, 1000);
			_exit(0);
		}
		(void)usleep((useconds_t)(round * 20)); /* a different moment each time */
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
		ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	}
	all = read_all("a.log", &all_len);
	at = all;
	for (int wanted = 0; wanted < number; wanted++) {
		size_t len = number_line(line, wanted);

		at = memmem(at, all_len - (size_t)(at - all), line, len);
		ck_assert_msg(at, "line %d is lost", wanted);
	}
	free(all);
}
END_TEST

/* The names of its backups, and of what becomes one, are longer. */
START_TEST(name_too_long_for_backups)
{
	char name[NAME_MAX + 1];

	memset(name, 'a', NAME_MAX);
	name[NAME_MAX] = '\0';
	append_lines(name, 0, 2000);
	ck_assert_int_eq(rotate(name, 4096, 3), -1);
	ck_assert_int_eq(err.sys_errno, ENAMETOOLONG);
	ck_assert(!rotated);
	assert_lines(name, 0, 2000);
}
END_TEST

/* Whoever is in the log's group could read the backup, too; another group is not to. */
START_TEST(group_that_cannot_be_given_sees_no_backup)
{
	int status;

	if (geteuid() != 0)
		return;
	append_lines("a.log", 0, 2000);
	ck_assert_int_eq(chmod(check_dir_path("a.log"), 0660), 0);
	ck_assert_int_eq(chown(check_dir_path("a.log"), NOBODY, 1), 0);
	ck_assert_int_eq(chown(check_dir, NOBODY, NOBODY), 0);
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY))
			_exit(2);
		_exit(rotate("a.log", 4096, 3) == 0 && rotated ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	struct stat st;
	ck_assert_int_eq(stat(check_dir_path("a.log.1"), &st), 0);
	ck_assert_uint_eq(st.st_gid, NOBODY);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	assert_lines("a.log", 0, 2000);
}
END_TEST

/* A file system that cannot cut files: what was copied is truncated. */
static void setup_in_memory(void)
{
	if (access("/dev/shm", W_OK) == 0)
		check_dir_setup_in("/dev/shm");
	else
		check_dir_setup();
}

static TCase *in_memory(void)
{
	TCase *tcase = tcase_create("memory");

	tcase_add_checked_fixture(tcase, setup_in_memory, check_dir_teardown);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, nothing_is_lost_at_rest);
	tcase_add_loop_test(tcase, whole_blocks_lose_nothing, 0, 5);
	tcase_add_test(tcase, nothing_is_lost_while_it_is_written);
	tcase_add_loop_test(tcase, as_many_backups_as_asked, 0, 5);
	tcase_add_test(tcase, want_of_space_changes_nothing);
	tcase_add_test(tcase, killed_rotations_lose_nothing);
	return tcase;
}

static Suite *suite(void)
{
	Suite *suite = suite_create("logfile");
	TCase *tcase = tcase_create("core");

	tcase_add_checked_fixture(tcase, check_dir_setup, check_dir_teardown);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, missing_or_short_is_left_alone);
	tcase_add_test(tcase, nothing_is_lost_at_rest);
	tcase_add_loop_test(tcase, whole_blocks_lose_nothing, 0, 5);
	tcase_add_test(tcase, nothing_is_lost_while_it_is_written);
	tcase_add_test(tcase, rotations_at_once_lose_nothing);
	tcase_add_test(tcase, locked_log_is_left_alone);
	tcase_add_loop_test(tcase, as_many_backups_as_asked, 0, 5);
	tcase_add_test(tcase, gap_costs_no_backup);
	tcase_add_test(tcase, links_and_kinds_are_refused);
	tcase_add_test(tcase, planted_names_are_not_followed);
	tcase_add_test(tcase, owner_and_mode_are_kept);
	tcase_add_test(tcase, strangers_log_is_refused);
	tcase_add_test(tcase, directory_of_a_user_leads_nowhere);
	tcase_add_test(tcase, want_of_space_changes_nothing);
	tcase_add_test(tcase, killed_rotations_lose_nothing);
	tcase_add_test(tcase, name_too_long_for_backups);
	tcase_add_test(tcase, group_that_cannot_be_given_sees_no_backup);
	suite_add_tcase(suite, tcase);
	suite_add_tcase(suite, in_memory());
	return suite;
}

CHECK_MAIN(suite())
