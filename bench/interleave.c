/* SPDX-License-Identifier: ISC */
/*
 * interleave: times commands in turn, so that a machine whose speed drifts drifts for all of them.
 *     interleave ROUNDS COMMAND...     each COMMAND is one argument, split at spaces
 * Prints a line each: median wall µs, median of its ratio to the first command in the same round, peak RSS in KiB,
 * the command.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COMMANDS_MAX 16
#define ROUNDS_MAX   1000
#define ARGS_MAX     32

static double wall_us[COMMANDS_MAX][ROUNDS_MAX];
static long peak_kib[COMMANDS_MAX];

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double run(char *command, long *kib)
{
	char *copy = strdup(command);
	char *argv[ARGS_MAX + 1] = { NULL };
	char *save;
	int argc = 0;
	struct rusage usage;
	double began;
	pid_t pid;

	for (char *word = strtok_r(copy, " ", &save); word && argc < ARGS_MAX;
	     word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	began = now_us();
	pid = vfork();
	if (pid == 0) {
		execv(argv[0], argv);
		_exit(127);
	}
	wait4(pid, NULL, 0, &usage);
	began = now_us() - began;
	if (usage.ru_maxrss > *kib)
		*kib = usage.ru_maxrss;
	free(copy);
	return began;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const double *values, int count)
{
	double copy[ROUNDS_MAX];

	memcpy(copy, values, (size_t)count * sizeof(*copy));
	qsort(copy, (size_t)count, sizeof(*copy), compare);
	return copy[count / 2];
}

int main(int argc, char **argv)
{
	int rounds = argc > 2 ? atoi(argv[1]) : 0;
	int commands = argc - 2;

	if (rounds < 1 || rounds > ROUNDS_MAX || commands < 1 || commands > COMMANDS_MAX)
		return 2;
	for (int r = -1; r < rounds; r++) /* the first is for warming up */
		for (int c = 0; c < commands; c++) {
			double us = run(argv[c + 2], &peak_kib[c]);

			if (r >= 0)
				wall_us[c][r] = us;
		}
	for (int c = 0; c < commands; c++) {
		double ratio[ROUNDS_MAX];

		for (int r = 0; r < rounds; r++)
			ratio[r] = wall_us[c][r] / wall_us[0][r];
		printf("%.0f %.3f %ld %s\n", median(wall_us[c], rounds), median(ratio, rounds),
		       peak_kib[c], argv[c + 2]);
	}
	return 0;
}
