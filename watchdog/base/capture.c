/* SPDX-License-Identifier: ISC */
/*
 * capture: the one place that feeds and drains a helper program. Knows nothing of what it
 * runs, and never waits longer than it was told to.
 */
#include <config.h>

#include "watchdog/base/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "watchdog/base/clock.h"

enum { IN, OUT, ERR, STREAMS };

/* How long a killed program may take to be gone before it is left to init. */
#define KILLED_MS 2000

struct run {
	const char *name;
	pid_t pid;	   /* 0: none that could be killed */
	int ours[STREAMS]; /* -1: closed */
	int theirs[STREAMS];
	const char *input;
	size_t input_len;
	int64_t deadline_boot_ms;
};

static void close_end(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* a pipe, or read: nothing is left to fail */
	*fd = -1;
}

static void close_all(int fds[STREAMS])
{
	for (int i = 0; i < STREAMS; i++)
		close_end(&fds[i]);
}

/* Descriptors 0 to 2 are what the child's ends get duplicated onto, so no end may be there. */
static int above_standard(int *fd)
{
	if (*fd > STDERR_FILENO)
		return 0;
	int moved = fcntl(*fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (moved < 0)
		return -1;
	close_end(fd);
	*fd = moved;
	return 0;
}

static int open_pipe(int *ours, int *theirs)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	*ours = ends[0];
	*theirs = ends[1];
	if (above_standard(ours) < 0 || above_standard(theirs) < 0)
		return -1;
	return fcntl(*ours, F_SETFL, O_NONBLOCK);
}

/* A file without a name: in memory, or where the kernel has none such (before 3.17), in /tmp. */
static int nameless_file(void)
{
	char path[] = "/tmp/cronherd-XXXXXX";
	int fd = -1;

#ifdef SYS_memfd_create
	fd = (int)syscall(SYS_memfd_create, "cronherd", 1U /* MFD_CLOEXEC */);
#endif
	if (fd >= 0)
		return fd;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		(void)unlink(path); /* a name left over harms nobody */
	return fd;
}

static int fill(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t count = write(fd, text, len);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return -1;
		text += count;
		len -= (size_t)count;
	}
	return lseek(fd, 0, SEEK_SET) < 0 ? -1 : 0;
}

/* Whole before the program runs: who is killed while it reads must not make it take a part for all.
 */
static int open_input(struct run *run, struct err *err)
{
	if (!run->input)
		return 0;
	run->theirs[IN] = nameless_file();
	if (run->theirs[IN] < 0 || above_standard(&run->theirs[IN]) < 0 ||
	    fill(run->theirs[IN], run->input, run->input_len) < 0)
		return err_set(err, ERR_SYSTEM, errno, "cannot keep what %s is to read", run->name);
	return 0;
}

static int open_streams(struct run *run, struct err *err)
{
	if (open_input(run, err) < 0)
		return -1;
	if (open_pipe(&run->ours[OUT], &run->theirs[OUT]) < 0 ||
	    open_pipe(&run->ours[ERR], &run->theirs[ERR]) < 0)
		return err_set(err, ERR_SYSTEM, errno, "cannot make a pipe for %s", run->name);
	return 0;
}

static void add_environment(struct strlist *list)
{
	static const char locale[] = "LC_ALL=";

	for (char **item = environ; item && *item; item++)
		if (strncmp(*item, locale, sizeof(locale) - 1) != 0)
			strlist_add(list, *item);
	strlist_add(list, "LC_ALL=C");
}

static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t all;
	sigset_t none;
	int result;

	(void)sigfillset(&all); /* these two cannot fail */
	(void)sigemptyset(&none);
	result = posix_spawnattr_setflags(
		attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	if (result == 0)
		result = posix_spawnattr_setsigdefault(attributes, &all);
	if (result == 0)
		result = posix_spawnattr_setsigmask(attributes, &none);
	if (result == 0)
		result = posix_spawnattr_setpgroup(attributes, 0);
	return result;
}

static int set_actions(posix_spawn_file_actions_t *actions, const struct run *run)
{
	int result = 0;

	if (run->theirs[IN] < 0)
		result = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null",
							  O_RDONLY, 0);
	for (int i = 0; i < STREAMS && result == 0; i++)
		if (run->theirs[i] >= 0)
			result = posix_spawn_file_actions_adddup2(actions, run->theirs[i], i);
	return result;
}

/* 0 or a positive errno, as posix_spawn(3) has it. */
static int spawn(struct run *run, const char *const argv[])
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	struct strlist environment = STRLIST_INIT;
	struct strlist arguments = STRLIST_INIT;
	int result = posix_spawn_file_actions_init(&actions);

	if (result != 0)
		return result;
	result = posix_spawnattr_init(&attributes);
	if (result != 0) {
		(void)posix_spawn_file_actions_destroy(&actions); /* only frees */
		return result;
	}
	for (const char *const *item = argv; *item; item++)
		strlist_add(&arguments, *item);
	add_environment(&environment);
	result = argv[0] ? set_attributes(&attributes) : EINVAL;
	if (result == 0)
		result = set_actions(&actions, run);
	if (result == 0)
		result = posix_spawnp(&run->pid, argv[0], &actions, &attributes, arguments.items,
				      environment.items);
	strlist_free(&environment);
	strlist_free(&arguments);
	(void)posix_spawnattr_destroy(&attributes); /* only free */
	(void)posix_spawn_file_actions_destroy(&actions);
	return result;
}

