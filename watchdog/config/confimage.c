/* SPDX-License-Identifier: ISC */
#include "watchdog/config/confimage.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "watchdog/base/hash.h"
#include "watchdog/base/mem.h"
#include "watchdog/config/confimageform.h"
#include "watchdog/model/option.h"

static const struct confimage_header *header_of(const struct confimage *image)
{
	return (const struct confimage_header *)(const void *)image->data;
}

static uint64_t hash_table(uint64_t hash, const struct option_spec *table)
{
	for (const struct option_spec *option = table; option->name; option++) {
		uint64_t facts[] = { option->kind, option->effect, option->offset };

		hash = hash_text(hash, option->name);
		hash = hash_text(hash, option->fallback);
		hash = hash_words(hash, facts, 3);
		for (int i = 0; option->kind == OPTION_ENUM && option->names[i]; i++)
			hash = hash_text(hash, option->names[i]);
	}
	return hash;
}

uint64_t confimage_shape(void)
{
	uint64_t hash = hash_text(HASH_INIT, CONFIMAGE_MAGIC);
	uint64_t sizes[] = { sizeof(struct confimage_header),  sizeof(struct worker),
			     sizeof(struct webhook), sizeof(struct ping),
			     sizeof(struct config_group), sizeof(struct config_file), CONFIMAGE_ADDRESS };

	hash = hash_words(hash, sizes, sizeof(sizes) / sizeof(sizes[0]));
	hash = hash_table(hash, option_table);
	hash = hash_table(hash, webhook_option_table);
	return hash_table(hash, ping_option_table);
}

uint64_t confimage_checksum(const struct confimage_header *header)
{
	size_t skip = offsetof(struct confimage_header, size);

	return hash_block(HASH_INIT, (const uint64_t *)(const void *)((const char *)header + skip),
			  (header->size - skip) / 8);
}

void confimage_free(struct confimage *image)
{
	if (image->data)
		(void)munmap(image->data, image->size);
	image->data = NULL;
}

static bool is_text(const struct option_spec *option)
{
	return option->kind == OPTION_STRING;
}

/* ---- reading ------------------------------------------------------------------------------ */

/* What a pointer to the start of the image would be in it. */
static uint64_t offset_of(const void *pointer)
{
	return pointer ? (uint64_t)(uintptr_t)pointer - CONFIMAGE_ADDRESS : 0;
}

static bool is_moved(const struct confimage *image)
{
	return (uintptr_t)image->data != CONFIMAGE_ADDRESS;
}

/* *AT becomes a pointer into the image as it stands. False where it leads outside. Written only if it has to be: pages are shared as long as
 * they are not. */
static bool point(const struct confimage *image, char **at)
{
	uint64_t offset = offset_of(*at);

	if (offset >= image->size)
		return false;
	if (*at && is_moved(image))
		*at = image->data + offset;
	return true;
}

static bool point_list(const struct confimage *image, struct strlist *list)
{
	uint64_t offset = offset_of(list->items);

	if (!list->items && !list->count)
		return true;
	if (!list->items || offset % sizeof(char *) || offset >= image->size ||
	    list->count >= (image->size - offset) / sizeof(char *))
		return false;
	if (is_moved(image))
		list->items = (char **)(void *)(image->data + offset);
	for (size_t i = 0; i < list->count; i++)
		if (!list->items[i] || !point(image, &list->items[i]))
			return false;
	return list->items[list->count] == NULL;
}

/* The options that have pointers, and those that are numbers, found once instead of for each
 * section. */
#define OPTIONS_MAX 64

struct number {
	size_t offset;
	struct option_bounds bounds;
};

struct kinds {
	const struct option_spec *pointing[OPTIONS_MAX]; /* NULL behind the last */
	struct number numbers[OPTIONS_MAX];
	size_t number_count;
};

static struct kinds find_kinds(const struct option_spec *table)
{
	struct kinds kinds = { .pointing = { NULL } };
	size_t pointing = 0;

	for (const struct option_spec *option = table; option->name; option++) {
		if ((is_text(option) || option->kind == OPTION_LIST) && pointing + 1 < OPTIONS_MAX)
			kinds.pointing[pointing++] = option;
		if (option_is_number(option) && kinds.number_count < OPTIONS_MAX)
			kinds.numbers[kinds.number_count++] =
				(struct number){ .offset = option->offset, .bounds = option_bounds(option) };
	}
	return kinds;
}

