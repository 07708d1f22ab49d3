/* SPDX-License-Identifier: ISC */
/*
 * confparse: libconfuse, fed with tables made from the tables of options.
 *
 * Each value is set as soon as it is read, so that errors carry its line, and each section is
 * taken over and removed as soon as it is closed: libconfuse compares a new section's title
 * with those of all before it, which with 10,000 workers costs more than all else.
 *
 * It gives up at the first thing that it cannot read. So webhooks and pings are parsed one by
 * one, cut out of the file by confscan, and of what it says of them no value is passed on.
 */
#include "watchdog/config/confparse.h"

#include <confuse.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watchdog/base/hash.h"
#include "watchdog/base/mem.h"
#include "watchdog/base/nearest.h"
#include "watchdog/base/utf8.h"
#include "watchdog/config/confbuild.h"
#include "watchdog/config/confscan.h"
#include "watchdog/config/confunknown.h"
#include "watchdog/model/option.h"

/* The default of every list is one item that nobody writes. libconfuse drops it at "=" and
 * keeps it at "+=", so that it tells whether the list goes on where the defaults ended. */
#define INHERIT "\001"

union options {
	struct worker_options worker;
	struct webhook_options webhook;
	struct ping_options ping;
};

/* What a callback needs, and where the open section is put together. Callbacks get no pointer
 * of ours; it hangs on an option without a name, the first of every section. */
struct walk {
	void *self;
	struct confparse *parse;
	const struct confscan_part *part; /* the one that is parsed; NULL: the rest of the file */
	const struct option_spec *table;  /* of the open section's options */
	const size_t *rows;		  /* of TABLE, which libconfuse knows, in its order */
	size_t row_count;
	union options scratch;		  /* where items of lists are tried; zeroed in between */
	int *set_line;			  /* of each option in the open section; 0: not yet */
	bool open;			  /* the open section's: */
	int line;
	size_t errors_before;
	union options options; /* zeroed while none is open */
};

static size_t table_size(const struct option_spec *table)
{
	size_t count = 0;

	while (table[count].name)
		count++;
	return count;
}

static struct walk *walk_of(cfg_t *cfg)
{
	return cfg_opt_getnptr(cfg_getnopt(cfg, 0), 0);
}

