/* SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "watchdog/base/str.h"
#include "watchdog/verbs/verb.h"

extern const struct verb verb_run, verb_start, verb_stop, verb_restart, verb_scale, verb_check,
	verb_status, verb_events, verb_deliver, verb_signal, verb_logs, verb_config, verb_import,
	verb_export, verb_cron, verb_doctor, verb_minder;

const struct verb *const verb_table[] = {
	&verb_run,    &verb_start,  &verb_stop,	   &verb_restart, &verb_scale,	&verb_check,
	&verb_status, &verb_events, &verb_deliver, &verb_signal,  &verb_logs,	&verb_config,
	&verb_import, &verb_export, &verb_cron,	   &verb_doctor,  &verb_minder, NULL,
};

const struct verb *verb_find(const char *name)
{
	for (const struct verb *const *verb = verb_table; *verb; verb++)
		if (strcmp((*verb)->name, name) == 0)
			return *verb;
	return NULL;
}

int verb_fail(const struct verb_call *call, const struct err *err)
{
	out_error(&call->out, "%s", err->text);
	return err_exit_status(err);
}

int verb_help(const struct verb *verb)
{
	printf("usage: cronherd %s %s\n\n%s\n\n%s", verb->name, verb->synopsis, verb->summary,
	       verb->help);
	return VERB_DONE;
}

int verb_misuse(const struct verb_call *call, const char *format, ...)
{
	struct str text = STR_INIT;
	va_list args;

	va_start(args, format);
	str_addv(&text, format, args);
	va_end(args);
	out_error(&call->out, "%s%ssee `cronherd %s --help`", str_text(&text), text.len ? "; " : "",
		  call->argv[0]);
	str_free(&text);
	return VERB_USAGE;
}
