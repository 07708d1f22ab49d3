/* SPDX-License-Identifier: ISC */
#include "watchdog/act/fullprogram.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pidfiles/fdspan.h"
#include "watchdog/act/selfpath.h"
#include "watchdog/base/mem.h"

#define NAME "cronherd-full"

#ifdef CRONHERD_STATIC

char *fullprogram_path(struct err *err)
{
	return selfpath(NULL, err);
}

#else

static char *beside(const char *self)
{
	const char *slash = strrchr(self, '/');

	return mem_format("%.*s/" NAME, (int)(slash ? slash - self : 0), self);
}

char *fullprogram_path(struct err *err)
{
	char *self = selfpath(NULL, err);
	char *path;

	if (!self)
		return NULL;
	path = beside(self);
	free(self);
	if (access(path, X_OK) == 0)
		return path;
	if (access(CRONHERD_PKGLIBEXECDIR "/" NAME, X_OK) == 0) {
		free(path);
		return mem_dup(CRONHERD_PKGLIBEXECDIR "/" NAME);
	}
	(void)err_set(err, ERR_SYSTEM, 0,
		      "%s, which journal and webhooks need, is neither there nor in %s: install it too", path,
		      CRONHERD_PKGLIBEXECDIR);
	free(path);
	return NULL;
}

#endif

/* execv(2) writes to none of it; its prototype is older than const. */
static char *const *arguments(const char *const *argv)
{
	return (char *const *)(uintptr_t)argv;
}

int fullprogram_exec(const char *const *argv, struct err *err)
{
	char *path = fullprogram_path(err);

	if (!path)
		return -1;
	(void)fflush(NULL); /* lest it be printed twice, or never; main looks at errors */
	execv(path, arguments(argv));
	(void)err_set(err, ERR_SYSTEM, errno, "cannot execute %s", path);
	free(path);
	return -1;
}

/* In the child of a vfork-like moment: nothing but system calls. */
static void let_go(void)
{
	int null = open("/dev/null", O_RDWR);

	(void)setsid();
	(void)!chdir("/"); /* it uses absolute paths alone */
	for (int fd = 0; fd < 3; fd++)
		if (null >= 0 && null != fd)
			(void)dup2(null, fd);
	/* All of ours is close-on-exec; this is for what our caller left open. */
	fdspan_close(3, INT_MAX);
}

int fullprogram_detach(const char *const *argv, struct err *err)
{
	char *path = fullprogram_path(err);
	pid_t pid;
	int status;

	if (!path)
		return -1;
	(void)fflush(NULL); /* lest it be printed twice, or never; main looks at errors */
	pid = fork();
	if (pid == 0) {
		/* The one between ends at once, so that nobody has to wait for the other. */
		pid = fork();
		if (pid != 0)
			_exit(pid < 0);
		let_go();
		execv(path, arguments(argv));
		_exit(127);
	}
	free(path);
	if (pid < 0)
		return err_set(err, ERR_SYSTEM, errno, "cannot fork");
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_set(err, ERR_SYSTEM, errno, "cannot wait for our own child");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_set(err, ERR_SYSTEM, EAGAIN, "cannot fork");
}
