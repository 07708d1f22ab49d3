/* SPDX-License-Identifier: ISC */
/* check_atomfile: replaced whole or left alone, whatever fails and whoever planted it. */
#include <config.h>

#include <dirent.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "pidfiles/atomfile.h"
#include "tests/unit/check_main.h"
#include "tests/unit/pidfiles_fixture.h"

static struct fixture_dir dir;
static char large[256 * 1024];

static void open_dir(void)
{
	dir = fixture_open();
	memset(large, 'x', sizeof(large));
}

static void close_dir(void)
{
	fixture_close(&dir);
}

/* How many temporary files are in DIRFD. */
static int litter(int dirfd)
{
	int count = 0;
	DIR *names = fdopendir(openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	if (!names)
		return -1;
	for (const struct dirent *entry = readdir(names); entry; entry = readdir(names))
		count += strncmp(entry->d_name, ATOMFILE_PREFIX, strlen(ATOMFILE_PREFIX)) == 0;
	(void)closedir(names);
	return count;
}

static void assert_holds(const char *name, const char *text)
{
	char buf[64];

	ck_assert_int_eq(atomfile_read(dir.fd, name, buf, sizeof(buf)), (ssize_t)strlen(text));
	ck_assert_str_eq(buf, text);
}

START_TEST(test_write)
{
	struct stat st;
	enum atomfile_durability durability = _i ? ATOMFILE_DURABLE : ATOMFILE_VOLATILE;
	mode_t mode = _i ? 0644 : 0600;

	(void)umask(0077);
	ck_assert_int_eq(atomfile_write(dir.fd, "file", "one", 3, mode, durability), 0);
	assert_holds("file", "one");
	ck_assert_int_eq(fstatat(dir.fd, "file", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 07777, mode);
	ck_assert_int_eq(atomfile_write(dir.fd, "file", "", 0, mode, durability), 0);
	assert_holds("file", "");
	ck_assert_int_eq(atomfile_write(dir.fd, "file", large, sizeof(large), mode, durability), 0);
	ck_assert_int_eq(fstatat(dir.fd, "file", &st, 0), 0);
	ck_assert_int_eq(st.st_size, sizeof(large));
	ck_assert_int_eq(litter(dir.fd), 0);
}
END_TEST

START_TEST(test_write_replaces_a_link_itself)
{
	struct stat st;

	fixture_put_text(dir.fd, "victim", "safe");
	ck_assert_int_eq(symlinkat("victim", dir.fd, "file"), 0);
	ck_assert_int_eq(atomfile_write(dir.fd, "file", "new", 3, 0600, ATOMFILE_VOLATILE), 0);
	assert_holds("victim", "safe");
	assert_holds("file", "new");
	ck_assert_int_eq(fstatat(dir.fd, "file", &st, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert(S_ISREG(st.st_mode));
}
END_TEST

START_TEST(test_write_fails_clean)
{
	ck_assert_int_eq(mkdirat(dir.fd, "folder", 0700), 0);
	ck_assert_int_eq(atomfile_write(dir.fd, "folder", "x", 1, 0600, ATOMFILE_VOLATILE),
			 -EISDIR);
	ck_assert_int_eq(atomfile_write(dir.fd, "none/x", "x", 1, 0600, ATOMFILE_VOLATILE),
			 -ENOENT);
	ck_assert_int_eq(atomfile_write(-1, "x", "x", 1, 0600, ATOMFILE_VOLATILE), -EBADF);
	ck_assert_int_eq(litter(dir.fd), 0);
}
END_TEST

/* What a full disk may leave: the old file, no litter, an errno. */
static int expect_refused(int dirfd, size_t len, int error)
{
	char buf[16];

	FIXTURE_EXPECT(atomfile_write(dirfd, "file", large, len, 0600, ATOMFILE_DURABLE) == error);
	FIXTURE_EXPECT(atomfile_read(dirfd, "file", buf, sizeof(buf)) == 3);
	FIXTURE_EXPECT(strcmp(buf, "old") == 0);
	FIXTURE_EXPECT(litter(dirfd) == 0);
	return 0;
}

static int write_above_limit(void *data)
{
	struct rlimit limit = { .rlim_cur = 100000, .rlim_max = 100000 };

	(void)data;
	(void)signal(SIGXFSZ, SIG_IGN);
	FIXTURE_EXPECT(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	return expect_refused(dir.fd, sizeof(large), -EFBIG);
}

START_TEST(test_size_limit)
{
	fixture_put_text(dir.fd, "file", "old");
	ck_assert_int_eq(fixture_in_child(write_above_limit, NULL), 0);
}
END_TEST

#define NOT_PERMITTED 77

static bool put_setting(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		(void)close(fd);
	return done;
}

/* A mount namespace, if need be in a user namespace in which we are root. */
static bool enter_mount_namespace(void)
{
	char users[32];
	char groups[32];

	(void)snprintf(users, sizeof(users), "0 %u 1", (unsigned)geteuid());
	(void)snprintf(groups, sizeof(groups), "0 %u 1", (unsigned)getegid());
	if (unshare(CLONE_NEWNS) == 0)
		return true;
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
	       put_setting("/proc/self/setgroups", "deny") &&
	       put_setting("/proc/self/uid_map", users) &&
	       put_setting("/proc/self/gid_map", groups);
}

static int write_to_full_disk(void *data)
{
	(void)data;
	if (!enter_mount_namespace())
		return NOT_PERMITTED;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", dir.path, "tmpfs", 0, "size=64k,nr_inodes=20") < 0)
		return NOT_PERMITTED;
	int full = open(dir.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	FIXTURE_EXPECT(full >= 0);
	FIXTURE_EXPECT(atomfile_write(full, "file", "old", 3, 0600, ATOMFILE_DURABLE) == 0);
	return expect_refused(full, sizeof(large), -ENOSPC);
}

static int write_with_failing(void *data)
{
	const long *number = data;

	FIXTURE_EXPECT(fixture_deny(*number, -1, ENOSPC) == 0);
	return expect_refused(dir.fd, 3, -ENOSPC);
}

START_TEST(test_full_disk)
{
	int status = fixture_in_child(write_to_full_disk, NULL);

	if (status == NOT_PERMITTED) {
		/* No mounts for us: then the kernel's answer is made up by a filter. */
		long number = SYS_write;
		fixture_put_text(dir.fd, "file", "old");
		status = fixture_in_child(write_with_failing, &number);
	}
	ck_assert_int_eq(status, 0);
}
END_TEST

/* Not here: close(2), which cannot be made to fail without failing the test's own. */
static const long failing_calls[] = {
	SYS_write,
	SYS_fsync,
	SYS_fchmod,
#ifdef SYS_renameat
	SYS_renameat,
#else
	SYS_renameat2,
#endif
};

START_TEST(test_each_call_checked)
{
	long number = failing_calls[_i];

	fixture_put_text(dir.fd, "file", "old");
	ck_assert_int_eq(fixture_in_child(write_with_failing, &number), 0);
}
END_TEST

START_TEST(test_read_size)
{
	char buf[8];

	fixture_put_text(dir.fd, "seven", "1234567");
	fixture_put_text(dir.fd, "eight", "12345678");
	fixture_put_text(dir.fd, "empty", "");
	fixture_put(dir.fd, "large", large, sizeof(large), 0600);
	ck_assert_int_eq(atomfile_read(dir.fd, "seven", buf, sizeof(buf)), 7);
	ck_assert_str_eq(buf, "1234567");
	ck_assert_int_eq(atomfile_read(dir.fd, "eight", buf, sizeof(buf)), -EFBIG);
	ck_assert_int_eq(atomfile_read(dir.fd, "large", buf, sizeof(buf)), -EFBIG);
	ck_assert_int_eq(atomfile_read(dir.fd, "empty", buf, sizeof(buf)), 0);
	ck_assert_str_eq(buf, "");
	ck_assert_int_eq(atomfile_read(dir.fd, "empty", buf, 0), -EINVAL);
	ck_assert_int_eq(atomfile_read(dir.fd, "none", buf, sizeof(buf)), -ENOENT);
}
END_TEST

START_TEST(test_read_kinds)
{
	char buf[16];
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	ck_assert_int_eq(mkfifoat(dir.fd, "fifo", 0600), 0);
	ck_assert_int_eq(atomfile_read(dir.fd, "fifo", buf, sizeof(buf)), -EPERM);
	ck_assert_int_eq(mkdirat(dir.fd, "folder", 0700), 0);
	ck_assert_int_eq(atomfile_read(dir.fd, "folder", buf, sizeof(buf)), -EPERM);
	fixture_put_text(dir.fd, "file", "text");
	ck_assert_int_eq(symlinkat("file", dir.fd, "symlink"), 0);
	ck_assert_int_eq(atomfile_read(dir.fd, "symlink", buf, sizeof(buf)), -ELOOP);
	ck_assert_int_eq(linkat(dir.fd, "file", dir.fd, "hard", 0), 0);
	ck_assert_int_eq(atomfile_read(dir.fd, "hard", buf, sizeof(buf)), -EPERM);
	ck_assert_int_eq(atomfile_read(dir.fd, "file", buf, sizeof(buf)), -EPERM);
	ck_assert_int_eq(unlinkat(dir.fd, "hard", 0), 0);
	ck_assert_int_eq(atomfile_read(dir.fd, "file", buf, sizeof(buf)), 4);
	ck_assert_int_eq(atomfile_read(AT_FDCWD, "/dev/null", buf, sizeof(buf)), -EPERM);

	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_lt(
		snprintf(address.sun_path, sizeof(address.sun_path), "%.80s/sock", dir.path),
		(int)sizeof(address.sun_path));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(atomfile_read(dir.fd, "sock", buf, sizeof(buf)), -EPERM);
	(void)close(fd);
}
END_TEST

static const struct {
	mode_t mode;
	ssize_t answer;
} modes[] = {
	{ 0600, 1 },	  { 0644, 1 },	    { 0444, 1 },      { 0640, 1 },
	{ 0666, -EPERM }, { 0620, -EPERM }, { 0602, -EPERM }, { 0777, -EPERM },
};

START_TEST(test_read_modes)
{
	char buf[16];

	fixture_put(dir.fd, "file", "x", 1, modes[_i].mode);
	ck_assert_int_eq(atomfile_read(dir.fd, "file", buf, sizeof(buf)), modes[_i].answer);
}
END_TEST

START_TEST(test_read_owners)
{
	char buf[16];
	uid_t owner = geteuid() == 0 ? 65534 : geteuid();

	fixture_put_text(dir.fd, "file", "x");
	ck_assert_int_eq(fchownat(dir.fd, "file", owner, (gid_t)-1, 0), 0);
	ck_assert_int_eq(atomfile_read_of(dir.fd, "file", owner, buf, sizeof(buf)), 1);
	ck_assert_int_eq(atomfile_read_of(dir.fd, "file", owner - 1, buf, sizeof(buf)), -EPERM);
	ck_assert_int_eq(atomfile_read(dir.fd, "file", buf, sizeof(buf)),
			 owner == geteuid() ? 1 : -EPERM);
	/* Somebody else's, but root's: /proc/version is there for everyone. */
	ck_assert_int_gt(atomfile_read_of(AT_FDCWD, "/proc/version", owner, large, sizeof(large)),
			 0);
}
END_TEST

/* A reader must see one whole file or the other while a writer goes on replacing it. */
static int write_for_ever(void *data)
{
	(void)data;
	for (;;) {
		FIXTURE_EXPECT(atomfile_write(dir.fd, "file", "aaaaaaaa", 8, 0600,
					      ATOMFILE_VOLATILE) == 0);
		FIXTURE_EXPECT(atomfile_write(dir.fd, "file", "bbbb", 4, 0600, ATOMFILE_VOLATILE) ==
			       0);
	}
}

START_TEST(test_read_while_replaced)
{
	char buf[16];

	fixture_put_text(dir.fd, "file", "bbbb");
	pid_t writer = fixture_spawn(write_for_ever, NULL);
	for (int i = 0; i < 5000; i++) {
		ssize_t len = atomfile_read(dir.fd, "file", buf, sizeof(buf));
		ck_assert_msg((len == 4 && strcmp(buf, "bbbb") == 0) ||
				      (len == 8 && strcmp(buf, "aaaaaaaa") == 0),
			      "length %zd in round %d", len, i);
	}
	fixture_end(writer);
}
END_TEST

static void age(const char *name, time_t seconds)
{
	struct timespec times[2] = { { .tv_sec = time(NULL) - seconds },
				     { .tv_sec = time(NULL) - seconds } };

	ck_assert_int_eq(utimensat(dir.fd, name, times, AT_SYMLINK_NOFOLLOW), 0);
}

START_TEST(test_sweep)
{
	fixture_put_text(dir.fd, ".tmp-1-old", "x");
	age(".tmp-1-old", 1000);
	fixture_put_text(dir.fd, ".tmp-2-old", "x");
	age(".tmp-2-old", 1000);
	fixture_put_text(dir.fd, ".tmp-3-young", "x");
	fixture_put_text(dir.fd, "queue.0.pid", "x");
	age("queue.0.pid", 1000);
	ck_assert_int_eq(symlinkat("queue.0.pid", dir.fd, ".tmp-link"), 0);
	age(".tmp-link", 1000);
	ck_assert_int_eq(mkdirat(dir.fd, ".tmp-folder", 0700), 0);
	age(".tmp-folder", 1000);
	ck_assert_int_eq(atomfile_sweep(dir.fd, 600), 2);
	ck_assert_int_eq(atomfile_sweep(dir.fd, 600), 0);
	ck_assert_int_eq(litter(dir.fd), 3);
	assert_holds("queue.0.pid", "x");
	ck_assert_int_eq(atomfile_sweep(-1, 0), -EBADF);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

static Suite *suite(void)
{
	Suite *all = suite_create("atomfile");
	TCase *tests = tcase_create("atomfile");

	tcase_add_checked_fixture(tests, open_dir, close_dir);
	tcase_add_loop_test(tests, test_write, 0, 2);
	tcase_add_test(tests, test_write_replaces_a_link_itself);
	tcase_add_test(tests, test_write_fails_clean);
	tcase_add_test(tests, test_size_limit);
	tcase_add_test(tests, test_full_disk);
	tcase_add_loop_test(tests, test_each_call_checked, 0, COUNT(failing_calls));
	tcase_add_test(tests, test_read_size);
	tcase_add_test(tests, test_read_kinds);
	tcase_add_loop_test(tests, test_read_modes, 0, COUNT(modes));
	tcase_add_test(tests, test_read_owners);
	tcase_add_test(tests, test_read_while_replaced);
	tcase_add_test(tests, test_sweep);
	tcase_set_timeout(tests, 60);
	suite_add_tcase(all, tests);
	return all;
}

CHECK_MAIN(suite())
