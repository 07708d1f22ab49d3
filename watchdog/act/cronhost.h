/* SPDX-License-Identifier: ISC */
/*
 * cronhost: the user's own crontab, by way of crontab(1).
 *
 * Knows nothing of markers and lines: text out, text in. Whatever is not clearly a crontab
 * or clearly none is a failure; nothing may then be written. Call order for a change: read,
 * edit (cron/crontab_edit.h), backup, write. Where a person was asked in between, read
 * again and compare, since somebody may have edited meanwhile.
 *
 * The program is `crontab` in PATH, or what the environment variable CRONHERD_CRONTAB names
 * (for tests).
 */
#ifndef WATCHDOG_ACT_CRONHOST_H
#define WATCHDOG_ACT_CRONHOST_H

#include <stddef.h>
#include <time.h>

#include "watchdog/base/err.h"
#include "watchdog/base/str.h"

#define CRONHOST_PROGRAM_VARIABLE "CRONHERD_CRONTAB"
#define CRONHOST_TIMEOUT_MS	  20000 /* what callers that are no tests give */

enum cronhost {
	CRONHOST_TEXT,	/* the crontab, which may be empty */
	CRONHOST_NONE,	/* this user has none yet */
	CRONHOST_FAILED /* cannot tell: see ERR */
};

/*
 * `crontab -l`, its output added to TEXT (any bytes). NONE is recognised by exit status 1,
 * nothing on standard output, and "no crontab" on standard error, in the C locale.
 */
enum cronhost cronhost_read(int timeout_ms, struct str *text, struct err *err);

/*
 * Installs TEXT by `crontab -`, reads it back and compares. -1 where crontab refuses it, or
 * where what is read back is something else (a header that this crontab(1) puts in front of
 * what it lists is known and passed over). Each of the runs has TIMEOUT_MS.
 */
int cronhost_write(const char *text, size_t len, int timeout_ms, struct err *err);

#define CRONHOST_BACKUP_PREFIX "crontab.backup-"
#define CRONHOST_BACKUPS       5
#define CRONHOST_BACKUP_SIZE   (sizeof(CRONHOST_BACKUP_PREFIX) + sizeof("YYYYmmddTHHMMSS"))

/*
 * Keeps TEXT in the state directory as crontab.backup-YYYYmmddTHHMMSS (UTC, of WALL; where
 * that name is taken, the second after the last that is), mode 0600, on disk when this returns;
 * then removes all but the newest CRONHOST_BACKUPS. NAME: what it was called.
 */
int cronhost_backup(int state_dirfd, const char *text, size_t len, time_t wall,
		    char name[CRONHOST_BACKUP_SIZE], struct err *err);

#endif
