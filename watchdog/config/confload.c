/* SPDX-License-Identifier: ISC */
#include "watchdog/config/confload.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "watchdog/base/mem.h"
#include "watchdog/config/conferrors.h"
#include "watchdog/model/option.h"

static size_t room(size_t count)
{
	size_t room = 1;

	while (room < count)
		room *= 2;
	return room;
}

/* Makes room for MORE behind COUNT, in powers of two so that many files cost no more than one. */
static void *grow(void *items, size_t count, size_t more, size_t each)
{
	if (more == 0 || (count > 0 && room(count + more) == room(count)))
		return items;
	return mem_resize(items, room(count + more), each);
}

void confload_errors(struct confload *load, struct conferrors *errors)
{
	struct config *config = load->config;

	config->errors =
		grow(config->errors, config->error_count, errors->count, sizeof(*errors->items));
	for (size_t i = 0; i < errors->count; i++)
		config->errors[config->error_count++] = errors->items[i];
	errors->count = 0;
}

static void take_workers(struct config *config, struct confparse *parse)
{
	config->workers = grow(config->workers, config->worker_count, parse->worker_count,
			       sizeof(*parse->workers));
	for (size_t i = 0; i < parse->worker_count; i++)
		config->workers[config->worker_count++] = parse->workers[i];
	parse->worker_count = 0;
}

static void take_groups(struct config *config, struct confparse *parse)
{
	config->groups = grow(config->groups, config->group_count, parse->group_count,
			      sizeof(*parse->groups));
	for (size_t i = 0; i < parse->group_count; i++)
		config->groups[config->group_count++] = parse->groups[i];
	parse->group_count = 0;
}

static void take_sections(struct confload *load, struct confparse *parse, mode_t mode)
{
	load->sections = grow(load->sections, load->section_count, parse->section_count,
			      sizeof(*parse->sections));
	for (size_t i = 0; i < parse->section_count; i++) {
		parse->sections[i].is_exposed = (mode & (S_IRGRP | S_IROTH)) != 0;
		load->sections[load->section_count++] = parse->sections[i];
	}
	parse->section_count = 0;
}

static struct conffile *add_file(struct confload *load, const char *path)
{
	const struct config *config = load->config;

	load->files = grow(load->files, load->file_count, 1, sizeof(*load->files));
	struct conffile *file = &load->files[load->file_count++];
	*file = (struct conffile){ .path = mem_dup(path),
				   .complete = true,
				   .first_worker = config->worker_count,
				   .first_group = config->group_count };
	return file;
}

void confload_take(struct confload *load, const char *path, struct confparse *parse, mode_t mode, uint64_t stamp)
{
	struct conffile *file = add_file(load, path);

	file->stamp = parse->section_count == 0 && parse->group_count == 0 ? stamp : 0;
	file->worker_count = parse->worker_count;
	file->group_count = parse->group_count;
	file->complete = parse->complete;
	file->broken = confparse_is_broken(parse);
	take_workers(load->config, parse);
	take_groups(load->config, parse);
	take_sections(load, parse, mode);
	confload_errors(load, &parse->errors);
}

static void copy_worker(struct worker *to, const struct worker *from)
{
	*to = *from;
	to->name = mem_dup(from->name);
	to->file = mem_dup(from->file);
	options_copy(&to->options, &from->options);
}

void confload_copy(struct confload *load, const struct config *before, const struct config_file *from)
{
	struct conffile *file = add_file(load, from->path);
	struct config *config = load->config;

	file->stamp = from->stamp;
	file->worker_count = from->worker_count;
	config->workers = grow(config->workers, config->worker_count, from->worker_count, sizeof(*config->workers));
	for (size_t i = 0; i < from->worker_count; i++)
		copy_worker(&config->workers[config->worker_count++], &before->workers[from->first_worker + i]);
}

void confload_error(struct confload *load, const char *path, int line, const char *message)
{
	struct conferrors errors = CONFERRORS_INIT;

	conferrors_add(&errors, path, line, "%s", message);
	confload_errors(load, &errors);
	conferrors_free(&errors);
}

void confload_unread(struct confload *load, const char *path, const char *message)
{
	struct conffile *file = add_file(load, path);

	file->broken = true;
	file->complete = false;
	confload_error(load, path, 0, message);
}

void confload_keep_files(struct confload *load)
{
	struct config *config = load->config;

	config->defaults = options_hash(&load->defaults);
	config->files = mem_resize(NULL, load->file_count, sizeof(*config->files));
	for (size_t i = 0; i < load->file_count; i++) {
		const struct conffile *file = &load->files[i];

		if (file->stamp)
			config->files[config->file_count++] = (struct config_file){ .path = mem_dup(file->path),
										    .stamp = file->stamp,
										    .first_worker = file->first_worker,
										    .worker_count = file->worker_count };
	}
}

void confload_free(struct confload *load)
{
	options_free(&load->defaults);
	for (size_t i = 0; i < CONFPARSE_TOP_COUNT; i++)
		free(load->top[i].text);
	for (size_t i = 0; i < load->file_count; i++)
		free(load->files[i].path);
	free(load->files);
	free(load->sections); /* their content is in CONFIG, or gone */
}
