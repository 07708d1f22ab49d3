/* SPDX-License-Identifier: ISC */
/*
 * pathwalk: the way to a directory that may lead through other users' directories.
 *
 * Who works as root in a directory of another user's must not be led elsewhere by a link that this user puts in its place, at any
 * moment. What is then done relative to the descriptor is done in that very directory.
 */
#ifndef PIDFILES_PATHWALK_H
#define PIDFILES_PATHWALK_H

/*
 * Opens the directory that the file PATH lies in, with O_PATH; *BASE: the file's name, part of PATH. As root, a symbolic link on
 * the way is followed only where the directory that has it is root's and nobody else may write there. The descriptor, or a
 * negative errno: -ELOOP such a link.
 */
int pathwalk_open(const char *path, const char **base);

#endif
