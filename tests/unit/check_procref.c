/* SPDX-License-Identifier: ISC */
/* check_procref: a process held fast, with pidfds, without them, and half of them. */
#include <config.h>

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <sys/syscall.h>

#include "pidfiles/procref.h"
#include "tests/unit/check_main.h"
#include "tests/unit/pidfiles_fixture.h"
#include "tests/unit/pidreuse_fixture.h"

static struct fixture_dir dir;
static struct proc proc; /* the real one */
static struct proc fake; /* made up in DIR */
static struct procid_host host;

static void open_roots(void)
{
	dir = fixture_open();
	ck_assert_int_eq(proc_open(&proc, "/proc", true), 0);
	ck_assert_int_eq(proc_open(&fake, dir.path, false), 0);
	ck_assert_int_eq(procid_host_read(&proc, &host), 0);
}

static void close_roots(void)
{
	proc_close(&proc);
	proc_close(&fake);
	fixture_close(&dir);
}

/* The ways in which a kernel or a filter may deny pidfds. */
enum denial { NONE, OPEN_ENOSYS, OPEN_EPERM, SEND_ENOSYS, SEND_EPERM, DENIALS };

static int deny(enum denial denial)
{
	switch (denial) {
	case NONE:
	case DENIALS:
		return 0;
	case OPEN_ENOSYS:
		return fixture_deny(SYS_pidfd_open, -1, ENOSYS);
	case OPEN_EPERM:
		return fixture_deny(SYS_pidfd_open, -1, EPERM);
	case SEND_ENOSYS:
		return fixture_deny(SYS_pidfd_send_signal, -1, ENOSYS);
	case SEND_EPERM:
		return fixture_deny(SYS_pidfd_send_signal, -1, EPERM);
	}
	return -EINVAL;
}

/* What a scenario is run with; each runs in a child, under each denial. */
struct setting {
	enum denial denial;
	struct procid id;
};

static int run(int (*scenario)(void *data), int denial)
{
	struct setting setting = { .denial = (enum denial)denial };

	return fixture_in_child(scenario, &setting);
}

static bool is_closed(const struct procref *ref)
{
	return ref->pidfd == -1 && ref->dirfd == -1;
}

static int descriptors(void)
{
	int count = 0;
	DIR *all = opendir("/proc/self/fd");

	if (!all)
		return -1;
	while (readdir(all))
		count++;
	(void)closedir(all);
	return count;
}

static bool has_pidfds(void)
{
	int pidfd = procref_pidfd_open(getpid());

	if (pidfd >= 0)
		(void)close(pidfd);
	return pidfd >= 0;
}

