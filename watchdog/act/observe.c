/* SPDX-License-Identifier: ISC */
#include "watchdog/act/observe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pidfiles/procref.h"
#include "watchdog/act/memory.h"
#include "watchdog/act/vitals.h"
#include "watchdog/config/expand.h"
#include "watchdog/decide/announce.h"
#include "watchdog/store/exitnote.h"

/* How long a forking worker may take from the end of its starter to writing its pidfile. */
#define FORKING_GRACE_MS 10000

const char *observe_pidfile_name(const struct instance *instance, char buf[OBSERVE_PIDFILE_SIZE])
{
	return instance_file(instance, ".pid", buf, OBSERVE_PIDFILE_SIZE);
}

static bool is_forking(const struct instance *instance)
{
	return instance->worker && instance->worker->options.type == WORKER_FORKING;
}

static enum procid_verdict pinned(struct scene *scene, const struct procid *id,
				  struct procstat *stat)
{
	struct procref ref = PROCREF_INIT;
	enum procid_verdict verdict = procref_open(&ref, &scene->proc, &scene->host, id);

	/* Also of one that has ended: a zombie's says so, and often how. */
	if (proc_stat(&scene->proc, id->pid, stat))
		stat->pid = 0;
	if (verdict != PROCID_SAME)
		return verdict;
	procref_close(&ref);
	return verdict;
}

/* Another time namespace shows other start times; the pidfd's inode does not change. */
static enum procid_verdict by_inode(struct scene *scene, const struct procid *id)
{
	struct procid now;
	int status = procid_of(&scene->proc, &scene->host, id->pid, &now);

	if (status == -ESRCH)
		return PROCID_GONE;
	if (status < 0 || !id->pidfd_inode || !now.pidfd_inode)
		return PROCID_UNKNOWN;
	return id->pidfd_inode == now.pidfd_inode ? PROCID_SAME : PROCID_OTHER;
}

/*
 * What is left of ID. Where the lease is ours, what another container recorded is dead (that is
 * what taking a lease over means); where it is not, nothing can be told.
 */
static enum procid_verdict ask(struct scene *scene, const struct procid *id,
			       enum observe_depth depth, struct procstat *stat)
{
	stat->pid = 0;
	if (procid_place(id, &scene->host) == PROCID_UNKNOWN) {
		if (id->pid_namespace == scene->host.pid_namespace)
			return by_inode(scene, id);
		return scene->claim == LEASE_FOREIGN ? PROCID_UNKNOWN : PROCID_GONE;
	}
	if (depth == OBSERVE_LOOK) {
		enum procid_verdict verdict = procid_look(&scene->proc, &scene->host, id, stat);

		/* Hidden by /proc (hidepid): the pidfd's inode knows it still. */
		if (verdict != PROCID_UNKNOWN)
			return verdict;
	}
	return pinned(scene, id, stat);
}

/* ---- the living --------------------------------------------------------------------------- */

static void fill_alive(struct scene *scene, const struct instance *instance,
		       const struct procstat *stat, struct observation *seen)
{
	seen->liveness = LIVENESS_ALIVE;
	seen->started_boot_ms = clock_from_ticks(seen->process.start_ticks);
	if (!seen->started_wall_ms)
		seen->started_wall_ms =
			scene->now.wall_ms - (scene->now.boot_ms - seen->started_boot_ms);
	if (!stat->pid)
		return; /* /proc hides it: it lives, and nothing more is known */
	seen->rss_bytes = (int64_t)stat->rss_pages * getpagesize();
	seen->cpu_ms = clock_from_ticks(stat->utime_ticks + stat->stime_ticks);
	if (instance->worker)
		memory_measure(scene, &instance->worker->options, seen);
	vitals_look(scene, instance, seen);
}

/* ---- the dead ----------------------------------------------------------------------------- */

/* Status of a child of our own that has ended and is not reaped yet. */
static bool ask_child(pid_t pid, int *status)
{
	siginfo_t info = { .si_pid = 0 };

	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid != pid)
		return false;
	*status = info.si_code == CLD_EXITED ? (info.si_status & 0xff) << 8 : info.si_status & 0x7f;
	return true;
}

/* A zombie shows its status where the note of it is yet to come; 0 may also mean hidden. */
static bool ask_zombie(const struct procid *id, const struct procstat *stat, int *status)
{
	*status = stat->exit_status;
	return stat->pid == id->pid && stat->start_ticks == id->start_ticks &&
	       procstat_has_ended(stat) && stat->exit_status != 0;
}

