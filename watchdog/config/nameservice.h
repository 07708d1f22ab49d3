/* SPDX-License-Identifier: ISC */
/*
 * nameservice: users and groups that a host has elsewhere than in its files (LDAP, NIS, systemd-homed …).
 *
 * /etc/nsswitch.conf tells whether there are such (nsswitch.conf(5)); getent(1) is asked for them. Our own C library is not: its
 * answer would load shared objects of the host's into us, which a static program cannot, and of which one that hangs
 * would have a round hang.
 */
#ifndef WATCHDOG_CONFIG_NAMESERVICE_H
#define WATCHDOG_CONFIG_NAMESERVICE_H

#include <stdbool.h>
#include <stdio.h>

#include "watchdog/base/str.h"

/* Longer, and it is taken for one that does not answer. */
#define NAMESERVICE_TIMEOUT_MS 10000

/*
 * Whether the host has more of DATABASE ("passwd", "group") than BUT, names of sources with blanks between them ("files"), would know. Where
 * nsswitch.conf cannot be read: no, as glibc has it. "[NOTFOUND=return]" and the like are not looked at.
 */
bool nameservice_has_more(const char *database, const char *but);

/* The same of TEXT, lines of such a file. */
bool nameservice_text_has_more(const char *text, const char *database, const char *but);

/*
 * What getent(1) prints of KEY in DATABASE ("passwd", "group", "initgroups") to ANSWER, in the format of the file. 0; -ENOENT nobody of
 * that name, or there is no getent; -ETIMEDOUT, -EIO or another negative errno where it cannot tell.
 */
int nameservice_ask(const char *database, const char *key, struct str *answer);

/*
 * TEXT, an answer or a file, to be read by fgetpwent(3) and fgetgrent(3). The caller closes it, and frees TEXT after that. NULL where there
 * is nothing in it.
 */
FILE *nameservice_stream(const struct str *text);

/*
 * The file PATH as such a stream, read at once to TEXT: these functions ask where they are in a file at each entry. NULL, and errno, where it
 * cannot be read; TEXT is the caller's to free all the same.
 */
FILE *nameservice_open(const char *path, struct str *text);

#endif
