/* SPDX-License-Identifier: ISC */
/* check_proc: reading processes, real ones and made up ones. */
#include <config.h>

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>

#include "pidfiles/proc.h"
#include "tests/unit/check_main.h"
#include "tests/unit/pidfiles_fixture.h"

#define MIB (INT64_C(1) << 20)

static struct fixture_dir dir;
static struct proc proc; /* the real one */
static struct proc fake; /* made up in DIR */

static void open_roots(void)
{
	dir = fixture_open();
	ck_assert_int_eq(proc_open(&proc, "/proc", true), 0);
	ck_assert_int_eq(proc_open(&fake, dir.path, false), 0);
}

static void close_roots(void)
{
	proc_close(&proc);
	proc_close(&fake);
	fixture_close(&dir);
}

static void put(const char *name, const char *text)
{
	fixture_put_text(dir.fd, name, text);
}

START_TEST(test_open)
{
	struct proc other = PROC_INIT;
	char path[256];

	ck_assert_int_eq(fcntl(proc.dirfd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	ck_assert_int_eq(proc_open(&other, dir.path, true), -ENOTSUP);
	(void)snprintf(path, sizeof(path), "/proc/%d", (int)getpid());
	ck_assert_int_eq(proc_open(&other, path, true), -ENOTSUP); /* procfs, but no root of it */
	(void)snprintf(path, sizeof(path), "%s/none", dir.path);
	ck_assert_int_eq(proc_open(&other, path, true), -ENOENT);
	put("file", "x");
	(void)snprintf(path, sizeof(path), "%s/file", dir.path);
	ck_assert_int_eq(proc_open(&other, path, true), -ENOTDIR);
	ck_assert_int_eq(other.dirfd, -1);
	proc_close(&other);
}
END_TEST

static int open_old_proc(void *data)
{
	struct proc old = PROC_INIT;

	(void)data;
	FIXTURE_EXPECT(getpid() == 1);
	FIXTURE_EXPECT(proc_open(&old, "/proc", true) == -ENOTSUP);
	return 0;
}

#define NOT_PERMITTED 77

static int enter_namespace(void *data)
{
	int status;

	(void)data;
	if (unshare(CLONE_NEWPID) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWPID) < 0)
		return NOT_PERMITTED;
	pid_t first = fork();
	if (first == 0)
		_exit(open_old_proc(NULL));
	FIXTURE_EXPECT(first > 0 && waitpid(first, &status, 0) == first);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* /proc of one pid namespace and kill(2) of another must never be mixed. */
START_TEST(test_open_in_other_namespace)
{
	int status = fixture_in_child(enter_namespace, NULL);

	if (status == NOT_PERMITTED)
		(void)fprintf(stderr, "no pid namespaces here: their /proc was not tried\n");
	ck_assert(status == 0 || status == NOT_PERMITTED);
}
END_TEST

START_TEST(test_stat)
{
	struct procstat stat;

	ck_assert_int_eq(proc_stat(&proc, getpid(), &stat), 0);
	ck_assert_int_eq(stat.pid, getpid());
	ck_assert_int_eq(stat.ppid, getppid());
	ck_assert_int_eq(stat.pgrp, getpgrp());
	ck_assert_uint_gt(stat.start_ticks, 0);
	ck_assert_uint_gt(stat.rss_pages, 0);
	ck_assert_int_eq(proc_stat(&proc, FIXTURE_NO_PID, &stat), -ENOENT);
	ck_assert_int_eq(proc_stat(&proc, 0, &stat), -EINVAL);
	ck_assert_int_eq(proc_stat(&proc, -1, &stat), -EINVAL);
}
END_TEST

static int leave(void *status)
{
	return *(const int *)status;
}

START_TEST(test_stat_of_zombie)
{
	struct procstat stat;
	int status = 3;
	int64_t bytes;
	pid_t child = fixture_spawn(leave, &status);

	FIXTURE_EVENTUALLY(proc_stat(&proc, child, &stat) == 0 && stat.state == 'Z');
	ck_assert(procstat_has_ended(&stat));
	ck_assert_int_eq(stat.exit_status, 3 << 8);
	ck_assert_int_eq(proc_rss_bytes(&proc, child, &bytes), 0);
	ck_assert_int_eq(bytes, 0);
	ck_assert_int_eq(proc_rollup_bytes(&proc, child, PROC_ROLLUP_PSS, &bytes), -ESRCH);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	int rc = proc_stat(&proc, child, &stat);
	ck_assert(rc == -ENOENT || rc == -ESRCH || rc == 0 /* the number is in use again */);
}
END_TEST

START_TEST(test_stat_made_up)
{
	struct procstat stat;
	char text[4096];

	fixture_put_stat(dir.fd, 77, 'S', 2, 0, 1234);
	ck_assert_int_eq(proc_stat(&fake, 77, &stat), 0);
	ck_assert_uint_eq(stat.start_ticks, 1234);
	ck_assert_int_eq(renameat(dir.fd, "77", dir.fd, "78"), 0);
	ck_assert_int_eq(proc_stat(&fake, 78, &stat), -EBADMSG);
	put("78/stat", "");
	ck_assert_int_eq(proc_stat(&fake, 78, &stat), -EBADMSG);
	memset(text, '9', sizeof(text));
	fixture_put(dir.fd, "78/stat", text, sizeof(text), 0644);
	ck_assert_int_eq(proc_stat(&fake, 78, &stat), -EBADMSG);
}
END_TEST

START_TEST(test_pinned_directory)
{
	struct procstat stat;
	pid_t child = fixture_sleeper();
	int piddir = proc_open_pid(&proc, child);

	ck_assert_int_ge(piddir, 0);
	ck_assert_int_eq(fcntl(piddir, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	ck_assert_int_eq(proc_stat_at(piddir, &stat), 0);
	ck_assert_int_eq(stat.pid, child);
	fixture_end(child);
	ck_assert_int_eq(proc_stat_at(piddir, &stat), -ESRCH);
	(void)close(piddir);
	ck_assert_int_eq(proc_open_pid(&proc, FIXTURE_NO_PID), -ENOENT);
	ck_assert_int_eq(proc_open_pid(&proc, 0), -EINVAL);
}
END_TEST

static int sleep_not_dumpable(void *data)
{
	(void)prctl(PR_SET_DUMPABLE, 0);
	return fixture_wait_for_ever(data);
}

START_TEST(test_uid)
{
	uid_t uid = (uid_t)-2;
	pid_t child = fixture_spawn(sleep_not_dumpable, NULL);

	ck_assert_int_eq(proc_uid(&proc, getpid(), &uid), 0);
	ck_assert_uint_eq(uid, getuid());
	ck_assert_int_eq(proc_uid(&proc, child, &uid), 0);
	ck_assert_uint_eq(uid, getuid());
	fixture_end(child);
	ck_assert_int_eq(proc_uid(&proc, FIXTURE_NO_PID, &uid), -ENOENT);
}
END_TEST

static int sleep_as_nobody(void *data)
{
	if (setresuid(65534, 0, 0) < 0)
		return 1;
	return fixture_wait_for_ever(data);
}

static bool has_uid(pid_t pid, uid_t wanted)
{
	uid_t uid;

	return proc_uid(&proc, pid, &uid) == 0 && uid == wanted;
}

/* The real uid, whatever the effective one is; as nobody but root, read from a text. */
START_TEST(test_uid_is_the_real_one)
{
	uid_t uid;

	if (geteuid() == 0) {
		pid_t child = fixture_spawn(sleep_as_nobody, NULL);
		FIXTURE_EVENTUALLY(has_uid(child, 65534));
		fixture_end(child);
	}
	ck_assert_int_eq(mkdirat(dir.fd, "9", 0755), 0);
	put("9/status", "Name:\tx\\nUid:\t7\nTgid:\t8\nUid:\t1000\t0\t0\t0\n");
	ck_assert_int_eq(proc_uid(&fake, 9, &uid), 0);
	ck_assert_uint_eq(uid, 1000);
	put("9/status", "Name:\tx\nUid:\t-1\n");
	ck_assert_int_eq(proc_uid(&fake, 9, &uid), -EBADMSG);
	put("9/status", "Name:\tx\nUid:\t4294967296\n");
	ck_assert_int_eq(proc_uid(&fake, 9, &uid), -EBADMSG);
	put("9/status", "Name:\tx\n");
	ck_assert_int_eq(proc_uid(&fake, 9, &uid), -EBADMSG);
}
END_TEST

struct thread {
	pthread_t handle;
	_Atomic pid_t tid;
	int gate[2];
};

static void *wait_at_gate(void *data)
{
	struct thread *thread = data;
	char word;

	thread->tid = gettid();
	(void)!read(thread->gate[0], &word, 1);
	return NULL;
}

START_TEST(test_tgid_of_thread)
{
	struct thread thread = { .tid = 0 };
	pid_t tgid;

	ck_assert_int_eq(pipe(thread.gate), 0);
	ck_assert_int_eq(pthread_create(&thread.handle, NULL, wait_at_gate, &thread), 0);
	FIXTURE_EVENTUALLY(thread.tid != 0);
	ck_assert_int_eq(proc_tgid(&proc, getpid(), &tgid), 0);
	ck_assert_int_eq(tgid, getpid());
	ck_assert_int_eq(proc_tgid(&proc, thread.tid, &tgid), 0);
	ck_assert_int_eq(tgid, getpid());
	(void)close(thread.gate[1]);
	ck_assert_int_eq(pthread_join(thread.handle, NULL), 0);
	(void)close(thread.gate[0]);
	ck_assert_int_eq(proc_tgid(&proc, FIXTURE_NO_PID, &tgid), -ENOENT);
}
END_TEST

/* Private memory of SIZE bytes, all of it resident. */
static int sleep_with_memory(void *size)
{
	size_t len = *(const size_t *)size;
	char *room = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (room == MAP_FAILED)
		return 1;
	memset(room, 1, len);
	return fixture_wait_for_ever(NULL);
}

static void *thread_with_memory(void *size)
{
	return (void *)(intptr_t)sleep_with_memory(size);
}

static int leave_a_thread_behind(void *size)
{
	pthread_t handle;

	if (pthread_create(&handle, NULL, thread_with_memory, size) != 0)
		return 1;
	pthread_exit(NULL);
}

static bool has_rss(pid_t pid, int64_t least)
{
	int64_t bytes;

	return proc_rss_bytes(&proc, pid, &bytes) == 0 && bytes >= least && bytes < 100 * least;
}

static bool has_rollup(pid_t pid, enum proc_rollup which, int64_t least)
{
	int64_t bytes;

	return proc_rollup_bytes(&proc, pid, which, &bytes) == 0 && bytes >= least &&
	       bytes < 100 * least;
}

START_TEST(test_memory)
{
	size_t size = 32 * MIB;
	int64_t bytes;
	pid_t child = fixture_spawn(sleep_with_memory, &size);

	FIXTURE_EVENTUALLY(has_rss(child, 32 * MIB));
	FIXTURE_EVENTUALLY(has_rollup(child, PROC_ROLLUP_PSS, 32 * MIB));
	FIXTURE_EVENTUALLY(has_rollup(child, PROC_ROLLUP_USS, 32 * MIB));
	fixture_end(child);
	ck_assert_int_eq(proc_rss_bytes(&proc, FIXTURE_NO_PID, &bytes), -ENOENT);
	ck_assert_int_eq(proc_rss_bytes(&proc, 0, &bytes), -EINVAL);
	ck_assert_int_eq(proc_rollup_bytes(&proc, FIXTURE_NO_PID, PROC_ROLLUP_PSS, &bytes),
			 -ENOENT);
}
END_TEST

START_TEST(test_leader_gone)
{
	size_t size = 32 * MIB;
	struct procstat stat;
	char mine[4096] = "";
	char its[4096] = "";
	pid_t child = fixture_spawn(leave_a_thread_behind, &size);

	FIXTURE_EVENTUALLY(proc_stat(&proc, child, &stat) == 0 && stat.state == 'Z');
	ck_assert(!procstat_has_ended(&stat));
	FIXTURE_EVENTUALLY(has_rss(child, 32 * MIB));
	FIXTURE_EVENTUALLY(has_rollup(child, PROC_ROLLUP_PSS, 32 * MIB));
	FIXTURE_EVENTUALLY(has_rollup(child, PROC_ROLLUP_USS, 32 * MIB));
	int rc = proc_getenv(&proc, getpid(), "PATH", mine, sizeof(mine));
	ck_assert_int_eq(proc_getenv(&proc, child, "PATH", its, sizeof(its)), rc);
	ck_assert_str_eq(its, mine);
	fixture_end(child);
}
END_TEST

START_TEST(test_memory_made_up)
{
	int64_t bytes;

	fixture_put_stat(dir.fd, 5, 'S', 1, 0, 1);
	put("5/statm", "1000 200 3 4 5 6 7\n");
	ck_assert_int_eq(proc_rss_bytes(&fake, 5, &bytes), 0);
	ck_assert_int_eq(bytes, 200 * sysconf(_SC_PAGESIZE));
	put("5/statm", "1000\n");
	ck_assert_int_eq(proc_rss_bytes(&fake, 5, &bytes), -EBADMSG);
	put("5/statm", "1000 9223372036854775807 1\n");
	ck_assert_int_eq(proc_rss_bytes(&fake, 5, &bytes), -EBADMSG);
	put("5/smaps", "00400000-00401000 r-xp 00000000 08:01 1  /bin/Pss: 7 kB\n"
		       "Size:  4 kB\nPss:  3 kB\nPss_Dirty:  1 kB\nPrivate_Clean:  1 kB\n"
		       "Private_Dirty: 2 kB\n00500000-00501000 rw-p 00000000 00:00 0 \n"
		       "Pss:  40 kB\nPrivate_Clean: 10 kB\nPrivate_Dirty: 20 kB\n");
	ck_assert_int_eq(proc_rollup_bytes(&fake, 5, PROC_ROLLUP_PSS, &bytes), 0);
	ck_assert_int_eq(bytes, 43 * 1024);
	ck_assert_int_eq(proc_rollup_bytes(&fake, 5, PROC_ROLLUP_USS, &bytes), 0);
	ck_assert_int_eq(bytes, 33 * 1024);
	put("5/smaps_rollup", "00400000-7ffe00000000 ---p 00000000 00:00 0 [rollup]\nPss: 9 kB\n");
	ck_assert_int_eq(proc_rollup_bytes(&fake, 5, PROC_ROLLUP_PSS, &bytes), 0);
	ck_assert_int_eq(bytes, 9 * 1024);
	put("5/smaps_rollup", "");
	ck_assert_int_eq(proc_rollup_bytes(&fake, 5, PROC_ROLLUP_PSS, &bytes), -ESRCH);
}
END_TEST

/* A shell that waits for its input, with an environment of our choice. */
static pid_t start_shell(int *input)
{
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)dup2(ends[0], 0);
		char *const argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char[]){ "read x" },
				       NULL };
		char *const env[] = { (char[]){ "XCRONHERD_ID=no" },
				      (char[]){ "CRONHERD_IDX=no" },
				      (char[]){ "CRONHERD_ID=queue:1" },
				      (char[]){ "CRONHERD_ID=second" },
				      (char[]){ "EMPTY=" },
				      NULL };
		(void)execve("/bin/sh", argv, env);
		_exit(127);
	}
	(void)close(ends[0]);
	*input = ends[1];
	return child;
}

