/* SPDX-License-Identifier: ISC */
/*
 * exitnote: how a process ended, left by whoever was its parent.
 *
 * exits/PID-TICKS holds one line, "cronherd-exit 1 STATUS BOOT_MS WALL_MS PEAK_RSS_BYTES CPU_MS", STATUS as wait(2)
 * gives it. Written by the minder (which has only the directory's path, hence DIRFD here), read by the
 * round that finds the process dead, removed once that is recorded.
 */
#ifndef WATCHDOG_STORE_EXITNOTE_H
#define WATCHDOG_STORE_EXITNOTE_H

#include <stdint.h>
#include <sys/types.h>

#include "watchdog/model/exitinfo.h"

/* STATUS of wait(2) as an exitinfo with nothing else known. */
struct exitinfo exitnote_from_status(int status);

/* 0 or a negative errno. */
int exitnote_write(int exits_fd, pid_t pid, uint64_t start_ticks, int status,
		   const struct exitinfo *info);

/* Fills INFO: known = false where there is no note (or it is garbage). */
void exitnote_read(int exits_fd, pid_t pid, uint64_t start_ticks, struct exitinfo *info);

void exitnote_remove(int exits_fd, pid_t pid, uint64_t start_ticks);

/* Removes notes older than MAX_AGE_S that nobody asked for. */
void exitnote_sweep(int exits_fd, int64_t max_age_s);

#endif
