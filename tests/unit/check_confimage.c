/* SPDX-License-Identifier: ISC */
/* confimage: what was built is there again; what is damaged is refused, and never read beyond its
 * end. */
#include "watchdog/config/confimage.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/check_main.h"
#include "tests/unit/tempdir.h"
#include "watchdog/config/confprint.h"

#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

static const char sample[] =
	"state_dir = '%d/state'\nmetrics_file = '%d/x.prom'\nstatus_page = '%d/x.html'\nhistory = 14d\n"
	"worker mail { command = 'true' environment = {'A=1', 'B=2'} log_tail = 3 }\n"
	"worker other { command = 'false' after = mail }\n"
	"group site { workers = {mail, other} }\n"
	"webhook chat {\n url = 'https://h/path' format = slack secret = '" SECRET "'\n"
	" headers = {'X-A: b'} events = {'worker.*', 'host.rebooted'} digest = 5 }\n"
	"webhook other { url = 'https://i/path' workers = {'@site', mail} }\n"
	"ping alive { url = 'https://j/path' when = worker \"mail\" timeout = 3s }\n";

static const char sample_of_workers[] = "worker first { command = 'true' }\nworker second { command = 'true' priority = 3 }\n";

static const struct confimage_facts facts = { .surroundings = 1, .stamp = 2, .told_stamp = 3 };

static char *dir;
static struct config config;
static struct str blob;

static void setup(void)
{
	struct err err = ERR_INIT;

	dir = tempdir_make();
	tempdir_file(dir, "cronherd.conf", sample);
	tempdir_folder(dir, "conf.d");
	tempdir_file(dir, "conf.d/a.conf", "# nobody\n");
	tempdir_file(dir, "conf.d/b.conf", sample_of_workers);
	tempdir_file(dir, "conf.d/c.conf", "group both { workers = { first, second } }\n");
	char *path = mem_format("%s/cronherd.conf", dir);
	ck_assert_int_eq(chmod(path, 0600), 0);
	ck_assert_msg(config_load(&config, path, &err) == 0, "%s", err.text);
	ck_assert_msg(config.error_count == 0, "%s", config.errors ? config.errors[0].message : "");
	free(path);
	confimage_build(&config, &facts, &blob);
}

static void teardown(void)
{
	str_free(&blob);
	config_free(&config);
	tempdir_remove(dir);
}

/* LEN bytes of DATA at ADDRESS, or wherever. */
static struct confimage mapped(const char *data, size_t len, uint64_t address)
{
	struct confimage image = { .size = len };

