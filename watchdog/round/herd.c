/* SPDX-License-Identifier: ISC */
#include "watchdog/round/herd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watchdog/config/confcache.h"
#include "watchdog/round/layout.h"
#include "watchdog/round/tell.h"
#include "watchdog/store/exitnote.h"

void slot_complain(struct slot *slot, const char *what, int sys_errno)
{
	(void)snprintf(slot->problem, sizeof(slot->problem), "%s: %s", what, strerror(sys_errno));
}

bool slot_is_replaced(const struct slot *slot)
{
	/* What this run has started itself is in the record before it is seen. */
	const struct procid *now = slot->seen.liveness == LIVENESS_ALIVE ? &slot->seen.process
									 : &slot->record.process;
	bool is_up = slot->seen.liveness == LIVENESS_ALIVE || slot->state == STATE_STARTING ||
		     slot->state == STATE_RUNNING;

	return slot->was_looked_at && is_up && now->pid &&
	       (now->pid != slot->first.pid || now->start_ticks != slot->first.start_ticks);
}

bool slot_is_up(const struct slot *slot)
{
	if (slot->seen.liveness != LIVENESS_ALIVE)
		return false;
	return slot->definition == DEFINITION_BROKEN || slot->state == STATE_RUNNING;
}

bool herd_lacks(const struct herd *herd, const char *name)
{
	if (config_worker(&herd->config, name))
		return false;
	for (size_t i = 0; i < herd->count; i++)
		if (strcmp(herd->slots[i].instance.name, name) == 0)
			return false;
	return true;
}

/* ---- lease -------------------------------------------------------------------------------- */

/* When pid 1 of a pid namespace of our own began; 0 where that cannot be told. */
static int64_t container_start_wall_ms(const struct scene *scene)
{
	if (!scene->init_ticks)
		return 0;
	return scene->now.wall_ms - (scene->now.boot_ms - clock_from_ticks(scene->init_ticks));
}

/* The rarest that hosts call cron is hourly; a longer silence was a pause. */
#define INTERVAL_MAX_MS INT64_C(7500000)

/* The longest distance between rounds is remembered, in coarse steps so that it is rarely written. */
static bool interval_has_grown(const struct lease *lease, int64_t gap_ms)
{
	return lease->round_end_wall_ms && gap_ms > 0 && gap_ms < INTERVAL_MAX_MS &&
	       gap_ms > lease->interval_ms + lease->interval_ms / 2 && gap_ms > 30000;
}

static int claim(struct herd *herd, enum herd_access access, struct err *err)
{
	struct scene *scene = &herd->scene;
	struct lease ours = lease_of(&scene->host);
	int status = lease_read(&scene->dir, &herd->lease);
	int64_t gap_ms = scene->now.wall_ms - herd->lease.round_end_wall_ms;
	bool is_there = status == 0;

	if (status < 0 && status != -ENOENT && status != -EBADMSG)
		return err_set(err, ERR_SYSTEM, -status, "cannot read %s/lease", scene->dir.path);
	scene->claim = is_there ? lease_judge(&herd->lease, &ours, container_start_wall_ms(scene),
					      scene->now.wall_ms)
				: LEASE_OURS;
	if (access == HERD_READ || scene->claim == LEASE_FOREIGN)
		return 0;
	if (is_there && scene->claim == LEASE_OURS && !interval_has_grown(&herd->lease, gap_ms))
		return 0;
	if (is_there && scene->claim == LEASE_OURS) {
		ours.interval_ms = gap_ms;
		ours.round_start_wall_ms = herd->lease.round_start_wall_ms;
		ours.round_end_wall_ms = herd->lease.round_end_wall_ms;
	} else {
		exitnote_clear(scene->dir.exits_fd); /* another boot's, another container's */
		if (is_there)
			tell_reboot(herd, &herd->lease);
	}
	return lease_take(&scene->dir, &ours, err);
}

const char *herd_foreign_text(const struct herd *herd, char *buf, size_t size)
{
	char at[CLOCK_RFC3339_SIZE];

	(void)snprintf(buf, size,
		       "%s is herded from elsewhere: host %s, pid namespace %llu, last sign of life %s. Run "
		       "cronherd there; here it takes over after %lld min without a round",
		       herd->scene.dir.path, herd->lease.host,
		       (unsigned long long)herd->lease.place.pid_namespace,
		       clock_rfc3339(herd->lease.life_wall_ms, at),
		       (long long)(lease_lapse_ms(herd->lease.interval_ms) / 60000));
	return buf;
}

/* ---- opening ------------------------------------------------------------------------------ */

