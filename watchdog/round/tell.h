/* SPDX-License-Identifier: ISC */
/*
 * tell: what happened, to the spool, and a courier for it. DESIGN.md, "Telling".
 *
 * Telling never keeps a round from keeping: where nothing can be spooled, the round goes on, says so, and what a record has to tell
 * stays in the record until it can.
 */
#ifndef WATCHDOG_ROUND_TELL_H
#define WATCHDOG_ROUND_TELL_H

#include "watchdog/round/herd.h"

/* What RECORD, SLOT's next one, has to tell; to be called under the slot's lock before it is written. Brings its `told` up to date. */
void tell_slot(struct herd *herd, const struct slot *slot, struct record *record);

/* Which files have become broken, or have been mended, since that was last told. */
void tell_config(struct herd *herd);

/* That the host has booted since THEIRS was written; to be called before the lease is taken. */
void tell_reboot(struct herd *herd, const struct lease *theirs);

/* A sample of each instance that lives, where a history is kept and the last one is old enough. */
void tell_samples(struct herd *herd);

/* Adds to HERD's problems that something could not be spooled; not where its slots have worse ones, which most likely have the same
 * cause. */
void tell_complain(struct herd *herd);

/*
 * Begins a courier, apart from us, where something was told since the last call, IS_DUE says that there is something for it, or what is
 * owed has become due. Does not where one is at work already. Problems go to HERD's.
 */
void tell_deliver(struct herd *herd, bool is_due);

#endif
