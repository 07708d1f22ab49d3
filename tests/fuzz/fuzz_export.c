/* SPDX-License-Identifier: ISC */
/*
 * A main file as config_load takes it, exported for each keeper. What is exported for supervisord
 * is, imported again, the same worker in every option.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "watchdog/base/mem.h"
#include "watchdog/config/confprint.h"
#include "watchdog/config/config.h"
#include "watchdog/import/exportkubernetes.h"
#include "watchdog/import/exportsupervisord.h"
#include "watchdog/import/exportsystemd.h"
#include "watchdog/import/supervisord.h"

static void check_exporter(const struct exporter *exporter)
{
	for (size_t i = 0; i < exporter->warnings.count; i++)
		FUZZ_CHECK(fuzz_is_line(exporter->warnings.items[i]));
	for (size_t i = 0; i < exporter->tree.count; i++) {
		const struct filetree_file *file = &exporter->tree.files[i];

		FUZZ_CHECK(file->name[0] != '.' && !strchr(file->name, '/'));
		FUZZ_CHECK(fuzz_is_utf8(str_text(&file->text), file->text.len));
	}
}

static void check_worker(const struct worker *worker, const struct importer_worker *again)
{
	FUZZ_CHECK(again != NULL);
	for (const struct option_spec *option = option_table; option->name; option++)
		FUZZ_CHECK(option->kind == OPTION_LATER ||
			   confprint_is_same(option, &worker->options, &again->options));
}

static void check_supervisord(const struct config *config, const struct exporter *exporter)
{
	struct importer importer;

	importer_init(&importer);
	supervisord_import_text(&importer, "supervisord.conf",
				str_text(&exporter->tree.files[0].text));
	FUZZ_CHECK(importer.error_count == 0);
	FUZZ_CHECK(importer.worker_count + exporter->left_out.count == config->worker_count);
	for (size_t i = 0; i < config->worker_count && exporter->left_out.count == 0; i++)
		check_worker(&config->workers[i],
			     importer_find(&importer, config->workers[i].name));
	importer_free(&importer);
}

static void export_all(const struct config *config)
{
	void (*const exports[])(struct exporter *) = { exportsupervisord, exportsystemd,
						       exportkubernetes };
	bool *is_selected = mem_alloc(config->worker_count * sizeof(*is_selected));

	for (size_t i = 0; i < config->worker_count; i++)
		is_selected[i] = true;
	for (size_t i = 0; i < sizeof(exports) / sizeof(exports[0]); i++) {
		struct exporter exporter = { .config = config, .is_selected = is_selected };

		exports[i](&exporter);
		check_exporter(&exporter);
		if (i == 0)
			check_supervisord(config, &exporter);
		exporter_free(&exporter);
	}
	free(is_selected);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config config;
	struct err err = ERR_INIT;
	char *path = fuzz_path("main.conf");
	bool is_small = true;

	(void)setenv("HOME", fuzz_dir(), 1);
	(void)setenv("XDG_CONFIG_HOME", fuzz_dir(), 1);
	(void)setenv("XDG_STATE_HOME", fuzz_dir(), 1);
	fuzz_write("main.conf", data, size);
	if (config_load(&config, path, &err))
		FUZZ_CHECK(err.text[0] && fuzz_is_plain(err.text));
	/* A service for each instance would be many. */
	for (size_t i = 0; i < config.worker_count; i++)
		is_small = is_small && config.workers[i].options.numprocs <= 20;
	if (!config.main_broken && is_small)
		export_all(&config);
	config_free(&config);
	free(path);
	return 0;
}
