/* SPDX-License-Identifier: ISC */
/* recordfile: records/NAME.N, one a slot; written whole, by rename, without fsync (after a power loss all
 * that it tells about is dead anyway). */
#ifndef WATCHDOG_STORE_RECORDFILE_H
#define WATCHDOG_STORE_RECORDFILE_H

#include "watchdog/model/instance.h"
#include "watchdog/model/record.h"
#include "watchdog/store/statedir.h"

/* Fills RECORD: RECORD_INIT where there is none. 0, or -EBADMSG where the file was corrupt
 * (RECORD_INIT too), or another negative errno (RECORD_INIT too). */
int recordfile_read(const struct statedir *dir, const struct instance *instance,
		    struct record *record);

/* 0 or a negative errno. */
int recordfile_write(const struct statedir *dir, const struct instance *instance,
		     const struct record *record);

int recordfile_remove(const struct statedir *dir, const struct instance *instance);

#endif
