/* SPDX-License-Identifier: ISC */
#include "watchdog/report/columns.h"

#include <stdbool.h>
#include <stdlib.h>

#include "watchdog/base/mem.h"
#include "watchdog/report/width.h"

#define GAP "  "

static const char *text_of(const char *cell)
{
	return cell[0] ? cell : "-";
}

static void add_blanks(size_t count, struct str *text)
{
	str_addf(text, "%*s", (int)count, "");
}

static void add_cell(const char *cell, size_t width, bool is_right, bool is_last, struct str *text)
{
	size_t blanks = width - width_of(cell);

	if (is_right)
		add_blanks(blanks, text);
	str_add(text, cell);
	if (!is_right && !is_last)
		add_blanks(blanks, text);
	str_add(text, is_last ? "\n" : GAP);
}

void columns_render(const struct strlist *cells, size_t count, unsigned right, struct str *text)
{
	size_t *widths = mem_alloc(count * sizeof(*widths));

	for (size_t i = 0; i < cells->count; i++) {
		size_t width = width_of(text_of(cells->items[i]));

		if (width > widths[i % count])
			widths[i % count] = width;
	}
	for (size_t i = 0; i < cells->count; i++)
		add_cell(text_of(cells->items[i]), widths[i % count], right >> i % count & 1,
			 i % count == count - 1, text);
	free(widths);
}
