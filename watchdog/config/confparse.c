/* SPDX-License-Identifier: ISC */
/*
 * confparse: libconfuse, fed with a table made from option_table.
 *
 * Each value is set as soon as it is read, so that errors carry its line, and each section is
 * taken over and removed as soon as it is closed: libconfuse compares a new section's title
 * with those of all before it, which with 10,000 workers costs more than all else.
 */
#include "watchdog/config/confparse.h"

#include <confuse.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/config/confscan.h"
#include "watchdog/base/utf8.h"
#include "watchdog/model/option.h"

/* The default of every list is one item that nobody writes. libconfuse drops it at "=" and
 * keeps it at "+=", so that it tells whether the list goes on where the defaults ended. */
#define INHERIT "\001"

static const char *const top_names[] = { "state_dir", "pidfile_dir", "log_dir",
					 "conf_dir",  "minder",	     NULL };
static const char *const later_values[] = { "metrics_file", "status_page", "history", NULL };
static const char *const later_sections[] = { "webhook", "ping", NULL };
static const char *const known_at_top[] = {
	"state_dir", "pidfile_dir", "log_dir", "conf_dir",     "minder",      "defaults", "worker",
	"group",     "webhook",	    "ping",    "metrics_file", "status_page", "history",  NULL
};

/* What a callback needs, and where the open section is put together. Callbacks get no pointer
 * of ours; it hangs on an option without a name, the first of every section. */
struct walk {
	void *self;
	struct confparse *parse;
	struct worker_options scratch; /* where items of lists are tried */
	int *set_line;		       /* of each option in the open section; 0: not yet */
	bool open;		       /* the open section's: */
	int line;
	size_t errors_before;
	struct worker_options options; /* zeroed while none is open */
};

static size_t row_count(void)
{
	size_t count = 0;

	while (option_table[count].name)
		count++;
	return count;
}

static struct walk *walk_of(cfg_t *cfg)
{
	return cfg_opt_getnptr(cfg_getnopt(cfg, 0), 0);
}

