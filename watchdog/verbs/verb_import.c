/* SPDX-License-Identifier: ISC */
/* import: configuration of another keeper, as ours. Reads files, starts nothing, touches no state.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "watchdog/import/confwriter.h"
#include "watchdog/import/filetree.h"
#include "watchdog/import/procfile.h"
#include "watchdog/import/supervisord.h"
#include "watchdog/import/systemd.h"
#include "watchdog/verbs/tellingverbs.h"

/* Passwords stand in environments. */
#define FILE_MODE 0600

struct order {
	const struct verb_call *call;
	const char *folder; /* NULL: to standard output */
	bool is_forced;
};

static const struct {
	const char *name;
	void (*import)(struct importer *importer, char *const *files,
		       int count); /* NULL: needs libyaml */
} sources[] = {
	{ "kaliop", NULL },
	{ "procfile", procfile_import },
	{ "supervisord", supervisord_import },
	{ "systemd", systemd_import },
};

#define SOURCE_COUNT (sizeof(sources) / sizeof(sources[0]))

static void print_messages(const struct order *order, const struct importer *importer)
{
	for (size_t i = 0; i < importer->message_count; i++) {
		const struct importer_message *message = &importer->messages[i];

		if (message->severity == IMPORTER_ERROR)
			fprintf(stderr, "%s\n", message->text);
		else if (order->call->out.level > OUT_QUIET)
			fprintf(stderr, "%s\n", message->text);
	}
	if (importer->message_seen > importer->message_count)
		fprintf(stderr, "and %zu messages more\n",
			importer->message_seen - importer->message_count);
}

static int write_files(const struct order *order, const struct importer *importer)
{
	struct filetree tree = FILETREE_INIT;
	struct err err = ERR_INIT;
	size_t written;
	int status = VERB_DONE;

	confwriter_files(importer, &tree);
	if (filetree_write(&tree, order->folder, FILE_MODE, order->is_forced, &written, &err))
		status = verb_fail(order->call, &err);
	for (size_t i = 0; i < written; i++)
		printf("%s/%s\n", order->folder, tree.files[i].name);
	filetree_free(&tree);
	return status;
}

static int write_text(const struct importer *importer)
{
	struct str text = STR_INIT;

	confwriter_text(importer, &text);
	fputs(str_text(&text), stdout);
	str_free(&text);
	return VERB_DONE;
}

static int finish(const struct order *order, const struct importer *importer)
{
	int status;

	print_messages(order, importer);
	status = order->folder ? write_files(order, importer) : write_text(importer);
	if (status == VERB_DONE && importer->error_count > 0)
		status = VERB_USAGE;
	if (status == VERB_DONE && importer->left_out > 0)
		status = VERB_PARTLY;
	return status;
}

static int import(const struct order *order, char *const *words, int count)
{
	const struct verb_call *call = order->call;
	struct importer importer;
	size_t source = 0;
	int status;

	if (count == 0)
		return verb_misuse(call, "from what?");
	while (source < SOURCE_COUNT && strcmp(sources[source].name, words[0]) != 0)
		source++;
	if (source == SOURCE_COUNT)
		return verb_misuse(call, "cannot import from %s", words[0]);
	if (count == 1)
		return verb_misuse(call, "which files?");
	importer_init(&importer);
	status = VERB_DONE;
	if (sources[source].import)
		sources[source].import(&importer, words + 1, count - 1);
	else
		status = tellingverbs_import_kaliop(call, &importer, words + 1, count - 1);
	if (status == VERB_DONE)
		status = finish(order, &importer);
	importer_free(&importer);
	return status;
}

static int run(const struct verb_call *call)
{
	static const struct option options[] = { { "output", required_argument, NULL, 'o' },
						 { "force", no_argument, NULL, 'f' },
						 { NULL, 0, NULL, 0 } };
	struct order order = { .call = call };
	int option;

	while ((option = getopt_long(call->argc, call->argv, "o:", options, NULL)) != -1) {
		if (option == 'o')
			order.folder = optarg;
		else if (option == 'f')
			order.is_forced = true;
		else
			return verb_misuse(call, "");
	}
	return import(&order, call->argv + optind, call->argc - optind);
}

const struct verb verb_import = {
	.name = "import",
	.summary = "bring along the workers of another keeper",
	.synopsis = "[-o DIR [--force]] kaliop|procfile|supervisord|systemd FILE ...",
	.help = "  -o, --output DIR   write NAME.conf for each worker into DIR (else: all to "
		"standard output)\n"
		"      --force        replace files of that name\n\n"
		"What cannot be brought along is said on standard error, with its file and line, "
		"and stands\n"
		"as a comment above its worker. Nothing is started, and nothing of the other "
		"keeper's is\n"
		"touched: stop it there before you start it here.\n\n"
		"examples:\n"
		"  cronherd import supervisord /etc/supervisor/supervisord.conf\n"
		"  cronherd import systemd my-app.target my-app-worker@.service\n"
		"  cronherd import -o ~/.config/cronherd/conf.d supervisord ~/supervisord.conf\n",
	.run = run,
};
