/* SPDX-License-Identifier: ISC */
/* confstamp: whether the configuration on disk is still the one that was read, without reading it. */
#ifndef WATCHDOG_CONFIG_CONFSTAMP_H
#define WATCHDOG_CONFIG_CONFSTAMP_H

#include <stdbool.h>
#include <stdint.h>

struct confstamp {
	uint64_t hash;          /* over name, inode, size, owner, mode and times of every file and folder */
	int64_t newest_wall_ms; /* the latest change (ctime) of any of them */
};

/* Of the main file, conf_dir and every file in it that counts (confd). What cannot be looked at counts as its errno, so that its
 * coming and going shows too. */
struct confstamp confstamp_of(const char *main_file, const char *conf_dir);

/* Adds the file PATH, likewise; or NAME in the folder DIR_FD, and gives what is equal as long as that file is the same; 0: that cannot be told. */
void confstamp_add(struct confstamp *stamp, const char *path);
uint64_t confstamp_add_at(struct confstamp *stamp, int dir_fd, const char *name);

/*
 * Whether equal stamps will prove equal content: nothing was changed within the last two seconds before AT_WALL_MS, the moment
 * before the files were read. (Within one tick of the file system's clock a second change would not show.)
 */
bool confstamp_is_settled(const struct confstamp *stamp, int64_t at_wall_ms);

#endif
