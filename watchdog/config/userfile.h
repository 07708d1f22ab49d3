/* SPDX-License-Identifier: ISC */
/*
 * userfile: opens what root reads on behalf of a worker of another user's.
 *
 * What is read is given to that worker. So root reads for it what its user may read; and else only what is plainly meant for it:
 * a file of root's own, with no second name, to which nobody else's link leads. For a worker that runs as root, only the latter, and
 * in a directory that is root's alone: what it is given may decide what it executes.
 */
#ifndef WATCHDOG_CONFIG_USERFILE_H
#define WATCHDOG_CONFIG_USERFILE_H

#include <sys/types.h>

#include "watchdog/base/err.h"
#include "watchdog/config/account.h"

/*
 * Opens PATH for reading for READER, with the primary group GID; who is not root opens it as he may. A descriptor of a regular
 * file, or -1 with ERR (PATH in front), whose sys_errno is ENOENT where there is none. Never waits for a FIFO's other end.
 */
int userfile_open(const char *path, const struct account *reader, gid_t gid, struct err *err);

#endif
