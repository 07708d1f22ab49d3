/* SPDX-License-Identifier: ISC */
/*
 * exitnote: whose process it is, and how it ended, left by whoever was its parent.
 *
 * While it lives, exits/PID-TICKS is a symbolic link whose text is the instance's id: what the minder, which knows no configuration,
 * needs to have the right round begin. When it has ended, a file replaces the link; it holds two lines, "cronherd-exit 1 STATUS BOOT_MS WALL_MS PEAK_RSS_BYTES CPU_MS", STATUS as wait(2)
 * gives it, and "id ID" (which earlier versions neither write nor ask for). Written by the minder (which has only the directory's path, hence DIRFD here), read by the
 * round that finds the process dead, removed once that is recorded.
 */
#ifndef WATCHDOG_STORE_EXITNOTE_H
#define WATCHDOG_STORE_EXITNOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "watchdog/model/exitinfo.h"
#include "watchdog/model/instance.h"

/* STATUS of wait(2) as an exitinfo with nothing else known. */
struct exitinfo exitnote_from_status(int status);

/* Announces the process, before it executes anything. 0 or a negative errno. */
int exitnote_expect(int exits_fd, pid_t pid, uint64_t start_ticks, const char *id);

/* The id that was announced, to ID (SIZE bytes). -ENOENT: none was. */
int exitnote_whose(int exits_fd, pid_t pid, uint64_t start_ticks, char *id, size_t size);

/* ID: the one that was announced. 0 or a negative errno. */
int exitnote_write(int exits_fd, pid_t pid, uint64_t start_ticks, const char *id, int status,
		   const struct exitinfo *info);

/* Fills INFO: known = false where there is no note (or it is garbage). */
void exitnote_read(int exits_fd, pid_t pid, uint64_t start_ticks, struct exitinfo *info);

void exitnote_remove(int exits_fd, pid_t pid, uint64_t start_ticks);

/* Removes notes older than MAX_AGE_S that nobody asked for; links stay as long as their processes may live. */
void exitnote_sweep(int exits_fd, int64_t max_age_s);

/* Removes everything: after a boot nothing that was announced is alive. */
void exitnote_clear(int exits_fd);

/* All that are announced, or noted, at one moment. */
struct exitnotes {
	struct exitnotes_item {
		pid_t pid;
		uint64_t start_ticks;
		char id[INSTANCE_ID_SIZE];
	} * items;
	size_t count;
	bool is_read;
};

#define EXITNOTES_INIT { .items = NULL }

/* Reads them, where they are not read yet. What cannot be read is left out: whoever asks has asked others before. */
void exitnotes_read(struct exitnotes *notes, int exits_fd);
void exitnotes_free(struct exitnotes *notes); /* back to EXITNOTES_INIT */

/* The latest of ID's that began after AFTER_TICKS, or NULL. */
const struct exitnotes_item *exitnotes_latest(const struct exitnotes *notes, const char *id,
					      uint64_t after_ticks);

#endif