	image.data = mmap((void *)(uintptr_t)address, len, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(image.data, MAP_FAILED);
	memcpy(image.data, data, len);
	return image;
}

/* Such that whoever reads a byte behind its end dies of it. Freed by discard, not by confimage_free, which leaves alone what begins within a page. */
static char *fence;
static size_t fence_size;

static struct confimage fenced(const char *data, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = (len / page + 2) * page;

	fence_size = size;
	fence = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(fence, MAP_FAILED);
	ck_assert_int_eq(mprotect(fence + size - page, page, PROT_NONE), 0);
	return (struct confimage){ .data = memcpy(fence + size - page - len, data, len), .size = len };
}

static void discard(void)
{
	ck_assert_int_eq(munmap(fence, fence_size), 0);
}

static char *print(const struct config *of)
{
	struct str text = STR_INIT;

	confprint(of, true, &text);
	return str_take(&text);
}

START_TEST(gives_back_what_was_built)
{
	/* Where it was built for, and where not. */
	struct confimage image = mapped(blob.data, blob.len, _i ? CONFIMAGE_ADDRESS : 0);
	struct config again;

	if (!_i)
		ck_assert_uint_ne((uintptr_t)image.data, CONFIMAGE_ADDRESS);
	ck_assert(confimage_is_ours(&image));
	ck_assert(confimage_is_whole(&image));
	ck_assert_uint_eq(confimage_facts(&image)->stamp, 2);
	ck_assert_uint_eq(confimage_facts(&image)->told_stamp, 3);
	ck_assert_str_eq(confimage_conf_dir(&image), config.conf_dir);
	ck_assert(confimage_open(&image, &again));
	again.main_file = mem_dup(config.main_file);

	char *before = print(&config);
	char *after = print(&again);
	ck_assert_str_eq(after, before);
	free(before);
	free(after);

	/* What is not printed. */
	ck_assert_uint_eq(again.webhook_count, 2);
	ck_assert_str_eq(again.webhooks[0].options.url, "https://h/path");
	ck_assert_str_eq(again.webhooks[0].options.secret.items[0], SECRET);
	ck_assert_str_eq(again.webhooks[0].options.headers.items[0], "X-A: b");
	ck_assert_str_eq(again.pings[0].options.url, "https://j/path");
	ck_assert_int_eq(again.history_ms, config.history_ms);
	ck_assert_str_eq(again.metrics_file, config.metrics_file);
	ck_assert_str_eq(again.status_page, config.status_page);
	ck_assert_uint_eq(again.workers[0].definition, config.workers[0].definition);
	config_free(&again);
}
END_TEST

/* Those of conf.d that hold nothing but workers. */
START_TEST(gives_back_its_files)
{
	struct confimage image = mapped(blob.data, blob.len, _i ? CONFIMAGE_ADDRESS : 0);
	struct config again;

	ck_assert(confimage_open(&image, &again));
	ck_assert_uint_eq(again.file_count, 0);
	ck_assert(confimage_open_files(&again));
	ck_assert_uint_eq(again.defaults, config.defaults);
	ck_assert_uint_eq(again.file_count, 2);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_str_eq(again.files[i].path, config.files[i].path);
		ck_assert_uint_eq(again.files[i].stamp, config.files[i].stamp);
	}
	ck_assert_uint_eq(again.files[0].worker_count, 0);
	ck_assert_uint_eq(again.files[1].worker_count, 2);
	ck_assert_str_eq(again.workers[again.files[1].first_worker].name, "first");
	ck_assert_str_eq(again.workers[again.files[1].first_worker].file, again.files[1].path);
	config_free(&again);
}
END_TEST

START_TEST(refuses_what_is_cut)
{
	for (size_t len = 1; len < blob.len; len++) {
		/* Aligned, as pages are. */
		struct confimage image = mapped(blob.data, len, 0);

		ck_assert(!confimage_is_ours(&image));
		confimage_free(&image);
	}
}
END_TEST

START_TEST(refuses_what_has_a_bit_changed)
{
	for (size_t at = 0; at < blob.len; at++) {
		struct confimage image = fenced(blob.data, blob.len);

		image.data[at] = (char)(image.data[at] ^ (1 << at % 8));
		ck_assert_msg(!confimage_is_ours(&image) || !confimage_is_whole(&image), "byte %zu",
			      at);
		discard();
	}
}
END_TEST

/* As a later reading would. */
static void walk_files(const struct config *of)
{
	for (size_t i = 0; i < of->file_count; i++) {
		ck_assert_uint_ge(strlen(of->files[i].path) + 1, 1);
		for (size_t w = 0; w < of->files[i].worker_count; w++)
			ck_assert_ptr_nonnull(of->workers[of->files[i].first_worker + w].name);
	}
}

/* As if the checksum had not shown it: a number that leads elsewhere is refused or leads into the
 * image, never outside. */
START_TEST(stays_inside_whatever_the_numbers_say)
{
	static const uint64_t numbers[] = { 0, 1, 8, 4096, UINT64_MAX, UINT64_MAX / 2, 1ULL << 32,
					    CONFIMAGE_ADDRESS, CONFIMAGE_ADDRESS + 64,
					    CONFIMAGE_ADDRESS + 4097 };

	for (size_t at = 0; at + 8 <= blob.len; at += 8) {
		for (size_t n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++) {
			struct confimage image = fenced(blob.data, blob.len);
			struct config again;

			memcpy(image.data + at, &numbers[n], sizeof(numbers[n]));
			if (confimage_is_ours(&image) && confimage_open(&image, &again)) {
				if (confimage_open_files(&again))
					walk_files(&again);
				config_free(&again);
			}
			discard();
		}
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("confimage");
	TCase *tcase = tcase_create("confimage");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, gives_back_what_was_built, 0, 2);
	tcase_add_loop_test(tcase, gives_back_its_files, 0, 2);
	tcase_add_test(tcase, refuses_what_is_cut);
	tcase_add_test(tcase, refuses_what_has_a_bit_changed);
	tcase_add_test(tcase, stays_inside_whatever_the_numbers_say);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
