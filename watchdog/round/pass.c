/* SPDX-License-Identifier: ISC */
#include "watchdog/round/pass.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "pidfiles/atomfile.h"
#include "pidfiles/pidfile.h"
#include "watchdog/act/launch.h"
#include "watchdog/act/minder.h"
#include "watchdog/act/observe.h"
#include "watchdog/base/signame.h"
#include "watchdog/decide/pressure.h"
#include "watchdog/decide/roll.h"
#include "watchdog/decide/settle.h"
#include "watchdog/store/exitnote.h"
#include "watchdog/store/recordfile.h"

/* Notes of processes that no slot asked for. */
#define NOTE_MAX_AGE_S 86400
/* Between the end of a process and its minder's note of it lie microseconds, on a loaded host more. */
#define NOTE_PATIENCE_MS 200
/* No writer takes that long. */
#define LITTER_MIN_AGE_S 600

/* ---- look --------------------------------------------------------------------------------- */

static void complain(struct slot *slot, const char *what, int sys_errno)
{
	(void)snprintf(slot->problem, sizeof(slot->problem), "%s: %s", what, strerror(sys_errno));
}

/* One stat instead of reading two files: the pidfile is still that very file. */
static bool recall(const struct herd *herd, struct slot *slot)
{
	const struct slotcache_entry *entry = slot->cached;
	char name[OBSERVE_PIDFILE_SIZE];
	struct stat st;

	slot->cached = NULL;
	if (!entry)
		return false;
	if (entry->has_pidfile &&
	    (fstatat(herd->scene.dir.pidfiles_fd, observe_pidfile_name(&slot->instance, name), &st,
		     AT_SYMLINK_NOFOLLOW) ||
	     (uint64_t)st.st_ino != entry->pidfile_inode ||
	     herd_changed_ns(&st) != entry->pidfile_changed_ns))
		return false;
	slot->has_pidfile = entry->has_pidfile;
	slot->pidfile = entry->pidfile;
	slot->record = entry->record;
	return true;
}

static int read_files(const struct herd *herd, struct slot *slot)
{
	slot->has_pidfile = observe_pidfile(&herd->scene, &slot->instance, &slot->pidfile);
	return recordfile_read(&herd->scene.dir, &slot->instance, &slot->record);
}

