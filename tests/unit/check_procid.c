/* SPDX-License-Identifier: ISC */
/* check_procid: the three answers, on real processes and on made up ones. */
#include <config.h>

#include <pthread.h>

#include "pidfiles/procid.h"
#include "pidfiles/procref.h"
#include "tests/unit/check_main.h"
#include "tests/unit/pidfiles_fixture.h"
#include "tests/unit/pidreuse_fixture.h"

#define BOOT  "01234567-89ab-cdef-0123-456789abcdef"
#define BOOT2 "11234567-89ab-cdef-0123-456789abcdef"

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

static const struct {
	const char *text;
	bool answer;
} boot_ids[] = {
	{ BOOT, true },
	{ "", false },
	{ "01234567-89ab-cdef-0123-456789abcde", false },
	{ "01234567-89ab-cdef-0123-456789abcdef0", false },
	{ "01234567-89ab-cdef-0123-456789abcdeg", false },
	{ "01234567-89AB-cdef-0123-456789abcdef", false },
	{ "0123456789-ab-cdef-0123-456789abcdef", false },
	{ "01234567-89ab-cdef-0123-456789abcde\n", false },
};

START_TEST(test_boot_id)
{
	const char *text = boot_ids[_i].text;

	ck_assert_int_eq(procid_is_boot_id(text, strlen(text)), boot_ids[_i].answer);
}
END_TEST

START_TEST(test_host)
{
	struct stat st;

	ck_assert(procid_is_boot_id(host.boot_id, strlen(host.boot_id)));
	ck_assert_int_eq(stat("/proc/self/ns/pid", &st), 0);
	ck_assert_uint_eq(host.pid_namespace, st.st_ino);
}
END_TEST

START_TEST(test_host_made_up)
{
	struct procid_host made_up;

	ck_assert_int_eq(procid_host_read(&fake, &made_up), -ENOENT);
	ck_assert_int_eq(mkdirat(dir.fd, "sys", 0755), 0);
	ck_assert_int_eq(mkdirat(dir.fd, "sys/kernel", 0755), 0);
	ck_assert_int_eq(mkdirat(dir.fd, "sys/kernel/random", 0755), 0);
	fixture_put_text(dir.fd, "sys/kernel/random/boot_id", BOOT "\n");
	ck_assert_int_eq(procid_host_read(&fake, &made_up), 0);
	ck_assert_str_eq(made_up.boot_id, BOOT);
	ck_assert_uint_eq(made_up.pid_namespace, 0);
	ck_assert_uint_eq(made_up.time_namespace, 0);
	fixture_put_text(dir.fd, "sys/kernel/random/boot_id", "");
	ck_assert_int_eq(procid_host_read(&fake, &made_up), -EBADMSG);
	fixture_put_text(dir.fd, "sys/kernel/random/boot_id", BOOT "0\n");
	ck_assert_int_eq(procid_host_read(&fake, &made_up), -EBADMSG);
}
END_TEST

static const struct {
	struct procid id;
	enum procid_verdict verdict;
} places[] = {
	{ { 9, BOOT, 1, 2, 3, 4 }, PROCID_SAME },      { { 9, BOOT, 1, 2, 0, 0 }, PROCID_SAME },
	{ { 9, BOOT2, 1, 2, 3, 4 }, PROCID_GONE },     { { 9, BOOT2, 7, 8, 3, 4 }, PROCID_GONE },
	{ { 9, BOOT, 7, 2, 3, 4 }, PROCID_UNKNOWN },   { { 9, BOOT, 1, 7, 3, 4 }, PROCID_UNKNOWN },
	{ { 9, BOOT, 0, 2, 3, 4 }, PROCID_UNKNOWN },   { { 9, BOOT, 1, 0, 3, 4 }, PROCID_UNKNOWN },
	{ { 9, "", 1, 2, 3, 4 }, PROCID_UNKNOWN },     { { 0, BOOT, 1, 2, 3, 4 }, PROCID_UNKNOWN },
	{ { -1, BOOT2, 1, 2, 3, 4 }, PROCID_UNKNOWN },
};