static int left_ms(int64_t deadline_boot_ms)
{
	int64_t left = deadline_boot_ms - clock_read().boot_ms;

	return left > INT32_MAX ? INT32_MAX : left < 0 ? 0 : (int)left;
}

static int drain(struct run *run, int stream, struct str *to, struct err *err)
{
	char buf[16384];
	ssize_t count = read(run->ours[stream], buf, sizeof(buf));

	if (count < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (count < 0)
		return err_set(err, ERR_SYSTEM, errno, "cannot read what %s prints", run->name);
	if (count == 0) {
		close_end(&run->ours[stream]);
		return 0;
	}
	if (to->len + (size_t)count > CAPTURE_MAX_BYTES)
		return err_set(err, ERR_SYSTEM, EFBIG, "%s prints without end", run->name);
	str_add_n(to, buf, (size_t)count);
	return 0;
}

static int serve_ready(struct run *run, struct capture *capture, const struct pollfd *polled,
		       struct err *err)
{
	if (polled[OUT].revents && drain(run, OUT, &capture->output, err) < 0)
		return -1;
	if (polled[ERR].revents && drain(run, ERR, &capture->errors, err) < 0)
		return -1;
	return 0;
}

static int timed_out(const struct run *run, struct err *err)
{
	return err_set(err, ERR_SYSTEM, ETIMEDOUT, "%s did not end and was killed", run->name);
}

static int serve(struct run *run, struct capture *capture, struct err *err)
{
	while (run->ours[OUT] >= 0 || run->ours[ERR] >= 0) {
		struct pollfd polled[STREAMS] = {
			[IN] = { .fd = -1 },
			[OUT] = { .fd = run->ours[OUT], .events = POLLIN },
			[ERR] = { .fd = run->ours[ERR], .events = POLLIN },
		};
		int wait_ms = left_ms(run->deadline_boot_ms);

		if (wait_ms == 0)
			return timed_out(run, err);
		int count = poll(polled, STREAMS, wait_ms);
		if (count < 0 && errno != EINTR)
			return err_set(err, ERR_SYSTEM, errno, "cannot wait for %s", run->name);
		if (count > 0 && serve_ready(run, capture, polled, err) < 0)
			return -1;
	}
	return 0;
}

/* Looks again and again, since a pidfd is not to be had everywhere. Mostly once is enough. */
static int reap(struct run *run, int64_t deadline_boot_ms, int *status, struct err *err)
{
	const struct timespec pause = { .tv_nsec = 5L * 1000 * 1000 };

	for (;;) {
		pid_t pid = waitpid(run->pid, status, WNOHANG);

		if (pid == run->pid)
			return 0;
		if (pid < 0 && errno != EINTR) {
			run->pid = 0; /* not our child any more: its number may be another's */
			return err_set(err, ERR_SYSTEM, errno, "cannot learn how %s ended",
				       run->name);
		}
		if (left_ms(deadline_boot_ms) == 0)
			return timed_out(run, err);
		(void)nanosleep(&pause, NULL); /* shorter is as good */
	}
}

/* Its pid cannot have been reused: it is our child and has not been reaped. */
static void kill_group(struct run *run)
{
	int status;

	if (run->pid == 0)
		return;
	(void)kill(-run->pid, SIGKILL); /* it may be gone already */
	(void)reap(run, clock_read().boot_ms + KILLED_MS, &status,
		   NULL); /* the first error counts */
}

static int run_child(struct run *run, struct capture *capture, const char *const argv[],
		     struct err *err)
{
	if (open_streams(run, err) < 0)
		return -1;
	int result = spawn(run, argv);
	close_end(&run->theirs[OUT]);
	close_end(&run->theirs[ERR]);
	if (result != 0)
		return err_set(err, ERR_SYSTEM, result, "cannot run %s", run->name);
	if (serve(run, capture, err) < 0) {
		kill_group(run);
		return -1;
	}
	if (reap(run, run->deadline_boot_ms, &capture->status, err) < 0) {
		kill_group(run);
		return -1;
	}
	/* The file's position is ours and the program's alike: it says how far it was read. */
	capture->input_cut =
		run->theirs[IN] >= 0 && lseek(run->theirs[IN], 0, SEEK_CUR) < (off_t)run->input_len;
	return 0;
}

int capture_run(struct capture *capture, const char *const argv[], const char *input,
		size_t input_len, int timeout_ms, struct err *err)
{
	struct run run = {
		.name = argv[0],
		.ours = { -1, -1, -1 },
		.theirs = { -1, -1, -1 },
		.input = input,
		.input_len = input_len,
		.deadline_boot_ms = clock_read().boot_ms + timeout_ms,
	};

	int result = run_child(&run, capture, argv, err);

	close_all(run.ours);
	close_all(run.theirs);
	return result;
}

void capture_free(struct capture *capture)
{
	str_free(&capture->output);
	str_free(&capture->errors);
}
