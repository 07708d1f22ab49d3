/* SPDX-License-Identifier: ISC */
/* One file's text: whatever it is, it ends in workers or in errors with a line of it, and nothing
 * of it is left for the next file. */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "watchdog/config/confparse.h"
#include "watchdog/model/option.h"

static const char sound[] = "worker w { command = \"a b\" }\nwebhook h { url = 'https://h/' }\n";

static int lines_of(const char *text, size_t len)
{
	int lines = 1;

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	return lines;
}

static void parse(struct confparse *parse, const char *text, size_t len)
{
	struct worker_options defaults;
	struct str copy = STR_INIT;

	options_init(&defaults);
	str_add_n(&copy, text, len);
	str_add(&copy, "");
	confparse(parse, &copy, "f.conf", "cronherd.conf", &defaults);
	str_free(&copy);
	options_free(&defaults);
}

static void check(const struct confparse *parse, int lines)
{
	const char *why;

	FUZZ_CHECK(parse->errors.count <= CONFERRORS_MAX);
	FUZZ_CHECK(parse->errors.count <= parse->errors.seen);
	for (size_t i = 0; i < parse->errors.count; i++) {
		const struct config_error *error = &parse->errors.items[i];

		FUZZ_CHECK(error->line >= 0 && error->line <= lines);
		FUZZ_CHECK(error->message[0] && fuzz_is_line(error->message));
	}
	if (confparse_is_broken(parse))
		return;
	FUZZ_CHECK(parse->complete);
	for (size_t i = 0; i < parse->worker_count; i++) {
		const struct worker *worker = &parse->workers[i];
		char buf[512];

		FUZZ_CHECK(worker->line >= 1 && worker->line <= lines);
		FUZZ_CHECK(worker_name_is_valid(worker->name, &why));
		FUZZ_CHECK(worker_check(worker, buf, sizeof(buf)) == NULL);
		FUZZ_CHECK(worker->definition == options_definition(&worker->options));
	}
}

/* libconfuse's lexer is one for all files. */
static void check_sound(void)
{
	struct confparse after;

	parse(&after, sound, strlen(sound));
	FUZZ_CHECK(after.errors.seen == 0 && after.worker_count == 1 && after.section_count == 1);
	FUZZ_CHECK(strcmp(after.workers[0].options.command, "a b") == 0);
	confparse_free(&after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct confparse first, again;

	parse(&first, text, size);
	check(&first, lines_of(text, size));
	check_sound();
	parse(&again, text, size);
	FUZZ_CHECK(first.errors.seen == again.errors.seen);
	FUZZ_CHECK(first.worker_count == again.worker_count);
	FUZZ_CHECK(first.section_count == again.section_count);
	confparse_free(&again);
	confparse_free(&first);
	free(text);
	return 0;
}