START_TEST(test_place)
{
	struct procid_host here = { BOOT, 1, 2 };

	ck_assert_int_eq(procid_place(&places[_i].id, &here), places[_i].verdict);
}
END_TEST

static const struct {
	uint64_t recorded;
	uint64_t start;
	unsigned flags;
	char state;
	int threads;
	enum procid_verdict verdict;
} sights[] = {
	{ 50, 50, 0, 'S', 1, PROCID_SAME },
	{ 50, 50, 0, 'D', 1, PROCID_SAME },
	{ 50, 50, 0, 'T', 1, PROCID_SAME },
	{ 50, 50, 0, 'Z', 2, PROCID_SAME },
	{ 50, 50, 0, 'Z', 1, PROCID_GONE },
	{ 50, 50, 0, 'X', 0, PROCID_GONE },
	{ 50, 51, 0, 'S', 1, PROCID_OTHER },
	{ 50, 49, 0, 'Z', 1, PROCID_OTHER },
	{ 50, 50, PROCSTAT_KERNEL_THREAD, 'S', 1, PROCID_OTHER },
	{ 0, 50, 0, 'S', 1, PROCID_UNKNOWN },
	{ 0, 50, PROCSTAT_KERNEL_THREAD, 'S', 1, PROCID_OTHER },
};

START_TEST(test_compare)
{
	struct procid id = { .pid = 9, .start_ticks = sights[_i].recorded };
	struct procstat stat = { .pid = 9,
				 .state = sights[_i].state,
				 .num_threads = sights[_i].threads,
				 .flags = sights[_i].flags,
				 .start_ticks = sights[_i].start };

	ck_assert_int_eq(procid_compare(&id, &stat), sights[_i].verdict);
}
END_TEST

/* The same sights through a look. The number is a living process's: death is read, not asked. */
START_TEST(test_look_made_up)
{
	struct procstat stat;
	pid_t child = fixture_sleeper();
	struct procid id = { .pid = child,
			     .pid_namespace = host.pid_namespace,
			     .time_namespace = host.time_namespace,
			     .start_ticks = sights[_i].recorded };

	memcpy(id.boot_id, host.boot_id, sizeof(id.boot_id));
	fixture_put_stat(dir.fd, child, sights[_i].state, sights[_i].threads, sights[_i].flags,
			 sights[_i].start);
	ck_assert_int_eq(procid_look(&fake, &host, &id, &stat), sights[_i].verdict);
	ck_assert_int_eq(stat.pid, child);
	ck_assert_int_eq(procid_look(&fake, &host, &id, NULL), sights[_i].verdict);
	fixture_end(child);
}
END_TEST

START_TEST(test_of)
{
	struct procid id;
	struct procid again;
	struct procstat stat;
	pid_t child = fixture_sleeper();
	int pidfd = procref_pidfd_open(child);

	ck_assert_int_eq(procid_of(&proc, &host, child, &id), 0);
	ck_assert_int_eq(id.pid, child);
	ck_assert_str_eq(id.boot_id, host.boot_id);
	ck_assert_uint_eq(id.pid_namespace, host.pid_namespace);
	ck_assert_uint_eq(id.time_namespace, host.time_namespace);
	ck_assert_int_eq(proc_stat(&proc, child, &stat), 0);
	ck_assert_uint_eq(id.start_ticks, stat.start_ticks);
	ck_assert_uint_eq(id.pidfd_inode, pidfd < 0 ? 0 : procref_pidfd_inode(pidfd));
	ck_assert_int_eq(procid_of(&proc, &host, child, &again), 0);
	ck_assert_uint_eq(id.pidfd_inode, again.pidfd_inode);
	ck_assert_int_eq(procid_look(&proc, &host, &id, &stat), PROCID_SAME);
	ck_assert_int_eq(stat.pid, child);
	fixture_end(child);
	if (pidfd >= 0)
		(void)close(pidfd);
}
END_TEST

