/* SPDX-License-Identifier: ISC */
#include "watchdog/round/pass.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "pidfiles/atomfile.h"
#include "pidfiles/pidfile.h"
#include "watchdog/act/launch.h"
#include "watchdog/act/minder.h"
#include "watchdog/act/observe.h"
#include "watchdog/act/vitals.h"
#include "watchdog/base/signame.h"
#include "watchdog/decide/announce.h"
#include "watchdog/decide/settle.h"
#include "watchdog/round/judge.h"
#include "watchdog/round/look.h"
#include "watchdog/round/tell.h"
#include "watchdog/store/exitnote.h"
#include "watchdog/store/recordfile.h"

/* Notes of processes that no slot asked for. */
#define NOTE_MAX_AGE_S 86400
/* Between the end of a process and its minder's note of it lie microseconds, on a loaded host more. */
#define NOTE_PATIENCE_MS 200
/* An end that cannot be told keeps the next one from being settled for that long. */
#define UNTOLD_MS 60000
/* No writer takes that long. */
#define LITTER_MIN_AGE_S 600

void pass_look(struct herd *herd)
{
	herd->scene.now = clock_read();
	proctable_free(&herd->scene.table);
	exitnotes_free(&herd->scene.announced);
	look_at_all(herd);
	judge_all(herd);
}

static int write_record(struct herd *herd, struct slot *slot, const struct record *record)
{
	int status = recordfile_write(&herd->scene.dir, &slot->instance, record);

	if (status < 0) {
		slot_complain(slot, "cannot write its record", -status);
		return -1;
	}
	slot->record = *record;
	return 0;
}

