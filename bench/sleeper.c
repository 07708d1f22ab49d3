/* SPDX-License-Identifier: ISC */
/*
 * sleeper: the smallest worker there is.
 *     sleeper NAME DIR    writes DIR/NAME: "PID NANOSECONDS\n" (CLOCK_MONOTONIC at which it was up), then sleeps
 * The time it writes lets restarts be measured without polling.
 */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char path[4096], temp[4096], line[64];
	struct timespec now;
	int fd, len;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (argc == 3) {
		snprintf(path, sizeof(path), "%s/%s", argv[2], argv[1]);
		snprintf(temp, sizeof(temp), "%s/.%s", argv[2], argv[1]);
		len = snprintf(line, sizeof(line), "%d %lld\n", (int)getpid(),
			       now.tv_sec * 1000000000LL + now.tv_nsec);
		fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC, 0644);
		if (fd < 0 || write(fd, line, (size_t)len) != len || close(fd) || rename(temp, path))
			return 1;
	}
	for (;;)
		pause();
}