START_TEST(test_of_none)
{
	struct procid id;

	ck_assert_int_eq(procid_of(&proc, &host, FIXTURE_NO_PID, &id), -ESRCH);
	ck_assert_int_eq(procid_of(&proc, &host, 0, &id), -EINVAL);
	ck_assert_int_eq(procid_of(&proc, &host, -1, &id), -EINVAL);
	/* Hidden, as hidepid hides: there is no proof of death in that. */
	ck_assert_int_eq(procid_of(&fake, &host, getpid(), &id), -ENOENT);
}
END_TEST

START_TEST(test_zombie)
{
	struct procid id;
	struct procstat stat;
	int gate[2];

	ck_assert_int_eq(pipe(gate), 0);
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		char word;
		(void)close(gate[1]);
		_exit(read(gate[0], &word, 1) == 0 ? 0 : 1);
	}
	ck_assert_int_eq(procid_of(&proc, &host, child, &id), 0);
	(void)close(gate[1]);
	FIXTURE_EVENTUALLY(procid_look(&proc, &host, &id, &stat) == PROCID_GONE);
	ck_assert_int_eq(stat.state, 'Z');
	ck_assert_int_eq(kill(child, 0), 0); /* what a simple check would call alive */
	ck_assert_int_eq(procid_of(&proc, &host, child, &id), -ESRCH);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	ck_assert_int_eq(procid_look(&proc, &host, &id, &stat), PROCID_GONE);
	ck_assert_int_eq(stat.pid, 0);
	(void)close(gate[0]);
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

START_TEST(test_leader_gone)
{
	struct procid id;
	struct procstat stat;
	pid_t child = fixture_spawn(leave_a_thread_behind, NULL);

	FIXTURE_EVENTUALLY(proc_stat(&proc, child, &stat) == 0 && stat.state == 'Z');
	ck_assert_int_eq(procid_of(&proc, &host, child, &id), 0);
	ck_assert_int_eq(procid_look(&proc, &host, &id, &stat), PROCID_SAME);
	ck_assert_int_eq(stat.state, 'Z');
	fixture_end(child);
	ck_assert_int_eq(procid_look(&proc, &host, &id, NULL), PROCID_GONE);
}
END_TEST

START_TEST(test_hidden)
{
	struct procid id;
	struct procstat stat = { .pid = 1 };
	pid_t child = fixture_sleeper();

	ck_assert_int_eq(procid_of(&proc, &host, child, &id), 0);
	ck_assert_int_eq(procid_look(&fake, &host, &id, &stat), PROCID_UNKNOWN);
	ck_assert_int_eq(stat.pid, 0);
	fixture_put_stat(dir.fd, child, 'S', 1, 0, id.start_ticks);
	char path[64];
	(void)snprintf(path, sizeof(path), "%d/stat", (int)child);
	fixture_put_text(dir.fd, path, "garbage");
	ck_assert_int_eq(procid_look(&fake, &host, &id, &stat), PROCID_UNKNOWN);
	ck_assert_int_eq(stat.pid, 0);
	fixture_end(child);
	ck_assert_int_eq(procid_look(&fake, &host, &id, &stat), PROCID_GONE);
	ck_assert_int_eq(stat.pid, 0);
}
END_TEST

/* Without a single descriptor left nothing can be read: nothing may follow from that. */
static int look_without_descriptors(void *data)
{
	const struct procid *id = data;

	while (dup(0) >= 0)
		;
	FIXTURE_EXPECT(errno == EMFILE);
	FIXTURE_EXPECT(procid_look(&proc, &host, id, NULL) == PROCID_UNKNOWN);
	struct procref ref;
	FIXTURE_EXPECT(procref_open(&ref, &proc, &host, id) == PROCID_UNKNOWN);
	struct procid other;
	FIXTURE_EXPECT(procid_of(&proc, &host, id->pid, &other) == -EMFILE);
	return 0;
}

