/* SPDX-License-Identifier: ISC */
#include "watchdog/round/look.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "watchdog/store/recordfile.h"

/* One stat instead of reading two files: the pidfile is still that very file. */
static bool recall(const struct herd *herd, struct slot *slot)
{
	char name[OBSERVE_PIDFILE_SIZE];
	struct stat st;

	if (!slot->is_cached)
		return false;
	slot->is_cached = false;
	return !slot->has_pidfile ||
	       (fstatat(herd->scene.dir.pidfiles_fd, observe_pidfile_name(&slot->instance, name),
			&st, AT_SYMLINK_NOFOLLOW) == 0 &&
		(uint64_t)st.st_ino == slot->cached_inode &&
		slotcache_changed_ns(&st) == slot->cached_changed_ns);
}

static int read_files(const struct herd *herd, struct slot *slot)
{
	slot->has_pidfile = observe_pidfile(&herd->scene, &slot->instance, &slot->pidfile);
	return recordfile_read(&herd->scene.dir, &slot->instance, &slot->record);
}

void look_at(struct herd *herd, struct slot *slot, enum observe_depth depth)
{
	int status = recall(herd, slot) ? 0 : read_files(herd, slot);

	/* A corrupt record costs history; one that cannot be read may be well: touch nothing. */
	if (status < 0 && status != -EBADMSG) {
		slot->seen = (struct observation)OBSERVATION_INIT;
		slot->seen.why = "its record cannot be read";
		slot_complain(slot, "cannot read its record", -status);
		return;
	}
	if (depth == OBSERVE_LOOK && slot->record.state == STATE_STARTING)
		depth = OBSERVE_VERIFY;
	observe(&herd->scene, &slot->instance, slot->has_pidfile ? &slot->pidfile : NULL,
		&slot->record, depth, &slot->seen);
	slot->was_alive |= slot->seen.liveness == LIVENESS_ALIVE;
	if (slot->was_looked_at)
		return;
	slot->was_looked_at = true;
	slot->first_starts = slot->record.starts;
	if (slot->seen.liveness == LIVENESS_ALIVE)
		slot->first = slot->seen.process;
}

void look_at_all(struct herd *herd)
{
	for (size_t i = 0; i < herd->count; i++)
		if (herd->slots[i].is_looked_at && herd->slots[i].is_due)
			look_at(herd, &herd->slots[i], OBSERVE_LOOK);
}
