/* SPDX-License-Identifier: ISC */
#include "watchdog/round/converge.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "pidfiles/procref.h"
#include "watchdog/base/mem.h"
#include "watchdog/round/pass.h"
#include "watchdog/round/tell.h"

/* Where nothing tells of an end: the longest time between two looks. */
#define BLIND_MS 200
/* `run --for`: what no descriptor tells of (memory, age, files) is looked at this often. */
#define WATCH_MS 5000

struct watch {
	struct pollfd *fds;
	size_t count;
	bool is_blind; /* somebody cannot be polled */
};

static bool all_settled(const struct herd *herd, const struct convergence *c)
{
	for (size_t i = 0; i < herd->count; i++)
		if (herd->slots[i].is_selected && !c->is_settled(&herd->slots[i], c->data))
			return false;
	return true;
}

static void add_watch(struct herd *herd, struct watch *watch, const struct slot *slot)
{
	struct procref ref = PROCREF_INIT;
	/* What this run started is newer than what it saw. */
	const struct procid *id = slot->record.process.pid ? &slot->record.process
							   : &slot->seen.process;
	int fd = -1;

	if (procref_open(&ref, &herd->scene.proc, &herd->scene.host, id) == PROCID_SAME)
		fd = procref_pollfd(&ref) < 0 ? -1 : dup(procref_pollfd(&ref));
	procref_close(&ref);
	if (fd < 0) {
		watch->is_blind = true;
		return;
	}
	watch->fds = mem_resize(watch->fds, watch->count + 1, sizeof(*watch->fds));
	watch->fds[watch->count++] = (struct pollfd){ .fd = fd, .events = POLLIN };
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
	int64_t left_ms = next_due(herd, c) - clock_read().boot_ms;
	int64_t most_ms = watch->is_blind ? BLIND_MS : WATCH_MS;
	bool is_busy = false;

	for (size_t i = 0; i < herd->count; i++)
		is_busy |= herd->slots[i].is_busy || herd->slots[i].is_pending;
	if (is_busy && most_ms > BLIND_MS)
		most_ms = BLIND_MS;
	if (left_ms < 1)
		left_ms = 1;
	return (int)(left_ms < most_ms ? left_ms : most_ms);
}

static void wait_for_change(struct herd *herd, const struct convergence *c)
{
	struct watch watch = { 0 };

	for (size_t i = 0; i < herd->count; i++)
		if (is_worth_watching(&herd->slots[i], c))
			add_watch(herd, &watch, &herd->slots[i]);
	/* EINTR: looking early does no harm. */
	(void)poll(watch.fds, watch.count, timeout_ms(herd, c, &watch));
	for (size_t i = 0; i < watch.count; i++)
		close(watch.fds[i].fd);
	free(watch.fds);
}

static enum converge_end pass_until_settled(struct herd *herd, const struct convergence *c)
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
		wait_for_change(herd, c);
		/* Where they cannot be read, what stood before stands; each act asks again. */
		(void)herd_read_holds(herd, NULL);
		if (c->is_stale && c->is_stale(c->data))
			return CONVERGE_STALE;
	}
}

enum converge_end converge(struct herd *herd, const struct convergence *c)
{
	enum converge_end end = pass_until_settled(herd, c);

	tell_complain(herd);
	return end;
}
