/* SPDX-License-Identifier: ISC */
/*
 * inject: runs a command under ptrace and kills it, or fails one of its system calls, at one exact
 * point; again and again, since to begin a program costs more than what is to be tried of it.
 *
 *   inject -s REQUESTS REPLIES GO COMMAND …   serves; the numbers are the descriptors of a zygote
 * of COMMAND inject -i COMMAND …                       init of a pid namespace: buries whatever
 * falls to it, ends with COMMAND
 *
 * It reads lines "SECONDS POINT LISTING HOW …" from standard input. POINT "-": none. LISTING 1:
 * calls are listed. HOW is exec               the command is executed, and its calls are counted
 * from there on born FAST BEFORE   a child of the zygote runs it, from main() on; of POINT's call
 * there are BEFORE before that. FAST 1: no other calls are stopped at than POINT's (by seccomp; not
 * where a minder stays behind, which would keep the filter without us) minder PID VICTIM  follows
 * the minder PID, and kills its worker VICTIM
 *
 * POINT is ROLE:CALL:N=ACTION. ROLE names a process by its way from the command: 0 is the command
 * itself, 0.2 its second child, 0.2.1 that one's first. N counts the calls of that name in that
 * role, from 1. ACTION is "kill" (SIGKILL when the call is about to be made; it is not), the number
 * of an errno (the call is not made and fails with it) or that with a + behind it (and so does,
 * from then on, each call of that name in every process of the tree). close(2) is made and then
 * fails, as in Linux.
 *
 * Followed is everything whose file is called cronherd*; what executes something else is let go.
 * The end is when all that is followed has ended or is a minder at rest.
 *
 * Behind the point, waits in poll(2) are short, and whoever waits very often is killed ("waited
 * ROLE").
 *
 * It answers with a line each: "call ROLE NAME N PATH" (LISTING; PATH: a file that the call names,
 * or -), "hit ROLE NAME N", "born ROLE PID" for each child, "signal PID SIGNAL" for each signal that is about to
 * be sent, "exit STATUS" of the command (128 + its signal), "hung" where it took longer than
 * SECONDS (and was killed); "over" is the last.
 *
 * x86_64 only; elsewhere it says so and exits with 77.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __x86_64__
int main(void)
{
	fputs("inject: knows x86_64 only\n", stderr);
	return 77;
}
#else
#include <sys/user.h>
#include <linux/ptrace.h>

#include "callnames.h"
#include "zygote.h"

#define TASKS_MAX   256
#define ROLE_SIZE   64
#define NOT_A_CALL  (-1)
/* Behind the point nobody waits for longer than this in one call: what was missed because of it is
 * otherwise seen seconds later. */
#define WAIT_MAX_MS 20
/* Who waits more often than this behind the point does so until a deadline; it is killed then,
 * which is one more thing that may happen. */
#define WAITS_MAX   50

#define OPTIONS                                                                                    \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |  \
	 PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP)

struct task {
	pid_t pid; /* 0: a free place */
	char role[ROLE_SIZE];
	int children;
	bool is_inside;	 /* of a system call */
	bool is_resting; /* a minder that waits for its next child */
	int fails_with;	 /* the call that it is in; 0: as it is */
	unsigned counts[CALLNAMES_MAX];
};

struct point {
	char role[ROLE_SIZE];
	char call[32];
	unsigned number; /* 0: none */
	unsigned before; /* calls that its role has made before we came */
	int error;	 /* 0: kill */
	bool is_lasting;
	bool is_reached;
};

struct zygote {
	int requests, replies, go;
};

struct run {
	FILE *report;
	bool is_listing;
	bool is_fast;	/* stops are made by a filter */
	unsigned waits; /* behind the point */
	struct point point;
	pid_t command;
	struct task tasks[TASKS_MAX];
};

static volatile sig_atomic_t is_hung;

static void die(const char *what)
{
	fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
	exit(70);
}

/* ---- tasks -------------------------------------------------------------------------------- */

static struct task *find(struct run *run, pid_t pid)
{
	for (size_t i = 0; i < TASKS_MAX; i++)
		if (run->tasks[i].pid == pid)
			return &run->tasks[i];
	return NULL;
}

static struct task *add(struct run *run, pid_t pid)
{
	struct task *task = find(run, pid);

	if (task)
		return task;
	task = find(run, 0);
	if (!task) {
		errno = ENOSPC;
		die("too many processes");
	}
	memset(task, 0, sizeof(*task));
	task->pid = pid;
	return task;
}

