/* SPDX-License-Identifier: ISC */
/* config: is the configuration right, and what does it amount to? Touches no process and no state.
 */
#include <fnmatch.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/config/confprint.h"
#include "watchdog/config/expand.h"
#include "watchdog/config/groupname.h"
#include "watchdog/report/confjson.h"
#include "watchdog/verbs/verb.h"

struct inquiry {
	const struct verb_call *call;
	struct config config;
	struct config_error *errors; /* the configuration's and those of expanding */
	size_t error_count;
	struct confjson_instance *instances; /* that could be expanded */
	size_t count;
	bool is_json;
	bool is_all;
	const char *env_target;
};

/* ---- errors ------------------------------------------------------------------------------- */

static void *room_for_one(void *items, size_t count, size_t each)
{
	if ((count & (count - 1)) != 0)
		return items;
	return mem_resize(items, count ? count * 2 : 1, each);
}

static void add_error(struct inquiry *inquiry, const char *file, int line, const char *message)
{
	inquiry->errors =
		room_for_one(inquiry->errors, inquiry->error_count, sizeof(*inquiry->errors));
	inquiry->errors[inquiry->error_count++] = (struct config_error){
		.file = mem_dup(file), .line = line, .message = mem_dup(message)
	};
}

/* The text has the worker's place in front; errors have it apart. */
static void add_expand_error(struct inquiry *inquiry, const struct worker *worker,
			     const struct err *err)
{
	char *place = mem_format("%s:%d: ", worker->file, worker->line);
	size_t len = strlen(place);

	add_error(inquiry, worker->file, worker->line,
		  strncmp(err->text, place, len) == 0 ? err->text + len : err->text);
	free(place);
}

static void print_errors(const struct inquiry *inquiry)
{
	for (size_t i = 0; i < inquiry->error_count; i++) {
		const struct config_error *error = &inquiry->errors[i];

		if (error->line)
			fprintf(stderr, "%s:%d: %s\n", error->file, error->line, error->message);
		else
			fprintf(stderr, "%s: %s\n", error->file, error->message);
	}
}

/* ---- instances ---------------------------------------------------------------------------- */

static struct instance instance_of(const struct worker *worker, int64_t offset)
{
	return (struct instance){ .name = worker->name,
				  .number = (int)(worker->options.numprocs_start + offset),
				  .worker = worker };
}

/* Whether it could be started as far as the files go: env_file is read too. */
static int expand(const struct config *config, const struct instance *instance,
		  struct expanded *expanded, struct err *err)
{
	struct strlist environment = STRLIST_INIT;
	int status = expand_instance(config, instance, expanded, err);

	if (status == 0 && expanded->env_file)
		status = expand_environment(config, instance, expanded, &environment, err);
	strlist_free(&environment);
	return status;
}

/* -1 where INSTANCE cannot be: its fellows will fail alike. */
static int add_instance(struct inquiry *inquiry, const struct instance *instance)
{
	struct confjson_instance view = { .instance = *instance };
	struct err err = ERR_INIT;

	if (expand(&inquiry->config, instance, &view.expanded, &err)) {
		add_expand_error(inquiry, instance->worker, &err);
		expanded_free(&view.expanded);
		return -1;
	}
	view.group = groupname_of(view.expanded.gid);
	inquiry->instances =
		room_for_one(inquiry->instances, inquiry->count, sizeof(*inquiry->instances));
	inquiry->instances[inquiry->count++] = view;
	return 0;
}

static void add_instances(struct inquiry *inquiry)
{
	for (size_t i = 0; i < inquiry->config.worker_count; i++) {
		const struct worker *worker = &inquiry->config.workers[i];
		int status = 0;

		for (int64_t n = 0; status == 0 && n < worker->options.numprocs; n++) {
			struct instance instance = instance_of(worker, n);

			status = add_instance(inquiry, &instance);
		}
	}
}

/* ---- --env -------------------------------------------------------------------------------- */

static bool is_target(const struct config *config, const char *target,
		      const struct instance *instance)
{
	char id[INSTANCE_ID_SIZE];

	if (*target == '@') {
		const struct config_group *group = config_group(config, target + 1);

		return group && strlist_has(&group->workers, instance->name);
	}
	instance_id(instance, id);
	if (strpbrk(target, "*?["))
		return fnmatch(target, id, 0) == 0;
	return strcmp(target, instance->name) == 0 || strcmp(target, id) == 0;
}

/* The instances that --env names, to FOUND (NULL: only counted); how many. */
static size_t find(const struct inquiry *inquiry, struct instance *found)
{
	size_t count = 0;

	for (size_t i = 0; i < inquiry->config.worker_count; i++) {
		const struct worker *worker = &inquiry->config.workers[i];

		for (int64_t n = 0; n < worker->options.numprocs; n++) {
			struct instance instance = instance_of(worker, n);

			if (!is_target(&inquiry->config, inquiry->env_target, &instance))
				continue;
			if (found)
				found[count] = instance;
			count++;
		}
	}
	return count;
}

