/* SPDX-License-Identifier: ISC */
#include "watchdog/import/exporter.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/utf8.h"
#include "watchdog/config/confprint.h"

void exporter_free(struct exporter *exporter)
{
	filetree_free(&exporter->tree);
	strlist_free(&exporter->warnings);
	strlist_free(&exporter->left_out);
}

void exporter_warn(struct exporter *exporter, const struct worker *worker, const char *format, ...)
{
	struct str line = STR_INIT;
	va_list args;
	char *text;

	str_addf(&line, "%s:%d: worker '%s': ", worker->file, worker->line, worker->name);
	va_start(args, format);
	str_addv(&line, format, args);
	va_end(args);
	text = str_take(&line);
	utf8_make_line(text);
	strlist_take(&exporter->warnings, text);
}

bool exporter_make(struct exporter *exporter, const struct worker *worker,
		   struct exportworker *made)
{
	struct err err = ERR_INIT;

	if (exportworker_make(exporter->config, worker, made, &err) == 0)
		return true;
	strlist_take(&exporter->warnings, mem_format("%s: it is left out", err.text));
	strlist_add(&exporter->left_out, worker->name);
	return false;
}

bool exporter_has(const struct exporter *exporter, const char *name)
{
	for (size_t i = 0; i < exporter->config->worker_count; i++)
		if (exporter->is_selected[i] &&
		    strcmp(exporter->config->workers[i].name, name) == 0)
			return !strlist_has(&exporter->left_out, name);
	return false;
}

void exporter_warn_of_others(struct exporter *exporter, const struct worker *worker,
			     const char *const *known, const char *keeper)
{
	struct strlist names = STRLIST_INIT;

	exportworker_others(worker, known, &names);
	for (size_t i = 0; i < names.count; i++) {
		struct str value = STR_INIT;

		confprint_value(option_find(names.items[i]), &worker->options, &value);
		exporter_warn(exporter, worker, "%s = %s: %s has nothing like it", names.items[i],
			      str_text(&value), keeper);
		str_free(&value);
	}
	strlist_free(&names);
}
