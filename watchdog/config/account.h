/* SPDX-License-Identifier: ISC */
/*
 * account: users and groups by name or number.
 *
 * /etc/passwd and /etc/group first, then what else the host has (nameservice.h). Root is the host's own everywhere: only
 * the files are asked for its groups.
 */
#ifndef WATCHDOG_CONFIG_ACCOUNT_H
#define WATCHDOG_CONFIG_ACCOUNT_H

#include <sys/types.h>

struct account {
	uid_t uid;
	gid_t gid;
	char *name;
	char *home;
	char *shell;
};

/*
 * NAME: a user name or a decimal uid; NULL: whom we run as. 0, -ENOENT no such user, or
 * another negative errno. The caller frees with account_free.
 *
 * Our own home is HOME, where that is a directory of ours: cron sets it from the password file, and a caged
 * account's may be elsewhere. Not so for root: sudo may have left it a user's.
 */
int account_find(const char *name, struct account *account);
void account_free(struct account *account);

/* NAME: a group name or a decimal gid. 0, -ENOENT, or another negative errno. */
int account_group(const char *name, gid_t *gid);

/* Supplementary groups of ACCOUNT with primary group GID. Allocated list to GROUPS, its
 * length returned; or a negative errno. */
int account_groups(const struct account *account, gid_t gid, gid_t **groups);

#endif
