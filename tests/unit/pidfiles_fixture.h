/* SPDX-License-Identifier: ISC */
/*
 * pidfiles_fixture: temp folders, processes and denied system calls for the tests of pidfiles/.
 *
 * A process started here dies with the test that started it (PR_SET_PDEATHSIG), and nothing
 * else is ever killed.
 */
#ifndef TESTS_UNIT_PIDFILES_FIXTURE_H
#define TESTS_UNIT_PIDFILES_FIXTURE_H

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FIXTURE_DEADLINE_S 20

/* A pid that no process can have: above the highest pid_max. */
#define FIXTURE_NO_PID 4194305

struct fixture_dir {
	char path[128];
	int fd;
};

static inline struct fixture_dir fixture_open(void)
{
	struct fixture_dir dir;
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(dir.path, sizeof(dir.path), "%s/check_pidfiles.XXXXXX", tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(dir.path));
	dir.fd = open(dir.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir.fd, 0);
	return dir;
}

static inline int fixture_unlink(const char *path, const struct stat *st, int kind,
				 struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

static inline void fixture_close(struct fixture_dir *dir)
{
	(void)close(dir->fd);
	ck_assert_int_eq(nftw(dir->path, fixture_unlink, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static inline void fixture_put(int dirfd, const char *name, const void *data, size_t len,
			       mode_t mode)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	ck_assert_int_eq(close(fd), 0);
}

static inline void fixture_put_text(int dirfd, const char *name, const char *text)
{
	fixture_put(dirfd, name, text, strlen(text), 0644);
}

/* A process in a proc root of our own making. */
static inline void fixture_put_stat(int root, pid_t pid, char state, int threads, unsigned flags,
				    unsigned long long start_ticks)
{
	char name[64];
	char text[256];

	(void)snprintf(name, sizeof(name), "%d", (int)pid);
	ck_assert(mkdirat(root, name, 0755) == 0 || errno == EEXIST);
	(void)snprintf(name, sizeof(name), "%d/stat", (int)pid);
	(void)snprintf(text, sizeof(text),
		       "%d (made up) %c 1 %d %d 0 -1 %u 0 0 0 0 7 8 0 0 20 0 %d 0 %llu 4096 5 9\n",
		       (int)pid, state, (int)pid, (int)pid, flags, threads, start_ticks);
	fixture_put_text(root, name, text);
}

static inline bool fixture_time_is_left(const struct timespec *begin)
{
	struct timespec now;
	struct timespec pause_time = { .tv_nsec = 1000000 };

	(void)nanosleep(&pause_time, NULL);
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - begin->tv_sec < FIXTURE_DEADLINE_S;
}

/* Asks CONDITION again and again until it is met; fails at the deadline. */
#define FIXTURE_EVENTUALLY(condition)                                                              \
	do {                                                                                       \
		struct timespec begin_;                                                            \
		(void)clock_gettime(CLOCK_MONOTONIC, &begin_);                                     \
		while (!(condition))                                                               \
			ck_assert_msg(fixture_time_is_left(&begin_), "not in time: " #condition);  \
	} while (0)

/* Forks; the child runs BODY and exits with what it returns. */
static inline pid_t fixture_spawn(int (*body)(void *data), void *data)
{
	pid_t parent = getpid();

	(void)fflush(NULL);
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(getppid() == parent ? body(data) : 125);
	}
	return pid;
}

static inline int fixture_wait_for_ever(void *data)
{
	(void)data;
	while (pause() < 0)
		;
	return 0;
}

static inline pid_t fixture_sleeper(void)
{
	return fixture_spawn(fixture_wait_for_ever, NULL);
}

/* Kills and reaps a child of ours. */
static inline void fixture_end(pid_t child)
{
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
}

/* Runs BODY in a child, where it may drop rights for good; returns its exit status. */
static inline int fixture_in_child(int (*body)(void *data), void *data)
{
	int status;
	pid_t child = fixture_spawn(body, data);

	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* For bodies of fixture_in_child, where Check's own assertions cannot report. */
#define FIXTURE_EXPECT(condition)                                                                  \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			(void)fprintf(stderr, "%s:%d: not met: %s\n", __FILE__, __LINE__,          \
				      #condition);                                                 \
			return 1;                                                                  \
		}                                                                                  \
	} while (0)

/*
 * From now on system call NUMBER fails with ERROR for this process; where ARG1 is not
 * negative, only with that second argument. For good: only in a fixture_in_child.
 */
static inline int fixture_deny(long number, int arg1, int error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, args[1]) +
				 (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0)),
		BPF_JUMP(BPF_JMP | (arg1 < 0 ? BPF_JGE : BPF_JEQ) | BPF_K,
			 arg1 < 0 ? 0 : (unsigned)arg1, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -errno : 0;
}

#endif
