/* SPDX-License-Identifier: ISC */
#include "watchdog/courier/filter.h"

#include <fnmatch.h>
#include <stddef.h>
#include <string.h>

#include "watchdog/model/instance.h"

bool filter_is_about_worker(const char *type, const char *subject)
{
	static const char prefix[] = "worker.";
	char name[WORKER_NAME_MAX + 1];
	int number;

	return strncmp(type, prefix, sizeof(prefix) - 1) == 0 &&
	       instance_from_id(subject, name, &number);
}

static bool is_in_group(const struct config *config, const char *group, const char *name)
{
	const struct config_group *found = config_group(config, group);

	return found && strlist_has(&found->workers, name);
}

bool filter_is_target(const struct config *config, const char *target, const char *subject)
{
	char name[WORKER_NAME_MAX + 1];
	int number;

	if (!instance_from_id(subject, name, &number))
		return false;
	if (*target == '@')
		return is_in_group(config, target + 1, name);
	if (strpbrk(target, "*?["))
		return fnmatch(target, subject, 0) == 0;
	return strcmp(target, name) == 0 || strcmp(target, subject) == 0;
}

bool filter_matches(const struct webhook_options *options, const struct config *config,
		    const char *type, const char *subject)
{
	if (!webhook_takes_type(options, type))
		return false;
	if (options->workers.count == 0)
		return true;
	if (!filter_is_about_worker(type, subject))
		return false;
	for (size_t i = 0; i < options->workers.count; i++)
		if (filter_is_target(config, options->workers.items[i], subject))
			return true;
	return false;
}
