/* SPDX-License-Identifier: ISC */
#include "watchdog/round/rotate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "watchdog/act/logfile.h"
#include "watchdog/base/mem.h"
#include "watchdog/config/expand.h"
#include "watchdog/config/nameindex.h"

struct rotation {
	struct strlist *problems;
	struct herd *herd;
	struct strlist paths;  /* those that were looked at */
	struct nameindex seen; /* of paths */
};

/* The log WHICH as written; NULL where it is none of its own. */
static const char *text_of(const struct worker_options *options, int which)
{
	const char *text = which == 1 ? options->stdout_logfile : options->stderr_logfile;

	return text && which == 2 && strcmp(text, "same") == 0 ? NULL : text;
}

/* Whether the instances of a worker have a log each. */
static bool is_numbered(const char *text)
{
	return strstr(text, "%i") || strstr(text, "%0");
}

static bool is_new(struct rotation *rotation, const char *path)
{
	size_t len = strlen(path);

	if (nameindex_find(&rotation->seen, path, len, NULL))
		return false;
	strlist_add(&rotation->paths, path);
	nameindex_put(&rotation->seen, rotation->paths.items[rotation->paths.count - 1], len, 0);
	return true;
}

static bool has_outgrown(const char *path, int64_t maxbytes)
{
	struct stat st;

	/* What cannot be looked at goes on to who can say why. */
	if (fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW))
		return errno != ENOENT;
	return st.st_size > maxbytes;
}

static void rotate_path(struct rotation *rotation, const struct instance *instance,
			const char *path)
{
	const struct worker_options *options = &instance->worker->options;
	const struct out *out = rotation->herd->scene.out;
	struct err err = ERR_INIT;
	bool has_rotated = false;
	uid_t owner;

	if (!has_outgrown(path, options->log_maxbytes))
		return;
	/* Looking a user up is dear: only now that it is to be rotated. */
	if (expand_owner(&rotation->herd->config, instance, &owner, &err)) {
		strlist_take(rotation->problems, mem_format("cannot rotate %s: %s", path, err.text));
		return;
	}
	if (logfile_rotate_if_needed(path, owner, options->log_maxbytes, (int)options->log_backups,
				     &has_rotated, &err))
		strlist_add(rotation->problems, err.text);
	else if (has_rotated)
		out_info(out, "%s: rotated", path);
}

static void rotate_log(struct rotation *rotation, const struct slot *slot, int which)
{
	struct err err = ERR_INIT;
	char *path = expand_logfile(&rotation->herd->config, &slot->instance, which, &err);

	if (path && is_new(rotation, path))
		rotate_path(rotation, &slot->instance, path);
	else if (!path && err.kind != ERR_NONE)
		strlist_take(rotation->problems, mem_format("%s: its log cannot be rotated: %s",
							    slot->id, err.text));
	free(path);
}

/* Whether the log WHICH of SLOT is one to look at; IS_FIRST: of the instances of its worker. */
static bool is_to_look_at(const struct slot *slot, int which, bool is_first)
{
	const struct worker_options *options = &slot->instance.worker->options;
	const char *text = text_of(options, which);

	return options->log_maxbytes > 0 && text && (is_first || is_numbered(text));
}

void rotate_logs(struct herd *herd, struct strlist *problems)
{
	struct rotation rotation = { .herd = herd, .problems = problems };
	const struct worker *previous = NULL;

	if (herd->scene.claim == LEASE_FOREIGN)
		return;
	for (size_t i = 0; i < herd->count; i++) {
		const struct slot *slot = &herd->slots[i];
		const struct worker *worker = slot->instance.worker;

		if (!slot->is_selected || slot->definition != DEFINITION_CURRENT || !worker)
			continue;
		for (int which = 1; which <= 2; which++)
			if (is_to_look_at(slot, which, worker != previous))
				rotate_log(&rotation, slot, which);
		previous = worker;
	}
	nameindex_free(&rotation.seen);
	strlist_free(&rotation.paths);
}

bool rotate_is_due(const struct herd *herd, const struct slot *slot, bool is_first)
{
	bool is_due = false;

	for (int which = 1; which <= 2 && !is_due; which++) {
		struct err err = ERR_INIT;
		char *path;

		if (!is_to_look_at(slot, which, is_first))
			continue;
		path = expand_logfile(&herd->config, &slot->instance, which, &err);
		is_due = path ? has_outgrown(path, slot->instance.worker->options.log_maxbytes)
			      : err.kind != ERR_NONE;
		free(path);
	}
	return is_due;
}
