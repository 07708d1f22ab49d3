/* SPDX-License-Identifier: ISC */
/*
 * proctable: all visible processes at one moment, for what cannot be asked of one process:
 * descendants, members of a session, processes that bear our mark.
 *
 * It is a list of candidates. Whoever acts on one verifies it again through a procref.
 */
#ifndef WATCHDOG_ACT_PROCTABLE_H
#define WATCHDOG_ACT_PROCTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pidfiles/proc.h"
#include "watchdog/model/instance.h"

struct proctable_entry {
	pid_t pid, ppid, pgrp, session;
	uint64_t start_ticks;
	int64_t rss_bytes;
	const struct proctable_entry *parent; /* in the same table; NULL: not there */
};

struct proctable_mark {
	pid_t pid, ppid, session;
	uint64_t start_ticks;
	char id[INSTANCE_ID_SIZE]; /* its CRONHERD_ID */
};

struct proctable {
	struct proctable_entry *entries; /* by pid */
	size_t count;
	struct proctable_mark *marks; /* by id, then start */
	size_t mark_count;
	bool is_read;
	bool has_marks;
};

#define PROCTABLE_INIT { .entries = NULL }

/* Reads what is not read yet. 0 or a negative errno. */
int proctable_read(struct proctable *table, const struct proc *proc);

/* Also the environment marks of all processes of uid UID (all, for root) in our pid namespace, by
 * CRONHERD_STATE_DIR = STATE_DIR. 0 or a negative errno. */
int proctable_read_marks(struct proctable *table, const struct proc *proc, uid_t uid,
			 uint64_t pid_namespace, const char *state_dir);

void proctable_free(struct proctable *table); /* back to PROCTABLE_INIT */

const struct proctable_entry *proctable_find(const struct proctable *table, pid_t pid);

/* Whether ENTRY is ROOT, in ROOT's session, or descends from ROOT. */
bool proctable_belongs(const struct proctable_entry *entry, pid_t root);

/*
 * The main process of instance ID among the marks: a session leader whose parent does not bear the same id, the
 * oldest of them, or the next one after BEHIND (NULL: the first). NULL: none.
 */
const struct proctable_mark *proctable_main(const struct proctable *table, const char *id,
					    const struct proctable_mark *behind);

/* Whether any process bears the mark of instance ID. */
bool proctable_has(const struct proctable *table, const char *id);

#endif