static bool is_over(const struct run *run)
{
	for (size_t i = 0; i < TASKS_MAX; i++)
		if (run->tasks[i].pid && !run->tasks[i].is_resting)
			return false;
	return true;
}

static void go_on(const struct run *run, const struct task *task, int sig)
{
	/* Of a call that is made and then fails, the end is waited for. */
	bool is_each = !run->is_fast || task->fails_with;

	/* ESRCH: it was killed meanwhile; wait4 will tell. */
	(void)ptrace(is_each ? PTRACE_SYSCALL : PTRACE_CONT, task->pid, NULL,
		     (void *)(intptr_t)sig);
}

/* ---- system calls ------------------------------------------------------------------------- */

static const char *name_of(uint64_t nr, char buf[16])
{
	if (nr < CALLNAMES_MAX && callnames[nr])
		return callnames[nr];
	snprintf(buf, 16, "nr%u", (unsigned)nr);
	return buf;
}

/* The file that a call names, without white space; "-" where it names none. */
static const char *path_of(const struct task *task, const struct ptrace_syscall_info *info,
			   char *buf, size_t size)
{
	bool is_at = false;
	ssize_t got;

	switch (info->entry.nr) {
	case SYS_openat:
	case SYS_newfstatat:
	case SYS_mkdirat:
	case SYS_unlinkat:
	case SYS_renameat:
	case SYS_faccessat:
	case SYS_faccessat2:
	case SYS_readlinkat:
	case SYS_utimensat:
		is_at = true;
		break;
	case SYS_open:
	case SYS_stat:
	case SYS_lstat:
	case SYS_access:
	case SYS_mkdir:
	case SYS_rename:
	case SYS_unlink:
	case SYS_readlink:
	case SYS_execve:
	case SYS_symlinkat:
	case SYS_chdir:
		break;
	default:
		return "-";
	}
	struct iovec ours = { .iov_base = buf, .iov_len = size - 1 };
	struct iovec theirs = { .iov_base = (void *)(uintptr_t)info->entry.args[is_at ? 1 : 0],
				.iov_len = size - 1 };

	/* Up to the end of the page where the text may end with it. */
	got = process_vm_readv(task->pid, &ours, 1, &theirs, 1, 0);
	if (got < 0) {
		theirs.iov_len = 4096 - ((uintptr_t)theirs.iov_base & 4095);
		if (theirs.iov_len < size)
			got = process_vm_readv(task->pid, &ours, 1, &theirs, 1, 0);
	}
	if (got <= 0)
		return "-";
	buf[got] = '\0';
	for (char *c = buf; *c; c++)
		if (*c <= ' ')
			*c = '_';
	return *buf ? buf : "-";
}

/* The number of the call NAME; -1: not known. */
static int number_of(const char *name)
{
	int nr;

	for (nr = 0; nr < CALLNAMES_MAX; nr++)
		if (callnames[nr] && strcmp(callnames[nr], name) == 0)
			return nr;
	return sscanf(name, "nr%d", &nr) == 1 ? nr : -1;
}

static pid_t pid_behind(pid_t tracee, int fd)
{
	char path[64], line[128];
	FILE *file;
	int pid = 0;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)tracee, fd);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "Pid: %d", &pid) == 1)
			break;
	if (file)
		fclose(file);
	return pid;
}

static void note_signal(struct run *run, const struct task *task,
			const struct ptrace_syscall_info *info)
{
	const uint64_t *args = (const uint64_t *)info->entry.args;

	if ((info->entry.nr == SYS_kill || info->entry.nr == SYS_tgkill) &&
	    (pid_t)args[0] == task->pid)
		return; /* abort(3) */
	if (info->entry.nr == SYS_kill && args[1])
		fprintf(run->report, "signal %d %d\n", (int)args[0], (int)args[1]);
	else if (info->entry.nr == SYS_tgkill && args[2])
		fprintf(run->report, "signal %d %d\n", (int)args[0], (int)args[2]);
	else if (info->entry.nr == SYS_pidfd_send_signal && args[1])
		fprintf(run->report, "signal %d %d\n", pid_behind(task->pid, (int)args[0]),
			(int)args[1]);
}

static void set_register(const struct task *task, size_t offset, int64_t value)
{
	(void)ptrace(PTRACE_POKEUSER, task->pid, (void *)offset, (void *)(intptr_t)value);
}

