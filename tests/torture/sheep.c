/* SPDX-License-Identifier: ISC */
/*
 * sheep FOLDER: a worker that says what happened to it. Adds to FOLDER/said, each in one write:
 *   "begin ID PID", "double ID PID" (another one of this ID lives), "signal ID PID NUMBER",
 * "inherited ID PID WHAT" (promise 8). Ends with TERM. Where FOLDER/fat is, it begins with 24 MB
 * more.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#define FDS_MAX 253

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

/* What /proc/self/status says behind WORD, as a mask. */
static unsigned long long signals_of(const char *word)
{
	static char status[4096];
	int fd = -1;
	const char *line;

	if (!*status) {
		fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
		if (fd < 0 || read(fd, status, sizeof(status) - 1) <= 0)
			_exit(72);
		close(fd);
	}
	line = strstr(status, word);
	return line ? strtoull(line + strlen(word), NULL, 16) : ~0ULL;
}

static void look_at_inheritance(void)
{
	static const char *const words[] = { "MAILTO", "LD_PRELOAD", "TORTURE" };
	struct pollfd fds[FDS_MAX];
	char more[32];

	for (int i = 0; i < FDS_MAX; i++)
		fds[i] = (struct pollfd){ .fd = i + 3 };
	if (poll(fds, FDS_MAX, 0) < 0)
		_exit(72);
	for (int i = 0; i < FDS_MAX; i++) {
		if (fds[i].revents & POLLNVAL)
			continue;
		snprintf(more, sizeof(more), " fd-%d", i + 3);
		say("inherited", more);
	}
	if (signals_of("SigBlk:") || signals_of("SigIgn:"))
		say("inherited", " signals");
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (getenv(words[i]))
			say("inherited", " environment");
	if (getsid(0) != getpid())
		say("inherited", " session");
}

/* All at once: page by page it would take long where page faults are dear. */
static void grow(size_t bytes)
{
	if (mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
		 -1, 0) == MAP_FAILED)
		_exit(73);
}

/* Until TERM comes. */
static void hear_signals(const sigset_t *all)
{
	char more[16];
	int sig;

	do {
		sig = sigwaitinfo(all, NULL);
		if (sig > 0 && sig != SIGCHLD && sig != SIGCONT) {
			snprintf(more, sizeof(more), " %d", sig);
			say("signal", more);
		}
	} while (sig != SIGTERM);
}

int main(int argc, char **argv)
{
	sigset_t all;
	char path[4096];
	int fd;

	id = getenv("CRONHERD_ID");
	if (argc != 2 || !id)
		return 64;
	snprintf(said, sizeof(said), "%s/said", argv[1]);
	look_at_inheritance();
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	snprintf(path, sizeof(path), "%s/lock-%s", argv[1], id);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return 71;
	if (flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		say("double", "");
	snprintf(path, sizeof(path), "%s/fat", argv[1]);
	if (access(path, F_OK) == 0)
		grow(24 << 20);
	say("begin", "");
	hear_signals(&all);
	_exit(0);
}