START_TEST(test_no_descriptors)
{
	struct procid id;
	pid_t child = fixture_sleeper();

	ck_assert_int_eq(procid_of(&proc, &host, child, &id), 0);
	ck_assert_int_eq(fixture_in_child(look_without_descriptors, &id), 0);
	fixture_end(child);
}
END_TEST

START_TEST(test_kernel_thread)
{
	struct procstat stat;
	struct procid id = { .pid = 2,
			     .pid_namespace = host.pid_namespace,
			     .time_namespace = host.time_namespace };

	if (proc_stat(&proc, 2, &stat) < 0 || !procstat_is_kernel_thread(&stat))
		return; /* not to be seen in here: test_compare and test_look_made_up have it */
	id.start_ticks = stat.start_ticks;
	memcpy(id.boot_id, host.boot_id, sizeof(id.boot_id));
	ck_assert_int_eq(procid_look(&proc, &host, &id, NULL), PROCID_OTHER);
}
END_TEST

static bool is_later_than(uint64_t ticks)
{
	struct timespec now;
	long per_second = sysconf(_SC_CLK_TCK);

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * (uint64_t)per_second +
		       (uint64_t)(now.tv_nsec / (1000000000 / per_second)) >
	       ticks + 1;
}

/* Opens what belongs to the namespace that the scenario runs in. */
static int read_host(struct proc *own, struct procid_host *here)
{
	FIXTURE_EXPECT(proc_open(own, "/proc", true) == 0);
	FIXTURE_EXPECT(procid_host_read(own, here) == 0);
	return 0;
}

static int see_reused_pid(void *data)
{
	struct proc own = PROC_INIT;
	struct procid_host here;
	struct procid id;
	struct procstat stat;

	(void)data;
	FIXTURE_EXPECT(read_host(&own, &here) == 0);
	pid_t child = fixture_sleeper();
	FIXTURE_EXPECT(procid_of(&own, &here, child, &id) == 0);
	fixture_end(child);
	FIXTURE_EVENTUALLY(is_later_than(id.start_ticks));
	FIXTURE_EXPECT(pidreuse_reborn(child) == child);
	FIXTURE_EXPECT(procid_look(&own, &here, &id, &stat) == PROCID_OTHER);
	FIXTURE_EXPECT(stat.pid == child);
	fixture_end(child);
	FIXTURE_EXPECT(procid_look(&own, &here, &id, NULL) == PROCID_GONE);
	proc_close(&own);
	return 0;
}

START_TEST(test_reused_pid)
{
	struct procid id;

	if (pidreuse_run(see_reused_pid, NULL))
		return;
	pid_t child = fixture_sleeper();
	ck_assert_int_eq(procid_of(&proc, &host, child, &id), 0);
	id.start_ticks--;
	ck_assert_int_eq(procid_look(&proc, &host, &id, NULL), PROCID_OTHER);
	fixture_end(child);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

static Suite *suite(void)
{
	Suite *all = suite_create("procid");
	TCase *tests = tcase_create("procid");

	tcase_add_checked_fixture(tests, open_roots, close_roots);
	tcase_add_loop_test(tests, test_boot_id, 0, COUNT(boot_ids));
	tcase_add_test(tests, test_host);
	tcase_add_test(tests, test_host_made_up);
	tcase_add_loop_test(tests, test_place, 0, COUNT(places));
	tcase_add_loop_test(tests, test_compare, 0, COUNT(sights));
	tcase_add_loop_test(tests, test_look_made_up, 0, COUNT(sights));
	tcase_add_test(tests, test_of);
	tcase_add_test(tests, test_of_none);
	tcase_add_test(tests, test_zombie);
	tcase_add_test(tests, test_leader_gone);
	tcase_add_test(tests, test_hidden);
	tcase_add_test(tests, test_no_descriptors);
	tcase_add_test(tests, test_kernel_thread);
	tcase_add_test(tests, test_reused_pid);
	tcase_set_timeout(tests, 60);
	suite_add_tcase(all, tests);
	return all;
}

CHECK_MAIN(suite())