/* Whether the call that TASK is about to make is the point, or behind one that lasts. */
static bool is_due(struct run *run, const struct task *task, const char *name, unsigned number)
{
	struct point *point = &run->point;

	if (!point->number || strcmp(name, point->call) != 0)
		return false;
	if (point->is_reached)
		return point->is_lasting;
	if (number != point->number || strcmp(task->role, point->role) != 0)
		return false;
	point->is_reached = true;
	fprintf(run->report, "hit %s %s %u\n", task->role, name, number);
	return true;
}

/* TASK is about to wait, or may be, behind the point. */
static void shorten_wait(struct run *run, const struct task *task,
			 const struct ptrace_syscall_info *info)
{
	int timeout_ms = (int)info->entry.args[2];

	if (info->entry.nr == SYS_poll && (timeout_ms < 0 || timeout_ms > WAIT_MAX_MS))
		set_register(task, offsetof(struct user_regs_struct, rdx), WAIT_MAX_MS);
	if (++run->waits < WAITS_MAX)
		return;
	if (run->waits == WAITS_MAX)
		fprintf(run->report, "waited %s\n", task->role);
	(void)kill(task->pid, SIGKILL);
}

static void enter(struct run *run, struct task *task, const struct ptrace_syscall_info *info)
{
	uint64_t nr = info->entry.nr;
	char buf[16], path[256];
	const char *name = name_of(nr, buf);
	unsigned number = ++task->counts[nr < CALLNAMES_MAX ? nr : 0];

	if (strcmp(task->role, "0") == 0 && strcmp(name, run->point.call) == 0)
		number += run->point.before;

	task->is_inside = true;
	task->fails_with = 0;
	if (run->is_listing)
		fprintf(run->report, "call %s %s %u %s\n", task->role, name, number,
			path_of(task, info, path, sizeof(path)));
	if (!is_due(run, task, name, number)) {
		note_signal(run, task, info);
		if ((nr == SYS_poll || nr == SYS_clock_nanosleep) && run->point.is_reached)
			shorten_wait(run, task, info);
		/* Of a minder that we came to in the middle of it, the first wait may be the one
		 * that it was in. */
		task->is_resting = nr == SYS_rt_sigtimedwait && (run->command || number > 1);
		return;
	}
	if (!run->point.error) {
		set_register(task, offsetof(struct user_regs_struct, orig_rax), NOT_A_CALL);
		(void)kill(task->pid, SIGKILL);
		return;
	}
	task->fails_with = run->point.error;
	if (nr == SYS_close)
		return;
	set_register(task, offsetof(struct user_regs_struct, orig_rax), NOT_A_CALL);
	if (info->op != PTRACE_SYSCALL_INFO_SECCOMP)
		return;
	/* A filter's stop is the only one: what the call gives is said here. */
	set_register(task, offsetof(struct user_regs_struct, rax), -task->fails_with);
	task->fails_with = 0;
}

static void leave(struct task *task)
{
	task->is_inside = false;
	task->is_resting = false;
	if (task->fails_with)
		set_register(task, offsetof(struct user_regs_struct, rax), -task->fails_with);
	task->fails_with = 0;
}

static void at_call(struct run *run, struct task *task)
{
	struct ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, task->pid, (void *)sizeof(info), &info) <= 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY || info.op == PTRACE_SYSCALL_INFO_SECCOMP)
		enter(run, task, &info);
	else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
		leave(task);
}

/* ---- events ------------------------------------------------------------------------------- */

static bool is_followed(pid_t pid)
{
	char path[64], target[4096];
	const char *name;
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	len = readlink(path, target, sizeof(target) - 1);
	if (len <= 0)
		return false;
	target[len] = '\0';
	name = strrchr(target, '/');
	return strncmp(name ? name + 1 : target, "cronherd", 8) == 0;
}

/* The child may have been seen before its parent said that it has one: it waits for its role. */
static void born(struct run *run, struct task *parent)
{
	unsigned long pid = 0;
	struct task *child;

	if (ptrace(PTRACE_GETEVENTMSG, parent->pid, NULL, &pid))
		return;
	child = add(run, (pid_t)pid);
	snprintf(child->role, sizeof(child->role), "%.48s.%d", parent->role, ++parent->children);
	fprintf(run->report, "born %s %d\n", child->role, (int)pid);
	/* Counts begin anew: what a child does is its own. */
	go_on(run, child, 0);
}

/* Whether TASK is still ours after it has executed something. */
static bool executed(struct run *run, struct task *task)
{
	if (is_followed(task->pid))
		return true;
	(void)ptrace(PTRACE_DETACH, task->pid, NULL, NULL);
	task->pid = 0;
	return false;
}