static void read_exit(struct scene *scene, const struct procstat *stat, struct observation *seen)
{
	const struct procid *id = &seen->process;
	int status;

	if (!id->pid)
		return;
	exitnote_read(scene->dir.exits_fd, id->pid, id->start_ticks, &seen->exit);
	if (seen->exit.known || !(ask_child(id->pid, &status) || ask_zombie(id, stat, &status)))
		return;
	seen->exit = exitnote_from_status(status);
	seen->exit.boot_ms = scene->now.boot_ms;
	seen->exit.wall_ms = scene->now.wall_ms;
}

static void fill_dead(struct scene *scene, const struct procid *id, const struct procstat *stat,
		      struct observation *seen)
{
	seen->liveness = LIVENESS_DEAD;
	seen->process = *id;
	seen->started_boot_ms = id->pid ? clock_from_ticks(id->start_ticks) : 0;
	if (id->pid && !seen->started_wall_ms)
		seen->started_wall_ms = scene->now.wall_ms - (scene->now.boot_ms - seen->started_boot_ms);
	seen->is_unburied = id->pid && stat->pid == id->pid && stat->start_ticks == id->start_ticks;
	read_exit(scene, stat, seen);
}

static void puzzled(struct observation *seen, const char *why)
{
	seen->liveness = LIVENESS_UNKNOWN;
	seen->why = why;
}

/*
 * Our own launches lead a session of their own for life: whoever does not is not ours. DEFINITION: what it is known to have
 * been started with; by another one it may have been a forking worker, whose process leads nothing.
 */
static bool is_like_ours(const struct instance *instance, const struct procid *id,
			 uint64_t definition, const struct procstat *stat)
{
	if (!instance->worker || is_forking(instance) ||
	    definition != instance->worker->definition)
		return true;
	return stat->pid == 0 || stat->session == id->pid;
}

/* Judges ID. Returns whether that settles it (alive, or cannot tell). */
static bool judge(struct scene *scene, const struct instance *instance, const struct procid *id,
		  enum observe_depth depth, struct observation *seen)
{
	struct procstat stat = { 0 };
	enum procid_verdict verdict = ask(scene, id, depth, &stat);

	if (verdict == PROCID_SAME && !is_like_ours(instance, id, seen->definition, &stat))
		verdict = PROCID_OTHER;
	switch (verdict) {
	case PROCID_SAME:
		seen->process = *id;
		fill_alive(scene, instance, &stat, seen);
		return true;
	case PROCID_UNKNOWN:
		puzzled(seen, "its process cannot be seen from here (another container or host, or "
			      "/proc hides it)");
		return true;
	case PROCID_GONE:
	case PROCID_OTHER:
		break;
	}
	fill_dead(scene, id, &stat, seen);
	return false;
}

/* ---- other ways to find it ---------------------------------------------------------------- */

static void take_back(struct scene *scene, const struct instance *instance, pid_t pid,
		      uint64_t definition, struct observation *seen)
{
	struct procid id;
	struct procstat stat;

	if (procid_of(&scene->proc, &scene->host, pid, &id) ||
	    proc_stat(&scene->proc, pid, &stat))
		return; /* it has just ended */
	seen->process = id;
	seen->recovered = true;
	seen->definition = definition;
	seen->exit = (struct exitinfo)EXITINFO_INIT;
	fill_alive(scene, instance, &stat, seen);
}

enum belief { BELIEF_OURS, BELIEF_DOUBT, BELIEF_FORGED };

/*
 * Anybody can put our mark into an environment. Root believes it of root's processes and of those of the worker's user. A worker that runs
 * as root may have given root up by itself; from any other user's there is no way to another user.
 */
static enum belief believe(struct scene *scene, const struct instance *instance, pid_t pid)
{
	uid_t uid, owner;

	if (geteuid() != 0 || proc_uid(&scene->proc, pid, &owner) || owner == 0)
		return BELIEF_OURS;
	if (expand_owner(scene->config, instance, &uid, NULL))
		return BELIEF_DOUBT;
	if (owner == uid)
		return BELIEF_OURS;
	return uid == 0 ? BELIEF_DOUBT : BELIEF_FORGED;
}

/* The first of the marks of ID that is believed; DOUBT: there is one of which it cannot be told. */
static const struct proctable_mark *believed(struct scene *scene, const struct instance *instance,
					     const char *id, bool *doubt)
{
	const struct proctable_mark *mark = NULL;

	*doubt = false;
	while ((mark = proctable_main(&scene->table, id, mark))) {
		switch (believe(scene, instance, mark->pid)) {
		case BELIEF_OURS:
			return mark;
		case BELIEF_DOUBT:
			*doubt = true;
			break;
		case BELIEF_FORGED:
			break;
		}
	}
	return NULL;
}

