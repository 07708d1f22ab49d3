/* SPDX-License-Identifier: ISC */
#include "watchdog/report/render_table.h"

#include <stdlib.h>
#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/report/cells.h"
#include "watchdog/report/health.h"
#include "watchdog/report/width.h"

#define RED    "\033[31m"
#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define PLAIN  "\033[0m"

#define GAP	2
#define NOTHING "-"

struct table {
	const struct snapshot *snapshot;
	const struct render_table_options *options;
	struct strlist cells; /* by row, then column; the first row is the titles */
	size_t widths[CELLS_COUNT];
};

static void add_cell(struct table *table, size_t column, const char *text)
{
	size_t width = width_of(text);

	strlist_add(&table->cells, text);
	if (width > table->widths[column])
		table->widths[column] = width;
}

static void fill(struct table *table)
{
	for (size_t c = 0; c < CELLS_COUNT; c++)
		add_cell(table, c, cells_columns[c].title);
	for (size_t i = 0; i < table->snapshot->count; i++) {
		for (size_t c = 0; c < CELLS_COUNT; c++) {
			struct str cell = STR_INIT;

			cells_columns[c].print(table->snapshot, &table->snapshot->instances[i], &cell);
			add_cell(table, c, cell.len ? str_text(&cell) : NOTHING);
			str_free(&cell);
		}
	}
}

static const char *color_of(const struct snapshot_instance *instance)
{
	if (instance->state == STATE_RUNNING)
		return GREEN;
	if (instance->state == STATE_FATAL || instance->state == STATE_UNKNOWN ||
	    (instance->state == STATE_EXITED && instance->is_missed))
		return RED;
	return YELLOW;
}

static void add_blanks(size_t count, struct str *text)
{
	while (count-- > 0)
		str_add(text, " ");
}

static void add_aligned(const struct table *table, size_t column, const char *cell,
			struct str *line)
{
	size_t missing = table->widths[column] - width_of(cell);

	if (cells_columns[column].is_right)
		add_blanks(missing, line);
	str_add(line, cell);
	if (column == CELLS_COUNT - 1)
		return;
	add_blanks((cells_columns[column].is_right ? 0 : missing) + GAP, line);
}

/* The bytes of LINE that are shown; less than all where it is to be cut. */
static size_t shown_length(const struct str *line, size_t most)
{
	if (!most || width_of(str_text(line)) <= most)
		return line->len;
	return width_prefix(str_text(line), most - 1);
}

static void add_row(const struct table *table, size_t row, struct str *text)
{
	const char *const *cells = (const char *const *)table->cells.items + row * CELLS_COUNT;
	bool has_color = table->options->has_color && row > 0;
	struct str line = STR_INIT;
	size_t from = 0;
	size_t shown;

	for (size_t c = 0; c < CELLS_COUNT; c++) {
		if (c == CELLS_STATE)
			from = line.len;
		add_aligned(table, c, cells[c], &line);
	}
	shown = shown_length(&line, table->options->columns);
	if (has_color && shown >= from + strlen(cells[CELLS_STATE])) {
		str_add_n(text, line.data, from);
		str_addf(text, "%s%s%s", color_of(&table->snapshot->instances[row - 1]),
			 cells[CELLS_STATE], PLAIN);
		from += strlen(cells[CELLS_STATE]);
	} else {
		from = 0;
	}
	str_add_n(text, line.data + from, shown - from);
	str_add(text, shown < line.len ? "…\n" : "\n");
	str_free(&line);
}

/* ---- below it ----------------------------------------------------------------------------- */

static void add_counts(const struct snapshot *snapshot, struct str *text)
{
	const char *gap = "";

	for (size_t state = 0; state < STATE_COUNT; state++) {
		if (!snapshot->by_state[state])
			continue;
		str_addf(text, "%s%zu %s", gap, snapshot->by_state[state],
			 state_name((enum state)state));
		gap = ", ";
	}
}

static void add_summary(const struct snapshot *snapshot, struct str *text)
{
	int64_t age_ms = snapshot->now.wall_ms - snapshot->round_end_wall_ms;

	str_add(text, "\n");
	add_counts(snapshot, text);
	str_add(text, snapshot->count ? "; " : "");
	if (!snapshot->round_end_wall_ms) {
		str_add(text, "no round yet\n");
		return;
	}
	str_add(text, "last round ");
	cells_add_span(age_ms > 0 ? age_ms : 0, text);
	str_add(text, " ago\n");
}

void render_table(const struct snapshot *snapshot, const struct render_table_options *options,
		  struct str *text)
{
	struct table table = { .snapshot = snapshot, .options = options };

	fill(&table);
	for (size_t row = 0; row <= snapshot->count; row++)
		add_row(&table, row, text);
	strlist_free(&table.cells);
	if (options->has_summary)
		add_summary(snapshot, text);
}