/* A text that has a default is always there: whoever uses it relies on that. */
static bool point_text(const struct confimage *image, const struct option_spec *option,
		       void *options)
{
	char **text = option_string(option, options);

	return point(image, text) && (*text || !option->fallback);
}

/* A section's own members and its OPTIONS, by the table that KINDS is of. */
static bool point_section(const struct confimage *image, char **name, char **file, void *options,
			  const struct kinds *kinds)
{
	if (!point(image, name) || !point(image, file) || !*name || !*file)
		return false;
	for (const struct option_spec *const *option = kinds->pointing; *option; option++) {
		bool is_good = is_text(*option) ? point_text(image, *option, options)
						: point_list(image, option_list(*option, options));

		if (!is_good)
			return false;
	}
	return true;
}

/* COUNT things of EACH bytes at OFFSET; NULL where they are not within the image. */
static void *find_array(const struct confimage *image, uint64_t offset, uint64_t count, size_t each)
{
	if (offset % 8 != 0 || offset > image->size || count > (image->size - offset) / each)
		return NULL;
	return image->data + offset;
}

static bool point_workers(const struct confimage *image, struct config *config)
{
	struct kinds kinds = find_kinds(option_table);
	bool is_good = config->workers != NULL;

	for (size_t i = 0; is_good && i < config->worker_count; i++) {
		struct worker *worker = &config->workers[i];

		is_good = point_section(image, &worker->name, &worker->file, &worker->options,
					&kinds) &&
			  worker->options.command;
	}
	return is_good;
}

static bool point_webhooks(const struct confimage *image, struct config *config)
{
	struct kinds kinds = find_kinds(webhook_option_table);
	bool is_good = config->webhooks != NULL;

	for (size_t i = 0; is_good && i < config->webhook_count; i++) {
		struct webhook *webhook = &config->webhooks[i];

		is_good = point_section(image, &webhook->name, &webhook->file, &webhook->options,
					&kinds) &&
			  webhook->options.url;
	}
	return is_good;
}

static bool point_pings(const struct confimage *image, struct config *config)
{
	struct kinds kinds = find_kinds(ping_option_table);
	bool is_good = config->pings != NULL;

	for (size_t i = 0; is_good && i < config->ping_count; i++) {
		struct ping *ping = &config->pings[i];

		is_good = point_section(image, &ping->name, &ping->file, &ping->options, &kinds) &&
			  ping->options.url;
	}
	return is_good;
}

static bool point_groups(const struct confimage *image, struct config *config)
{
	bool is_good = config->groups != NULL;

	for (size_t i = 0; is_good && i < config->group_count; i++) {
		struct config_group *group = &config->groups[i];

		is_good = point(image, &group->name) && point(image, &group->file) && group->name &&
			  group->file && point_list(image, &group->workers);
	}
	return is_good;
}

static bool point_all(const struct confimage *image, struct config *config)
{
	const struct confimage_header *header = header_of(image);

	config->worker_count = header->workers.count;
	config->workers = find_array(image, header->workers.at, header->workers.count,
				     sizeof(*config->workers));
	config->webhook_count = header->webhooks.count;
	config->webhooks = find_array(image, header->webhooks.at, header->webhooks.count,
				      sizeof(*config->webhooks));
	config->ping_count = header->pings.count;
	config->pings =
		find_array(image, header->pings.at, header->pings.count, sizeof(*config->pings));
	config->group_count = header->groups.count;
	config->groups =
		find_array(image, header->groups.at, header->groups.count, sizeof(*config->groups));
	return point_workers(image, config) && point_webhooks(image, config) &&
	       point_pings(image, config) && point_groups(image, config);
}

/* Numbers are indexes of names, lengths, signals. */
static bool is_possible(const char *name, const void *options, const struct kinds *kinds)
{
	const char *why;

	for (size_t i = 0; i < kinds->number_count; i++) {
		const struct option_bounds *bounds = &kinds->numbers[i].bounds;
		int64_t number;

		memcpy(&number, (const char *)options + kinds->numbers[i].offset, sizeof(number));
		if ((number < bounds->min || number > bounds->max) && !(number == OPTION_NONE && bounds->may_be_unset))
			return false;
	}
	return worker_name_is_valid(name, &why);
}