/* Told first: who is killed between the two leaves the telling to the next one, who tells the same. */
static int save(struct herd *herd, struct slot *slot, struct record *record)
{
	bool is_new = !slot->record.born_wall_ms;

	if (record_equal(record, &slot->record) && !record->untold)
		return 0;
	announce_begin(record, &slot->record, clock_read().wall_ms);
	/* Of nothing else is there only the record to make an id of. */
	if (is_new && record->fatal != record->told.fatal) {
		record->untold = 1;
		if (write_record(herd, slot, record))
			return -1;
	}
	tell_slot(herd, slot, record);
	/* Nothing could be told: that is known already. */
	return record_equal(record, &slot->record) ? 0 : write_record(herd, slot, record);
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

	/* Whose else it is, the note of his end is wanted. */
	if (slot->has_pidfile && slot->pidfile.is_starter)
		exitnote_remove(herd->scene.dir.exits_fd, slot->pidfile.id.pid,
				slot->pidfile.id.start_ticks);
	if (status == 0) /* a daemon that left its starter is announced only now */
		status = exitnote_expect(herd->scene.dir.exits_fd, pidfile.id.pid,
					 pidfile.id.start_ticks, slot->id);
	if (status < 0)
		slot_complain(slot, "cannot write its pidfile", -status);
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

static bool owes_end(const struct record *record)
{
	return record->ended && record->ended != record->told.ended;
}

/* Whether it is for so long already that somebody has to be kept all the same. A time that is still to come is of an earlier boot. */
static bool has_waited(const struct record *record)
{
	int64_t age_ms = clock_read().boot_ms - record->last_exit.boot_ms;

	return age_ms < 0 || age_ms > UNTOLD_MS;
}

/* A record has room for one end. The one before is told first; where it cannot be, this one waits a while for it. */
static int tell_earlier_end(struct herd *herd, struct slot *slot, struct record *next)
{
	struct record record = slot->record;

	if (!owes_end(&record) || next->ended == record.ended)
		return 0;
	record.untold = 1;
	if (save(herd, slot, &record))
		return -1;
	next->told = slot->record.told;
	next->alarms = slot->record.alarms;
	if (!owes_end(&slot->record) || has_waited(&slot->record))
		return 0;
	slot_complain(slot, "cannot tell how the one before ended", herd->telling.failure);
	return -1;
}

/* An end has been found. Its note may go once the record has it. */
static int settle_end(struct herd *herd, struct slot *slot, struct decision *decision)
{
	const struct procid process = slot->seen.process;

	if (tell_earlier_end(herd, slot, &decision->record))
		return -1;
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
static void note_start(struct slot *slot, const struct record *record)
{
	if (!record->process.pid)
		return; /* it has ended already */
	slot->seen = (struct observation)OBSERVATION_INIT;
	slot->seen.liveness = LIVENESS_ALIVE;
	slot->seen.process = record->process;
	slot->seen.definition = record->definition;
	slot->seen.started_boot_ms = record->started_boot_ms;
	slot->seen.started_wall_ms = record->started_wall_ms;
}

static void start(struct herd *herd, struct slot *slot, struct record *record)
{
	struct scene *scene = &herd->scene;
	const struct worker *worker = slot->instance.worker;
	uint64_t watched = vitals_watched(scene, &slot->instance);
	struct launch_result result;

	launch(scene, &slot->instance, &result);
	switch (result.outcome) {
	case LAUNCH_DONE:
		out_info(scene->out, "%s: started (pid %d)", slot->id, (int)result.process.pid);
		settle_start_reason(record, slot->is_retried || slot->is_renewed);
		settle_started(record, worker, &result.process, watched, clock_read(),
			       scene->host.boot_id);
		note_start(slot, record);
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
static void signal_stop(struct herd *herd, struct slot *slot, struct decision *decision)
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
		slot_complain(slot, "cannot signal it", -status);
	else
		out_info(herd->scene.out, "%s: sent %s to %d (%s)", slot->id,
			 decision->action == ACTION_KILL ? "KILL" : signame_text(decision->signal),
			 (int)slot->seen.process.pid,
			 reason_name((enum reason)decision->record.stop_reason));
}

/* Recorded first, too: what has changed is answered by one signal. */
static void reload(struct herd *herd, struct slot *slot, struct decision *decision)
{
	int status;

	if (save(herd, slot, &decision->record))
		return;
	status = ending_signal(&herd->scene, &slot->seen.process, decision->signal,
			       KILLMODE_PROCESS);
	if (status < 0 && status != -ESRCH)
		slot_complain(slot, "cannot signal it to reload", -status);
	else
		out_info(herd->scene.out, "%s: sent %s to %d (%s)", slot->id,
			 signame_text(decision->signal), (int)slot->seen.process.pid,
			 reason_name(REASON_DEPLOY));
}

/* What it has to tell would go with the record. */
static bool has_told_all(struct herd *herd, struct slot *slot)
{
	struct record record = slot->record;

	return !record.untold || (save(herd, slot, &record) == 0 && !slot->record.untold);
}

static void forget(struct herd *herd, struct slot *slot)
{
	remove_pidfile(herd, slot);
	if (!has_told_all(herd, slot))
		return;
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
	case ACTION_RELOAD:
		reload(herd, slot, decision);
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
	struct holds_now now = herd_holds_now(herd);
	int is_held = holds_ask(&herd->scene.dir, &slot->instance, &now);

	if (is_held < 0) {
		slot_complain(slot, "cannot read whether it is held", -is_held);
		return;
	}
	slot->is_held = is_held;
	look_at(herd, slot, is_start ? OBSERVE_SEARCH : OBSERVE_VERIFY);
	slot->was_locked = true;
	if (awaits_note(herd, slot))
		return;
	judge_slot(herd, slot, &decision);
	if (!judge_is_to_do(slot, &decision))
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
		slot_complain(slot, "cannot open the lock file", -status);
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
		slot_complain(slot, "cannot lock it", -status);
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

/*
 * Who has the lock may have asked for holds before ours was placed, and be about to start it: that nobody is there is known once we
 * have had the lock ourselves.
 */
static bool is_to_be_barred(const struct slot *slot)
{
	return slot->is_put_down && !slot->was_locked && slot->seen.liveness == LIVENESS_DEAD;
}

/* Stops go in reverse order of starting, and before any start. */
static void act_on_stops(struct herd *herd)
{
	for (size_t i = herd->count; i-- > 0;) {
		struct slot *slot = &herd->slots[i];
		struct decision decision;

		if (!slot->is_selected || !slot->is_due || slot->is_forgotten)
			continue;
		sweep(herd, slot);
		if (awaits_note(herd, slot))
			continue;
		judge_slot(herd, slot, &decision);
		if (is_to_be_barred(slot))
			/* It may live, with its pidfile and record lost. */
			act_on(herd, slot, slot->instance.worker != NULL);
		else if (judge_is_to_do(slot, &decision) && decision.action != ACTION_START)
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

		if (!slot->is_selected || !slot->is_due || slot->is_forgotten ||
		    is_left_to_others(herd, slot) ||
		    slot->seen.liveness != LIVENESS_DEAD || awaits_note(herd, slot))
			continue;
		slot->is_ready = judge_is_ready(herd, slot, &is_soon);
		judge_slot(herd, slot, &decision);
		if (!judge_is_to_do(slot, &decision))
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

		if (slot->is_selected && !slot->is_ready && judge_is_wanted(slot) &&
		    (judge_is_ready(herd, slot, &is_soon) || is_soon))
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
