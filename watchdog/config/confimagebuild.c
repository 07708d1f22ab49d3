/* SPDX-License-Identifier: ISC */
/* confimagebuild: the writing half of confimage. */
#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/config/confimage.h"
#include "watchdog/config/confimageform.h"
#include "watchdog/config/nameindex.h"
#include "watchdog/model/option.h"

struct builder {
	struct str blob;
	struct nameindex texts; /* text → offset: most workers share most of theirs */
};

static uint64_t reserve(struct builder *b, size_t size)
{
	static const char zeros[64];
	uint64_t at;

	while (b->blob.len % 8)
		str_add_n(&b->blob, "", 1);
	at = b->blob.len;
	for (size_t left = size; left > 0;) {
		size_t n = left < sizeof(zeros) ? left : sizeof(zeros);

		str_add_n(&b->blob, zeros, n);
		left -= n;
	}
	return at;
}

/* The pointer to it, as a number; 0 for none. */
static uint64_t put_text(struct builder *b, const char *text)
{
	size_t offset;
	size_t len;

	if (!text)
		return 0;
	len = strlen(text);
	if (!nameindex_find(&b->texts, text, len, &offset)) {
		offset = b->blob.len;
		str_add_n(&b->blob, text, len + 1);
		nameindex_put(&b->texts, text, len, offset);
	}
	return CONFIMAGE_ADDRESS + offset;
}

static uint64_t put_list(struct builder *b, const struct strlist *list)
{
	uint64_t at = reserve(b, (list->count + 1) * sizeof(char *));

	for (size_t i = 0; i < list->count; i++) {
		char *text = (char *)(uintptr_t)put_text(b, list->items[i]);

		memcpy(b->blob.data + at + i * sizeof(char *), &text, sizeof(text));
	}
	return CONFIMAGE_ADDRESS + at;
}

/* OPTIONS is a copy, whose pointers become offsets. */
static void flatten(struct builder *b, void *options, const struct option_spec *table)
{
	for (const struct option_spec *option = table; option->name; option++) {
		if (option->kind == OPTION_STRING) {
			char **text = option_string(option, options);

			*text = (char *)(uintptr_t)put_text(b, *text);
		} else if (option->kind == OPTION_LIST) {
			struct strlist *list = option_list(option, options);

			list->items = (char **)(uintptr_t)(list->count ? put_list(b, list) : 0);
		}
	}
}

/* Member by member into zeroes: the bytes between members are written, too. */

static void put_workers(struct builder *b, const struct config *config, uint64_t at)
{
	struct worker flat;

	memset(&flat, 0, sizeof(flat));
	for (size_t i = 0; i < config->worker_count; i++) {
		const struct worker *worker = &config->workers[i];

		flat.name = (char *)(uintptr_t)put_text(b, worker->name);
		flat.file = (char *)(uintptr_t)put_text(b, worker->file);
		flat.line = worker->line;
		flat.definition = worker->definition;
		flat.options = worker->options;
		flatten(b, &flat.options, option_table);
		memcpy(b->blob.data + at + i * sizeof(flat), &flat, sizeof(flat));
	}
}

static void put_webhooks(struct builder *b, const struct config *config, uint64_t at)
{
	struct webhook flat;

	memset(&flat, 0, sizeof(flat));
	for (size_t i = 0; i < config->webhook_count; i++) {
		const struct webhook *webhook = &config->webhooks[i];

		flat.name = (char *)(uintptr_t)put_text(b, webhook->name);
		flat.file = (char *)(uintptr_t)put_text(b, webhook->file);
		flat.line = webhook->line;
		flat.options = webhook->options;
		flatten(b, &flat.options, webhook_option_table);
		memcpy(b->blob.data + at + i * sizeof(flat), &flat, sizeof(flat));
	}
}

static void put_pings(struct builder *b, const struct config *config, uint64_t at)
{
	struct ping flat;

	memset(&flat, 0, sizeof(flat));
	for (size_t i = 0; i < config->ping_count; i++) {
		const struct ping *ping = &config->pings[i];

		flat.name = (char *)(uintptr_t)put_text(b, ping->name);
		flat.file = (char *)(uintptr_t)put_text(b, ping->file);
		flat.line = ping->line;
		flat.options = ping->options;
		flatten(b, &flat.options, ping_option_table);
		memcpy(b->blob.data + at + i * sizeof(flat), &flat, sizeof(flat));
	}
}

static void put_groups(struct builder *b, const struct config *config, uint64_t at)
{
	struct config_group flat;

	memset(&flat, 0, sizeof(flat));
	for (size_t i = 0; i < config->group_count; i++) {
		const struct config_group *group = &config->groups[i];

		flat.name = (char *)(uintptr_t)put_text(b, group->name);
		flat.file = (char *)(uintptr_t)put_text(b, group->file);
		flat.line = group->line;
		flat.workers.count = group->workers.count;
		flat.workers.items = (char **)(uintptr_t)put_list(b, &group->workers);
		memcpy(b->blob.data + at + i * sizeof(flat), &flat, sizeof(flat));
	}
}

static void put_files(struct builder *b, const struct config *config, uint64_t at)
{
	for (size_t i = 0; i < config->file_count; i++) {
		struct config_file flat = config->files[i];

		flat.path = (char *)(uintptr_t)put_text(b, flat.path);
		memcpy(b->blob.data + at + i * sizeof(flat), &flat, sizeof(flat));
	}
}

static void put_sections(struct builder *b, const struct config *config, struct confimage_header *header)
{
	header->workers.count = config->worker_count;
	header->workers.at = reserve(b, config->worker_count * sizeof(struct worker));
	header->webhooks.count = config->webhook_count;
	header->webhooks.at = reserve(b, config->webhook_count * sizeof(struct webhook));
	header->pings.count = config->ping_count;
	header->pings.at = reserve(b, config->ping_count * sizeof(struct ping));
	header->groups.count = config->group_count;
	header->groups.at = reserve(b, config->group_count * sizeof(struct config_group));
	header->files.count = config->file_count;
	header->files.at = reserve(b, config->file_count * sizeof(struct config_file));
	put_workers(b, config, header->workers.at);
	put_webhooks(b, config, header->webhooks.at);
	put_pings(b, config, header->pings.at);
	put_groups(b, config, header->groups.at);
	put_files(b, config, header->files.at);
}

void confimage_build(const struct config *config, const struct confimage_facts *facts,
		     struct str *blob)
{
	struct builder b = { .blob = STR_INIT };
	struct confimage_header header = { .shape = confimage_shape(),
				 .facts = *facts,
				 .defaults = config->defaults,
				 .history_ms = config->history_ms,
				 .has_minder = config->minder };

	memcpy(header.magic, CONFIMAGE_MAGIC, sizeof(header.magic));
	(void)reserve(&b, sizeof(header));
	put_sections(&b, config, &header);
	header.conf_dir = put_text(&b, config->conf_dir);
	header.state_dir = put_text(&b, config->state_dir);
	header.pidfile_dir = put_text(&b, config->pidfile_dir);
	header.log_dir = put_text(&b, config->log_dir);
	header.metrics_file = put_text(&b, config->metrics_file);
	header.status_page = put_text(&b, config->status_page);
	(void)reserve(&b, 8); /* ends in a NUL, on a whole word */
	header.size = b.blob.len;
	memcpy(b.blob.data, &header, sizeof(header));
	header.checksum = confimage_checksum((const struct confimage_header *)(const void *)b.blob.data);
	memcpy(b.blob.data, &header, sizeof(header));
	nameindex_free(&b.texts);
	*blob = b.blob;
}
