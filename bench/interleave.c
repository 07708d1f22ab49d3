/* SPDX-License-Identifier: ISC */
/*
 * interleave: times commands in turn, so that a machine whose speed drifts drifts for all of them.
 *     interleave ROUNDS COMMAND...     each COMMAND is one argument, split at spaces; of one that begins with @FILE, FILE is touched first
 * Prints a line for each command of each round: its number, wall µs, CPU µs, peak RSS in KiB (not below interleave's own), wait status.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARGS_MAX 32

struct taken {
	double wall_us;
	double cpu_us;
	long peak_kib;
	int status;
};

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double us_of(struct timeval t)
{
	return (double)t.tv_sec * 1e6 + (double)t.tv_usec;
}

/* What a round prints is none of ours. */
static pid_t execute(char **argv)
{
	pid_t pid = vfork();

	if (pid == 0) {
		int fd = open("/dev/null", O_RDWR);

		for (int i = 0; i < 3; i++)
			dup2(fd, i);
		if (fd > 2)
			close(fd);
		execv(argv[0], argv);
		_exit(127);
	}
	return pid;
}

static struct taken run(const char *command)
{
	char *copy = strdup(command);
	char *argv[ARGS_MAX + 1] = { NULL };
	char **first = argv;
	struct taken taken = { .status = -1 };
	struct rusage usage;
	char *save;
	int argc = 0;
	double began;
	pid_t pid;

	for (char *word = strtok_r(copy, " ", &save); word && argc < ARGS_MAX;
	     word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	if (argc && argv[0][0] == '@') {
		if (utimensat(AT_FDCWD, argv[0] + 1, NULL, 0))
			perror(argv[0]);
		first++;
	}
	began = now_us();
	pid = execute(first);
	if (pid > 0 && wait4(pid, &taken.status, 0, &usage) == pid) {
		taken.wall_us = now_us() - began;
		taken.cpu_us = us_of(usage.ru_utime) + us_of(usage.ru_stime);
		taken.peak_kib = usage.ru_maxrss;
	}
	free(copy);
	return taken;
}

int main(int argc, char **argv)
{
	int rounds = argc > 2 ? atoi(argv[1]) : 0;

	if (rounds < 1)
		return 2;
	for (int r = 0; r < rounds; r++)
		for (int c = 2; c < argc; c++) {
			struct taken taken = run(argv[c]);

			printf("%d %.1f %.0f %ld %d\n", c - 2, taken.wall_us, taken.cpu_us,
			       taken.peak_kib, taken.status);
		}
	return 0;
}
