/* SPDX-License-Identifier: ISC */
/*
 * crontab -l | FILE | -: somebody's crontab, which is the file "table" in the folder above this
 * program's. Like cron's own it replaces it as a whole. Static and small: it is executed three
 * times a point.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int copy(int from, int to)
{
	static char buf[65536];
	ssize_t got;

	while ((got = read(from, buf, sizeof(buf))) > 0)
		if (write(to, buf, (size_t)got) != got)
			return 1;
	return got != 0;
}

static int show(void)
{
	int fd = open("table", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? 1 : copy(fd, 1);
}

static int replace(int from)
{
	int to = open("table.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	return from < 0 || to < 0 || copy(from, to) || rename("table.new", "table");
}

int main(int argc, char **argv)
{
	char path[4096];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	int file = 0;

	if (argc != 2 || len <= 0)
		return 64;
	if (strcmp(argv[1], "-") != 0 && strcmp(argv[1], "-l") != 0) {
		file = open(argv[1], O_RDONLY | O_CLOEXEC);
		if (file < 0)
			return 1;
	}
	path[len] = '\0';
	*strrchr(path, '/') = '\0';
	if (chdir(path) || chdir(".."))
		return 71;
	return strcmp(argv[1], "-l") == 0 ? show() : replace(file);
}