static void ended(struct run *run, struct task *task, int status)
{
	if (task->pid == run->command)
		fprintf(run->report, "exit %d\n",
			WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	task->pid = 0;
}

static void stopped(struct run *run, struct task *task, int status)
{
	int sig = WSTOPSIG(status);
	int event = status >> 16;

	if (!*task->role)
		return; /* its parent's event lets it go on */
	if (sig == (SIGTRAP | 0x80) || event == PTRACE_EVENT_SECCOMP) {
		at_call(run, task);
		sig = 0;
	} else if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK ||
		   event == PTRACE_EVENT_CLONE) {
		born(run, task);
		sig = 0;
	} else if (event == PTRACE_EVENT_EXEC) {
		if (!executed(run, task))
			return;
		sig = 0;
	} else if (event) {
		sig = 0;
	}
	go_on(run, task, sig);
}

static void kill_all(struct run *run)
{
	fputs("hung\n", run->report);
	for (size_t i = 0; i < TASKS_MAX; i++)
		if (run->tasks[i].pid && !run->tasks[i].is_resting)
			(void)kill(run->tasks[i].pid, SIGKILL);
}

static void follow(struct run *run)
{
	while (!is_over(run)) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);
		struct task *task;

		if (is_hung == 1) {
			is_hung = 2;
			kill_all(run);
		}
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			break; /* ECHILD */
		task = WIFSTOPPED(status) ? add(run, pid) : find(run, pid);
		if (!task)
			continue;
		if (WIFSTOPPED(status))
			stopped(run, task, status);
		else
			ended(run, task, status);
	}
}

/* ---- beginning ---------------------------------------------------------------------------- */

static void on_alarm(int sig)
{
	(void)sig;
	is_hung = 1;
}

static void begin(struct run *run, char **argv)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

		if (fd < 0 || dup2(fd, 0) < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
			die("/dev/null");
		raise(SIGSTOP);
		execv(argv[0], argv);
		die(argv[0]);
	}
	if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
		die("waitpid");
	if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)OPTIONS))
		die("cannot trace");
	/* What it does until it executes is not the command's. */
	(void)kill(pid, SIGCONT);
	do {
		if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
			die("the command has not begun");
		if (status >> 16 != PTRACE_EVENT_EXEC)
			(void)ptrace(PTRACE_CONT, pid, NULL,
				     (void *)(intptr_t)(status >> 16 ? 0 : WSTOPSIG(status)));
	} while (status >> 16 != PTRACE_EVENT_EXEC);
	run->command = pid;
	snprintf(add(run, pid)->role, ROLE_SIZE, "0");
	(void)ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
}

static int32_t hear(const struct zygote *zygote)
{
	int32_t number;

	if (read(zygote->replies, &number, sizeof(number)) != sizeof(number))
		die("the zygote has ended");
	return number;
}

/* What the zygote's child does until it stops itself before main() is not the command's. */
static void be_born(struct run *run, const struct zygote *zygote)
{
	struct zygote_request request = { .is_traced = 1 };
	int status;
	pid_t pid;

	if (run->is_fast) {
		request.calls[request.calls_len++] = (uint32_t)number_of(run->point.call);
		request.calls[request.calls_len++] = SYS_poll;
		request.calls[request.calls_len++] = SYS_clock_nanosleep;
		request.calls[request.calls_len++] = SYS_kill;
		request.calls[request.calls_len++] = SYS_tgkill;
		request.calls[request.calls_len++] = SYS_pidfd_send_signal;
	}
	if (write(zygote->requests, &request, sizeof(request)) != sizeof(request))
		die("the zygote has ended");
	pid = hear(zygote);
	if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)OPTIONS) || write(zygote->go, "", 1) != 1)
		die("cannot trace the zygote's child");
	for (;;) {
		if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
			die("the zygote's child has not begun");
		if (status >> 16 == 0 && WSTOPSIG(status) == SIGSTOP)
			break;
		(void)ptrace(PTRACE_CONT, pid, NULL, NULL);
	}
	run->command = pid;
	snprintf(add(run, pid)->role, ROLE_SIZE, "0");
	go_on(run, find(run, pid), 0);
}

static bool is_zombie(pid_t pid)
{
	char path[64], state = 'Z';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (file) {
		if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
			state = 'Z';
		fclose(file);
	}
	return state == 'Z';
}