/* SIGUSR1: children inherit the handlers of Check, which has one for SIGTERM. */
static int hold_signal_release(void *data)
{
	const struct setting *setting = data;
	struct procref ref = PROCREF_INIT;
	struct procid id;
	int status;
	int before = descriptors();

	FIXTURE_EXPECT(deny(setting->denial) == 0);
	pid_t child = fixture_sleeper();
	FIXTURE_EXPECT(procid_of(&proc, &host, child, &id) == 0);
	FIXTURE_EXPECT(procref_open(&ref, &proc, &host, &id) == PROCID_SAME);
	FIXTURE_EXPECT((ref.pidfd >= 0) == has_pidfds());
	FIXTURE_EXPECT((ref.pidfd >= 0) != (ref.dirfd >= 0));
	FIXTURE_EXPECT(procref_pollfd(&ref) == ref.pidfd);
	int fd = ref.pidfd >= 0 ? ref.pidfd : ref.dirfd;
	FIXTURE_EXPECT((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	FIXTURE_EXPECT(procref_ask(&ref, &proc) == PROCID_SAME);
	FIXTURE_EXPECT(procref_signal(&ref, &proc, 0) == 0);
	FIXTURE_EXPECT(procref_ask(&ref, &proc) == PROCID_SAME);
	FIXTURE_EXPECT(procref_signal(&ref, &proc, SIGUSR1) == 0);
	FIXTURE_EVENTUALLY(procref_ask(&ref, &proc) == PROCID_GONE); /* a zombie */
	FIXTURE_EXPECT(procref_signal(&ref, &proc, SIGUSR1) == -ESRCH);
	FIXTURE_EXPECT(waitpid(child, &status, 0) == child);
	FIXTURE_EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1);
	FIXTURE_EXPECT(procref_ask(&ref, &proc) == PROCID_GONE);
	FIXTURE_EXPECT(procref_signal(&ref, &proc, SIGUSR1) == -ESRCH);
	procref_close(&ref);
	FIXTURE_EXPECT(is_closed(&ref));
	procref_close(&ref);
	FIXTURE_EXPECT(procref_open(&ref, &proc, &host, &id) == PROCID_GONE);
	FIXTURE_EXPECT(is_closed(&ref) && descriptors() == before);
	return 0;
}

START_TEST(test_hold_signal_release)
{
	ck_assert_int_eq(run(hold_signal_release, _i), 0);
}
END_TEST

START_TEST(test_poll)
{
	struct procref ref = PROCREF_INIT;
	struct procid id;
	pid_t child = fixture_sleeper();

	ck_assert_int_eq(procid_of(&proc, &host, child, &id), 0);
	ck_assert_int_eq(procref_open(&ref, &proc, &host, &id), PROCID_SAME);
	if (procref_pollfd(&ref) >= 0) {
		struct pollfd entry = { .fd = procref_pollfd(&ref), .events = POLLIN };
		ck_assert_int_eq(poll(&entry, 1, 0), 0);
		ck_assert_int_eq(kill(child, SIGKILL), 0);
		ck_assert_int_eq(poll(&entry, 1, FIXTURE_DEADLINE_S * 1000), 1);
		ck_assert_int_eq(waitpid(child, NULL, 0), child);
	} else {
		fixture_end(child);
	}
	ck_assert_int_eq(procref_ask(&ref, &proc), PROCID_GONE);
	procref_close(&ref);
}
END_TEST

/* Identities that are not quite the process's own: none may leave a reference open. */
enum alteration { BOOT_ID, PID_NAMESPACE, TIME_NAMESPACE, START, NO_START, INODE, ALTERATIONS };

static enum procid_verdict alter(struct procid *id, enum alteration alteration)
{
	switch (alteration) {
	case BOOT_ID:
		id->boot_id[0] = id->boot_id[0] == '0' ? '1' : '0';
		return PROCID_GONE;
	case PID_NAMESPACE:
		id->pid_namespace++;
		return PROCID_UNKNOWN;
	case TIME_NAMESPACE:
		id->time_namespace++;
		return PROCID_UNKNOWN;
	case START:
		id->start_ticks++;
		return PROCID_OTHER;
	case NO_START:
		id->start_ticks = 0;
		id->pidfd_inode = 0;
		return PROCID_UNKNOWN;
	case INODE:
		if (id->pidfd_inode == 0)
			return PROCID_SAME; /* no pidfs, or no pidfds: nothing to tell by */
		id->pidfd_inode++;
		return PROCID_OTHER;
	case ALTERATIONS:
		break;
	}
	return PROCID_SAME;
}

static int open_altered(void *data)
{
	const struct setting *setting = data;
	struct procref ref = PROCREF_INIT;

	FIXTURE_EXPECT(deny(setting->denial) == 0);
	pid_t child = fixture_sleeper();
	int before = descriptors();
	for (int i = 0; i < ALTERATIONS; i++) {
		struct procid id;
		FIXTURE_EXPECT(procid_of(&proc, &host, child, &id) == 0);
		enum procid_verdict verdict = alter(&id, (enum alteration)i);
		FIXTURE_EXPECT(procref_open(&ref, &proc, &host, &id) == verdict);
		FIXTURE_EXPECT(is_closed(&ref) == (verdict != PROCID_SAME));
		procref_close(&ref);
		FIXTURE_EXPECT(descriptors() == before);
	}
	fixture_end(child);
	return 0;
}

START_TEST(test_altered)
{
	ck_assert_int_eq(run(open_altered, _i), 0);
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

/* A thread's number answers kill(pid, 0) and has a stat, with a start time of its own. */
static int open_thread(void *data)
{
	const struct setting *setting = data;
	struct procref ref = PROCREF_INIT;
	struct thread thread = { .tid = 0 };
	struct procid id;
	struct procstat stat;

	FIXTURE_EXPECT(deny(setting->denial) == 0);
	FIXTURE_EXPECT(pipe(thread.gate) == 0);
	FIXTURE_EXPECT(pthread_create(&thread.handle, NULL, wait_at_gate, &thread) == 0);
	FIXTURE_EVENTUALLY(thread.tid != 0);
	FIXTURE_EXPECT(procid_of(&proc, &host, getpid(), &id) == 0);
	id.pid = thread.tid;
	id.pidfd_inode = 0;
	FIXTURE_EXPECT(proc_stat(&proc, thread.tid, &stat) == 0);
	id.start_ticks = stat.start_ticks;
	FIXTURE_EXPECT(kill(thread.tid, 0) == 0);
	FIXTURE_EXPECT(procref_open(&ref, &proc, &host, &id) == PROCID_OTHER);
	FIXTURE_EXPECT(is_closed(&ref));
	FIXTURE_EXPECT(procid_of(&proc, &host, thread.tid, &id) == -ESRCH);
	(void)close(thread.gate[1]);
	return pthread_join(thread.handle, NULL);
}

START_TEST(test_thread)
{
	ck_assert_int_eq(run(open_thread, _i), 0);
}
END_TEST

static void *wait_in_thread(void *data)
{
	(void)fixture_wait_for_ever(data);
	return NULL;
}

static int leave_a_thread_behind(void *data)
{
	pthread_t handle;

	if (pthread_create(&handle, NULL, wait_in_thread, data) != 0)
		return 1;
	pthread_exit(NULL);
}

static int hold_leaderless(void *data)
{
	const struct setting *setting = data;
	struct procref ref = PROCREF_INIT;
	struct procid id;
	struct procstat stat;
	int status;

	FIXTURE_EXPECT(deny(setting->denial) == 0);
	pid_t child = fixture_spawn(leave_a_thread_behind, NULL);
	FIXTURE_EVENTUALLY(proc_stat(&proc, child, &stat) == 0 && stat.state == 'Z');
	FIXTURE_EXPECT(procid_of(&proc, &host, child, &id) == 0);
	FIXTURE_EXPECT(procref_open(&ref, &proc, &host, &id) == PROCID_SAME);
	FIXTURE_EXPECT(procref_ask(&ref, &proc) == PROCID_SAME);
	FIXTURE_EXPECT(procref_signal(&ref, &proc, SIGUSR1) == 0);
	FIXTURE_EXPECT(waitpid(child, &status, 0) == child);
	FIXTURE_EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1);
	procref_close(&ref);
	return 0;
}

START_TEST(test_leader_gone)
{
	ck_assert_int_eq(run(hold_leaderless, _i), 0);
}
END_TEST

/* Hidden from /proc: an equal inode is proof, without one there is none. */
static int open_hidden(void *data)
{
	const struct setting *setting = data;
	struct procref ref = PROCREF_INIT;
	struct procid id;

	FIXTURE_EXPECT(deny(setting->denial) == 0);
	pid_t child = fixture_sleeper();
	FIXTURE_EXPECT(procid_of(&proc, &host, child, &id) == 0);
	FIXTURE_EXPECT(procref_open(&ref, &fake, &host, &id) ==
		       (id.pidfd_inode ? PROCID_SAME : PROCID_UNKNOWN));
	FIXTURE_EXPECT(is_closed(&ref) == (id.pidfd_inode == 0));
	procref_close(&ref);
	id.pidfd_inode = 0;
	FIXTURE_EXPECT(procref_open(&ref, &fake, &host, &id) == PROCID_UNKNOWN);
	FIXTURE_EXPECT(is_closed(&ref));
	fixture_end(child);
	FIXTURE_EXPECT(procref_open(&ref, &fake, &host, &id) == PROCID_GONE);
	return 0;
}

START_TEST(test_hidden)
{
	ck_assert_int_eq(run(open_hidden, _i), 0);
}
END_TEST

/* Behind the pin stands another process by now, or nothing that can be read: no signal goes out. */
static int signal_changed(void *data)
{
	const struct setting *setting = data;
	struct procref ref = PROCREF_INIT;
	struct procid id;
	char name[64];

	FIXTURE_EXPECT(deny(setting->denial) == 0);
	pid_t child = fixture_sleeper();
	FIXTURE_EXPECT(procid_of(&proc, &host, child, &id) == 0);
	fixture_put_stat(dir.fd, child, 'S', 1, 0, id.start_ticks);
	(void)snprintf(name, sizeof(name), "%d/status", (int)child);
	FIXTURE_EXPECT(procref_open(&ref, &fake, &host, &id) == PROCID_UNKNOWN); /* no Tgid */
	char status[64];
	(void)snprintf(status, sizeof(status), "Name:\tx\nTgid:\t%d\n", (int)child);
	fixture_put_text(dir.fd, name, status);
	FIXTURE_EXPECT(procref_open(&ref, &fake, &host, &id) == PROCID_SAME);
	fixture_put_stat(dir.fd, child, 'S', 1, 0, id.start_ticks + 1);
	FIXTURE_EXPECT(procref_ask(&ref, &fake) == PROCID_OTHER);
	FIXTURE_EXPECT(procref_signal(&ref, &fake, SIGKILL) == -ESRCH);
	(void)snprintf(name, sizeof(name), "%d/stat", (int)child);
	FIXTURE_EXPECT(unlinkat(dir.fd, name, 0) == 0);
	FIXTURE_EXPECT(procref_ask(&ref, &fake) == PROCID_UNKNOWN);
	FIXTURE_EXPECT(procref_signal(&ref, &fake, SIGKILL) == -EAGAIN);
	FIXTURE_EXPECT(procid_look(&proc, &host, &id, NULL) == PROCID_SAME);
	fixture_end(child);
	FIXTURE_EXPECT(procref_ask(&ref, &fake) == PROCID_GONE);
	procref_close(&ref);
	return 0;
}

START_TEST(test_changed_behind_the_pin)
{
	ck_assert_int_eq(run(signal_changed, _i), 0);
}
END_TEST

START_TEST(test_kernel_thread)
{
	struct procref ref = PROCREF_INIT;
	struct procid id;
	pid_t child = fixture_sleeper();

	ck_assert_int_eq(procid_of(&proc, &host, child, &id), 0);
	fixture_put_stat(dir.fd, child, 'S', 1, PROCSTAT_KERNEL_THREAD, id.start_ticks);
	ck_assert_int_eq(procref_open(&ref, &fake, &host, &id), PROCID_OTHER);
	ck_assert(is_closed(&ref));
	fixture_end(child);

	struct procstat stat;
	if (proc_stat(&proc, 2, &stat) < 0 || !procstat_is_kernel_thread(&stat))
		return; /* not to be seen in here */
	ck_assert_int_eq(procid_of(&proc, &host, 2, &id), 0);
	ck_assert_int_eq(procref_open(&ref, &proc, &host, &id), PROCID_OTHER);
	ck_assert(is_closed(&ref));
}
END_TEST

static int find_stranger(const struct procstat *stat, void *data)
{
	uid_t uid;

	if (procstat_is_kernel_thread(stat) || proc_uid(&proc, stat->pid, &uid) < 0 ||
	    uid == getuid())
		return 0;
	return procid_of(&proc, &host, stat->pid, data) == 0 ? 1 : 0;
}

#define NO_STRANGER 77

/* Signal 0 to a process of another user: asked for, never sent. */
static int signal_stranger(void *data)
{
	const struct setting *setting = data;
	struct procref ref = PROCREF_INIT;
	struct procid id;

	if (getuid() == 0)
		FIXTURE_EXPECT(setresgid(65534, 65534, 65534) == 0 &&
			       setresuid(65534, 65534, 65534) == 0);
	if (proc_each(&proc, find_stranger, &id) != 1)
		return NO_STRANGER;
	FIXTURE_EXPECT(deny(setting->denial) == 0);
	FIXTURE_EXPECT(procref_open(&ref, &proc, &host, &id) == PROCID_SAME);
	FIXTURE_EXPECT(procref_signal(&ref, &proc, 0) == -EPERM);
	FIXTURE_EXPECT(procref_ask(&ref, &proc) == PROCID_SAME);
	procref_close(&ref);
	/* Hidden besides, it answers EPERM to kill(2), which is no death either. */
	FIXTURE_EXPECT(procid_look(&fake, &host, &id, NULL) == PROCID_UNKNOWN);
	id.pidfd_inode = 0;
	FIXTURE_EXPECT(procref_open(&ref, &fake, &host, &id) == PROCID_UNKNOWN);
	return 0;
}

START_TEST(test_not_permitted)
{
	int status = run(signal_stranger, _i);

	if (status == NO_STRANGER)
		(void)fprintf(stderr, "no process of another user to be seen: none was asked\n");
	ck_assert(status == 0 || status == NO_STRANGER);
}
END_TEST

START_TEST(test_pidfd)
{
	int self = procref_pidfd_open(getpid());

	ck_assert_int_eq(procref_pidfd_open(FIXTURE_NO_PID), has_pidfds() ? -ESRCH : self);
	ck_assert_uint_eq(procref_pidfd_inode(dir.fd), 0); /* no pidfd: no inode of one */
	if (self < 0)
		return;
	ck_assert_int_eq(fcntl(self, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	ck_assert(!procref_pidfd_ended(self));
	(void)close(self);
}
END_TEST

/* Held, then dead, and the number is another's: the signal must not reach it. */
static int signal_after_reuse(void *data)
{
	const struct setting *setting = data;
	struct procref ref = PROCREF_INIT;
	struct proc own = PROC_INIT;
	struct procid_host here;
	struct procid id;

	FIXTURE_EXPECT(proc_open(&own, "/proc", true) == 0);
	FIXTURE_EXPECT(procid_host_read(&own, &here) == 0);
	FIXTURE_EXPECT(deny(setting->denial) == 0);
	pid_t child = fixture_sleeper();
	FIXTURE_EXPECT(procid_of(&own, &here, child, &id) == 0);
	FIXTURE_EXPECT(procref_open(&ref, &own, &here, &id) == PROCID_SAME);
	fixture_end(child);
	FIXTURE_EXPECT(pidreuse_reborn(child) == child);
	FIXTURE_EXPECT(procref_signal(&ref, &own, SIGKILL) == -ESRCH);
	FIXTURE_EXPECT(procref_ask(&ref, &own) == PROCID_GONE);
	procref_close(&ref);
	struct procid after;
	FIXTURE_EXPECT(procid_of(&own, &here, child, &after) == 0);
	FIXTURE_EXPECT(procid_look(&own, &here, &after, NULL) == PROCID_SAME);
	fixture_end(child);
	proc_close(&own);
	return 0;
}

START_TEST(test_signal_after_reuse)
{
	struct setting setting = { .denial = (enum denial)_i };

	/* Where pids cannot be chosen, test_changed_behind_the_pin has the like of it. */
	(void)pidreuse_run(signal_after_reuse, &setting);
}
END_TEST

/* One number, one start time, two processes: only the inode tells them apart. */
static int open_twin(void *data)
{
	struct proc own = PROC_INIT;
	struct procid_host here;
	struct procref ref;
	struct procid id;
	struct procid twin;
	int tries = 0;

	(void)data;
	FIXTURE_EXPECT(proc_open(&own, "/proc", true) == 0);
	FIXTURE_EXPECT(procid_host_read(&own, &here) == 0);
	do {
		pid_t child = fixture_sleeper();
		FIXTURE_EXPECT(procid_of(&own, &here, child, &id) == 0);
		fixture_end(child);
		FIXTURE_EXPECT(pidreuse_reborn(child) == child);
		FIXTURE_EXPECT(procid_of(&own, &here, child, &twin) == 0);
		if (twin.start_ticks == id.start_ticks && id.pidfd_inode != 0) {
			FIXTURE_EXPECT(procid_look(&own, &here, &id, NULL) == PROCID_SAME);
			FIXTURE_EXPECT(procref_open(&ref, &own, &here, &id) == PROCID_OTHER);
			FIXTURE_EXPECT(is_closed(&ref));
			FIXTURE_EXPECT(procref_open(&ref, &own, &here, &twin) == PROCID_SAME);
			procref_close(&ref);
		}
		fixture_end(child);
	} while (twin.start_ticks != id.start_ticks && ++tries < 1000);
	FIXTURE_EXPECT(twin.start_ticks == id.start_ticks);
	proc_close(&own);
	return 0;
}

START_TEST(test_twin)
{
	/* Where pids cannot be chosen, test_altered has an altered inode. */
	(void)pidreuse_run(open_twin, NULL);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("procref");
	TCase *tests = tcase_create("procref");

	tcase_add_checked_fixture(tests, open_roots, close_roots);
	tcase_add_loop_test(tests, test_hold_signal_release, 0, DENIALS);
	tcase_add_test(tests, test_poll);
	tcase_add_loop_test(tests, test_altered, 0, DENIALS);
	tcase_add_loop_test(tests, test_thread, 0, DENIALS);
	tcase_add_loop_test(tests, test_leader_gone, 0, DENIALS);
	tcase_add_loop_test(tests, test_hidden, 0, DENIALS);
	tcase_add_loop_test(tests, test_changed_behind_the_pin, OPEN_ENOSYS, OPEN_EPERM + 1);
	tcase_add_test(tests, test_kernel_thread);
	tcase_add_loop_test(tests, test_not_permitted, 0, DENIALS);
	tcase_add_test(tests, test_pidfd);
	tcase_add_loop_test(tests, test_signal_after_reuse, 0, DENIALS);
	tcase_add_test(tests, test_twin);
	tcase_set_timeout(tests, 60);
	suite_add_tcase(all, tests);
	return all;
}

CHECK_MAIN(suite())