static bool has_variable(pid_t pid, const char *name, const char *wanted)
{
	char value[16];

	return proc_getenv(&proc, pid, name, value, sizeof(value)) == 0 &&
	       strcmp(value, wanted) == 0;
}

START_TEST(test_getenv)
{
	char value[16];
	int input;
	pid_t child = start_shell(&input);

	FIXTURE_EVENTUALLY(has_variable(child, "CRONHERD_ID", "queue:1"));
	ck_assert(has_variable(child, "EMPTY", ""));
	ck_assert_int_eq(proc_getenv(&proc, child, "CRONHERD_ID", value, 8), 0);
	ck_assert_int_eq(proc_getenv(&proc, child, "CRONHERD_ID", value, 7), -ENAMETOOLONG);
	ck_assert_int_eq(proc_getenv(&proc, child, "CRONHERD", value, 16), -ENODATA);
	ck_assert_int_eq(proc_getenv(&proc, child, "NONE", value, 16), -ENODATA);
	ck_assert_int_eq(proc_getenv(&proc, FIXTURE_NO_PID, "NONE", value, 16), -ENOENT);
	(void)close(input);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
}
END_TEST

START_TEST(test_getenv_made_up)
{
	char value[16] = "";
	static const char whole[] = "A=1\0\0=\0no sign\0LAST=end without a nul";

	fixture_put_stat(dir.fd, 5, 'S', 1, 0, 1);
	fixture_put(dir.fd, "5/environ", whole, sizeof(whole) - 1, 0600);
	ck_assert_int_eq(proc_getenv(&fake, 5, "A", value, sizeof(value)), 0);
	ck_assert_str_eq(value, "1");
	ck_assert_int_eq(proc_getenv(&fake, 5, "no sign", value, sizeof(value)), -ENODATA);
	ck_assert_int_eq(proc_getenv(&fake, 5, "LAST", value, sizeof(value)), -ENAMETOOLONG);
	ck_assert_int_eq(unlinkat(dir.fd, "5/environ", 0), 0);
	ck_assert_int_eq(mkdirat(dir.fd, "5/environ", 0755), 0);
	ck_assert_int_eq(proc_getenv(&fake, 5, "A", value, sizeof(value)), -EISDIR);
}
END_TEST

