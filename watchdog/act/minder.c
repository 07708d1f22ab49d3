/* SPDX-License-Identifier: ISC */
#include "watchdog/act/minder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pidfiles/fdspan.h"
#include "pidfiles/proc.h"
#include "watchdog/base/clock.h"
#include "watchdog/model/instance.h"
#include "watchdog/store/exitnote.h"

/* Rounds at a time: a backoff that one of them waits for must not delay the others. */
#define ROUNDS_MAX 32
/* Ends told by one round's command line; more go to the next one. */
#define ENDED_MAX 256

#define SELF "/proc/self/exe"

/* ---- coming between ----------------------------------------------------------------------- */

static void pass_status_on(int status_fd) __attribute__((noreturn));

/* The process that was called: whoever called it shall get the exit status of what goes on below. */
static void pass_status_on(int status_fd)
{
	unsigned char status = 3; /* the minder-to-be was killed: what happened is not known */

	while (read(status_fd, &status, 1) < 0 && errno == EINTR)
		;
	_exit(status);
}

static int exits_fd(const char *state_dir)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/exits", state_dir);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void bury(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* Whether the zombie PID was nobody's main process; false where that cannot be told. */
static bool is_orphan(pid_t pid, const char *state_dir)
{
	struct proc proc = PROC_INIT;
	int fd = exits_fd(state_dir);
	char id[INSTANCE_ID_SIZE];
	struct procstat stat;
	bool is = false;

	if (fd >= 0 && proc_open(&proc, "/proc", true) == 0) {
		if (proc_stat(&proc, pid, &stat) == 0)
			is = exitnote_whose(fd, pid, stat.start_ticks, id, sizeof(id)) == -ENOENT;
		proc_close(&proc);
	}
	if (fd >= 0)
		close(fd);
	return is;
}

/*
 * A round may stay for an hour: what its workers leave behind falls to us and is buried meanwhile. A main process falls to us
 * when the round was killed, or by daemonizing; its end is left for the minder to tell, and then the round alone is waited for.
 */
static void bury_orphans(pid_t round, const char *state_dir)
{
	siginfo_t info = { .si_pid = 0 };

	while (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) == 0 || errno == EINTR) {
		if (info.si_pid == round || (info.si_pid && !is_orphan(info.si_pid, state_dir)))
			return;
		if (info.si_pid)
			bury(info.si_pid);
		info.si_pid = 0;
	}
}

static unsigned char wait_for(pid_t pid, const char *state_dir)
{
	int status;

	bury_orphans(pid, state_dir);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 3;
	return WIFEXITED(status) ? (unsigned char)WEXITSTATUS(status) : 3;
}

