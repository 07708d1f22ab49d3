/* SPDX-License-Identifier: ISC */
#include "watchdog/config/confsection.h"

#include <stdlib.h>
#include <string.h>

const char *confsection_word(enum confsection_kind kind)
{
	return kind == CONFSECTION_WEBHOOK ? "webhook" : "ping";
}

const struct option_spec *confsection_table(enum confsection_kind kind)
{
	return kind == CONFSECTION_WEBHOOK ? webhook_option_table : ping_option_table;
}

int confsection_line(const struct confsection *section, const char *name)
{
	const struct option_spec *table = confsection_table(section->kind);

	for (size_t i = 0; section->lines && table[i].name; i++)
		if (strcmp(table[i].name, name) == 0 && section->lines[i] > 0)
			return section->lines[i];
	return section->line;
}

void confsection_free(struct confsection *section)
{
	free(section->lines);
	free(section->name);
	free(section->file);
	options_free_in(confsection_table(section->kind), &section->options);
	*section = (struct confsection){ .name = NULL };
}
