/* SPDX-License-Identifier: ISC */
/*
 * A compiled configuration that was altered by somebody who knows its checksum: refused, or one
 * that can be walked, printed and expanded.
 *
 * The input alters a good one, which depends on the program: three bytes of place and value at a
 * time.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "watchdog/base/hash.h"
#include "watchdog/base/mem.h"
#include "watchdog/config/confimage.h"
#include "watchdog/config/confprint.h"
#include "watchdog/config/expand.h"

static const char sample[] =
	"metrics_file = '/x.prom'\nhistory = 14d\n"
	"worker mail { command = 'true' environment = {'A=1', 'B=2'} log_tail = 3 }\n"
	"worker other { command = 'false' after = mail type = forking pidfile = '/p' }\n"
	"group site { workers = {mail, other} }\n"
	"webhook chat { url = 'https://h/path' format = slack headers = {'X-A: b'} }\n"
	"ping alive { url = 'https://j/path' when = worker \"mail\" timeout = 3s }\n";

/* Where confimage.c has it; the checksum is of all behind it. */
#define CHECKSUM_AT 8
#define SUMMED_AT   16

static struct str good;

static void build(void)
{
	struct confimage_facts facts = { .surroundings = 1, .stamp = 2, .told_stamp = 3 };
	struct config config;
	struct err err = ERR_INIT;
	char *path = fuzz_path("main.conf");

	if (!good.data) {
		fuzz_write("main.conf", sample, strlen(sample));
		FUZZ_CHECK(config_load(&config, path, &err) == 0 && config.error_count == 0);
		confimage_build(&config, &facts, &good);
		config_free(&config);
	}
	free(path);
}

static struct confimage altered(struct fuzz_input *input)
{
	struct confimage image = { .data = mem_alloc(good.len + 8), .size = good.len };
	uint64_t sum;

	memcpy(image.data, good.data, good.len);
	while (input->at < input->end) {
		size_t at = (size_t)fuzz_byte(input) << 8;

		at |= fuzz_byte(input);
		if (at >= SUMMED_AT && at < good.len)
			image.data[at] = (char)fuzz_byte(input);
	}
	sum = hash_words(HASH_INIT, (const uint64_t *)(const void *)(image.data + SUMMED_AT),
			 (good.len - SUMMED_AT + 7) / 8);
	memcpy(image.data + CHECKSUM_AT, &sum, sizeof(sum));
	return image;
}

static void walk(const struct config *config)
{
	struct str text = STR_INIT;

	confprint(config, true, &text);
	for (size_t i = 0; i < config->worker_count; i++) {
		struct worker *worker = &config->workers[i];
		struct instance instance = { .name = worker->name, .number = 1, .worker = worker };
		struct expanded expanded;

		(void)options_definition(&worker->options);
		(void)expand_instance(config, &instance, &expanded, NULL);
		expanded_free(&expanded);
	}
	str_free(&text);
}

static void open_and_walk(struct confimage *image)
{
	struct config config;

	if (!confimage_is_ours(image) || !confimage_is_whole(image)) {
		free(image->data);
		return;
	}
	(void)confimage_conf_dir(image);
	if (confimage_open(image, &config)) {
		config.main_file = mem_dup("/etc/cronherd.conf"); /* the caller's, as ever */
		walk(&config);
		config_free(&config);
	} else {
		free(image->data);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { .at = data, .end = data + size };
	struct confimage raw = { .data = mem_alloc(size + 8), .size = size ? size : 1 };
	struct confimage image;

	build();
	image = altered(&input);
	open_and_walk(&image);
	/* And what is no image at all. */
	if (size)
		memcpy(raw.data, data, size);
	open_and_walk(&raw);
	return 0;
}