static void search(struct scene *scene, const struct instance *instance, struct observation *seen)
{
	char id[INSTANCE_ID_SIZE];
	const struct proctable_mark *mark;
	bool doubt;

	if (proctable_read_marks(&scene->table, &scene->proc, geteuid(),
				 scene->host.pid_namespace, scene->dir.path)) {
		puzzled(seen, "/proc cannot be searched for it");
		return;
	}
	mark = believed(scene, instance, instance_id(instance, id), &doubt);
	/* Nobody knows by what definition it was started: from now on it is by the present one. */
	if (mark)
		take_back(scene, instance, mark->pid, instance->worker->definition, seen);
	else if (doubt)
		puzzled(seen, "a process of another user bears its mark (CRONHERD_ID in its environment): end that one, "
			      "or wait for its end");
	else if (seen->is_starter && proctable_has(&scene->table, id))
		puzzled(seen, "it has daemonized, but its own pidfile does not name the process");
}

static bool is_same(const struct procid *a, const struct procid *b)
{
	return a->pid == b->pid && a->start_ticks == b->start_ticks &&
	       a->pid_namespace == b->pid_namespace && a->time_namespace == b->time_namespace &&
	       strcmp(a->boot_id, b->boot_id) == 0;
}

/* Whether PID may be what a forking worker became: our mark, and the worker's user. */
static bool is_credible(struct scene *scene, const struct instance *instance, uid_t uid, pid_t pid)
{
	char id[INSTANCE_ID_SIZE];
	char value[INSTANCE_ID_SIZE];
	uid_t owner;
	pid_t tgid;

	return proc_tgid(&scene->proc, pid, &tgid) == 0 && tgid == pid &&
	       proc_uid(&scene->proc, pid, &owner) == 0 && owner == uid &&
	       proc_getenv(&scene->proc, pid, "CRONHERD_ID", value, sizeof(value)) == 0 &&
	       strcmp(value, instance_id(instance, id)) == 0;
}

/* Whether the starter, which has ended, has just done so: its successor may not have written its pidfile yet. */
static bool is_handing_over(const struct scene *scene, const struct observation *seen)
{
	int64_t since_boot_ms = seen->exit.boot_ms ? seen->exit.boot_ms : seen->started_boot_ms;

	if (seen->exit.known && (seen->exit.signal || seen->exit.code != 0))
		return false;
	return scene->now.boot_ms - since_boot_ms < FORKING_GRACE_MS;
}

/* The worker has daemonized: what does its own pidfile say? */
static void follow_fork(struct scene *scene, const struct instance *instance,
			const struct pidfile *pidfile, struct observation *seen)
{
	struct expanded expanded;
	pid_t pid;

	seen->is_starter = pidfile && pidfile->is_starter && is_same(&pidfile->id, &seen->process);
	if (expand_instance(scene->config, instance, &expanded, NULL) == 0) {
		uid_t uid = expanded.account.uid;
		bool is_found = pidfile_read_foreign(expanded.pidfile, uid, &pid) == 0 &&
				is_credible(scene, instance, uid, pid);

		expanded_free(&expanded);
		if (is_found) {
			take_back(scene, instance, pid, seen->definition, seen);
			return;
		}
	}
	if (seen->is_starter && is_handing_over(scene, seen)) {
		puzzled(seen, "it has daemonized; waiting for its own pidfile");
		seen->is_passing = true;
	}
}

/* ---- the look ----------------------------------------------------------------------------- */

bool observe_pidfile(const struct scene *scene, const struct instance *instance,
		     struct pidfile *pidfile)
{
	char name[OBSERVE_PIDFILE_SIZE];

	return scene->dir.pidfiles_fd >= 0 &&
	       pidfile_read(scene->dir.pidfiles_fd, observe_pidfile_name(instance, name),
			    pidfile) == 0 &&
	       pidfile_is_proof(pidfile);
}

static bool judge_pidfile(struct scene *scene, const struct instance *instance,
			  const struct pidfile *pidfile, enum observe_depth depth,
			  struct observation *seen)
{
	if (!pidfile) {
		fill_dead(scene, &(struct procid){ 0 }, &(struct procstat){ 0 }, seen);
		return false;
	}
	seen->definition = pidfile->definition;
	seen->started_wall_ms = pidfile->started_wall_ms;
	return judge(scene, instance, &pidfile->id, depth, seen);
}

/* The record's memory of it, where the pidfile was lost, cut or altered. */
static bool judge_record(struct scene *scene, const struct instance *instance,
			 const struct record *record, enum observe_depth depth,
			 struct observation *seen)
{
	struct observation by_record = OBSERVATION_INIT;

