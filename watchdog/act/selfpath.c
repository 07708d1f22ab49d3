/* SPDX-License-Identifier: ISC */
#include "watchdog/act/selfpath.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "watchdog/base/mem.h"

#define LINK	"/proc/self/exe"
#define DELETED " (deleted)"

/* PATH, or where that is the full program, which stands in for the one that cron calls where something is preloaded: that one. */
static char *whom_to_call(const char *path)
{
	static const char full[] = "/cronherd-full";
	static const char installed[] = CRONHERD_BINDIR "/cronherd";
	const char *slash = strrchr(path, '/');
	char *beside;

	if (!slash || strcmp(slash, full) != 0)
		return mem_dup(path);
	beside = mem_format("%.*s/cronherd", (int)(slash - path), path);
	if (access(beside, X_OK) == 0)
		return beside;
	free(beside);
	return mem_dup(access(installed, X_OK) == 0 ? installed : path);
}

char *selfpath(bool *is_replaced, struct err *err)
{
	size_t mark = sizeof(DELETED) - 1;
	char path[PATH_MAX];
	ssize_t len = readlink(LINK, path, sizeof(path) - 1);
	bool has_mark;

	if (len < 0) {
		(void)err_set(err, ERR_SYSTEM, errno, "cannot tell where this program is: " LINK);
		return NULL;
	}
	path[len] = '\0';
	/* A file may truly be called so. */
	has_mark = (size_t)len > mark && strcmp(path + len - mark, DELETED) == 0 &&
		   access(path, F_OK) != 0;
	if (has_mark)
		path[(size_t)len - mark] = '\0';
	if (is_replaced)
		*is_replaced = has_mark;
	return whom_to_call(path);
}
