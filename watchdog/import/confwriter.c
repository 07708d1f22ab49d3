/* SPDX-License-Identifier: ISC */
#include "watchdog/import/confwriter.h"

#include <stdlib.h>

#include "watchdog/base/mem.h"
#include "watchdog/config/confprint.h"
#include "watchdog/import/filetree.h"

static void add_comments(const struct strlist *comments, struct str *text)
{
	for (size_t i = 0; i < comments->count; i++)
		str_addf(text, "# %s\n", comments->items[i]);
}

void confwriter_worker(const struct importer_worker *worker, struct str *text)
{
	str_addf(text, "# %s\n", worker->origin);
	add_comments(&worker->comments, text);
	str_add(text, "worker ");
	confprint_quoted(worker->name, text);
	str_add(text, " {\n");
	for (size_t row = 0; option_table[row].name; row++) {
		if (!worker->is_set[row])
			continue;
		str_addf(text, "\t%s = ", option_table[row].name);
		confprint_value(&option_table[row], &worker->options, text);
		str_add(text, "\n");
	}
	str_add(text, "}\n");
}

void confwriter_group(const struct importer_group *group, struct str *text)
{
	str_addf(text, "# %s\ngroup ", group->origin);
	confprint_quoted(group->name, text);
	str_add(text, " {\n\tworkers = ");
	confprint_list(&group->workers, text);
	str_add(text, "\n}\n");
}

void confwriter_text(const struct importer *importer, struct str *text)
{
	bool is_first = importer->notes.count == 0;

	add_comments(&importer->notes, text);
	for (size_t i = 0; i < importer->worker_count; i++) {
		str_add(text, is_first ? "" : "\n");
		confwriter_worker(importer->workers[i], text);
		is_first = false;
	}
	for (size_t i = 0; i < importer->group_count; i++) {
		str_add(text, is_first ? "" : "\n");
		confwriter_group(importer->groups[i], text);
		is_first = false;
	}
}

void confwriter_files(const struct importer *importer, struct filetree *tree)
{
	for (size_t i = 0; i < importer->worker_count; i++) {
		char *name = mem_format("%s.conf", importer->workers[i]->name);
		struct str *text = filetree_add(tree, name);

		if (i == 0 && importer->notes.count > 0) {
			add_comments(&importer->notes, text);
			str_add(text, "\n");
		}
		confwriter_worker(importer->workers[i], text);
		free(name);
	}
	for (size_t i = 0; i < importer->group_count; i++) {
		char *name = mem_format("@%s.conf", importer->groups[i]->name);

		confwriter_group(importer->groups[i], filetree_add(tree, name));
		free(name);
	}
}
