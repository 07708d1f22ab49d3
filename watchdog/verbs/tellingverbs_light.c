/* SPDX-License-Identifier: ISC */
#include <stddef.h>

#include "watchdog/act/fullprogram.h"
#include "watchdog/base/str.h"
#include "watchdog/verbs/tellingverbs.h"

/* The command line anew: global options as they were understood, then the verb's own, untouched. */
static void add_arguments(const struct verb_call *call, struct strlist *argv)
{
	strlist_add(argv, "cronherd");
	if (call->config_file) {
		strlist_add(argv, "-c");
		strlist_add(argv, call->config_file);
	}
	if (call->out.level == OUT_VERBOSE)
		strlist_add(argv, "-v");
	if (call->out.level == OUT_QUIET)
		strlist_add(argv, "-q");
	for (int i = 0; i < call->argc; i++)
		strlist_add(argv, call->argv[i]);
}

static int hand_over(const struct verb_call *call)
{
	struct strlist argv = STRLIST_INIT;
	struct err err = ERR_INIT;

	add_arguments(call, &argv);
	(void)fullprogram_exec((const char *const *)argv.items, &err); /* returns only on failure */
	strlist_free(&argv);
	return verb_fail(call, &err);
}

int tellingverbs_events(const struct verb_call *call)
{
	return hand_over(call);
}

int tellingverbs_deliver(const struct verb_call *call)
{
	return hand_over(call);
}

int tellingverbs_import_kaliop(const struct verb_call *call, struct importer *importer,
			       char *const *files, int count)
{
	(void)importer;
	(void)files;
	(void)count;
	return hand_over(call);
}