static bool has_children(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* execv(2) writes to none of it; its prototype is older than const. */
static char *const *arguments(const char *const *argv)
{
	return (char *const *)(uintptr_t)argv;
}

static void become_minder(const char *state_dir, const char *config_file)
	__attribute__((noreturn));

static void become_minder(const char *state_dir, const char *config_file)
{
	const char *argv[] = { "cronherd", "minder",	 "--state-dir", state_dir,
			       "-c",	   config_file, NULL };

	if (has_children())
		execv(SELF, arguments(argv));
	_exit(0);
}

/* Interrupting the command on a terminal must not take the minder-to-be with it. */
static void ignore_terminal(void (*handler)(int))
{
	(void)signal(SIGINT, handler);
	(void)signal(SIGQUIT, handler);
	(void)signal(SIGHUP, handler);
	(void)signal(SIGTSTP, handler);
}

/* In the minder-to-be: returns in its child only. */
static void stand(int status_fd, const char *state_dir, const char *config_file)
{
	unsigned char status;
	pid_t pid;

	ignore_terminal(SIG_IGN);
	pid = prctl(PR_SET_CHILD_SUBREAPER, 1) ? -1 : fork();
	if (pid == 0) {
		ignore_terminal(SIG_DFL);
		close(status_fd);
		return;
	}
	status = pid < 0 ? 3 : wait_for(pid, state_dir);
	(void)!write(status_fd, &status, 1); /* EPIPE: nobody waits any more */
	close(status_fd);
	become_minder(state_dir, config_file);
}

int minder_stand_between(const char *state_dir, const char *config_file, struct err *err)
{
	int status_pipe[2];
	pid_t pid;

	(void)fflush(NULL); /* lest it be printed twice, or never; main looks at errors */
	if (pipe2(status_pipe, O_CLOEXEC))
		return err_set(err, ERR_SYSTEM, errno, "no minder: cannot make a pipe");
	pid = fork();
	if (pid < 0) {
		int failure = errno;

		close(status_pipe[0]);
		close(status_pipe[1]);
		return err_set(err, ERR_SYSTEM, failure, "no minder: cannot fork");
	}
	if (pid > 0) {
		close(status_pipe[1]);
		pass_status_on(status_pipe[0]);
	}
	close(status_pipe[0]);
	stand(status_pipe[1], state_dir, config_file);
	return 0;
}

/* ---- the minder --------------------------------------------------------------------------- */

struct minder {
	const struct minder_options *options;
	struct proc proc;
	char ended[ENDED_MAX][INSTANCE_ID_SIZE]; /* ids: targets of the next round */
	size_t ended_count;
	pid_t rounds[ROUNDS_MAX];
	size_t round_count;
};

static int64_t cpu_ms(const struct rusage *usage)
{
	return (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * INT64_C(1000) +
	       (usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1000;
}

/* A disk that is full costs the exit status, not the restart. */
static void note(int fd, const struct procstat *stat, const char *id, int status, const struct rusage *usage)
{
	struct clock now = clock_read();
	struct exitinfo info = { .boot_ms = now.boot_ms,
				 .wall_ms = now.wall_ms,
				 .peak_rss_bytes = (int64_t)usage->ru_maxrss * 1024,
				 .cpu_ms = cpu_ms(usage) };

	(void)exitnote_write(fd, stat->pid, stat->start_ticks, id, status, &info);
}

/* A child that was announced is a worker's main process; any other is an orphan of one. */
static void note_worker(struct minder *minder, const struct procstat *stat, int status,
			const struct rusage *usage)
{
	char *id;
	int fd;

	if (minder->ended_count == ENDED_MAX)
		return; /* cron's next round looks at all */
	id = minder->ended[minder->ended_count];
	fd = exits_fd(minder->options->state_dir);
	if (fd < 0)
		return;
	if (exitnote_whose(fd, stat->pid, stat->start_ticks, id, INSTANCE_ID_SIZE) == 0) {
		note(fd, stat, id, status, usage);
		minder->ended_count++;
	}
	close(fd);
}

static bool forget_round(struct minder *minder, pid_t pid)
{
	for (size_t i = 0; i < minder->round_count; i++) {
		if (minder->rounds[i] != pid)
			continue;
		minder->rounds[i] = minder->rounds[--minder->round_count];
		return true;
	}
	return false;
}

/* Status as wait(2) gives it, from waitid(2)'s siginfo. */
static int wait_status(const siginfo_t *info)
{
	if (info->si_code == CLD_EXITED)
		return (info->si_status & 0xff) << 8;
	return (info->si_status & 0x7f) | (info->si_code == CLD_DUMPED ? 0x80 : 0);
}

/*
 * The note is written before the zombie is reaped: as long as it is there nobody else can have its number, and a round that
 * looks meanwhile sees that it is dead.
 */
static void attend(struct minder *minder, const siginfo_t *info, const struct rusage *usage)
{
	struct procstat stat;

	if (!forget_round(minder, info->si_pid) &&
	    proc_stat(&minder->proc, info->si_pid, &stat) == 0)
		note_worker(minder, &stat, wait_status(info), usage);
	bury(info->si_pid);
}

enum reaped { REAPED_ONE, REAPED_NONE, REAPED_CHILDLESS };

static enum reaped reap_one(struct minder *minder)
{
	siginfo_t info = { .si_pid = 0 };
	struct rusage usage;

	/* The libc function has no usage; the system call has. */
	memset(&usage, 0, sizeof(usage));
	if (syscall(SYS_waitid, P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT, &usage))
		return errno == ECHILD ? REAPED_CHILDLESS : REAPED_NONE;
	if (!info.si_pid)
		return REAPED_NONE;
	attend(minder, &info, &usage);
	return REAPED_ONE;
}

static void run_round(const struct minder *minder) __attribute__((noreturn));

/* The program as it is installed now, so that an upgrade takes effect; what we run ourselves, if that is gone. */
static void execute(const char *const *argv)
{
	static const char deleted[] = " (deleted)";
	char path[4096];
	ssize_t len = readlink(SELF, path, sizeof(path) - 1);

	if (len > 0) {
		path[len] = '\0';
		if ((size_t)len > sizeof(deleted) &&
		    strcmp(path + len - (sizeof(deleted) - 1), deleted) == 0)
			path[len - (ssize_t)(sizeof(deleted) - 1)] = '\0';
		execv(path, arguments(argv));
	}
	execv(SELF, arguments(argv));
}

static void run_round(const struct minder *minder)
{
	const char *argv[8 + ENDED_MAX + 1] = { "cronherd",
						"-c",
						minder->options->config_file,
						"run",
						"--minded",
						"--state-dir",
						minder->options->state_dir,
						"--" };
	size_t argc = 8;
	sigset_t none;

	for (size_t i = 0; i < minder->ended_count; i++)
		argv[argc++] = minder->ended[i];
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	execute(argv);
	_exit(127);
}

/* Nothing but this: the child uses our memory, and writes to none of ours that anybody looks at again. A fork would have both fault it in. */
static pid_t vfork_round(const struct minder *minder)
{
	pid_t pid = vfork();

	if (pid == 0)
		run_round(minder);
	return pid;
}

static void begin_round(struct minder *minder)
{
	pid_t pid;

	if (!minder->ended_count || minder->round_count == ROUNDS_MAX)
		return;
	pid = vfork_round(minder);
	if (pid < 0)
		return; /* EAGAIN: the ids wait for the next turn, and cron's round comes anyway */
	minder->rounds[minder->round_count++] = pid;
	minder->ended_count = 0;
}

static void detach(void)
{
	int null = open("/dev/null", O_RDWR);

	(void)setsid(); /* EPERM: we lead one already */
	(void)!chdir("/");
	umask(077);
	for (int fd = 0; fd < 3; fd++)
		if (null >= 0 && null != fd)
			(void)dup2(null, fd);
	/* Everything of ours is close-on-exec; this is for what cron itself was given. */
	fdspan_close(3, INT_MAX);
}

/*
 * What it took to come here is not needed again: pages of our own text that nobody else has mapped are ours alone in the kernel's account.
 * Those that are needed come back from the file's cache.
 */
static int give_back(struct dl_phdr_info *object, size_t size, void *page_size)
{
	uintptr_t page = *(const uintptr_t *)page_size;

	(void)size;
	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &object->dlpi_phdr[i];
		uintptr_t start = (object->dlpi_addr + part->p_vaddr) & ~(page - 1);

		if (part->p_type == PT_LOAD && !(part->p_flags & PF_W))
			(void)madvise((void *)start, object->dlpi_addr + part->p_vaddr + part->p_memsz - start, MADV_DONTNEED);
	}
	return 1; /* the first object is the program */
}

static void give_text_back(void)
{
	long page = sysconf(_SC_PAGESIZE);
	uintptr_t page_size = page > 0 ? (uintptr_t)page : 4096;

	(void)dl_iterate_phdr(give_back, &page_size);
}

/*
 * Until one ends. The first time, what it took to come here goes soon: it is not needed again. What an end takes is kept for ten quiet
 * seconds, as the next one should not have to wait for it.
 */
static void wait_quietly(const sigset_t *child, struct timespec *quiet)
{
	if (sigtimedwait(child, NULL, quiet) >= 0 || errno != EAGAIN)
		return;
	give_text_back();
	quiet->tv_sec = 10;
	(void)sigtimedwait(child, NULL, NULL);
}

static void block(sigset_t *child)
{
	sigset_t all;

	sigemptyset(&all);
	sigaddset(&all, SIGCHLD);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	*child = all;
}

int minder_main(const struct minder_options *options)
{
	static const struct timespec retry = { .tv_sec = 5 };
	struct timespec quiet = { .tv_sec = 1 };
	struct minder minder = { .options = options, .proc = PROC_INIT };
	sigset_t child;
	enum reaped reaped;
	bool is_over;

	(void)prctl(PR_SET_NAME, "cronherd"); /* executed as /proc/self/exe, it would be "exe" */
	detach();
	block(&child);
	do {
		/* Opened for each burst: idle, we hold nothing open. */
		int status = proc_open(&minder.proc, "/proc", true);

		do
			reaped = reap_one(&minder);
		while (reaped == REAPED_ONE && minder.ended_count < ENDED_MAX);
		if (status == 0)
			proc_close(&minder.proc);
		begin_round(&minder);
		/* Childless a moment ago: the round begun since will start somebody. */
		is_over = reaped == REAPED_CHILDLESS && !minder.round_count && !minder.ended_count;
		if (reaped == REAPED_ONE || is_over)
			continue;
		if (minder.ended_count)
			(void)sigtimedwait(&child, NULL, &retry);
		else
			wait_quietly(&child, &quiet);
	} while (!is_over);
	return 0;
}
