/* SPDX-License-Identifier: ISC */
/*
 * floor: the least that a look at N workers can cost.
 *     floor base DIR     each pidfile in DIR is read, and its /proc/PID/stat
 *     floor state FILE   one file has all pids, one a line; each /proc/PID/stat is read, relative to /proc
 * Start times and resident sizes are parsed and added up, so that nothing is optimised away.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned long long sum;

static ssize_t slurp(int at, const char *path, char *buf, size_t size)
{
	int fd = openat(at, path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return -1;
	len = read(fd, buf, size - 1);
	close(fd);
	buf[len > 0 ? len : 0] = '\0';
	return len;
}

static void look(int proc_fd, const char *pid)
{
	char path[64], buf[1024];
	char *at;

	snprintf(path, sizeof(path), proc_fd == AT_FDCWD ? "/proc/%s/stat" : "%s/stat", pid);
	if (slurp(proc_fd, path, buf, sizeof(buf)) <= 0 || !(at = strrchr(buf, ')')))
		return;
	for (int field = 2; field < 22 && at; field++)
		at = strchr(at + 1, ' ');
	if (at)
		sum += strtoull(at, &at, 10);
	if (at && (at = strchr(at + 1, ' ')))
		sum += strtoull(at, NULL, 10);
}

static int base(const char *dir)
{
	DIR *stream = opendir(dir);
	struct dirent *entry;
	char path[4096], pid[64];

	if (!stream)
		return 1;
	while ((entry = readdir(stream))) {
		size_t len = strlen(entry->d_name);

		if (len < 4 || strcmp(entry->d_name + len - 4, ".pid") != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		if (slurp(AT_FDCWD, path, pid, sizeof(pid)) <= 0)
			continue;
		pid[strcspn(pid, "\n")] = '\0';
		look(AT_FDCWD, pid);
	}
	closedir(stream);
	return 0;
}

static int state(const char *file)
{
	static char buf[1 << 20];
	int proc_fd = open("/proc", O_PATH | O_DIRECTORY);
	char *save;

	if (slurp(AT_FDCWD, file, buf, sizeof(buf)) <= 0)
		return 1;
	for (char *pid = strtok_r(buf, "\n", &save); pid; pid = strtok_r(NULL, "\n", &save))
		look(proc_fd, pid);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	if (strcmp(argv[1], "base") == 0 ? base(argv[2]) : state(argv[2]))
		return 1;
	return sum == 0;
}
