/* SPDX-License-Identifier: ISC */
#include "watchdog/act/child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pidfiles/fdspan.h"
#include "pidfiles/pathwalk.h"
#include "watchdog/base/dispositions.h"
#include "watchdog/model/exitinfo.h"

const char *child_step_text(enum child_step step)
{
	switch (step) {
	case CHILD_SESSION:
		return "begin a session";
	case CHILD_ANNOUNCE:
		return "write the pidfile";
	case CHILD_CLOSE:
		return "close inherited descriptors";
	case CHILD_SIGNALS:
		return "reset signals";
	case CHILD_LIMITS:
		return "set the limits";
	case CHILD_NICE:
		return "set nice";
	case CHILD_OOM:
		return "set oom_score_adj";
	case CHILD_GROUPS:
		return "change group";
	case CHILD_USER:
		return "change user";
	case CHILD_DIRECTORY:
		return "change to directory";
	case CHILD_STDIN:
		return "open /dev/null";
	case CHILD_STDOUT:
		return "open stdout_logfile";
	case CHILD_STDERR:
		return "open stderr_logfile";
	case CHILD_GATE:
		return "wait at the gate";
	case CHILD_EXEC:
		return "execute";
	}
	return "start";
}

static void fail(const struct child_plan *plan, enum child_step step, int sys_errno)
	__attribute__((noreturn));

static void fail(const struct child_plan *plan, enum child_step step, int sys_errno)
{
	struct child_news news = { .step = (int)step, .sys_errno = sys_errno };

	/* A parent that is gone needs no answer. */
	(void)!write(plan->news_fd, &news, sizeof(news));
	_exit(127);
}

static void close_inherited(const struct child_plan *plan)
{
	int kept = plan->gate_fd < 0 ? plan->lock_fd : plan->gate_fd;
	int low = kept < plan->news_fd ? kept : plan->news_fd;
	int high = kept < plan->news_fd ? plan->news_fd : kept;

	fdspan_close(3, low - 1);
	fdspan_close(low + 1, high - 1);
	fdspan_close(high + 1, INT_MAX);
}

/* Before anything that can take long: the less is left to do without a name, the better. */
static void announce(const struct child_plan *plan)
{
	struct child_news news = { .step = CHILD_ANNOUNCE };
	ssize_t written;
	int status;

	if (plan->gate_fd >= 0)
		return;
	status = plan->identify(plan->announce_data, &news.process);
	if (status < 0)
		fail(plan, CHILD_ANNOUNCE, -status);
	/*
	 * Who sees the pidfile may kill us at once: minder and parent must know us by then. A parent that is gone needs no answer:
	 * whoever looks next finds the pidfile. One that is there and cannot be told (ENOMEM) would wait for our end, with the lock.
	 */
	do
		written = write(plan->news_fd, &news, sizeof(news));
	while (written < 0 && errno == EINTR);
	if (written < 0 && errno != EPIPE)
		_exit(EXITINFO_UNBORN);
	status = plan->publish(plan->announce_data, &news.process);
	if (status < 0)
		fail(plan, CHILD_ANNOUNCE, -status);
}

static void reset_signals(const struct child_plan *plan)
{
	int status = dispositions_hand_on();

	if (status < 0)
		fail(plan, CHILD_SIGNALS, -status);
	/* A round that runs with a death signal set must not hand it on. */
	if (prctl(PR_SET_PDEATHSIG, 0))
		fail(plan, CHILD_SIGNALS, errno);
}

static void set_limits(const struct child_plan *plan)
{
	for (size_t i = 0; i < plan->limit_count; i++) {
		const struct rlimit_setting *limit = &plan->limits[i];
		struct rlimit value = { .rlim_cur = limit->soft, .rlim_max = limit->hard };

		if (setrlimit(limit->resource, &value))
			fail(plan, CHILD_LIMITS, errno);
	}
	if (plan->has_nice && setpriority(PRIO_PROCESS, 0, plan->nice))
		fail(plan, CHILD_NICE, errno);
}

