/* SPDX-License-Identifier: ISC */
/*
 * startloop: the least that starting N workers can cost: for each a vfork, a session, /dev/null, an exec, and its pidfile by rename.
 *     startloop N PIDFILES UP SLEEPER     starts SLEEPER wNNNNN UP, writes PIDFILES/wNNNNN.pid; prints "ready", and at the end of its
 *                                         standard input kills exactly those that it has started
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME_SIZE 16

static pid_t start(char *sleeper, char *name, char *up)
{
	char *argv[] = { sleeper, name, up, NULL };
	char *envp[] = { NULL };
	pid_t pid = vfork();

	if (pid == 0) {
		int fd;

		setsid();
		fd = open("/dev/null", O_RDWR);
		for (int i = 0; i < 3; i++)
			dup2(fd, i);
		if (fd > 2)
			close(fd);
		execve(sleeper, argv, envp);
		_exit(127);
	}
	return pid;
}

static int write_pidfile(int dir_fd, const char *name, pid_t pid)
{
	char temp[NAME_SIZE + 8], path[NAME_SIZE + 8], text[16];
	int len = snprintf(text, sizeof(text), "%d\n", (int)pid);
	int fd;

	snprintf(temp, sizeof(temp), ".%s.new", name);
	snprintf(path, sizeof(path), "%s.pid", name);
	fd = openat(dir_fd, temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return -1;
	if (write(fd, text, (size_t)len) != len) {
		close(fd);
		return -1;
	}
	return close(fd) ? -1 : renameat(dir_fd, temp, dir_fd, path);
}

static void end_all(const pid_t *pids, int count)
{
	for (int i = 0; i < count; i++)
		kill(pids[i], SIGKILL);
	for (int i = 0; i < count; i++)
		waitpid(pids[i], NULL, 0);
}

int main(int argc, char **argv)
{
	int count = argc == 5 ? atoi(argv[1]) : 0;
	int dir_fd = count > 0 ? open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	pid_t *pids = count > 0 ? calloc((size_t)count, sizeof(*pids)) : NULL;
	char name[NAME_SIZE], byte;
	int started = 0;

	if (dir_fd < 0 || !pids)
		return 2;
	for (; started < count; started++) {
		snprintf(name, sizeof(name), "w%05d", started);
		pids[started] = start(argv[4], name, argv[3]);
		if (pids[started] < 0 || write_pidfile(dir_fd, name, pids[started])) {
			perror(name);
			started += pids[started] > 0;
			end_all(pids, started);
			return 1;
		}
	}
	printf("ready\n");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	end_all(pids, started);
	free(pids);
	close(dir_fd);
	return 0;
}
