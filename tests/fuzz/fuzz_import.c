/* SPDX-License-Identifier: ISC */
/*
 * A file of supervisord's, or a Procfile (an input that begins with "P"): whatever it is, what is
 * written of it is accepted by our own configuration and says the same number of workers.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "watchdog/config/confparse.h"
#include "watchdog/import/confwriter.h"
#include "watchdog/import/procfile.h"
#include "watchdog/import/supervisord.h"
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool is_procfile = size > 0 && data[0] == 'P';
	struct importer importer;
	char *path = fuzz_path("input");

	importer_init(&importer);
	if (is_procfile) {
		fuzz_write("input", data + 1, size - 1);
		procfile_import(&importer, &path, 1);
	} else {
		import_supervisord(&importer, path, data, size);
	}
	check_messages(&importer);
	check_written(&importer);
	importer_free(&importer);
	free(path);
	return 0;
}