static void add_error(const struct walk *walk, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A part is parsed as if it began on line 1. */
static int line_of(const struct walk *walk, const cfg_t *cfg)
{
	return walk->part ? walk->part->line - 1 + cfg->line : cfg->line;
}

static void add_error(const struct walk *walk, int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	conferrors_addv(&walk->parse->errors, walk->parse->file, line, format, args);
	va_end(args);
}

static void refuse_later(const struct walk *walk, int line, const char *name)
{
	add_error(walk, line, "option '%s' is not yet available in this version; remove it", name);
}

/* ---- sections ------------------------------------------------------------- */

/* libconfuse calls back for a list's default when a section begins, so this comes first. */
static void open_section(struct walk *walk, const cfg_t *section)
{
	const struct confparse *parse = walk->parse;

	if (walk->open)
		return;
	walk->open = true;
	walk->line = line_of(walk, section);
	walk->errors_before = parse->errors.seen;
	memset(walk->set_line, 0, table_size(walk->table) * sizeof(*walk->set_line));
	if (walk->part)
		options_init_in(walk->table, &walk->options);
	else if (strcmp(section->name, "group") != 0)
		options_copy(&walk->options.worker, &parse->defaults);
	if (strcmp(section->name, "defaults") == 0 && parse->worker_count > 0)
		add_error(walk, walk->line,
			  "'defaults' stands after a worker, which it could not apply to; move it "
			  "above the workers of this file");
}

static void close_list(struct walk *walk, const struct option_spec *option, cfg_opt_t *list)
{
	unsigned count = cfg_opt_size(list);
	unsigned first = 0;

	if (count > 0 && strcmp(cfg_opt_getnstr(list, 0), INHERIT) == 0)
		first = 1;
	else
		option_clear_list(option, &walk->options);
	for (unsigned i = first; i < count; i++)
		/* What is wrong with an item was said when it was read. */
		(void)option_set(option, &walk->options, cfg_opt_getnstr(list, i));
}

/* Gives the open section's options out, with its lists put together. */
static union options close_options(struct walk *walk, cfg_t *section)
{
	open_section(walk, section);
	for (unsigned i = 0; i < walk->row_count; i++) {
		const struct option_spec *option = &walk->table[walk->rows[i]];

		if (option->kind == OPTION_LIST)
			close_list(walk, option, cfg_getnopt(section, i + 1));
	}
	walk->open = false;

	union options options = walk->options;
	memset(&walk->options, 0, sizeof(walk->options));
	return options;
}

/* Whether nothing was wrong in the section that was just closed. */
static bool was_good(const struct walk *walk)
{
	return walk->parse->errors.seen == walk->errors_before;
}

static int on_worker(cfg_t *cfg, cfg_opt_t *opt)
{
	struct walk *walk = walk_of(cfg);
	cfg_t *section = cfg_opt_getnsec(opt, 0);
	struct worker worker = { .name = mem_dup(cfg_title(section)),
				 .file = mem_dup(walk->parse->file) };

	worker.options = close_options(walk, section).worker;
	worker.line = walk->line;
	worker.definition = options_definition(&worker.options);
	confbuild_worker(walk->parse, &worker, was_good(walk));
	return cfg_opt_rmnsec(opt, 0);
}

static int on_defaults(cfg_t *cfg, cfg_opt_t *opt)
{
	struct walk *walk = walk_of(cfg);
	struct worker_options options = close_options(walk, cfg_opt_getnsec(opt, 0)).worker;

	options_free(&walk->parse->defaults);
	walk->parse->defaults = options;
	return cfg_opt_rmnsec(opt, 0);
}

static int on_group(cfg_t *cfg, cfg_opt_t *opt)
{
	struct walk *walk = walk_of(cfg);
	cfg_t *section = cfg_opt_getnsec(opt, 0);
	cfg_opt_t *list = cfg_getnopt(section, 1);

	open_section(walk, section);
	walk->open = false;

	struct config_group group = { .name = mem_dup(cfg_title(section)),
				      .file = mem_dup(walk->parse->file),
				      .line = walk->line };
	for (unsigned i = 0; i < cfg_opt_size(list); i++)
		if (strcmp(cfg_opt_getnstr(list, i), INHERIT) != 0)
			strlist_add(&group.workers, cfg_opt_getnstr(list, i));
	confbuild_group(walk->parse, &group);
	return cfg_opt_rmnsec(opt, 0);
}

/* A part's only section. */
static int on_part(cfg_t *cfg, cfg_opt_t *opt)
{
	struct walk *walk = walk_of(cfg);
	cfg_t *section = cfg_opt_getnsec(opt, 0);
	struct confsection built = { .kind = walk->part->kind,
				     .name = mem_dup(cfg_title(section)),
				     .file = mem_dup(walk->parse->file) };
	union options options = close_options(walk, section);

	if (built.kind == CONFSECTION_WEBHOOK)
		built.options.webhook = options.webhook;
	else
		built.options.ping = options.ping;
	built.line = walk->line;
	built.lines = mem_resize(NULL, table_size(walk->table), sizeof(*built.lines));
	memcpy(built.lines, walk->set_line, table_size(walk->table) * sizeof(*built.lines));
	confbuild_section(walk->parse, &built, was_good(walk));
	return cfg_opt_rmnsec(opt, 0);
}

/* ---- values --------------------------------------------------------------- */

static bool check_text(const struct walk *walk, int line, const char *name, const char *value)
{
	if (utf8_is_value(value))
		return true;
	add_error(walk, line, "option '%s': the value has control characters or is no UTF-8", name);
	return false;
}

/* A part's values may be secrets: of them only what is near to a known word is told. */
static void refuse_value(const struct walk *walk, int line, const struct option_spec *option,
			 const char *value, const char *why)
{
	const char *near = option->names ? nearest_of(value, option->names) : NULL;

	if (!walk->part)
		add_error(walk, line, "option '%s': '%.200s' %s", option->name, value, why);
	else if (near)
		add_error(walk, line, "option '%s': '%s' is unknown (did you mean '%s'?)",
			  option->name, value, near);
	else
		add_error(walk, line, "option '%s' %s", option->name, why);
}

static void set_option(struct walk *walk, const cfg_t *cfg, size_t row, const char *value)
{
	const struct option_spec *option = &walk->table[row];
	bool is_list = option->kind == OPTION_LIST;
	int line = line_of(walk, cfg);

	if (option->kind == OPTION_LATER) {
		if (walk->set_line[row] == 0)
			refuse_later(walk, line, option->name);
	} else if (!is_list && walk->set_line[row] != 0) {
		add_error(
			walk, line,
			"option '%s' is set a second time in this section; the first is on line %d",
			option->name, walk->set_line[row]);
	} else if (check_text(walk, line, option->name, value)) {
		const char *why =
			option_set(option, is_list ? &walk->scratch : &walk->options, value);
		if (why)
			refuse_value(walk, line, option, value, why);
		if (is_list)
			option_clear_list(option, &walk->scratch);
	}
	walk->set_line[row] = line;
}

/* A value of a section but a group's. Errors are collected, so that all are told. */
static int on_option(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct walk *walk = walk_of(cfg);

	open_section(walk, cfg);
	if (strcmp(value, INHERIT) != 0)
		set_option(walk, cfg, walk->rows[opt - cfg->opts - 1], value);
	*(const char **)result = value;
	return 0;
}

/* Whether there is a worker of that name, confcheck says. */
static int on_member(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct walk *walk = walk_of(cfg);

	open_section(walk, cfg);
	if (strcmp(value, INHERIT) != 0)
		(void)check_text(walk, cfg->line, cfg_opt_name(opt), value); /* it has told */
	*(const char **)result = value;
	return 0;
}

static int on_top(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	confbuild_top(walk_of(cfg)->parse, cfg->line, (enum confparse_top)(opt - cfg->opts - 1),
		      value);
	*(const char **)result = value;
	return 0;
}

/* ---- libconfuse's own errors ---------------------------------------------- */

static void unknown(const struct walk *walk, const cfg_t *cfg, const char *name)
{
	char *message;

	if (walk->part)
		message = confunknown_in_part(walk->part->kind, name);
	else if (strcmp(cfg->name, "root") == 0)
		message = confunknown_at_top(name);
	else
		message = confunknown_in_section(cfg->name, name);
	add_error(walk, line_of(walk, cfg), "%s", message);
	free(message);
}

/* Whether what libconfuse puts into FORMAT is the name of an option of ours, never a value. */
static bool is_harmless(const char *format)
{
	return strncmp(format, "missing ", 8) == 0 ||
	       strncmp(format, "attempt to append ", 18) == 0;
}

static void on_error(cfg_t *cfg, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

static void on_error(cfg_t *cfg, const char *format, va_list args)
{
	const struct walk *walk = walk_of(cfg);
	int line = line_of(walk, cfg);

	if (strcmp(format, "no such option '%s'") == 0) {
		unknown(walk, cfg, va_arg(args, const char *));
	} else if (strcmp(format, "missing equal sign after option '%s'") == 0) {
		const char *name = va_arg(args, const char *);
		add_error(walk, line, "missing '=' after option '%s'", name);
	} else if (walk->part && !is_harmless(format)) {
		add_error(walk, line,
			  "syntax error: an option is NAME = VALUE or NAME = {\"A\", \"B\"}; quote "
			  "what has "
			  "blanks or any of # { } ( ) = , + *");
	} else {
		conferrors_addv(&walk->parse->errors, walk->parse->file, line, format, args);
	}
}

/* ---- tables for libconfuse ------------------------------------------------ */

static cfg_opt_t make_hook(struct walk *walk)
{
	return (cfg_opt_t){ .name = "",
			    .type = CFGT_PTR,
			    .flags = CFGF_NODEFAULT,
			    .simple_value = { .ptr = &walk->self } };
}

static cfg_opt_t make_value(const char *name, cfg_callback_t callback)
{
	return (cfg_opt_t){
		.name = name, .type = CFGT_STR, .flags = CFGF_NODEFAULT, .parsecb = callback
	};
}

/* One value or a list, either way of no consequence. */
static cfg_opt_t make_any(const char *name, cfg_callback_t callback)
{
	cfg_opt_t opt = make_value(name, callback);

	opt.flags |= CFGF_LIST;
	return opt;
}

/* INHERITED: the text of a list of only INHERIT; libconfuse copies it. */
static cfg_opt_t make_list(const char *name, cfg_callback_t callback, char *inherited)
{
	return (cfg_opt_t){ .name = name,
			    .type = CFGT_STR,
			    .flags = CFGF_LIST,
			    .def = { .parsed = inherited },
			    .parsecb = callback };
}

static cfg_opt_t make_section(const char *name, cfg_opt_t *options, cfg_flag_t flags,
			      cfg_validate_callback_t callback)
{
	return (cfg_opt_t){ .name = name,
			    .type = CFGT_SEC,
			    .flags = CFGF_MULTI | flags,
			    .subopts = options,
			    .validcb = callback };
}

/* The hook and the walk's rows, in their order: callbacks find a row by its place. */
static cfg_opt_t *option_opts(struct walk *walk, char *inherited)
{
	cfg_opt_t *table = mem_alloc((walk->row_count + 2) * sizeof(*table));

	table[0] = make_hook(walk);
	for (size_t i = 0; i < walk->row_count; i++) {
		const struct option_spec *row = &walk->table[walk->rows[i]];
		if (row->kind == OPTION_LIST)
			table[i + 1] = make_list(row->name, on_option, inherited);
		else if (row->kind == OPTION_LATER)
			table[i + 1] = make_any(row->name, on_option);
		else
			table[i + 1] = make_value(row->name, on_option);
	}
	return table;
}

static cfg_t *make_root(struct walk *walk)
{
	char inherited[] = "{'" INHERIT "'}";
	const char *const *top = confbuild_top_names;
	cfg_opt_t *worker = option_opts(walk, inherited);
	cfg_opt_t group[] = { make_hook(walk), make_list("workers", on_member, inherited),
			      CFG_END() };
	cfg_opt_t root[] = { make_hook(walk),
			     make_value(top[CONFPARSE_STATE_DIR], on_top),
			     make_value(top[CONFPARSE_PIDFILE_DIR], on_top),
			     make_value(top[CONFPARSE_LOG_DIR], on_top),
			     make_value(top[CONFPARSE_CONF_DIR], on_top),
			     make_value(top[CONFPARSE_MINDER], on_top),
			     make_any(top[CONFPARSE_METRICS_FILE], on_top),
			     make_any(top[CONFPARSE_STATUS_PAGE], on_top),
			     make_any(top[CONFPARSE_HISTORY], on_top),
			     make_section("defaults", worker, CFGF_NONE, on_defaults),
			     make_section("worker", worker, CFGF_TITLE, on_worker),
			     make_section("group", group, CFGF_TITLE, on_group),
			     CFG_END() };
	cfg_t *cfg = cfg_init(root, CFGF_NONE); /* copies the tables */

	free(worker);
	return cfg;
}

static cfg_t *make_part_root(struct walk *walk)
{
	char inherited[] = "{'" INHERIT "'}";
	cfg_opt_t *options = option_opts(walk, inherited);
	cfg_opt_t root[] = { make_hook(walk),
			     make_section(confsection_word(walk->part->kind), options, CFGF_TITLE,
					  on_part),
			     CFG_END() };
	cfg_t *cfg = cfg_init(root, CFGF_NONE);

	free(options);
	return cfg;
}

static bool run(struct walk *walk, const char *text)
{
	struct confparse *parse = walk->parse;
	size_t before = parse->errors.seen;
	cfg_t *cfg = walk->part ? make_part_root(walk) : make_root(walk);

	if (!cfg) {
		conferrors_add(&parse->errors, parse->file, 0, "libconfuse gave up: no memory");
		return false;
	}
	(void)cfg_set_error_function(cfg, on_error); /* gives the old one, which is none */

	/* cfg_parse_buf would read up to the NUL, which is the end of it, and calls the file
	 * "[buf]", which nobody sees: messages get PARSE->file. */
	int rc = cfg_parse_buf(cfg, text);
	if (rc != CFG_SUCCESS && parse->errors.seen == before)
		add_error(walk, line_of(walk, cfg), "syntax error");
	(void)cfg_free(cfg);
	if (walk->open)
		/* The section in which it was given up. */
		options_free_in(walk->table, &walk->options);
	return rc == CFG_SUCCESS;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || c == '_';
}

/* Words by a hash of theirs: one that is in there has its bit set, few others have. */
#define WORD_BITS 2048

struct words {
	uint64_t bits[WORD_BITS / 64];
};

static uint64_t bit_of(const char *word, size_t len)
{
	return hash_bytes(HASH_INIT, word, len) % WORD_BITS;
}

static void take_words(struct words *words, const char *text)
{
	while (*text) {
		size_t len = 0;

		while (is_word(text[len]))
			len++;
		if (len) {
			uint64_t bit = bit_of(text, len);

			words->bits[bit / 64] |= UINT64_C(1) << bit % 64;
		}
		text += len ? len : 1;
	}
}

static bool have(const struct words *words, const char *word, const char *text)
{
	uint64_t bit = bit_of(word, strlen(word));

	return (words->bits[bit / 64] >> bit % 64 & 1) && strstr(text, word);
}

/*
 * The rows of TABLE whose names are anywhere in TEXT, and perhaps in longer words alone, to ROWS; how many. For each section libconfuse compares each option
 * that it knows with each, copies them all and gives each a value: what nobody has written is not worth that.
 */
static size_t find_rows(const struct option_spec *table, const char *text, size_t *rows)
{
	struct words words = { .bits = { 0 } };
	const struct option_spec *list = NULL;
	bool has_list = false;
	size_t count = 0;

	take_words(&words, text);
	for (const struct option_spec *row = table; row->name; row++) {
		if (row->kind == OPTION_LIST && !list)
			list = row;
		if (have(&words, row->name, text)) {
			rows[count++] = (size_t)(row - table);
			has_list |= row->kind == OPTION_LIST;
		}
	}
	/* One list at least: by its default we learn where a section begins. More are dear: libconfuse parses a default as if it were a file. */
	if (!has_list && list)
		rows[count++] = (size_t)(list - table);
	return count;
}

/* Parses TEXT with those options of the walk's table that are in it. */
static bool run_with_rows(struct walk *walk, const char *text)
{
	size_t *rows = mem_alloc((table_size(walk->table) + 1) * sizeof(*rows));
	bool is_complete;

	walk->self = walk;
	walk->set_line = mem_alloc(table_size(walk->table) * sizeof(*walk->set_line));
	walk->rows = rows;
	walk->row_count = find_rows(walk->table, text, rows);
	is_complete = run(walk, text);
	free(walk->set_line);
	free(rows);
	return is_complete;
}

static void run_part(struct confparse *parse, const char *text, const struct confscan_part *part)
{
	struct walk walk = { .parse = parse, .part = part, .table = confsection_table(part->kind) };
	size_t before = parse->errors.seen;

	if (!run_with_rows(&walk, text))
		confbuild_lost_section(parse, part);
	parse->telling_seen += parse->errors.seen - before;
}

static void run_rest(struct confparse *parse, const char *text)
{
	struct walk walk = { .parse = parse, .table = option_table };

	parse->complete = run_with_rows(&walk, text);
}

/* Cuts PART out of TEXT, leaving its lines. */
static char *cut(char *text, const struct confscan_part *part)
{
	char *copy = mem_dup_n(text + part->at, part->len);

	for (size_t i = part->at; i < part->at + part->len; i++)
		if (text[i] != '\n')
			text[i] = ' ';
	return copy;
}

static void run_all(struct confparse *parse, char *text, const struct confscan_parts *parts)
{
	char **cuts = mem_alloc(parts->count * sizeof(*cuts));

	for (size_t i = 0; i < parts->count; i++)
		cuts[i] = cut(text, &parts->items[i]);
	run_rest(parse, text);
	for (size_t i = 0; i < parts->count; i++) {
		if (parts->items[i].is_broken)
			confbuild_lost_section(parse, &parts->items[i]);
		else
			run_part(parse, cuts[i], &parts->items[i]);
		free(cuts[i]);
	}
	free(cuts);
}

void confparse(struct confparse *parse, struct str *text, const char *file, const char *main_file,
	       const struct worker_options *base)
{
	struct confscan_parts parts = { .items = NULL };
	char *data = text->data ? text->data : (char[]){ "" };

	*parse = (struct confparse){ .file = file, .main_file = main_file, .minder = true };
	options_copy(&parse->defaults, base);
	bool is_readable = confscan(data, text->len, file, &parts, &parse->errors);
	parse->telling_seen = parts.seen;
	if (is_readable)
		run_all(parse, data, &parts);
	free(parts.items);
	conferrors_finish(&parse->errors);
}

bool confparse_is_broken(const struct confparse *parse)
{
	return parse->errors.seen > parse->telling_seen;
}

void confparse_free(struct confparse *parse)
{
	confbuild_free(parse);
	options_free(&parse->defaults);
	conferrors_free(&parse->errors);
	*parse = (struct confparse){ .file = NULL };
}
