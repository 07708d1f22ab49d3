/* SPDX-License-Identifier: ISC */
/*
 * A file of supervisord's; or, by the first byte of the input: P a Procfile, S a template of
 * systemd's and a target, K a parameters.yml. Whatever it is, what is written of it is accepted by
 * our own configuration and says the same number of workers.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "watchdog/config/confparse.h"
#include "watchdog/import/confwriter.h"
#include "watchdog/import/kaliop.h"
#include "watchdog/import/procfile.h"
#include "watchdog/import/supervisord.h"
#include "watchdog/import/systemd.h"
#include "watchdog/import/textfile.h"
#include "watchdog/model/option.h"

static void check_messages(const struct importer *importer)
{
	FUZZ_CHECK(importer->message_count <= IMPORTER_MESSAGES_MAX);
	FUZZ_CHECK(importer->worker_count <= IMPORTER_WORKERS_MAX);
	for (size_t i = 0; i < importer->message_count; i++)
		FUZZ_CHECK(importer->messages[i].text[0] &&
			   fuzz_is_line(importer->messages[i].text));
}

static void check_written(const struct importer *importer)
{
	struct worker_options defaults;
	struct confparse parse;
	struct str text = STR_INIT;

	confwriter_text(importer, &text);
	str_add(&text, "");
	options_init(&defaults);
	confparse(&parse, &text, "imported.conf", "cronherd.conf", &defaults);
	for (size_t i = 0; i < parse.errors.count; i++)
		fuzz_fail(parse.errors.items[i].file, parse.errors.items[i].line,
			  parse.errors.items[i].message);
	FUZZ_CHECK(parse.worker_count == importer->worker_count);
	FUZZ_CHECK(parse.group_count == importer->group_count);
	for (size_t i = 0; i < parse.worker_count; i++)
		FUZZ_CHECK(strcmp(parse.workers[i].name, importer->workers[i]->name) == 0);
	confparse_free(&parse);
	options_free(&defaults);
	str_free(&text);
}

/* By its text: what it includes would depend on the machine. */
static void import_supervisord(struct importer *importer, const char *path, const uint8_t *data,
			       size_t size)
{
	struct str text = STR_INIT;
	struct err err = ERR_INIT;

	if (textfile_take(path, (const char *)data, size, &text, &err))
		FUZZ_CHECK(err.text[0] && fuzz_is_plain(err.text));
	else
		supervisord_import_text(importer, path, str_text(&text));
	str_free(&text);
}

/* A template, and the target that wants instances of it. */
static void import_systemd(struct importer *importer, const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, data + size };
	char *units[2] = { fuzz_path("web@.service"), fuzz_path("all.target") };

	for (int i = 0; i < 2; i++) {
		char *text = fuzz_piece(&input);

		fuzz_write(i ? "all.target" : "web@.service", text, strlen(text));
		free(text);
	}
	systemd_import(importer, units, 2);
	free(units[0]);
	free(units[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct importer importer;
	char *path = fuzz_path("input");
	char kind = size > 0 ? (char)data[0] : '\0';

	importer_init(&importer);
	if (kind == 'P' || kind == 'K')
		fuzz_write("input", data + 1, size - 1);
	if (kind == 'P')
		procfile_import(&importer, &path, 1);
	else if (kind == 'K')
		kaliop_import(&importer, &path, 1);
	else if (kind == 'S')
		import_systemd(&importer, data + 1, size - 1);
	else
		import_supervisord(&importer, path, data, size);
	check_messages(&importer);
	check_written(&importer);
	importer_free(&importer);
	free(path);
	return 0;
}