/* Once no pointer is set any more: in an altered image one may lie where a number is, or a name. */
static bool are_possible(const struct config *config)
{
	struct kinds workers = find_kinds(option_table);
	struct kinds webhooks = find_kinds(webhook_option_table);
	struct kinds pings = find_kinds(ping_option_table);
	bool is_good = true;

	for (size_t i = 0; is_good && i < config->worker_count; i++)
		is_good =
			is_possible(config->workers[i].name, &config->workers[i].options, &workers);
	for (size_t i = 0; is_good && i < config->webhook_count; i++)
		is_good = is_possible(config->webhooks[i].name, &config->webhooks[i].options,
				      &webhooks);
	for (size_t i = 0; is_good && i < config->ping_count; i++)
		is_good = is_possible(config->pings[i].name, &config->pings[i].options, &pings);
	return is_good;
}

static bool take_path(const struct confimage *image, uint64_t pointer, char **path)
{
	char *at = (char *)(uintptr_t)pointer;

	if (!at || !point(image, &at))
		return false;
	*path = mem_dup(at);
	return true;
}

/* Cheap things first: who made it; then whether it is whole. */
bool confimage_is_ours(const struct confimage *image)
{
	const struct confimage_header *header = header_of(image);

	return image->size >= sizeof(*header) && image->size % 8 == 0 &&
	       header->size == image->size &&
	       memcmp(header->magic, CONFIMAGE_MAGIC, sizeof(header->magic)) == 0 &&
	       header->shape == confimage_shape();
}

bool confimage_is_whole(const struct confimage *image)
{
	const struct confimage_header *header = header_of(image);

	return image->data[image->size - 1] == '\0' && header->checksum == confimage_checksum(header);
}

const struct confimage_facts *confimage_facts(const struct confimage *image)
{
	return &header_of(image)->facts;
}

const char *confimage_conf_dir(const struct confimage *image)
{
	char *path = (char *)(uintptr_t)header_of(image)->conf_dir;

	return path && point(image, &path) ? path : NULL;
}

static bool take_paths(const struct confimage *image, struct config *taken)
{
	const struct confimage_header *header = header_of(image);

	return (!header->metrics_file ||
		take_path(image, header->metrics_file, &taken->metrics_file)) &&
	       (!header->status_page ||
		take_path(image, header->status_page, &taken->status_page)) &&
	       take_path(image, header->conf_dir, &taken->conf_dir) &&
	       take_path(image, header->state_dir, &taken->state_dir) &&
	       take_path(image, header->pidfile_dir, &taken->pidfile_dir) &&
	       take_path(image, header->log_dir, &taken->log_dir);
}

bool confimage_open(struct confimage *image, struct config *config)
{
	const struct confimage_header *header = header_of(image);

	*config = (struct config){ .image = image->data,
				   .image_size = image->size,
				   .minder = header->has_minder != 0,
				   .history_ms = header->history_ms };
	if (point_all(image, config) && are_possible(config) && take_paths(image, config))
		return true;
	free(config->conf_dir);
	free(config->state_dir);
	free(config->pidfile_dir);
	free(config->log_dir);
	free(config->metrics_file);
	free(config->status_page);
	return false;
}

static bool point_file(const struct confimage *image, struct config_file *file, const struct config *config)
{
	return file->path && point(image, &file->path) && file->first_worker <= config->worker_count &&
	       file->worker_count <= config->worker_count - file->first_worker;
}

bool confimage_open_files(struct config *config)
{
	const struct confimage image = { .data = config->image, .size = config->image_size };
	const struct confimage_header *header = header_of(&image);
	struct config_file *files = find_array(&image, header->files.at, header->files.count, sizeof(*files));
	bool is_good = files != NULL;

	for (size_t i = 0; is_good && i < header->files.count; i++)
		is_good = point_file(&image, &files[i], config);
	if (!is_good)
		return false;
	config->defaults = header->defaults;
	config->files = files;
	config->file_count = header->files.count;
	return true;
}