START_TEST(test_namespace)
{
	struct stat st;
	uint64_t inode = 0;

	ck_assert_int_eq(stat("/proc/self/ns/pid", &st), 0);
	ck_assert_int_eq(proc_namespace(&proc, 0, "pid", &inode), 0);
	ck_assert_uint_eq(inode, st.st_ino);
	inode = 0;
	ck_assert_int_eq(proc_namespace(&proc, getpid(), "pid", &inode), 0);
	ck_assert_uint_eq(inode, st.st_ino);
	ck_assert_int_eq(proc_namespace(&proc, 0, "none", &inode), -ENOENT);
	ck_assert_int_eq(proc_namespace(&proc, -1, "pid", &inode), -EINVAL);
}
END_TEST

struct tally {
	pid_t wanted;
	int found;
	int count;
	int stop_after;
};

static int tally_up(const struct procstat *stat, void *data)
{
	struct tally *tally = data;

	tally->found += stat->pid == tally->wanted;
	return ++tally->count == tally->stop_after ? 42 : 0;
}

START_TEST(test_each)
{
	pid_t child = fixture_sleeper();
	struct tally tally = { .wanted = child };

	ck_assert_int_eq(proc_each(&proc, tally_up, &tally), 0);
	ck_assert_int_eq(tally.found, 1);
	ck_assert_int_ge(tally.count, 2);
	tally = (struct tally){ .stop_after = 2 };
	ck_assert_int_eq(proc_each(&proc, tally_up, &tally), 42);
	ck_assert_int_eq(tally.count, 2);
	fixture_end(child);
}
END_TEST

