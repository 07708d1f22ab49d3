/* SPDX-License-Identifier: ISC */
/*
 * A main file as config_load takes it. What is right in it is printed, and printed again when that
 * was read; it is expanded; and is the same as a compiled configuration.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/fuzz/fuzz.h"
#include "watchdog/base/mem.h"
#include "watchdog/config/confimage.h"
#include "watchdog/config/confprint.h"
#include "watchdog/config/config.h"
#include "watchdog/config/expand.h"

static void load(struct config *config, const char *name)
{
	char *path = fuzz_path(name);
	struct err err = ERR_INIT;

	if (config_load(config, path, &err))
		FUZZ_CHECK(err.text[0] && fuzz_is_plain(err.text));
	free(path);
}

static void check_errors(const struct config *config)
{
	for (size_t i = 0; i < config->error_count; i++) {
		const struct config_error *error = &config->errors[i];

		FUZZ_CHECK(error->message[0] && fuzz_is_line(error->message));
	}
}

/* Webhooks and pings are left out: they are printed without their secrets. */
static char *print(const struct config *config)
{
	struct config workers = *config;
	struct str text = STR_INIT;

	workers.webhook_count = 0;
	workers.ping_count = 0;
	confprint(&workers, false, &text);
	return str_take(&text);
}

/* TEXT without its comments, which say where things stand, and what only the main file says. */
static void drop_comments(char *text)
{
	char *to = text;

	while (*text) {
		size_t len = strcspn(text, "\n");

		len += text[len] == '\n';
		if (*text != '#') {
			memmove(to, text, len);
			to += len;
		}
		text += len;
	}
	*to = '\0';
}

static void check_print(const struct config *config)
{
	struct config again;
	char *text = print(config);
	char *text_again;

	fuzz_write("printed.conf", text, strlen(text));
	load(&again, "printed.conf");
	FUZZ_CHECK(again.error_count == 0);
	FUZZ_CHECK(again.worker_count == config->worker_count);
	text_again = print(&again);
	drop_comments(text);
	drop_comments(text_again);
	FUZZ_CHECK(strcmp(text, text_again) == 0);
	for (size_t i = 0; i < again.worker_count; i++)
		FUZZ_CHECK(again.workers[i].definition == config->workers[i].definition);
	free(text_again);
	free(text);
	config_free(&again);
}

static void check_image(const struct config *config)
{
	struct confimage_facts facts = { .surroundings = 1 };
	struct str blob;
	struct confimage image;
	struct config opened;
	char *text = print(config);
	char *text_again;

	confimage_build(config, &facts, &blob);
	/* As a file is mapped: config_free takes it back. */
	image = (struct confimage){ .data = mmap(NULL, blob.len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), .size = blob.len };
	FUZZ_CHECK(image.data != MAP_FAILED);
	memcpy(image.data, blob.data, blob.len);
	FUZZ_CHECK(confimage_is_ours(&image) && confimage_is_whole(&image));
	FUZZ_CHECK(confimage_open(&image, &opened));
	opened.main_file = mem_dup(config->main_file);
	text_again = print(&opened);
	FUZZ_CHECK(strcmp(text, text_again) == 0);
	FUZZ_CHECK(opened.webhook_count == config->webhook_count);
	FUZZ_CHECK(opened.ping_count == config->ping_count);
	free(text_again);
	free(text);
	config_free(&opened);
	str_free(&blob);
}

static void check_expanded(const struct config *config, const struct worker *worker)
{
	struct instance instance = { .name = worker->name, .number = 1, .worker = worker };
	struct expanded expanded;
	struct err err = ERR_INIT;

	if (expand_instance(config, &instance, &expanded, &err)) {
		FUZZ_CHECK(err.text[0] && fuzz_is_plain(err.text));
	} else {
		FUZZ_CHECK(expanded.argv.count > 0);
		FUZZ_CHECK(!expanded.stdout_logfile || expanded.stdout_logfile[0] == '/');
	}
	expanded_free(&expanded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config config;

	(void)setenv("HOME", fuzz_dir(), 1);
	(void)setenv("XDG_CONFIG_HOME", fuzz_dir(), 1);
	(void)setenv("XDG_STATE_HOME", fuzz_dir(), 1);
	fuzz_write("main.conf", data, size);
	load(&config, "main.conf");
	check_errors(&config);
	if (!config.main_broken) {
		check_print(&config);
		if (config.error_count == 0)
			check_image(&config);
		for (size_t i = 0; i < config.worker_count; i++)
			check_expanded(&config, &config.workers[i]);
	}
	config_free(&config);
	return 0;
}
