/* SPDX-License-Identifier: ISC */
/*
 * sheep FOLDER: a worker that says what happened to it. Adds to FOLDER/said, each in one write:
 *   "begin ID PID", "double ID PID" (another one of this ID lives), "signal ID PID NUMBER",
 * "inherited ID PID WHAT" (promise 8). Ends with TERM. Where FOLDER/fat is, it begins with 24 MB
 * more.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static char said[4096];
static const char *id;

static void say(const char *what, const char *more)
{
	char line[256];
	int len = snprintf(line, sizeof(line), "%s %s %d%s\n", what, id, (int)getpid(), more);
	int fd = open(said, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, line, (size_t)len) != len)
		_exit(70);
	close(fd);
}

static void on_signal(int sig)
{
	char more[16];

	snprintf(more, sizeof(more), " %d", sig);
	say("signal", more);
	if (sig == SIGTERM)
		_exit(0);
}

static void look_at_inheritance(void)
{
	static const char *const words[] = { "MAILTO", "LD_PRELOAD", "TORTURE" };
	char more[32];
	sigset_t mask;

	for (int fd = 3; fd < 256; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			continue;
		snprintf(more, sizeof(more), " fd-%d", fd);
		say("inherited", more);
	}
	sigprocmask(SIG_SETMASK, NULL, &mask);
	for (int sig = 1; sig < 65; sig++) {
		struct sigaction action;

		if (sigismember(&mask, sig) == 1 ||
		    (sigaction(sig, NULL, &action) == 0 && action.sa_handler == SIG_IGN))
			say("inherited", " signals");
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (getenv(words[i]))
			say("inherited", " environment");
	if (getsid(0) != getpid())
		say("inherited", " session");
}

static void grow(size_t bytes)
{
	volatile char *more = malloc(bytes);

	for (size_t i = 0; more && i < bytes; i += 4096)
		more[i] = 1;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	char path[4096];
	int fd;

	id = getenv("CRONHERD_ID");
	if (argc != 2 || !id)
		return 64;
	snprintf(said, sizeof(said), "%s/said", argv[1]);
	look_at_inheritance();
	snprintf(path, sizeof(path), "%s/lock-%s", argv[1], id);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return 71;
	if (flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		say("double", "");
	snprintf(path, sizeof(path), "%s/fat", argv[1]);
	if (access(path, F_OK) == 0)
		grow(24 << 20);
	for (int sig = 1; sig < 32; sig++)
		if (sig != SIGKILL && sig != SIGSTOP && sig != SIGCHLD && sig != SIGCONT)
			sigaction(sig, &action, NULL);
	say("begin", "");
	for (;;)
		pause();
}