static void look(struct herd *herd, struct slot *slot, enum observe_depth depth)
{
	int status = recall(herd, slot) ? 0 : read_files(herd, slot);

	/* A corrupt record costs history; one that cannot be read may be well: touch nothing. */
	if (status < 0 && status != -EBADMSG) {
		slot->seen = (struct observation)OBSERVATION_INIT;
		slot->seen.why = "its record cannot be read";
		complain(slot, "cannot read its record", -status);
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

static void look_at_all(struct herd *herd)
{
	for (size_t i = 0; i < herd->count; i++)
		if (herd->slots[i].is_looked_at)
			look(herd, &herd->slots[i], OBSERVE_LOOK);
}

/* ---- decide ------------------------------------------------------------------------------- */

static struct situation situation_of(const struct herd *herd, const struct slot *slot)
{
	return (struct situation){ .id = slot->id,
				   .worker = slot->definition == DEFINITION_REMOVED ||
							     slot->definition == DEFINITION_BROKEN
						     ? NULL
						     : slot->instance.worker,
				   .record = &slot->record,
				   .seen = &slot->seen,
				   .intent = slot->intent,
				   .intent_reason = REASON_MANUAL,
				   .may_replace = slot->may_replace,
				   .at_once = slot->at_once,
				   .is_ready = slot->is_ready,
				   .is_retried = slot->is_retried,
				   .boot_id = herd->scene.host.boot_id,
				   .now = herd->scene.now };
}

static struct intent_output intent_for(const struct herd *herd, const struct slot *slot)
{
	bool is_alive = slot->seen.liveness == LIVENESS_ALIVE;
	struct intent_input input = { .definition = slot->definition,
				      .is_held = slot->is_held || (slot->is_put_down && !is_alive),
				      .is_enabled = slot->is_retried ||
						    (slot->instance.worker &&
						     slot->instance.worker->options.enabled),
				      .is_renewed = slot->is_renewed && !slot_is_replaced(slot),
				      .record = &slot->record,
				      .now = herd->scene.now };

	return intent_of(&input);
}

/* Another herder's word counts: nothing is decided here. */
static void decide_slot(struct herd *herd, struct slot *slot, struct decision *decision)
{
	struct intent_output intent = intent_for(herd, slot);
	struct situation situation;

	slot->intent = intent.intent;
	if (herd->scene.claim == LEASE_FOREIGN)
		slot->seen.liveness = LIVENESS_UNKNOWN;
	situation = situation_of(herd, slot);
	situation.intent_reason = intent.reason;
	decide(&situation, decision);
	if (slot->seen.liveness != LIVENESS_UNKNOWN) {
		decision->record.missing_since_boot_ms = intent.missing_since_boot_ms;
		/* By hand, though not enabled: to be kept from now on, until it is enabled. */
		if (slot->instance.worker && slot->instance.worker->options.enabled)
			decision->record.wanted = 0;
		else if (slot->instance.worker && slot->is_retried)
			decision->record.wanted = 1;
	}
	slot->state = decision->state;
	slot->again_boot_ms = decision->again_boot_ms;
}

static bool is_wanted(const struct slot *slot)
{
	return slot->intent == INTENT_KEEP || slot->intent == INTENT_RENEW;
}

/* What is defined no more need not run. */
static bool counts(const struct slot *slot)
{
	return slot->definition == DEFINITION_CURRENT || slot->definition == DEFINITION_BROKEN;
}

/* Whether all instances of the workers that SLOT comes after run. *IS_SOON: those that do not are starting. */
static bool is_ready(const struct herd *herd, const struct slot *slot, bool *is_soon)
{
	const struct strlist *after;
	bool is_ready = true;

	*is_soon = true;
	if (!slot->instance.worker)
		return true;
	after = &slot->instance.worker->options.after;
	for (size_t i = 0; i < herd->count && after->count; i++) {
		const struct slot *other = &herd->slots[i];

		if (!counts(other) || slot_is_up(other) ||
		    !strlist_has(after, other->instance.name))
			continue;
		is_ready = false;
		*is_soon = *is_soon && other->definition == DEFINITION_CURRENT &&
			   other->state == STATE_STARTING;
	}
	for (size_t i = 0; i < after->count && is_ready; i++)
		is_ready = *is_soon = !herd_lacks(herd, after->items[i]);
	return is_ready;
}

static enum reason pressure_on(const struct herd *herd, const struct slot *slot)
{
	struct situation situation = situation_of(herd, slot);
	enum reason reason;

	if (!is_wanted(slot))
		return REASON_NONE;
	if (slot->intent == INTENT_RENEW && slot->seen.liveness == LIVENESS_ALIVE &&
	    slot->record.state != STATE_STOPPING)
		return REASON_MANUAL;
	reason = pressure_of(&situation);
	/* Another round may have given it the definition that we have not read. */
	return reason == REASON_CONFIG_CHANGED && herd->is_outdated ? REASON_NONE : reason;
}

/* The slots of one worker stand side by side: [first, last). */
static size_t end_of_worker(const struct herd *herd, size_t first)
{
	size_t last = first + 1;

	while (last < herd->count &&
	       strcmp(herd->slots[last].instance.name, herd->slots[first].instance.name) == 0)
		last++;
	return last;
}

static struct roll_member member_of(const struct slot *slot)
{
	const struct worker *worker = slot->instance.worker;

	return (struct roll_member){ .state = slot->state,
				     .pressure = slot->pressure,
				     .is_rising = slot->is_rising,
				     .is_current = worker && slot->record.definition ==
								     worker->definition,
				     .is_bystander = !slot->is_selected,
				     .is_down_by_will = !is_wanted(slot) };
}

static bool is_moving_itself(const struct slot *slot)
{
	return slot->is_rising || slot->state == STATE_STARTING || slot->state == STATE_STOPPING;
}

/* Chooses who of [first, last) may be taken down; the others under pressure wait for their turn. */
static void roll(struct herd *herd, size_t first, size_t last)
{
	struct roll_member *members = calloc(last - first, sizeof(*members));
	bool is_moving = false;
	size_t chosen;

	if (!members)
		return; /* nobody is replaced by choice in this pass */
	for (size_t i = first; i < last; i++) {
		members[i - first] = member_of(&herd->slots[i]);
		is_moving |= is_moving_itself(&herd->slots[i]);
	}
	chosen = roll_choose(members, last - first);
	free(members);
	for (size_t i = first; i < last; i++) {
		struct slot *slot = &herd->slots[i];

		if (slot->pressure == REASON_NONE || !slot->is_selected)
			continue;
		slot->may_replace = i - first == chosen || slot->all_at_once;
		slot->is_pending |= !slot->may_replace && (is_moving || chosen != ROLL_NONE);
	}
}

static void decide_all(struct herd *herd)
{
	struct decision decision;
	bool has_pressure = false;

	for (size_t i = 0; i < herd->count; i++) {
		struct slot *slot = &herd->slots[i];

		if (!slot->is_looked_at)
			continue;
		slot->may_replace = false;
		slot->is_pending = slot->seen.is_passing;
		slot->is_busy = false;
		slot->is_ready = true;
		decide_slot(herd, slot, &decision);
		slot->is_rising = slot->is_selected && decision.action == ACTION_START;
		/* What nobody does here is not under way. */
		if (!slot->is_selected && decision.action != ACTION_NONE)
			slot->state = (enum state)slot->record.state;
		slot->pressure = pressure_on(herd, slot);
		has_pressure |= slot->pressure != REASON_NONE;
	}
	for (size_t first = 0; has_pressure && first < herd->count;) {
		size_t last = end_of_worker(herd, first);

		roll(herd, first, last);
		first = last;
	}
}

void pass_look(struct herd *herd)
{
	herd->scene.now = clock_read();
	proctable_free(&herd->scene.table);
	look_at_all(herd);
	decide_all(herd);
}

/* ---- act ---------------------------------------------------------------------------------- */

static int save(struct herd *herd, struct slot *slot, const struct record *record)
{
	int status;

	if (record_equal(record, &slot->record))
		return 0;
	status = recordfile_write(&herd->scene.dir, &slot->instance, record);
	if (status < 0) {
		complain(slot, "cannot write its record", -status);
		return -1;
	}
	slot->record = *record;
	return 0;
}

static void remove_pidfile(struct herd *herd, const struct slot *slot)
{
	char name[OBSERVE_PIDFILE_SIZE];

	if (slot->seen.process.pid)
		(void)pidfile_remove(herd->scene.dir.pidfiles_fd,
				     observe_pidfile_name(&slot->instance, name),
				     &slot->seen.process);
}

/* The pidfile was lost; the process was not. */
static void restore_pidfile(struct herd *herd, struct slot *slot)
{
	char name[OBSERVE_PIDFILE_SIZE];
	struct pidfile pidfile = { .id = slot->seen.process,
				   .definition = slot->seen.definition,
				   .started_wall_ms = slot->seen.started_wall_ms };
	int status = pidfile_publish(herd->scene.dir.pidfiles_fd,
				     observe_pidfile_name(&slot->instance, name), &pidfile);

	if (slot->has_pidfile)
		exitnote_remove(herd->scene.dir.exits_fd, slot->pidfile.id.pid,
				slot->pidfile.id.start_ticks);
	if (status == 0) /* a daemon that left its starter is announced only now */
		status = exitnote_expect(herd->scene.dir.exits_fd, pidfile.id.pid,
					 pidfile.id.start_ticks, slot->id);
	if (status < 0)
		complain(slot, "cannot write its pidfile", -status);
}

/*
 * What a main process left behind, where it was we who stopped it. Another round may have been the first to see its end: that one
 * swept the session, and what this one saw of the family is still to be ended.
 */
static void sweep(struct herd *herd, struct slot *slot)
{
	bool is_over = slot->seen.liveness == LIVENESS_DEAD ||
		       (slot->seen.liveness == LIVENESS_ALIVE &&
			slot->seen.process.start_ticks != slot->family.root.start_ticks);

	if (slot->family.root.pid && is_over && slot->record.stopping.killmode == KILLMODE_MIXED)
		slot->leftovers += ending_sweep_family(&herd->scene, &slot->family);
}

static void sweep_session(struct herd *herd, struct slot *slot)
{
	if (slot->record.state == STATE_STOPPING &&
	    slot->record.stopping.killmode == KILLMODE_MIXED)
		slot->leftovers += ending_sweep_session(&herd->scene, &slot->instance,
							&slot->record.process);
}

/* An end has been found. Its note may go once the record has it. */
static int settle_end(struct herd *herd, struct slot *slot, const struct decision *decision)
{
	const struct procid process = slot->seen.process;

	sweep_session(herd, slot);
	if (save(herd, slot, &decision->record))
		return -1;
	out_info(herd->scene.out, "%s: has ended (%s)", slot->id,
		 reason_name((enum reason)decision->record.last_exit_reason));
	if (process.pid) {
		exitnote_remove(herd->scene.dir.exits_fd, process.pid, process.start_ticks);
		(void)waitpid(process.pid, NULL, WNOHANG); /* where it was our own child */
	}
	return 0;
}

/* Others of this pass may wait for it, and need not wait for the next look. */
static void note_start(struct slot *slot, const struct procid *process)
{
	if (!process->pid)
		return; /* it has ended already */
	slot->seen = (struct observation)OBSERVATION_INIT;
	slot->seen.liveness = LIVENESS_ALIVE;
	slot->seen.process = *process;
}

static void start(struct herd *herd, struct slot *slot, struct record *record)
{
	struct scene *scene = &herd->scene;
	const struct worker *worker = slot->instance.worker;
	struct launch_result result;

	launch(scene, &slot->instance, &result);
	switch (result.outcome) {
	case LAUNCH_DONE:
		out_info(scene->out, "%s: started (pid %d)", slot->id, (int)result.process.pid);
		settle_started(record, worker, &result.process, clock_read(), scene->host.boot_id);
		note_start(slot, &result.process);
		slot->was_told = false;
		slot->is_renewed = false;
		slot->is_retried = false;
		break;
	case LAUNCH_FAILED:
		out_info(scene->out, "%s: does not start: %s", slot->id, result.why);
		settle_start_failed(record, worker, result.why, clock_read(), scene->host.boot_id);
		slot->has_failed = true;
		slot->is_retried = false;
		break;
	case LAUNCH_UNABLE:
		(void)snprintf(slot->problem, sizeof(slot->problem), "%s", result.why);
		slot->has_failed = true;
		slot->is_retried = false;
		return;
	}
	slot->state = (enum state)record->state;
	if (slot->state == STATE_STARTING)
		slot->again_boot_ms = record->started_boot_ms + worker->options.startsecs_ms;
	else if (slot->state != STATE_RUNNING)
		slot->again_boot_ms = record->next_start_boot_ms;
	(void)save(herd, slot, record);
}

/* Recorded first: a signal that was sent is never sent again, whoever is killed now. */
static void signal_stop(struct herd *herd, struct slot *slot, const struct decision *decision)
{
	int status;

	if (slot->record.state != STATE_STOPPING || !slot->family.root.pid)
		(void)family_take(&slot->family, &herd->scene, &slot->seen.process);
	if (save(herd, slot, &decision->record))
		return;
	if (decision->action == ACTION_KILL)
		status = ending_kill(&herd->scene, &slot->seen.process,
				     decision->record.stopping.killmode, &slot->family);
	else
		status = ending_signal(&herd->scene, &slot->seen.process, decision->signal,
				       decision->record.stopping.killmode);
	slot->was_told = true;
	if (status < 0 && status != -ESRCH)
		complain(slot, "cannot signal it", -status);
	else
		out_info(herd->scene.out, "%s: sent %s to %d (%s)", slot->id,
			 decision->action == ACTION_KILL ? "KILL" : signame_text(decision->signal),
			 (int)slot->seen.process.pid,
			 reason_name((enum reason)decision->record.stop_reason));
}

static void forget(struct herd *herd, struct slot *slot)
{
	remove_pidfile(herd, slot);
	(void)recordfile_remove(&herd->scene.dir, &slot->instance);
	slot->record = (struct record)RECORD_INIT;
	slot->is_forgotten = true;
}

static void carry_out(struct herd *herd, struct slot *slot, struct decision *decision)
{
	if (decision->has_ended && settle_end(herd, slot, decision))
		return;
	if (slot->seen.liveness == LIVENESS_ALIVE && slot->seen.recovered)
		restore_pidfile(herd, slot);
	switch (decision->action) {
	case ACTION_NONE:
		if (slot->seen.liveness == LIVENESS_DEAD && slot->intent != INTENT_FREEZE)
			remove_pidfile(herd, slot);
		(void)save(herd, slot, &decision->record);
		break;
	case ACTION_START:
		start(herd, slot, &decision->record);
		break;
	case ACTION_SIGNAL:
	case ACTION_KILL:
		signal_stop(herd, slot, decision);
		break;
	case ACTION_FORGET:
		forget(herd, slot);
		break;
	}
}

static bool is_to_do(const struct slot *slot, const struct decision *decision)
{
	if (slot->seen.liveness == LIVENESS_UNKNOWN)
		return false;
	return decision->action != ACTION_NONE || !record_equal(&decision->record, &slot->record) ||
	       (slot->seen.liveness == LIVENESS_ALIVE && slot->seen.recovered) ||
	       (slot->seen.liveness == LIVENESS_DEAD && slot->has_pidfile &&
		slot->intent != INTENT_FREEZE);
}

/*
 * A zombie whose exit nobody has told yet: its minder is just about to. Whoever looks in between waits for the note for a
 * moment rather than call the exit unknown.
 */
static bool awaits_note(struct herd *herd, struct slot *slot)
{
	if (slot->seen.liveness != LIVENESS_DEAD || slot->seen.exit.known || !slot->seen.is_unburied) {
		slot->dead_boot_ms = 0;
		return false;
	}
	if (!slot->dead_boot_ms)
		slot->dead_boot_ms = herd->scene.now.boot_ms;
	if (herd->scene.now.boot_ms - slot->dead_boot_ms >= NOTE_PATIENCE_MS)
		return false;
	slot->is_pending = true;
	slot->again_boot_ms = herd->scene.now.boot_ms + NOTE_PATIENCE_MS / 10;
	return true;
}

/* Under the lock: the world may have changed since we looked, and a person may have spoken. */
static void act_locked(struct herd *herd, struct slot *slot, bool is_start)
{
	struct decision decision;
	int is_held = holds_ask(&herd->scene.dir, &slot->instance, herd->scene.now.wall_ms);

	if (is_held < 0) {
		complain(slot, "cannot read whether it is held", -is_held);
		return;
	}
	slot->is_held = is_held;
	look(herd, slot, is_start ? OBSERVE_SEARCH : OBSERVE_VERIFY);
	if (awaits_note(herd, slot))
		return;
	decide_slot(herd, slot, &decision);
	if (!is_to_do(slot, &decision))
		return;
	/* What looked like a stop has become a start: that needs the search. */
	if (decision.action == ACTION_START && !is_start) {
		act_locked(herd, slot, true);
		return;
	}
	carry_out(herd, slot, &decision);
}

static int open_lock(struct herd *herd, struct slot *slot)
{
	int status;

	if (herd->scene.lock.fd >= 0)
		return 0;
	status = slotlock_open(&herd->scene.lock, herd->scene.dir.fd, "locks");
	if (status < 0)
		complain(slot, "cannot open the lock file", -status);
	return status;
}

static void act_on(struct herd *herd, struct slot *slot, bool is_start)
{
	int status;

	if (open_lock(herd, slot))
		return;
	status = slotlock_try(&herd->scene.lock, slot->id);
	slot->is_busy = status == -EAGAIN;
	if (slot->is_busy)
		return;
	if (status < 0) {
		complain(slot, "cannot lock it", -status);
		return;
	}
	slot->problem[0] = '\0';
	act_locked(herd, slot, is_start);
	slotlock_release(&herd->scene.lock, slot->id);
}

/* What must be there before the first start: a place for logs, and the parent of what we start. */
static void prepare_starts(struct herd *herd)
{
	struct err err = ERR_INIT;

	if (herd->is_prepared)
		return;
	herd->is_prepared = true;
	/* A log that cannot be opened for want of it is told with its worker. */
	(void)statedir_make(herd->config.log_dir, 0755, NULL);
	if (herd->config.minder && !herd->is_minded &&
	    minder_stand_between(herd->scene.dir.path, herd->config.main_file, &err))
		strlist_add(&herd->problems, err.text);
}

/* Stops go in reverse order of starting, and before any start. */
static void act_on_stops(struct herd *herd)
{
	for (size_t i = herd->count; i-- > 0;) {
		struct slot *slot = &herd->slots[i];
		struct decision decision;

		if (!slot->is_selected || slot->is_forgotten)
			continue;
		sweep(herd, slot);
		if (awaits_note(herd, slot))
			continue;
		decide_slot(herd, slot, &decision);
		if (is_to_do(slot, &decision) && decision.action != ACTION_START)
			act_on(herd, slot, false);
	}
}

/* Somebody who knows newer definitions than we is at work on it. */
static bool is_left_to_others(const struct herd *herd, const struct slot *slot)
{
	const struct worker *worker = slot->instance.worker;

	if (!herd->is_outdated || !worker)
		return false;
	return (slot->record.state == STATE_STOPPING && !slot->was_told) ||
	       (slot->record.definition && slot->record.definition != worker->definition);
}

static void act_on_starts(struct herd *herd)
{
	for (size_t i = 0; i < herd->count; i++) {
		struct slot *slot = &herd->slots[i];
		struct decision decision;
		bool is_soon;

		if (!slot->is_selected || slot->is_forgotten || is_left_to_others(herd, slot) ||
		    slot->seen.liveness != LIVENESS_DEAD || awaits_note(herd, slot))
			continue;
		slot->is_ready = is_ready(herd, slot, &is_soon);
		decide_slot(herd, slot, &decision);
		if (!is_to_do(slot, &decision))
			continue;
		if (decision.action == ACTION_START)
			prepare_starts(herd);
		act_on(herd, slot, decision.action == ACTION_START);
	}
}

/* Whom we have just started may be what another one waits for. */
static void note_waiting(struct herd *herd)
{
	for (size_t i = 0; i < herd->count; i++) {
		struct slot *slot = &herd->slots[i];
		bool is_soon;

		if (slot->is_selected && !slot->is_ready && is_wanted(slot) &&
		    (is_ready(herd, slot, &is_soon) || is_soon))
			slot->is_pending = true;
	}
}

/* What crashed writers left, and notes that nobody asked for. Left lying they harm nobody. */
static void tidy(const struct statedir *dir)
{
	exitnote_sweep(dir->exits_fd, NOTE_MAX_AGE_S);
	(void)atomfile_sweep(dir->exits_fd, LITTER_MIN_AGE_S);
	(void)atomfile_sweep(dir->records_fd, LITTER_MIN_AGE_S);
	(void)atomfile_sweep(dir->holds_fd, LITTER_MIN_AGE_S);
	(void)atomfile_sweep(dir->pidfiles_fd, LITTER_MIN_AGE_S);
	(void)atomfile_sweep(dir->fd, LITTER_MIN_AGE_S);
}

void pass_act(struct herd *herd)
{
	pass_look(herd);
	if (herd->scene.claim == LEASE_FOREIGN)
		return;
	act_on_stops(herd);
	act_on_starts(herd);
	note_waiting(herd);
	/* Only where something was done: the healthy round leaves litter to the next one. */
	if (herd->scene.lock.fd >= 0)
		tidy(&herd->scene.dir);
}
