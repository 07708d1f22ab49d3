/* SPDX-License-Identifier: ISC */
/*
 * confd: finds and reads configuration files, and refuses what others could have written.
 *
 * Run as root: a file and conf.d must belong to root and be writable by nobody else, and what
 * is in conf.d must be a regular file, no link. Run as another user: not writable by
 * everyone. Asked of the opened descriptor, so that what is checked is what is read. Messages
 * name the cure but not the file: the caller has that.
 */
#ifndef WATCHDOG_CONFIG_CONFD_H
#define WATCHDOG_CONFIG_CONFD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "watchdog/base/err.h"
#include "watchdog/base/str.h"

#define CONFD_SIZE_MAX ((size_t)16 * 1024 * 1024)

enum confd_found {
	CONFD_FOUND,
	CONFD_MISSING, /* nothing of that name; ERR not set */
	CONFD_FAILED   /* ERR set */
};

/* Whether a file of that name in conf.d counts: "*.conf", none that begins with ".". */
bool confd_is_name(const char *name);

struct confd {
	int fd;		      /* of the directory; -1 where it is not open */
	struct strlist names; /* that count, in byte order */
};

#define CONFD_INIT                                                                                 \
	{                                                                                          \
		.fd = -1                                                                           \
	}

enum confd_found confd_open(struct confd *confd, const char *path, struct err *err);
void confd_close(struct confd *confd);

/* The file NAME of an open CONFD; PATH is what messages call it. To TEXT, NUL behind it; its mode to MODE. */
enum confd_found confd_read(const struct confd *confd, const char *name, const char *path,
			    struct str *text, mode_t *mode, struct err *err);

/* The main file; a link to it is followed. */
enum confd_found confd_read_main(const char *path, struct str *text, mode_t *mode, struct err *err);

#endif
