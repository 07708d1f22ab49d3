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
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "watchdog/base/hash.h"
#include "watchdog/base/mem.h"
#include "watchdog/config/confimage.h"
#include "watchdog/config/confprint.h"
#include "watchdog/config/expand.h"
#include "watchdog/model/option.h"

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

static void make_conf_dir(void)
{
	static const char workers[] = "worker first { command = 'true' }\nworker second { command = 'true' }\n";
	char *path = fuzz_path("conf.d");

	FUZZ_CHECK(mkdir(path, 0700) == 0);
	fuzz_write("conf.d/a.conf", workers, strlen(workers));
	fuzz_write("conf.d/b.conf", "", 0);
	free(path);
}

static void build(void)
{
	struct confimage_facts facts = { .surroundings = 1, .stamp = 2, .told_stamp = 3 };
	struct config config;
	struct err err = ERR_INIT;
	char *path = fuzz_path("main.conf");

	if (!good.data) {
		make_conf_dir();
		fuzz_write("main.conf", sample, strlen(sample));
		FUZZ_CHECK(config_load(&config, path, &err) == 0 && config.error_count == 0);
		confimage_build(&config, &facts, &good);
		config_free(&config);
	}
	free(path);
}

/* A copy that ends where a page does that nobody may read; it is let go of by the next one (confimage_free leaves alone what begins within a page). */
static struct confimage fenced(const void *data, size_t size)
{
	static char *fence;
	static size_t fence_size;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (fence)
		FUZZ_CHECK(munmap(fence, fence_size) == 0);
	fence_size = (size / page + 2) * page;
	fence = mmap(NULL, fence_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	FUZZ_CHECK(fence != MAP_FAILED);
	FUZZ_CHECK(mprotect(fence + fence_size - page, page, PROT_NONE) == 0);
	return (struct confimage){ .data = memcpy(fence + fence_size - page - size, data, size),
				   .size = size };
}

static struct confimage altered(struct fuzz_input *input)
{
	struct confimage image = fenced(good.data, good.len);
	uint64_t sum;

	while (input->at < input->end) {
		size_t at = (size_t)fuzz_byte(input) << 8;

		at |= fuzz_byte(input);
		if (at >= SUMMED_AT && at < good.len)
			image.data[at] = (char)fuzz_byte(input);
	}
	sum = hash_block(HASH_INIT, (const uint64_t *)(const void *)(image.data + SUMMED_AT),
			 (good.len - SUMMED_AT) / 8);
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

/* Whoever takes a file over copies its workers. */
static void walk_files(const struct config *config)
{
	for (size_t i = 0; i < config->file_count; i++) {
		const struct config_file *file = &config->files[i];
		struct worker_options copy;

		free(mem_dup(file->path));
		for (size_t w = 0; w < file->worker_count && w < 4; w++) {
			options_copy(&copy, &config->workers[file->first_worker + w].options);
			options_free(&copy);
		}
	}
}

static void open_and_walk(struct confimage *image)
{
	struct config config;

	if (!confimage_is_ours(image) || !confimage_is_whole(image))
		return;
	(void)confimage_conf_dir(image);
	if (confimage_open(image, &config)) {
		config.main_file = mem_dup("/etc/cronherd.conf"); /* the caller's, as ever */
		walk(&config);
		if (confimage_open_files(&config))
			walk_files(&config);
		config_free(&config);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { .at = data, .end = data + size };
	struct confimage image;

	build();
	image = altered(&input);
	open_and_walk(&image);
	/* And what is no image at all: whole words, as pages are. */
	if (size < 8)
		return 0;
	image = fenced(data, size - size % 8);
	open_and_walk(&image);
	return 0;
}
