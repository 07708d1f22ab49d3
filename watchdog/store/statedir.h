/* SPDX-License-Identifier: ISC */
/*
 * statedir: the state directory and its rooms, open as descriptors.
 *
 * Everything below is reached relative to these, so that nothing can be swapped on the way. The
 * directory must belong to the user that we are and be writable by nobody else; as root, no link that
 * another user could turn leads to it (pathwalk).
 */
#ifndef WATCHDOG_STORE_STATEDIR_H
#define WATCHDOG_STORE_STATEDIR_H

#include <stdbool.h>

#include "watchdog/base/err.h"

struct statedir {
	char *path;
	int fd;
	int pidfiles_fd;
	int records_fd;
	int holds_fd;
	int exits_fd;
};

#define STATEDIR_INIT                                                                              \
	{                                                                                          \
		.fd = -1, .pidfiles_fd = -1, .records_fd = -1, .holds_fd = -1, .exits_fd = -1      \
	}

/*
 * Opens PATH and PIDFILE_DIR, making what is missing (mode 0700; pidfiles 0755) unless IS_READ_ONLY: then
 * a missing room keeps the descriptor -1 and 0 is returned all the same. -1 with ERR that names the
 * directory and the cure.
 */
int statedir_open(struct statedir *dir, const char *path, const char *pidfile_dir,
		  bool is_read_only, struct err *err);
void statedir_close(struct statedir *dir);

/* Makes PATH with its parents (0700; as root 0755), as mkdir -p, and as root through no link that another user could turn.
 * 0 or -1 with ERR. */
int statedir_make(const char *path, unsigned mode, struct err *err);

#endif