START_TEST(test_each_made_up)
{
	struct tally tally = { .wanted = 12 };

	fixture_put_stat(dir.fd, 11, 'S', 1, 0, 1);
	fixture_put_stat(dir.fd, 12, 'S', 1, 0, 1);
	ck_assert_int_eq(mkdirat(dir.fd, "13", 0755), 0); /* vanished meanwhile */
	fixture_put_stat(dir.fd, 14, 'S', 1, 0, 1);
	ck_assert_int_eq(renameat(dir.fd, "14", dir.fd, "14x"), 0);
	put("99999999999", "");
	put("uptime", "");
	ck_assert_int_eq(proc_each(&fake, tally_up, &tally), 0);
	ck_assert_int_eq(tally.count, 2);
	ck_assert_int_eq(tally.found, 1);
	ck_assert_int_eq(renameat(dir.fd, "14x", dir.fd, "15"), 0);
	ck_assert_int_eq(proc_each(&fake, tally_up, &tally), -EBADMSG);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("proc");
	TCase *tests = tcase_create("proc");

	tcase_add_checked_fixture(tests, open_roots, close_roots);
	tcase_add_test(tests, test_open);
	tcase_add_test(tests, test_open_in_other_namespace);
	tcase_add_test(tests, test_stat);
	tcase_add_test(tests, test_stat_of_zombie);
	tcase_add_test(tests, test_stat_made_up);
	tcase_add_test(tests, test_pinned_directory);
	tcase_add_test(tests, test_uid);
	tcase_add_test(tests, test_uid_is_the_real_one);
	tcase_add_test(tests, test_tgid_of_thread);
	tcase_add_test(tests, test_memory);
	tcase_add_test(tests, test_leader_gone);
	tcase_add_test(tests, test_memory_made_up);
	tcase_add_test(tests, test_getenv);
	tcase_add_test(tests, test_getenv_made_up);
	tcase_add_test(tests, test_namespace);
	tcase_add_test(tests, test_each);
	tcase_add_test(tests, test_each_made_up);
	tcase_set_timeout(tests, 60);
	suite_add_tcase(all, tests);
	return all;
}

CHECK_MAIN(suite())
