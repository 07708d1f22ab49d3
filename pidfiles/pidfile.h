/* SPDX-License-Identifier: ISC */
/*
 * pidfile: NAME.N.pid, readable by any tool, and proof of identity for ours.
 *
 * First line: the pid in decimal, alone. Then one "key value" a line:
 *     boot UUID, pidns INODE, timens INODE, start TICKS, inode PIDFD-INODE,
 *     definition HEX (hash of what it was started with), started MS (wall clock, Unix epoch),
 *     starter 1 (it is to leave another process in its place, which nobody has seen yet)
 * What is not known is left out, unknown keys are passed over. A file of other make (a bare
 * pid) parses too: its identity is then incomplete, and pidfile_is_proof says so.
 */
#ifndef PIDFILES_PIDFILE_H
#define PIDFILES_PIDFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "pidfiles/procid.h"

#define PIDFILE_MAX 512 /* bytes of ours; more is not a pidfile */

struct pidfile {
	struct procid id;
	uint64_t definition;
	int64_t started_wall_ms;
	uint64_t is_starter;
};

/* Pure. 0, or -EBADMSG: no decimal pid between 2 and 2^22 alone on the first line, a
 * known key with a bad value or twice, a NUL, a further line without its newline, or longer
 * than PIDFILE_MAX. */
int pidfile_parse(const char *text, size_t len, struct pidfile *out);

/* Pure. Writes at most SIZE bytes; returns the length, or -ENOSPC. */
int pidfile_format(const struct pidfile *pidfile, char *buf, size_t size);

/* Whether it says enough (boot and start) to prove an identity. */
bool pidfile_is_proof(const struct pidfile *pidfile);

/* 0, or negative errno: -ENOENT none, -EBADMSG garbage, those of atomfile_read else. */
int pidfile_read(int dirfd, const char *name, struct pidfile *out);

/* Mode 0644, by rename, without fsync: no process outlives a power loss. */
int pidfile_publish(int dirfd, const char *name, const struct pidfile *pidfile);

/* Removes NAME if it still names ID's process (under the slot's lock: nobody may publish
 * meanwhile); 0 also where there is none; -ESTALE where it names another's. */
int pidfile_remove(int dirfd, const char *name, const struct procid *id);

/*
 * The pid in a worker's *own* pidfile (type = forking), at PATH, trusted only as far as a
 * number goes: at most 64 bytes, digits and at most one newline, regular, not a symlink, no
 * second link, owner UID or root, not writable by group or others. 0 or negative errno as above.
 */
int pidfile_read_foreign(const char *path, uid_t uid, pid_t *pid);

#endif