/*
 * The minder is held until the worker's end is there to be seen. Interrupted in its wait it looks
 * for one: what it does from then on is the same each time.
 */
static void attach(struct run *run, pid_t minder, pid_t victim)
{
	struct task *task = add(run, minder);
	int status;

	snprintf(task->role, ROLE_SIZE, "0");
	if (ptrace(PTRACE_SEIZE, minder, NULL, (void *)OPTIONS) ||
	    ptrace(PTRACE_INTERRUPT, minder, NULL, NULL) ||
	    waitpid(minder, &status, __WALL) != minder || !WIFSTOPPED(status))
		die("cannot trace the minder");
	if (kill(victim, SIGKILL))
		die("cannot kill the worker");
	while (!is_zombie(victim))
		usleep(500);
	go_on(run, task, 0);
}

static void parse_point(const char *text, struct point *point)
{
	char action[16], plus = 0;

	if (sscanf(text, "%63[0-9.]:%31[a-z0-9_]:%u=%15s", point->role, point->call, &point->number,
		   action) != 4) {
		errno = EINVAL;
		die(text);
	}
	if (strcmp(action, "kill") == 0)
		return;
	if (sscanf(action, "%d%c", &point->error, &plus) < 1 || point->error <= 0) {
		errno = EINVAL;
		die(text);
	}
	point->is_lasting = plus == '+';
}

static int be_init(char **argv)
{
	int status;
	pid_t pid = fork(), ended;

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		execvp(argv[0], argv);
		die(argv[0]);
	}
	do
		ended = wait(&status);
	while (ended != pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct order {
	unsigned seconds;
	bool is_listing;
	char point[128], how[16];
	int first, second;
};

static void parse_order(const char *line, struct order *order)
{
	int is_listing;

	memset(order, 0, sizeof(*order));
	if (sscanf(line, "%u %127s %d %15s %d %d", &order->seconds, order->point, &is_listing,
		   order->how, &order->first, &order->second) < 4) {
		errno = EINVAL;
		die(line);
	}
	order->is_listing = is_listing;
}

static void carry_out(struct run *run, const struct zygote *zygote, const struct order *order,
		      char **command)
{
	bool is_born = strcmp(order->how, "born") == 0;

	memset(run->tasks, 0, sizeof(run->tasks));
	memset(&run->point, 0, sizeof(run->point));
	run->command = 0;
	run->waits = 0;
	run->is_listing = order->is_listing;
	run->is_fast = is_born && order->first;
	if (strcmp(order->point, "-") != 0)
		parse_point(order->point, &run->point);
	is_hung = 0;
	alarm(order->seconds);
	if (is_born) {
		run->point.before = (unsigned)order->second;
		be_born(run, zygote);
	} else if (strcmp(order->how, "minder") == 0) {
		attach(run, order->first, order->second);
	} else {
		begin(run, command);
	}
	follow(run);
	alarm(0);
	/* Its parent has buried it, now that we have seen it. */
	if (is_born)
		(void)hear(zygote);
	fflush(run->report);
}

/* A minder that rests is let go by the end of who traced it. */
static void carry_out_apart(struct run *run, const struct zygote *zygote, const struct order *order,
			    char **command)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		carry_out(run, zygote, order, command);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0) {
		errno = ECHILD;
		die("who traced has failed");
	}
}

static int serve(char **argv)
{
	static struct run run;
	struct sigaction action = { .sa_handler = on_alarm };
	struct zygote zygote = { atoi(argv[0]), atoi(argv[1]), atoi(argv[2]) };
	struct order order;
	char line[256];

	run.report = stdout;
	sigaction(SIGALRM, &action, NULL);
	for (int i = 0; i < 3; i++)
		(void)fcntl(atoi(argv[i]), F_SETFD, FD_CLOEXEC);
	while (fgets(line, sizeof(line), stdin)) {
		parse_order(line, &order);
		if (strcmp(order.how, "born") == 0 && order.first)
			carry_out(&run, &zygote, &order, argv + 3);
		else
			carry_out_apart(&run, &zygote, &order, argv + 3);
		/* By then nobody of ours is left but ourselves. */
		fputs("over\n", run.report);
		fflush(run.report);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "-i") == 0)
		return be_init(argv + 2);
	if (argc > 5 && strcmp(argv[1], "-s") == 0)
		return serve(argv + 2);
	fputs("usage: inject -i COMMAND … | inject -s REQUESTS REPLIES GO COMMAND …\n", stderr);
	return 64;
}
#endif