	if (!record->process.pid || is_same(&record->process, &seen->process))
		return false;
	by_record.definition = record->definition;
	by_record.started_wall_ms = record->started_wall_ms;
	by_record.recovered = true;
	if (!judge(scene, instance, &record->process, depth, &by_record)) {
		if (!seen->process.pid)
			*seen = by_record;
		seen->recovered = false;
		return false;
	}
	*seen = by_record;
	return true;
}

/*
 * Pidfile and record agree which process it was: who else bears its mark is what it left behind. A queue worker's child may lead a
 * session too, and finish its job; it must not be taken for the worker.
 */
static bool is_witnessed(const struct pidfile *pidfile, const struct record *record)
{
	return pidfile && is_same(&pidfile->id, &record->process);
}

/*
 * What its parent said of its end is news: nobody has been started in its place yet. Once the record has that end it says nothing about
 * whoever came later.
 */
static bool is_news(const struct record *record, const struct observation *seen)
{
	return seen->exit.known && record->ended != announce_key(&seen->process);
}

/* The record has the end of the last that it knows: whoever was announced later is news. */
static bool is_settled(const struct record *record)
{
	return !record->process.pid || record->ended == announce_key(&record->process);
}

/*
 * Nothing is known of whoever was started last where the record could not be written (a full disk) and its pidfile has been removed or
 * altered since. But it was announced, and that stays until its end has been recorded.
 */
static void recall(struct scene *scene, const struct instance *instance, const struct pidfile *pidfile,
		   const struct record *record, enum observe_depth depth, struct observation *seen)
{
	struct observation by_note = OBSERVATION_INIT;
	const struct exitnotes_item *item;
	struct procid process = { .pid_namespace = scene->host.pid_namespace,
				  .time_namespace = scene->host.time_namespace };
	bool is_of_now = strcmp(record->process.boot_id, scene->host.boot_id) == 0;
	char id[INSTANCE_ID_SIZE];

	exitnotes_read(&scene->announced, scene->dir.exits_fd);
	item = exitnotes_latest(&scene->announced, instance_id(instance, id),
				is_of_now ? record->process.start_ticks : 0);
	if (!item || (pidfile && pidfile->id.pid == item->pid && pidfile->id.start_ticks == item->start_ticks))
		return;
	memcpy(process.boot_id, scene->host.boot_id, sizeof(process.boot_id));
	process.pid = item->pid;
	process.start_ticks = item->start_ticks;
	by_note.definition = record->definition;
	by_note.recovered = judge(scene, instance, &process, depth, &by_note);
	*seen = by_note;
}

static bool is_recall_due(const struct instance *instance, const struct pidfile *pidfile,
			  const struct record *record, enum observe_depth depth, const struct observation *seen)
{
	return depth != OBSERVE_LOOK && seen->liveness == LIVENESS_DEAD && !is_forking(instance) &&
	       is_settled(record) && !is_witnessed(pidfile, record);
}

/* Before a starter without successor is called dead, too: its pidfile, which says that it is one, goes then. */
static bool is_search_due(const struct pidfile *pidfile, const struct record *record,
			  enum observe_depth depth, const struct observation *seen)
{
	if (seen->liveness != LIVENESS_DEAD)
		return false;
	if (seen->is_starter)
		return depth != OBSERVE_LOOK;
	/* Its parent's word that it has ended makes the search needless; a pidfile alone may lie. */
	return depth == OBSERVE_SEARCH && !is_news(record, seen) && !is_witnessed(pidfile, record);
}

/*
 * A pidfile that names another process than the record, which lives: somebody has put it there (a copy of another instance's). Our own
 * are ahead of the record only once that one has ended.
 */
static bool is_refuted(struct scene *scene, const struct instance *instance,
		       const struct pidfile *pidfile, const struct record *record,
		       enum observe_depth depth, struct observation *seen)
{
	if (!pidfile || is_same(&pidfile->id, &record->process))
		return false;
	if (judge_record(scene, instance, record, depth, seen) && seen->liveness == LIVENESS_ALIVE)
		return true;
	*seen = (struct observation)OBSERVATION_INIT;
	return false;
}

void observe(struct scene *scene, const struct instance *instance, const struct pidfile *pidfile,
	     const struct record *record, enum observe_depth depth, struct observation *seen)
{
	*seen = (struct observation)OBSERVATION_INIT;
	if (is_refuted(scene, instance, pidfile, record, depth, seen) ||
	    judge_pidfile(scene, instance, pidfile, depth, seen) ||
	    judge_record(scene, instance, record, depth, seen))
		return;
	if (is_forking(instance))
		follow_fork(scene, instance, pidfile, seen);
	if (is_search_due(pidfile, record, depth, seen))
		search(scene, instance, seen);
	if (is_recall_due(instance, pidfile, record, depth, seen))
		recall(scene, instance, pidfile, record, depth, seen);
}
