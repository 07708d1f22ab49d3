/* SPDX-License-Identifier: ISC */
#include <fnmatch.h>
#include <string.h>

#include "watchdog/base/nearest.h"
#include "watchdog/courier/filter.h"
#include "watchdog/model/instance.h"
#include "watchdog/verbs/events.h"

bool events_target_wants(const struct events *events, const char *type, const char *subject)
{
	if (events->target_count == 0)
		return true;
	if (type && !filter_is_about_worker(type, subject))
		return false;
	for (int i = 0; i < events->target_count; i++)
		if (filter_is_target(&events->config, events->targets[i], subject))
			return true;
	return false;
}

/* ---- known ones --------------------------------------------------------------------------- */

static bool means_one_of(const struct worker *worker, const char *target)
{
	for (int64_t n = 0; n < worker->options.numprocs; n++) {
		struct instance instance = { .name = worker->name,
					     .number = (int)(worker->options.numprocs_start + n) };
		char id[INSTANCE_ID_SIZE];

		if (fnmatch(target, instance_id(&instance, id), 0) == 0)
			return true;
	}
	return false;
}

/* Names have no character that a pattern has. */
static bool is_configured(const struct config *config, const char *target)
{
	if (*target == '@')
		return config_group(config, target + 1) != NULL;
	if (config_worker(config, target) || strlist_has(&config->broken_workers, target))
		return true;
	for (size_t i = 0; i < config->worker_count; i++)
		if (means_one_of(&config->workers[i], target))
			return true;
	return false;
}

static bool has_happened(const struct config *config, const struct strlist *subjects,
			 const char *target)
{
	for (size_t i = 0; i < subjects->count; i++)
		if (filter_is_target(config, target, subjects->items[i]))
			return true;
	return false;
}

static int refuse(const struct events *events, const char *target)
{
	struct nearest nearest = nearest_begin(target);
	const struct out *out = &events->call->out;

	for (size_t i = 0; i < events->config.worker_count; i++)
		nearest_consider(&nearest, events->config.workers[i].name);
	if (events->config.broken_files.count)
		out_error(out,
			  "no such target: %s (some configuration files are broken, see `cronherd "
			  "config`)",
			  target);
	else if (nearest.word)
		out_error(out, "no such target: %s (did you mean %s?)", target, nearest.word);
	else
		out_error(out, "no such target: %s (see `cronherd status`)", target);
	return VERB_USAGE;
}

int events_target_check(const struct events *events, struct journal *journal)
{
	struct strlist subjects = STRLIST_INIT;
	struct err err = ERR_INIT;
	bool is_read = false;
	int status = VERB_DONE;

	for (int i = 0; i < events->target_count && status == VERB_DONE; i++) {
		const char *target = events->targets[i];

		if (is_configured(&events->config, target))
			continue;
		/* Of what is configured no more the journal may still know. */
		if (journal && !is_read && journal_subjects(journal, &subjects, &err))
			status = verb_fail(events->call, &err);
		else if (!has_happened(&events->config, &subjects, target))
			status = refuse(events, target);
		is_read = true;
	}
	strlist_free(&subjects);
	return status;
}
