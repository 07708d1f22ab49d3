/* SPDX-License-Identifier: ISC */
#include "watchdog/import/supermark.h"

#include "watchdog/import/confvalue.h"

void supermark_apply(struct importer *importer, const struct ini_section *section,
		     struct importer_worker *worker)
{
	for (size_t i = 0; i < section->mark_count; i++) {
		const struct ini_value *mark = &section->marks[i];
		struct strlist items = STRLIST_INIT;

		if (!option_find(mark->key) || !confvalue_read(mark->text, &items)) {
			importer_warn(importer, worker, ini_place(mark),
				      "'cronherd: %s' is nothing that an export writes", mark->key);
			continue;
		}
		importer_unset(worker, mark->key);
		importer_clear(worker, mark->key);
		for (size_t n = 0; n < items.count; n++)
			(void)importer_set(importer, worker, mark->key, items.items[n],
					   ini_place(mark), mark->key);
		strlist_free(&items);
	}
}
