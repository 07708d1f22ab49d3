/* SPDX-License-Identifier: ISC */
/* check_slotlock: slots held, refused, and freed by death. */
#include <config.h>

#include <sys/syscall.h>

#include "pidfiles/slotlock.h"
#include "tests/unit/check_main.h"
#include "tests/unit/pidfiles_fixture.h"

static struct fixture_dir dir;
static struct slotlock lock;

static void open_lock(void)
{
	dir = fixture_open();
	lock = (struct slotlock)SLOTLOCK_INIT;
	ck_assert_int_eq(slotlock_open(&lock, dir.fd, "locks"), 0);
}

static void close_lock(void)
{
	slotlock_close(&lock);
	fixture_close(&dir);
}

/* A child that takes slot ID by a description of its own, says so, and keeps it. */
struct holder {
	const char *id;
	int say;
};

static int hold(void *data)
{
	const struct holder *holder = data;
	struct slotlock own = SLOTLOCK_INIT;

	FIXTURE_EXPECT(slotlock_open(&own, dir.fd, "locks") == 0);
	FIXTURE_EXPECT(slotlock_try(&own, holder->id) == 0);
	FIXTURE_EXPECT(write(holder->say, "!", 1) == 1);
	return fixture_wait_for_ever(NULL);
}

static pid_t start_holder(const char *id)
{
	char word;
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	struct holder holder = { .id = id, .say = ends[1] };
	pid_t child = fixture_spawn(hold, &holder);
	(void)close(ends[1]);
	ck_assert_int_eq(read(ends[0], &word, 1), 1);
	(void)close(ends[0]);
	return child;
}

START_TEST(test_file)
{
	struct stat st;

	ck_assert_int_eq(fstatat(dir.fd, "locks", &st, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert(S_ISREG(st.st_mode));
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(fcntl(lock.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	ck_assert_int_eq(slotlock_try(&lock, "queue:0"), 0);
	slotlock_release(&lock, "queue:0");
	ck_assert_int_eq(fstatat(dir.fd, "locks", &st, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_int_eq(st.st_size, 0);
}
END_TEST

START_TEST(test_held_by_another)
{
	pid_t child = start_holder("queue:1");

	ck_assert_int_eq(slotlock_try(&lock, "queue:1"), -EAGAIN);
	ck_assert_int_eq(slotlock_try(&lock, "queue:2"), 0);
	slotlock_release(&lock, "queue:2");
	fixture_end(child);
}
END_TEST

START_TEST(test_freed_by_death)
{
	pid_t child = start_holder("queue:1");

	ck_assert_int_eq(slotlock_try(&lock, "queue:1"), -EAGAIN);
	fixture_end(child);
	FIXTURE_EVENTUALLY(slotlock_try(&lock, "queue:1") == 0);
	slotlock_release(&lock, "queue:1");
}
END_TEST

START_TEST(test_release)
{
	struct slotlock second = SLOTLOCK_INIT;

	ck_assert_int_eq(slotlock_open(&second, dir.fd, "locks"), 0);
	ck_assert_int_eq(slotlock_try(&lock, "a:0"), 0);
	ck_assert_int_eq(slotlock_try(&lock, "a:0"), 0);
	ck_assert_int_eq(slotlock_try(&second, "a:0"), -EAGAIN);
	slotlock_release(&lock, "a:0");
	ck_assert_int_eq(slotlock_try(&second, "a:0"), 0);
	slotlock_close(&second);
	ck_assert_int_eq(second.fd, -1);
	ck_assert_int_eq(slotlock_try(&lock, "a:0"), 0);
}
END_TEST

/* FNV-1a-64 of "a" is af63dc4c8601ec8c: what an older release locked, a newer one must see. */
START_TEST(test_offset_is_for_ever)
{
	struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	int fd = openat(dir.fd, "locks", O_RDWR | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	range.l_start = (off_t)(UINT64_C(0xaf63dc4c8601ec8c) & ((UINT64_C(1) << 62) - 1));
	ck_assert_int_eq(fcntl(fd, F_OFD_SETLK, &range), 0);
	ck_assert_int_eq(slotlock_try(&lock, "a"), -EAGAIN);
	(void)close(fd);
	ck_assert_int_eq(slotlock_try(&lock, "a"), 0);
}
END_TEST

static int fall_back(void *data)
{
	(void)data;
#ifdef SYS_fcntl
	FIXTURE_EXPECT(fixture_deny(SYS_fcntl, F_OFD_SETLK, EINVAL) == 0);
	FIXTURE_EXPECT(fixture_deny(SYS_fcntl, F_OFD_GETLK, EINVAL) == 0);
#endif
#ifdef SYS_fcntl64
	FIXTURE_EXPECT(fixture_deny(SYS_fcntl64, F_OFD_SETLK, EINVAL) == 0);
	FIXTURE_EXPECT(fixture_deny(SYS_fcntl64, F_OFD_GETLK, EINVAL) == 0);
#endif
	FIXTURE_EXPECT(slotlock_is_taken(&lock, "held")); /* also as the first that is asked */
	FIXTURE_EXPECT(!slotlock_is_taken(&lock, "free"));
	FIXTURE_EXPECT(slotlock_try(&lock, "held") == -EAGAIN);
	FIXTURE_EXPECT(lock.ofd == 0);
	FIXTURE_EXPECT(slotlock_is_taken(&lock, "held"));
	FIXTURE_EXPECT(slotlock_try(&lock, "free") == 0);
	slotlock_release(&lock, "free");
	return 0;
}

START_TEST(test_old_kernel)
{
	pid_t child = start_holder("held");

	ck_assert_int_eq(fixture_in_child(fall_back, NULL), 0);
	fixture_end(child);
}
END_TEST

START_TEST(test_not_a_file)
{
	struct slotlock other = SLOTLOCK_INIT;

	ck_assert_int_eq(mkfifoat(dir.fd, "fifo", 0600), 0);
	ck_assert_int_eq(slotlock_open(&other, dir.fd, "fifo"), -EPERM);
	ck_assert_int_eq(symlinkat("locks", dir.fd, "link"), 0);
	ck_assert_int_eq(slotlock_open(&other, dir.fd, "link"), -ELOOP);
	ck_assert_int_eq(mkdirat(dir.fd, "folder", 0700), 0);
	ck_assert_int_eq(slotlock_open(&other, dir.fd, "folder"), -EISDIR);
	ck_assert_int_eq(slotlock_open(&other, dir.fd, "none/locks"), -ENOENT);
	ck_assert_int_eq(other.fd, -1);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("slotlock");
	TCase *tests = tcase_create("slotlock");

	tcase_add_checked_fixture(tests, open_lock, close_lock);
	tcase_add_test(tests, test_file);
	tcase_add_test(tests, test_held_by_another);
	tcase_add_test(tests, test_freed_by_death);
	tcase_add_test(tests, test_release);
	tcase_add_test(tests, test_offset_is_for_ever);
	tcase_add_test(tests, test_old_kernel);
	tcase_add_test(tests, test_not_a_file);
	tcase_set_timeout(tests, 60);
	suite_add_tcase(all, tests);
	return all;
}

CHECK_MAIN(suite())
