/* SPDX-License-Identifier: ISC */
#include "watchdog/round/converge.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "pidfiles/procref.h"
#include "watchdog/base/mem.h"
#include "watchdog/round/layout.h"
#include "watchdog/round/pass.h"
#include "watchdog/round/tell.h"

/* Where nothing tells of an end: the longest time between two looks. */
#define BLIND_MS 200
/* What no descriptor tells of (memory, age, other people's files) is looked at this often. */
#define WATCH_MS 5000

/* One place for each slot of the herd, kept from wait to wait: to find a process anew is dear. */
struct watch {
	struct pollfd *fds; /* fd -1: not watched */
	struct procid *ids; /* whom the descriptors are of */
	size_t count;
	bool is_blind;	    /* somebody cannot be polled */
	int64_t full_boot_ms; /* when all were looked at last */
};

static bool all_settled(const struct herd *herd, const struct convergence *c)
{
	for (size_t i = 0; i < herd->count; i++)
		if (herd->slots[i].is_selected && !c->is_settled(&herd->slots[i], c->data))
			return false;
	return true;
}

static void watch_open(struct watch *watch, size_t count)
{
	*watch = (struct watch){ .fds = mem_resize(NULL, count, sizeof(*watch->fds)),
				 .ids = mem_resize(NULL, count, sizeof(*watch->ids)),
				 .count = count };
	for (size_t i = 0; i < count; i++)
		watch->fds[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
}

static void let_go(struct watch *watch, size_t at)
{
	if (watch->fds[at].fd >= 0)
		close(watch->fds[at].fd);
	watch->fds[at].fd = -1;
}

static void watch_close(struct watch *watch)
{
	for (size_t i = 0; i < watch->count; i++)
		let_go(watch, i);
	free(watch->fds);
	free(watch->ids);
}

static bool is_watched(const struct watch *watch, size_t at, const struct procid *id)
{
	return watch->fds[at].fd >= 0 && watch->ids[at].pid == id->pid &&
	       watch->ids[at].start_ticks == id->start_ticks;
}

static void watch_slot(struct herd *herd, struct watch *watch, size_t at)
{
	const struct slot *slot = &herd->slots[at];
	struct procref ref = PROCREF_INIT;
	/* What this run started is newer than what it saw. */
	const struct procid *id = slot->record.process.pid ? &slot->record.process
							   : &slot->seen.process;

	if (is_watched(watch, at, id))
		return;
	let_go(watch, at);
	if (procref_open(&ref, &herd->scene.proc, &herd->scene.host, id) == PROCID_SAME &&
	    procref_pollfd(&ref) >= 0)
		watch->fds[at].fd = fcntl(procref_pollfd(&ref), F_DUPFD_CLOEXEC, 3);
	procref_close(&ref);
	watch->ids[at] = *id;
	watch->is_blind |= watch->fds[at].fd < 0;
}

static bool is_worth_watching(const struct slot *slot, const struct convergence *c)
{
	bool is_up = slot->state == STATE_STARTING || slot->state == STATE_RUNNING;

	if (slot->state == STATE_STOPPING)
		return true;
	/* As long as we go on, we are the parent of what we started, not a minder. */
	return is_up && (c->is_watching || slot_is_replaced(slot) ||
			 (slot->is_selected && !c->is_settled(slot, c->data)));
}

static int64_t next_due(const struct herd *herd, const struct convergence *c)
{
	int64_t due = c->until_boot_ms;

	for (size_t i = 0; i < herd->count; i++)
		if (herd->slots[i].is_looked_at && herd->slots[i].again_boot_ms < due)
			due = herd->slots[i].again_boot_ms;
	return due;
}

static int timeout_ms(const struct herd *herd, const struct convergence *c,
		      const struct watch *watch)
{
	int64_t now_boot_ms = clock_read().boot_ms;
	int64_t left_ms = next_due(herd, c) - now_boot_ms;
	int64_t most_ms = watch->is_blind ? BLIND_MS
					  : watch->full_boot_ms + WATCH_MS - now_boot_ms;
	bool is_busy = false;

	for (size_t i = 0; i < herd->count; i++)
		is_busy |= herd->slots[i].is_busy || herd->slots[i].is_pending;
	if (is_busy && most_ms > BLIND_MS)
		most_ms = BLIND_MS;
	if (left_ms > most_ms)
		left_ms = most_ms;
	/* A pass may have taken longer than all that; less than nothing would be for ever. */
	return left_ms < 1 ? 1 : (int)left_ms;
}

/* The slots of one worker are due together: which of them may be replaced depends on all. */
static void spread_to_workers(struct herd *herd)
{
	for (size_t first = 0, last; first < herd->count; first = last) {
		bool is_due = false;

		last = layout_end_of_worker(herd, first);
		for (size_t i = first; i < last; i++)
			is_due |= herd->slots[i].is_due;
		for (size_t i = first; i < last; i++)
			herd->slots[i].is_due = is_due;
	}
}

/* Whom the next pass is about: who has ended, whose time has come, and who waits for something that no descriptor tells of. */
static void mark_due(struct herd *herd, struct watch *watch)
{
	int64_t now_boot_ms = clock_read().boot_ms;
	bool is_full = watch->is_blind || now_boot_ms - watch->full_boot_ms >= WATCH_MS;

	for (size_t i = 0; i < herd->count; i++) {
		struct slot *slot = &herd->slots[i];
		bool has_ended = watch->fds[i].fd >= 0 && watch->fds[i].revents;

		slot->is_due = is_full || has_ended || slot->is_busy || slot->is_pending ||
			       !slot->is_selected || slot->again_boot_ms <= now_boot_ms;
		/* It would go on saying so while the note of the end is waited for. */
		if (has_ended)
			let_go(watch, i);
	}
	if (is_full)
		watch->full_boot_ms = now_boot_ms;
	else
		spread_to_workers(herd);
}

static void wait_for_change(struct herd *herd, const struct convergence *c, struct watch *watch)
{
	watch->is_blind = false;
	for (size_t i = 0; i < herd->count; i++) {
		watch->fds[i].revents = 0;
		if (is_worth_watching(&herd->slots[i], c))
			watch_slot(herd, watch, i);
		else
			let_go(watch, i);
	}
	/* EINTR: looking early does no harm. */
	(void)poll(watch->fds, watch->count, timeout_ms(herd, c, watch));
	mark_due(herd, watch);
}

static enum converge_end pass_until_settled(struct herd *herd, const struct convergence *c,
					    struct watch *watch)
{
	for (;;) {
		bool is_settled;

		pass_act(herd);
		if (herd->telling.has_told)
			tell_deliver(herd, false);
		if (c->progress)
			c->progress(herd, c->data);
		if (herd->scene.claim == LEASE_FOREIGN)
			return CONVERGE_TIMED_OUT;
		is_settled = all_settled(herd, c);
		if (is_settled && !c->is_watching)
			return CONVERGE_SETTLED;
		if (clock_read().boot_ms >= c->until_boot_ms)
			return is_settled ? CONVERGE_SETTLED : CONVERGE_TIMED_OUT;
		wait_for_change(herd, c, watch);
		/* Where they cannot be read, what stood before stands; each act asks again. */
		(void)herd_read_holds(herd, NULL);
		if (c->is_stale && c->is_stale(c->data))
			return CONVERGE_STALE;
	}
}

enum converge_end converge(struct herd *herd, const struct convergence *c)
{
	struct watch watch;
	enum converge_end end;

	watch_open(&watch, herd->count);
	watch.full_boot_ms = clock_read().boot_ms;
	end = pass_until_settled(herd, c, &watch);
	watch_close(&watch);
	tell_complain(herd);
	return end;
}
