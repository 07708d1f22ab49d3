/* SPDX-License-Identifier: ISC */
/*
 * minder: the small process that a round which starts something leaves behind, as the parent of what it started.
 *
 * It notes how each child ended (store/exitnote.h) and has a round for it begin at once. It decides nothing, knows no
 * configuration, owns no state; it goes away with its last child. Idle it holds /dev/null on 0, 1, 2 and nothing else.
 */
#ifndef WATCHDOG_ACT_MINDER_H
#define WATCHDOG_ACT_MINDER_H

#include <stdint.h>
#include <sys/types.h>

#include "watchdog/base/err.h"

/*
 * Puts a minder-to-be between us and our parent. Returns 0 in a new process, a grandchild, in which the caller goes on
 * as if nothing had happened; the process that called waits for it and passes its exit status on. Standard
 * output is flushed before. Call it before any lock is taken and before the first launch. -1 with ERR (and
 * nothing changed) where there can be no minder: the round goes on without.
 *
 * When the caller's process ends, the minder-to-be becomes the minder if anything was started that still lives:
 * it executes ITSELF `minder --state-dir STATE_DIR -c CONFIG_FILE`.
 */
int minder_stand_between(const char *state_dir, const char *config_file, struct err *err);

struct minder_options {
	const char *state_dir;
	const char *config_file;
};

/* The minder itself; returns its exit status when the last child has gone. */
int minder_main(const struct minder_options *options);

#endif