static void print_environment(struct inquiry *inquiry, const struct instance *instance,
			      bool has_header)
{
	struct expanded expanded = { .argv = STRLIST_INIT };
	struct strlist environment = STRLIST_INIT;
	struct err err = ERR_INIT;
	char id[INSTANCE_ID_SIZE];

	if (expand_instance(&inquiry->config, instance, &expanded, &err) ||
	    expand_environment(&inquiry->config, instance, &expanded, &environment, &err)) {
		add_expand_error(inquiry, instance->worker, &err);
	} else {
		if (has_header)
			printf("# %s\n", instance_id(instance, id));
		for (size_t i = 0; i < environment.count; i++)
			printf("%s\n", environment.items[i]);
	}
	strlist_free(&environment);
	expanded_free(&expanded);
}

static int show_environment(struct inquiry *inquiry)
{
	size_t count = find(inquiry, NULL);
	struct instance *found;

	if (count == 0) {
		print_errors(inquiry);
		out_error(&inquiry->call->out, "no such target: %s", inquiry->env_target);
		return VERB_USAGE;
	}
	found = mem_alloc(count * sizeof(*found));
	(void)find(inquiry, found);
	for (size_t i = 0; i < count; i++)
		print_environment(inquiry, &found[i], count > 1);
	free(found);
	print_errors(inquiry);
	return inquiry->error_count ? VERB_USAGE : VERB_DONE;
}

/* ---- all of it ---------------------------------------------------------------------------- */

static void show(const struct inquiry *inquiry)
{
	struct confjson_input input = { .config = &inquiry->config,
					.errors = inquiry->errors,
					.error_count = inquiry->error_count,
					.instances = inquiry->instances,
					.count = inquiry->count };
	struct str text = STR_INIT;

	if (inquiry->is_json) {
		confjson(&input, &text);
	} else {
		confprint(&inquiry->config, inquiry->is_all, &text);
		print_errors(inquiry);
	}
	fputs(str_text(&text), stdout);
	str_free(&text);
}

/* Nothing could be read, or not the main file. */
static int show_failure(struct inquiry *inquiry, const struct err *err)
{
	if (inquiry->error_count == 0 && !inquiry->is_json)
		return verb_fail(inquiry->call, err);
	if (inquiry->error_count == 0)
		add_error(inquiry, inquiry->config.main_file ? inquiry->config.main_file : "", 0,
			  err->text);
	if (inquiry->is_json)
		show(inquiry);
	else
		print_errors(inquiry);
	return err_exit_status(err);
}

static int inquire(struct inquiry *inquiry)
{
	struct err err = ERR_INIT;
	int status = config_load(&inquiry->config, inquiry->call->config_file, &err);

	for (size_t i = 0; i < inquiry->config.error_count; i++) {
		const struct config_error *error = &inquiry->config.errors[i];

		add_error(inquiry, error->file, error->line, error->message);
	}
	if (status)
		return show_failure(inquiry, &err);
	if (inquiry->env_target)
		return show_environment(inquiry);
	add_instances(inquiry);
	show(inquiry);
	return inquiry->error_count ? VERB_USAGE : VERB_DONE;
}

static void free_inquiry(struct inquiry *inquiry)
{
	for (size_t i = 0; i < inquiry->error_count; i++) {
		free(inquiry->errors[i].file);
		free(inquiry->errors[i].message);
	}
	free(inquiry->errors);
	for (size_t i = 0; i < inquiry->count; i++) {
		free(inquiry->instances[i].group);
		expanded_free(&inquiry->instances[i].expanded);
	}
	free(inquiry->instances);
	config_free(&inquiry->config);
}

static int run(const struct verb_call *call)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
						 { "all", no_argument, NULL, 'a' },
						 { "env", required_argument, NULL, 'e' },
						 { NULL, 0, NULL, 0 } };
	struct inquiry inquiry = { .call = call };
	int option, status;

	while ((option = getopt_long(call->argc, call->argv, "", options, NULL)) != -1) {
		if (option == 'j')
			inquiry.is_json = true;
		else if (option == 'a')
			inquiry.is_all = true;
		else if (option == 'e')
			inquiry.env_target = optarg;
		else
			return verb_misuse(call, "");
	}
	if (optind != call->argc)
		return verb_misuse(call, "no target is taken here: %s", call->argv[optind]);
	if (inquiry.env_target && (inquiry.is_json || inquiry.is_all))
		return verb_misuse(call, "--env goes with no other option");
	status = inquire(&inquiry);
	free_inquiry(&inquiry);
	return status;
}

const struct verb verb_config = {
	.name = "config",
	.summary = "check all configuration, and print what it amounts to",
	.synopsis = "[--all | --json | --env TARGET]",
	.help = "  --all          options at their default too\n"
		"  --json         one object for programs, see cronherd(1)\n"
		"  --env TARGET   the exact environment that an instance gets\n\n"
		"What is printed is itself configuration: what files, defaults and += came to. "
		"Errors "
		"go\n"
		"to standard error as FILE:LINE: MESSAGE (with --json into the object). Exit "
		"status 2 "
		"if\n"
		"there is one.\n\n"
		"examples:\n"
		"  cronherd config >/dev/null && echo right\n"
		"  cronherd config --env mail:1\n"
		"  cronherd config --json | jq '.instances[].argv'\n",
	.run = run,
};
