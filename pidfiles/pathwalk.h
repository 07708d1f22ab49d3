/* SPDX-License-Identifier: ISC */
/*
 * pathwalk: the way to a file or a directory that may lead through other users' directories.
 *
 * Who works as root in a directory of another user's must not be led elsewhere by a link that this user puts in its place, at any
 * moment. What is then done relative to the descriptor is done in that very directory.
 *
 * The rule, for root alone: a symbolic link is followed only where the directory that has it is root's and nobody else may write
 * there; what it names is walked by the same rule. Who is not root can be led nowhere that is not open to him anyway.
 */
#ifndef PIDFILES_PATHWALK_H
#define PIDFILES_PATHWALK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/*
 * Opens the directory that the file PATH lies in, with O_PATH; *BASE: the file's name, part of PATH. The descriptor, or a
 * negative errno: -ELOOP a link that is not followed.
 */
int pathwalk_open(const char *path, const char **base);

/* Opens the directory PATH itself, for reading. As above. */
int pathwalk_open_dir(const char *path);

/* Opens the file PATH, for reading; never waits for a FIFO's other end. A link in its place counts as one on the way. As above. */
int pathwalk_open_file(const char *path);

/* As mkdir -p, with MODE_ABOVE for what is made on the way. 0 or a negative errno; also 0 where it is there. *FAILED (may be
 * NULL): how many bytes of PATH name what could not be made. */
int pathwalk_make_dir(const char *path, mode_t mode, mode_t mode_above, size_t *failed);

/* Whether the directory of which this is the state is root's, and nobody else may write there. */
bool pathwalk_is_roots_alone(const struct stat *st);

#endif
