/* SPDX-License-Identifier: ISC */
/* export: our workers as configuration of another keeper. Reads the configuration, starts nothing,
 * touches no state. */
#include <fnmatch.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/import/exportkubernetes.h"
#include "watchdog/import/exportsupervisord.h"
#include "watchdog/import/exportsystemd.h"
#include "watchdog/verbs/verb.h"

/* Passwords stand in environments. */
#define FILE_MODE 0600

struct order {
	const struct verb_call *call;
	const char *folder; /* NULL: to standard output */
	bool is_forced;
};

static const struct {
	const char *name;
	void (*export)(struct exporter *exporter);
	const char *separator; /* between files, where they are printed one after the other */
} keepers[] = {
	{ "kubernetes", exportkubernetes, "---\n" },
	{ "supervisord", exportsupervisord, "\n" },
	{ "systemd", exportsystemd, "\n" },
};

#define KEEPER_COUNT (sizeof(keepers) / sizeof(keepers[0]))

/* ---- targets ------------------------------------------------------------------------------ */

static bool is_glob(const char *target)
{
	return strpbrk(target, "*?[") != NULL;
}

static bool names(const struct config *config, const char *target, const char *name)
{
	const struct config_group *group;

	if (*target == '@') {
		group = config_group(config, target + 1);
		return group && strlist_has(&group->workers, name);
	}
	return is_glob(target) ? fnmatch(target, name, 0) == 0 : strcmp(target, name) == 0;
}

/* Marks whom TARGET names. */
static int select_one(const struct config *config, const char *target, bool *is_selected,
		      struct err *err)
{
	bool is_found = false;

	for (size_t i = 0; i < config->worker_count; i++) {
		if (!names(config, target, config->workers[i].name))
			continue;
		is_selected[i] = is_found = true;
	}
	if (is_found)
		return 0;
	return err_set(err, ERR_USAGE, 0, "no such target: %s%s", target,
		       strchr(target, ':')
			       ? " (whole workers are exported: no instance can be named)"
			       : "");
}

static int select_all(const struct config *config, char *const *targets, int count,
		      bool *is_selected, struct err *err)
{
	for (size_t i = 0; i < config->worker_count && count == 0; i++)
		is_selected[i] = true;
	for (int i = 0; i < count; i++)
		if (select_one(config, targets[i], is_selected, err))
			return -1;
	return 0;
}

/* ---- output ------------------------------------------------------------------------------- */

static int write_files(const struct order *order, const struct filetree *tree)
{
	struct err err = ERR_INIT;
	size_t written;
	int status = VERB_DONE;

	if (filetree_write(tree, order->folder, FILE_MODE, order->is_forced, &written, &err))
		status = verb_fail(order->call, &err);
	for (size_t i = 0; i < written; i++)
		printf("%s/%s\n", order->folder, tree->files[i].name);
	return status;
}

static int write_text(const struct filetree *tree, const char *separator)
{
	for (size_t i = 0; i < tree->count; i++) {
		/* To YAML three dashes are the start of a document. */
		if (tree->count > 1)
			printf("%s# %s\n", i ? separator : "", tree->files[i].name);
		fputs(str_text(&tree->files[i].text), stdout);
	}
	return VERB_DONE;
}

static int finish(const struct order *order, const struct exporter *exporter, const char *separator)
{
	int status;

	for (size_t i = 0; i < exporter->warnings.count && order->call->out.level > OUT_QUIET; i++)
		fprintf(stderr, "%s\n", exporter->warnings.items[i]);
	status = order->folder ? write_files(order, &exporter->tree)
			       : write_text(&exporter->tree, separator);
	if (status == VERB_DONE && exporter->left_out.count > 0)
		status = VERB_PARTLY;
	return status;
}

/* ---- all of it ---------------------------------------------------------------------------- */

static void print_errors(const struct config *config)
{
	for (size_t i = 0; i < config->error_count; i++) {
		struct str text = STR_INIT;

		config_error_text(&config->errors[i], &text);
		fprintf(stderr, "%s\n", str_text(&text));
		str_free(&text);
	}
}

static int export_from(const struct order *order, const struct config *config, size_t keeper,
		       char *const *targets, int count)
{
	bool *is_selected = mem_alloc(config->worker_count * sizeof(*is_selected));
	struct exporter exporter = { .config = config, .is_selected = is_selected };
	struct err err = ERR_INIT;
	int status;

	print_errors(config);
	if (select_all(config, targets, count, is_selected, &err)) {
		status = verb_fail(order->call, &err);
	} else {
		keepers[keeper].export(&exporter);
		status = finish(order, &exporter, keepers[keeper].separator);
	}
	exporter_free(&exporter);
	free(is_selected);
	return status == VERB_DONE && config->error_count > 0 ? VERB_USAGE : status;
}

static int export(const struct order *order, char *const *words, int count)
{
	const struct verb_call *call = order->call;
	struct err err = ERR_INIT;
	struct config config;
	size_t keeper = 0;
	int status;

	if (count == 0)
		return verb_misuse(call, "for what?");
	while (keeper < KEEPER_COUNT && strcmp(keepers[keeper].name, words[0]) != 0)
		keeper++;
	if (keeper == KEEPER_COUNT)
		return verb_misuse(call, "cannot export for %s", words[0]);
	status = config_load(&config, call->config_file, &err)
			 ? verb_fail(call, &err)
			 : export_from(order, &config, keeper, words + 1, count - 1);
	config_free(&config);
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
	return export(&order, call->argv + optind, call->argc - optind);
}

const struct verb verb_export = {
	.name = "export",
	.summary = "the workers as configuration of another keeper",
	.synopsis = "[-o DIR [--force]] kubernetes|supervisord|systemd [TARGET ...]",
	.help = "  -o, --output DIR   write files into DIR (else: all to standard output)\n"
		"      --force        replace files of that name\n\n"
		"Whole workers are exported, with all that the configuration says put in; what the "
		"other\n"
		"keeper has nothing like is said on standard error. Nothing is stopped.\n\n"
		"examples:\n"
		"  cronherd export supervisord >supervisord.conf\n"
		"  cronherd export -o ~/.config/systemd/user systemd\n"
		"  cronherd export kubernetes @mail | kubectl apply -f -\n",
	.run = run,
};
