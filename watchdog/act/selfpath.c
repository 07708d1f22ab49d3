/* SPDX-License-Identifier: ISC */
#include "watchdog/act/selfpath.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "watchdog/base/mem.h"

#define LINK	"/proc/self/exe"
#define DELETED " (deleted)"

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
	return mem_dup(path);
}
