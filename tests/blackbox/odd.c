/* SPDX-License-Identifier: ISC */
/*
 * odd: workers that behave in ways that real ones do, and scripts cannot. Compiled by boxes.py when a test needs it.
 *
 *   odd pause              waits for a signal that ends it
 *   odd alone FILE         as pause; where another one holds FILE's lock, adds a line to FILE.doubled
 *   odd leaderless         its main thread has ended, another one lives
 *   odd named NAME         has that name in /proc/PID/stat
 *   odd undumpable         cannot be looked into, even by its own user
 *   odd log FILE [deaf]    adds "ready PID" and a line for each signal; ends at TERM unless deaf
 *   odd family FILE        adds "KIND PID" for itself and four kinds of children, all of which are deaf to TERM but for itself
 *   odd grow BYTES         uses that much memory
 *   odd share BYTES        uses that much memory together with a child
 *   odd nest BYTES         its child uses that much memory
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int log_fd = -1;
static int is_deaf;

static int wait_for_ever(void)
{
	for (;;)
		pause();
}

static int open_log(const char *path)
{
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
}

static void say(const char *what, pid_t pid)
{
	char line[64];
	int len = snprintf(line, sizeof(line), "%s %d\n", what, (int)pid);

	if (write(log_fd, line, (size_t)len) != len)
		_exit(70);
}

static int alone(const char *path)
{
	char doubled[4096];
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return 71;
	if (flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) {
		snprintf(doubled, sizeof(doubled), "%s.doubled", path);
		log_fd = open_log(doubled);
		say("doubled", getpid());
	}
	return wait_for_ever();
}

static void *live_on(void *nothing)
{
	(void)nothing;
	wait_for_ever();
	return NULL;
}

static int leaderless(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, live_on, NULL))
		return 72;
	pthread_exit(NULL);
}

static void on_signal(int sig)
{
	say(sigabbrev_np(sig), getpid());
	if (sig == SIGTERM && !is_deaf)
		_exit(0);
}

static int log_signals(const char *path, int deaf)
{
	struct sigaction action = { .sa_handler = on_signal };

	log_fd = open_log(path);
	is_deaf = deaf;
	for (int sig = 1; sig <= 31; sig++)
		if (sig != SIGKILL && sig != SIGSTOP && sig != SIGSEGV)
			sigaction(sig, &action, NULL);
	say("ready", getpid());
	return wait_for_ever();
}

/* A child of KIND: d(irect), s(ession of its own), o(rphan, in our session), e(scaped: orphan with a session of its own). */
static void have_child(const char *kind)
{
	int is_orphan = *kind == 'o' || *kind == 'e';
	pid_t pid = fork();

	if (pid == 0) {
		if (is_orphan && fork() > 0)
			_exit(0);
		if (*kind == 's' || *kind == 'e')
			setsid();
		signal(SIGTERM, SIG_IGN);
		say(kind, getpid());
		wait_for_ever();
	}
	if (is_orphan)
		waitpid(pid, NULL, 0);
}

static int have_family(const char *path)
{
	log_fd = open_log(path);
	have_child("direct");
	have_child("session");
	have_child("orphan");
	have_child("escaped");
	say("main", getpid());
	return wait_for_ever();
}

/* Seen by all, so that no compiler does without it. */
char *volatile memory;

static void use(long bytes)
{
	memory = malloc((size_t)bytes);

	if (!memory)
		exit(73);
	memset(memory, 1, (size_t)bytes);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	const char *what = argc > 2 ? argv[2] : "";

	if (strcmp(mode, "pause") == 0)
		return wait_for_ever();
	if (strcmp(mode, "alone") == 0)
		return alone(what);
	if (strcmp(mode, "leaderless") == 0)
		return leaderless();
	if (strcmp(mode, "named") == 0)
		return prctl(PR_SET_NAME, what) ? 74 : wait_for_ever();
	if (strcmp(mode, "undumpable") == 0)
		return prctl(PR_SET_DUMPABLE, 0) ? 75 : wait_for_ever();
	if (strcmp(mode, "log") == 0)
		return log_signals(what, argc > 3);
	if (strcmp(mode, "family") == 0)
		return have_family(what);
	if (strcmp(mode, "grow") == 0 || strcmp(mode, "share") == 0) {
		use(atol(what));
		if (*mode == 's' && fork() < 0)
			return 76;
		return wait_for_ever();
	}
	if (strcmp(mode, "nest") == 0) {
		if (fork() == 0)
			use(atol(what));
		return wait_for_ever();
	}
	return 64;
}