static bool is_among(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

static void add_error(const struct walk *walk, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void add_error(const struct walk *walk, int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	conferrors_addv(&walk->parse->errors, walk->parse->file, line, format, args);
	va_end(args);
}

static void refuse_later(const struct walk *walk, int line, const char *name)
{
	add_error(walk, line, "%s '%s' is not yet available in this version; remove it",
		  is_among(later_sections, name) ? "section" : "option", name);
}

/* ---- sections ------------------------------------------------------------- */

/* libconfuse calls back for a list's default when a section begins, so this comes first. */
static void open_section(struct walk *walk, const cfg_t *section)
{
	const struct confparse *parse = walk->parse;

	if (walk->open)
		return;
	walk->open = true;
	walk->line = section->line;
	walk->errors_before = parse->errors.seen;
	memset(walk->set_line, 0, row_count() * sizeof(*walk->set_line));
	if (strcmp(section->name, "group") != 0)
		options_copy(&walk->options, &parse->defaults);
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
static struct worker_options close_options(struct walk *walk, cfg_t *section)
{
	open_section(walk, section);
	for (unsigned i = 0; option_table[i].name; i++)
		if (option_table[i].kind == OPTION_LIST)
			close_list(walk, &option_table[i], cfg_getnopt(section, i + 1));
	walk->open = false;

	struct worker_options options = walk->options;
	memset(&walk->options, 0, sizeof(walk->options));
	return options;
}

static void check_worker(const struct walk *walk, const struct worker *worker)
{
	char buf[512];
	const char *why = NULL;

	if (!worker_name_is_valid(worker->name, &why)) {
		add_error(walk, worker->line, "worker '%s': its name %s", worker->name, why);
		return;
	}
	/* With a value missing that was refused, it would only find what follows from that. */
	if (walk->parse->errors.seen > walk->errors_before)
		return;
	why = worker_check(worker, buf, sizeof(buf));
	if (why)
		add_error(walk, worker->line, "worker '%s': %s", worker->name, why);
}

/* Makes room for one more where COUNT fills a power of two. */
static void *room_for_one(void *items, size_t count, size_t each)
{
	if ((count & (count - 1)) != 0)
		return items;
	return mem_resize(items, count > 0 ? count * 2 : 1, each);
}

static int on_worker(cfg_t *cfg, cfg_opt_t *opt)
{
	struct walk *walk = walk_of(cfg);
	struct confparse *parse = walk->parse;
	cfg_t *section = cfg_opt_getnsec(opt, 0);
	struct worker worker = { .name = mem_dup(cfg_title(section)),
				 .file = mem_dup(parse->file) };

	worker.options = close_options(walk, section);
	worker.line = walk->line;
	worker.definition = options_definition(&worker.options);
	check_worker(walk, &worker);
	parse->workers = room_for_one(parse->workers, parse->worker_count, sizeof(worker));
	parse->workers[parse->worker_count++] = worker;
	return cfg_opt_rmnsec(opt, 0);
}

static int on_defaults(cfg_t *cfg, cfg_opt_t *opt)
{
	struct walk *walk = walk_of(cfg);
	struct worker_options options = close_options(walk, cfg_opt_getnsec(opt, 0));

	options_free(&walk->parse->defaults);
	walk->parse->defaults = options;
	return cfg_opt_rmnsec(opt, 0);
}

static void check_group(const struct walk *walk, const struct config_group *group)
{
	const char *why = NULL;

	if (!worker_name_is_valid(group->name, &why))
		add_error(walk, group->line, "group '%s': its name %s", group->name, why);
	else if (group->workers.count == 0)
		add_error(walk, group->line,
			  "group '%s' names no worker; give it workers = {\"NAME\", ...}",
			  group->name);
}

static int on_group(cfg_t *cfg, cfg_opt_t *opt)
{
	struct walk *walk = walk_of(cfg);
	struct confparse *parse = walk->parse;
	cfg_t *section = cfg_opt_getnsec(opt, 0);
	cfg_opt_t *list = cfg_getnopt(section, 1);

	open_section(walk, section);
	walk->open = false;

	struct config_group group = { .name = mem_dup(cfg_title(section)),
				      .file = mem_dup(parse->file),
				      .line = walk->line };
	for (unsigned i = 0; i < cfg_opt_size(list); i++)
		if (strcmp(cfg_opt_getnstr(list, i), INHERIT) != 0)
			strlist_add(&group.workers, cfg_opt_getnstr(list, i));
	check_group(walk, &group);
	parse->groups = room_for_one(parse->groups, parse->group_count, sizeof(group));
	parse->groups[parse->group_count++] = group;
	return cfg_opt_rmnsec(opt, 0);
}

static int on_later_section(cfg_t *cfg, cfg_opt_t *opt)
{
	refuse_later(walk_of(cfg), cfg->line, cfg_opt_name(opt));
	return cfg_opt_rmnsec(opt, 0);
}

/* ---- values --------------------------------------------------------------- */

static bool check_text(const struct walk *walk, const cfg_t *cfg, const char *name,
		       const char *value)
{
	if (utf8_is_value(value))
		return true;
	add_error(walk, cfg->line, "option '%s': the value has control characters or is no UTF-8",
		  name);
	return false;
}

static void set_option(struct walk *walk, const cfg_t *cfg, size_t row, const char *value)
{
	const struct option_spec *option = &option_table[row];
	bool is_list = option->kind == OPTION_LIST;

	if (option->kind == OPTION_LATER) {
		if (walk->set_line[row] == 0)
			refuse_later(walk, cfg->line, option->name);
	} else if (!is_list && walk->set_line[row] != 0) {
		add_error(
			walk, cfg->line,
			"option '%s' is set a second time in this section; the first is on line %d",
			option->name, walk->set_line[row]);
	} else if (check_text(walk, cfg, option->name, value)) {
		const char *why =
			option_set(option, is_list ? &walk->scratch : &walk->options, value);
		if (why)
			add_error(walk, cfg->line, "option '%s': '%.200s' %s", option->name, value,
				  why);
		if (is_list)
			option_clear_list(option, &walk->scratch);
	}
	walk->set_line[row] = cfg->line;
}

/* A value of a worker or defaults section. Errors are collected, so that all are told. */
static int on_option(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct walk *walk = walk_of(cfg);

	open_section(walk, cfg);
	if (strcmp(value, INHERIT) != 0)
		set_option(walk, cfg, (size_t)(opt - cfg->opts) - 1, value);
	*(const char **)result = value;
	return 0;
}

/* Whether there is a worker of that name, confcheck says. */
static int on_member(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct walk *walk = walk_of(cfg);

	open_section(walk, cfg);
	if (strcmp(value, INHERIT) != 0)
		(void)check_text(walk, cfg, cfg_opt_name(opt), value); /* it has told */
	*(const char **)result = value;
	return 0;
}

static int on_later_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	refuse_later(walk_of(cfg), cfg->line, cfg_opt_name(opt));
	*(const char **)result = value;
	return 0;
}

static void set_minder(struct walk *walk, const cfg_t *cfg, const char *value)
{
	int parsed = cfg_parse_boolean(value);

	if (parsed < 0)
		add_error(walk, cfg->line, "option 'minder': '%.200s' must be true or false",
			  value);
	else
		walk->parse->minder = parsed != 0;
}

static void set_top(struct walk *walk, const cfg_t *cfg, size_t which, const char *value)
{
	struct confparse *parse = walk->parse;
	struct confparse_value *top = &parse->top[which];

	if (parse->main_file) {
		add_error(walk, cfg->line, "option '%s' belongs into the main file, %s",
			  top_names[which], parse->main_file);
	} else if (top->text) {
		add_error(walk, cfg->line,
			  "option '%s' is set a second time; the first is on line %d",
			  top_names[which], top->line);
	} else if (check_text(walk, cfg, top_names[which], value)) {
		top->text = mem_dup(value);
		top->line = cfg->line;
		if (which == CONFPARSE_MINDER)
			set_minder(walk, cfg, value);
		else if (value[0] == '\0')
			add_error(walk, cfg->line, "option '%s' is empty; name a directory",
				  top_names[which]);
	}
}

static int on_top(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	set_top(walk_of(cfg), cfg, (size_t)(opt - cfg->opts) - 1, value);
	*(const char **)result = value;
	return 0;
}

/* ---- libconfuse's own errors ---------------------------------------------- */

static void unknown_in_section(const struct walk *walk, const cfg_t *cfg, const char *name)
{
	const char *near = option_nearest(name, NULL);

	if (strcmp(cfg->name, "group") == 0)
		add_error(walk, cfg->line, "no such option '%s': a group has only 'workers'", name);
	else if (is_among(known_at_top, name))
		add_error(walk, cfg->line,
			  "'%s' cannot stand within '%s': a '}' may be missing before it", name,
			  cfg->name);
	else if (near)
		add_error(walk, cfg->line, "no such option '%s' (did you mean '%s'?)", name, near);
	else
		add_error(walk, cfg->line, "no such option '%s'", name);
}

static void unknown_at_top(const struct walk *walk, const cfg_t *cfg, const char *name)
{
	const char *near = option_nearest(name, known_at_top);

	if (option_find(name))
		add_error(walk, cfg->line, "option '%s' belongs into a worker or defaults section",
			  name);
	else if (near)
		add_error(walk, cfg->line, "no such option '%s' (did you mean '%s'?)", name, near);
	else
		add_error(walk, cfg->line, "no such option '%s'", name);
}

static void unknown(const struct walk *walk, const cfg_t *cfg, const char *name)
{
	if (is_among(later_sections, cfg->name))
		refuse_later(walk, cfg->line, cfg->name);
	else if (name[0] == ';')
		add_error(walk, cfg->line, "stray ';': nothing stands behind a value");
	else if (strcmp(cfg->name, "root") == 0)
		unknown_at_top(walk, cfg, name);
	else
		unknown_in_section(walk, cfg, name);
}

static void on_error(cfg_t *cfg, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

static void on_error(cfg_t *cfg, const char *format, va_list args)
{
	const struct walk *walk = walk_of(cfg);

	if (strcmp(format, "no such option '%s'") == 0) {
		unknown(walk, cfg, va_arg(args, const char *));
	} else if (strcmp(format, "missing equal sign after option '%s'") == 0) {
		const char *name = va_arg(args, const char *);
		if (is_among(later_values, name))
			refuse_later(walk, cfg->line, name);
		else
			add_error(walk, cfg->line, "missing '=' after option '%s'", name);
	} else {
		conferrors_addv(&walk->parse->errors, walk->parse->file, cfg->line, format, args);
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

/* The hook and option_table, in its order: callbacks find a row by its place. */
static cfg_opt_t *worker_table(struct walk *walk, char *inherited)
{
	size_t rows = row_count();
	cfg_opt_t *table = mem_alloc((rows + 2) * sizeof(*table));

	table[0] = make_hook(walk);
	for (size_t i = 0; i < rows; i++) {
		const struct option_spec *row = &option_table[i];
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
	cfg_opt_t *worker = worker_table(walk, inherited);
	cfg_opt_t group[] = { make_hook(walk), make_list("workers", on_member, inherited),
			      CFG_END() };
	cfg_opt_t later[] = { make_hook(walk), CFG_END() };
	cfg_opt_t root[] = { make_hook(walk),
			     make_value(top_names[0], on_top),
			     make_value(top_names[1], on_top),
			     make_value(top_names[2], on_top),
			     make_value(top_names[3], on_top),
			     make_value(top_names[4], on_top),
			     make_any(later_values[0], on_later_value),
			     make_any(later_values[1], on_later_value),
			     make_any(later_values[2], on_later_value),
			     make_section("defaults", worker, CFGF_NONE, on_defaults),
			     make_section("worker", worker, CFGF_TITLE, on_worker),
			     make_section("group", group, CFGF_TITLE, on_group),
			     make_section(later_sections[0], later, CFGF_TITLE, on_later_section),
			     make_section(later_sections[1], later, CFGF_TITLE, on_later_section),
			     CFG_END() };
	cfg_t *cfg = cfg_init(root, CFGF_NONE); /* copies the tables */

	free(worker);
	return cfg;
}

static bool run(struct walk *walk, struct str *text)
{
	struct confparse *parse = walk->parse;
	cfg_t *cfg = make_root(walk);

	if (!cfg) {
		conferrors_add(&parse->errors, parse->file, 0, "libconfuse gave up: no memory");
		return false;
	}
	(void)cfg_set_error_function(cfg, on_error); /* gives the old one, which is none */

	/* cfg_parse_buf would read up to the NUL, which is the end of it, and calls the file
	 * "[buf]", which nobody sees: messages get PARSE->file. */
	int rc = cfg_parse_buf(cfg, str_text(text));
	if (rc != CFG_SUCCESS && parse->errors.seen == 0)
		conferrors_add(&parse->errors, parse->file, cfg->line, "syntax error");
	(void)cfg_free(cfg);
	return rc == CFG_SUCCESS;
}

void confparse(struct confparse *parse, struct str *text, const char *file, const char *main_file,
	       const struct worker_options *base)
{
	struct walk walk = { .parse = parse };

	*parse = (struct confparse){ .file = file, .main_file = main_file, .minder = true };
	options_copy(&parse->defaults, base);
	if (!confscan(text->data ? text->data : (char[]){ "" }, text->len, file, &parse->errors)) {
		conferrors_finish(&parse->errors);
		return;
	}

	walk.self = &walk;
	walk.set_line = mem_alloc(row_count() * sizeof(*walk.set_line));
	options_init(&walk.scratch);
	parse->complete = run(&walk, text);
	if (walk.open)
		options_free(&walk.options); /* the section in which it was given up */
	options_free(&walk.scratch);
	free(walk.set_line);
	conferrors_finish(&parse->errors);
}

static void free_group(struct config_group *group)
{
	free(group->name);
	free(group->file);
	strlist_free(&group->workers);
}

void confparse_free(struct confparse *parse)
{
	for (size_t i = 0; i < CONFPARSE_TOP_COUNT; i++)
		free(parse->top[i].text);
	for (size_t i = 0; i < parse->worker_count; i++)
		worker_free(&parse->workers[i]);
	free(parse->workers);
	for (size_t i = 0; i < parse->group_count; i++)
		free_group(&parse->groups[i]);
	free(parse->groups);
	options_free(&parse->defaults);
	conferrors_free(&parse->errors);
	*parse = (struct confparse){ .file = NULL };
}