static int open_proc(struct scene *scene, struct err *err)
{
	int status = proc_open(&scene->proc, "/proc", true);
	struct procstat init;

	if (status == 0)
		status = procid_host_read(&scene->proc, &scene->host);
	if (status == 0 && proc_stat(&scene->proc, 1, &init) == 0)
		scene->init_ticks = init.start_ticks;
	if (status < 0)
		return err_set(err, ERR_SYSTEM, -status,
			       "/proc is not usable, so nothing can be told about any process: mount it");
	return 0;
}

struct holds_now herd_holds_now(const struct herd *herd)
{
	struct holds_now now = { .wall_ms = clock_read().wall_ms,
				 .boot.init_ticks = herd->scene.init_ticks };

	(void)snprintf(now.boot.id, sizeof(now.boot.id), "%s", herd->scene.host.boot_id);
	return now;
}

static void apply_holds(struct herd *herd)
{
	for (size_t i = 0; i < herd->count; i++) {
		struct slot *slot = &herd->slots[i];

		slot->hold = holds_find(&herd->holds, &slot->instance);
		slot->is_held = slot->hold != NULL;
	}
}

int herd_read_holds(struct herd *herd, struct err *err)
{
	struct holds_now now = herd_holds_now(herd);
	struct holds holds;

	if (holds_read(&holds, &herd->scene.dir, &now, err)) {
		holds_free(&holds);
		return -1;
	}
	holds_free(&herd->holds);
	herd->holds = holds;
	apply_holds(herd);
	return 0;
}

int herd_lay_out(struct herd *herd, struct err *err)
{
	if (layout_all(herd, err))
		return -1;
	apply_holds(herd);
	return 0;
}

/* Where the main file is gone, the default state directory would be another herd, with nobody in it yet. */
static int check_terms(const struct herd *herd, const struct herd_terms *terms, struct err *err)
{
	if (!terms || !terms->state_dir || strcmp(terms->state_dir, herd->config.state_dir) == 0)
		return 0;
	return err_set(err, ERR_CONFIG, 0,
		       "%s: state_dir is %s now and was %s: nothing is done until the next call of `cronherd run`",
		       herd->config.main_file, herd->config.state_dir, terms->state_dir);
}

int herd_open(struct herd *herd, const char *main_file, enum herd_access access,
	      const struct herd_terms *terms, const struct out *out, struct err *err)
{
	struct scene *scene = &herd->scene;

	*herd = (struct herd){ .telling = TELLING_INIT };
	scene->proc = (struct proc)PROC_INIT;
	scene->dir = (struct statedir)STATEDIR_INIT;
	scene->lock = (struct slotlock)SLOTLOCK_INIT;
	scene->config = &herd->config;
	scene->out = out;
	scene->now = clock_read();
	scene->is_exact = access == HERD_READ;
	herd->started_wall_ms = scene->now.wall_ms;
	if (config_load(&herd->config, main_file, err) || check_terms(herd, terms, err))
		return -1;
	if (open_proc(scene, err) ||
	    statedir_open(&scene->dir, herd->config.state_dir, herd->config.pidfile_dir,
			  access == HERD_READ, err) ||
	    claim(herd, access, err) || scales_read(&herd->scales, &scene->dir, err))
		return -1;
	if (access == HERD_HEAL)
		layout_only(herd, terms->only);
	else
		herd->stamp = slotcache_stamp_of(&scene->dir,
						 herd->config.stamp.hash ^ herd->scales.hash);
	if (herd_read_holds(herd, err) ||
	    ((access == HERD_READ || access == HERD_WRITE) && herd_lay_out(herd, err)))
		return -1;
	if ((access == HERD_WRITE || access == HERD_GLANCE) && scene->claim != LEASE_FOREIGN)
		tell_config(herd);
	return 0;
}

void herd_close(struct herd *herd)
{
	layout_free(herd);
	strlist_free(&herd->problems);
	spool_close(&herd->telling.spool);
	free(herd->telling.source);
	holds_free(&herd->holds);
	scales_free(&herd->scales);
	strlist_free(&herd->unpeopled);
	proctable_free(&herd->scene.table);
	exitnotes_free(&herd->scene.announced);
	slotlock_close(&herd->scene.lock);
	statedir_close(&herd->scene.dir);
	proc_close(&herd->scene.proc);
	config_free(&herd->config);
}

bool herd_is_stale(const struct herd *herd)
{
	struct scales scales;
	bool is_rescaled = scales_read(&scales, &herd->scene.dir, NULL) == 0 &&
			   scales.hash != herd->scales.hash;

	scales_free(&scales);
	return is_rescaled || confstamp_of(herd->config.main_file, herd->config.conf_dir).hash !=
				      herd->config.stamp.hash;
}

void herd_finish_round(struct herd *herd)
{
	struct clock now = clock_read();

	layout_save(herd);
	if (herd->config.is_cacheable)
		confcache_save(&herd->config);
	/* Only the display of the last round suffers where this fails. */
	(void)lease_touch(&herd->scene.dir, herd->started_wall_ms, now.wall_ms);
}