static void set_oom_score(const struct child_plan *plan)
{
	size_t len;
	int fd;

	if (!plan->oom_score_adj)
		return;
	len = strlen(plan->oom_score_adj);
	fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, plan->oom_score_adj, len) != (ssize_t)len)
		fail(plan, CHILD_OOM, errno);
	close(fd);
}

static void change_user(const struct child_plan *plan)
{
	if (!plan->has_user)
		return;
	if (setgroups(plan->group_count, plan->groups) ||
	    setresgid(plan->gid, plan->gid, plan->gid))
		fail(plan, CHILD_GROUPS, errno);
	if (setresuid(plan->uid, plan->uid, plan->uid))
		fail(plan, CHILD_USER, errno);
	/* Verified, and the way back tried: a half-done change must never run a worker. */
	if (getuid() != plan->uid || geteuid() != plan->uid || getgid() != plan->gid ||
	    getegid() != plan->gid || (plan->uid != 0 && setuid(0) == 0))
		fail(plan, CHILD_USER, EPERM);
}

/* Opened with the worker's own rights, and never through a link that somebody planted. */
static int open_log(const struct child_plan *plan, const char *path, enum child_step step)
{
	int flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	const char *base;
	struct stat st;
	int dir_fd, fd;

	dir_fd = pathwalk_open(path ? path : "/dev/null", &base);
	if (dir_fd < 0)
		fail(plan, step, -dir_fd);
	fd = openat(dir_fd, base, flags, plan->log_mode);
	if (fd < 0 || fstat(fd, &st))
		fail(plan, step, errno);
	close(dir_fd);
	if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
		fail(plan, step, EINVAL);
	/* Root may write to whatever file somebody has given this name, too. */
	if (geteuid() == 0 && S_ISREG(st.st_mode) && st.st_nlink > 1)
		fail(plan, step, EMLINK);
	if (fcntl(fd, F_SETFL, O_APPEND))
		fail(plan, step, errno);
	return fd;
}

static void place(const struct child_plan *plan, int fd, int number, enum child_step step)
{
	if (dup2(fd, number) < 0)
		fail(plan, step, errno);
}

static void open_standard(const struct child_plan *plan)
{
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int out, errors;

	if (in < 0)
		fail(plan, CHILD_STDIN, errno);
	umask(0); /* so that log_mode is what the file gets */
	out = open_log(plan, plan->stdout_logfile, CHILD_STDOUT);
	errors = plan->stderr_logfile == plan->stdout_logfile
			 ? out
			 : open_log(plan, plan->stderr_logfile, CHILD_STDERR);
	place(plan, in, 0, CHILD_STDIN);
	place(plan, out, 1, CHILD_STDOUT);
	place(plan, errors, 2, CHILD_STDERR);
	close(in);
	close(out);
	if (errors != out)
		close(errors);
	umask(plan->umask);
}

static void wait_at_gate(const struct child_plan *plan)
{
	char byte;
	ssize_t got;

	if (plan->gate_fd < 0)
		return;
	do
		got = read(plan->gate_fd, &byte, 1);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		fail(plan, CHILD_GATE, errno);
	if (got == 0)
		_exit(EXITINFO_UNBORN); /* whoever started us died before it let us through */
	close(plan->gate_fd);
}

/* As execvp(3) does, but along the worker's own PATH: the first that can be executed. */
static void execute(const struct child_plan *plan)
{
	int failure = ENOENT;

	for (char *const *program = plan->programs; *program; program++) {
		execve(*program, plan->argv, plan->envp);
		if (errno != ENOENT && errno != ENOTDIR)
			failure = errno;
		if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
			break;
	}
	fail(plan, CHILD_EXEC, failure);
}

void child_run(const struct child_plan *plan)
{
	if (setsid() < 0)
		fail(plan, CHILD_SESSION, errno);
	announce(plan);
	close_inherited(plan);
	reset_signals(plan);
	set_limits(plan);
	set_oom_score(plan);
	change_user(plan);
	if (chdir(plan->directory))
		fail(plan, CHILD_DIRECTORY, errno);
	open_standard(plan);
	wait_at_gate(plan);
	execute(plan);
	_exit(127);
}
