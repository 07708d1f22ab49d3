/* SPDX-License-Identifier: ISC */
#include "watchdog/round/pulse.h"

#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/report/health.h"
#include "watchdog/report/render_plugin.h"
#include "watchdog/round/survey.h"
#include "watchdog/store/beatfile.h"

/* The worst of WORKER's instances; NULL: all are well. */
static const struct snapshot_instance *unwell_of(const struct snapshot *snapshot, const char *worker)
{
	const struct snapshot_instance *worst = NULL;

	for (size_t i = 0; i < snapshot->count; i++) {
		const struct snapshot_instance *instance = &snapshot->instances[i];
		enum health health = health_of(instance);

		if (strcmp(instance->worker, worker) != 0 || health == HEALTH_OK)
			continue;
		if (!worst || (health != health_of(worst) &&
			       health_worse(health, health_of(worst)) == health))
			worst = instance;
	}
	return worst;
}

static void add_worker(const struct snapshot *snapshot, const char *worker, struct beatfile *beat)
{
	const struct snapshot_instance *unwell = unwell_of(snapshot, worker);
	struct str sentence = STR_INIT;

	if (unwell)
		str_addf(&sentence, "%s %s: %s", unwell->id, state_name(unwell->state), unwell->why);
	else
		str_addf(&sentence, "%s is well", worker);
	beatfile_add(beat, worker, !unwell, str_text(&sentence));
	str_free(&sentence);
}

static void add_workers(const struct herd *herd, const struct snapshot *snapshot,
			struct beatfile *beat)
{
	for (size_t i = 0; i < herd->config.ping_count; i++) {
		const char *worker = ping_worker(&herd->config.pings[i].options);

		if (worker && !beatfile_worker(beat, worker))
			add_worker(snapshot, worker, beat);
	}
}

static void add_body(const struct snapshot *snapshot, struct beatfile *beat)
{
	struct health_verdict verdict;
	struct str text = STR_INIT;

	health_judge(snapshot, &verdict);
	render_plugin_plain(snapshot, &verdict, &text);
	beat->body = str_take(&text);
}

void pulse_write(struct herd *herd, int exit_status)
{
	struct beatfile beat = BEATFILE_INIT;
	struct snapshot snapshot;
	int status;

	survey_take(herd, &snapshot);
	/* This round is the last one, though its end is not written down yet. */
	snapshot.round_start_wall_ms = herd->started_wall_ms;
	snapshot.round_end_wall_ms = clock_read().wall_ms;
	beat.start_wall_ms = snapshot.round_start_wall_ms;
	beat.end_wall_ms = snapshot.round_end_wall_ms;
	beat.exit_status = exit_status;
	beatfile_make_rid(beat.rid);
	add_workers(herd, &snapshot, &beat);
	add_body(&snapshot, &beat);
	status = beatfile_write(herd->scene.dir.fd, &beat);
	if (status < 0)
		strlist_take(&herd->problems,
			     mem_format("nothing can be pinged: cannot write %s/" BEATFILE_NAME ": %s",
					herd->scene.dir.path, strerror(-status)));
	beatfile_free(&beat);
	snapshot_free(&snapshot);
}
