/* SPDX-License-Identifier: ISC */
#include "watchdog/config/confbuild.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/units.h"
#include "watchdog/base/utf8.h"

const char *const confbuild_top_names[CONFPARSE_TOP_COUNT + 1] = {
	[CONFPARSE_STATE_DIR] = "state_dir",
	[CONFPARSE_PIDFILE_DIR] = "pidfile_dir",
	[CONFPARSE_LOG_DIR] = "log_dir",
	[CONFPARSE_CONF_DIR] = "conf_dir",
	[CONFPARSE_MINDER] = "minder",
	[CONFPARSE_METRICS_FILE] = "metrics_file",
	[CONFPARSE_STATUS_PAGE] = "status_page",
	[CONFPARSE_HISTORY] = "history",
};

static void add_error(struct confparse *parse, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void add_error(struct confparse *parse, int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	conferrors_addv(&parse->errors, parse->file, line, format, args);
	va_end(args);
}

/* ---- the top level ------------------------------------------------------------------------ */

static const char *set_minder(struct confparse *parse, const char *value)
{
	static const char *const words[] = { "false", "true", "no", "yes", "off", "on" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(value, words[i]) == 0) {
			parse->minder = i % 2 != 0;
			return NULL;
		}
	}
	return "must be true or false";
}

static const char *set_history(struct confparse *parse, const char *value)
{
	if (strcmp(value, "none") == 0)
		return NULL;
	if (units_parse_duration(value, &parse->history_ms) == 0 &&
	    parse->history_ms <= OPTION_CENTURY_MS)
		return NULL;
	parse->history_ms = 0;
	return "must be none, or how long samples are kept, such as 14d";
}

static bool names_file(const char *value)
{
	return value[0] != '\0' && value[strlen(value) - 1] != '/';
}

/* NULL, or why VALUE cannot be used. */
static const char *set_top(struct confparse *parse, enum confparse_top which, const char *value)
{
	if (!utf8_is_value(value))
		return "has control characters or is no UTF-8";
	switch (which) {
	case CONFPARSE_STATE_DIR:
	case CONFPARSE_PIDFILE_DIR:
	case CONFPARSE_LOG_DIR:
	case CONFPARSE_CONF_DIR:
		return value[0] == '\0' ? "is empty; name a directory" : NULL;
	case CONFPARSE_MINDER:
		return set_minder(parse, value);
	case CONFPARSE_METRICS_FILE:
		return names_file(value) ? NULL
					 : "must name a file, such as "
					   "/var/lib/prometheus/node-exporter/cronherd.prom";
	case CONFPARSE_STATUS_PAGE:
		return names_file(value) ? NULL : "must name a file, such as /var/www/html/herd.html";
	case CONFPARSE_HISTORY:
		return set_history(parse, value);
	}
	return NULL;
}

void confbuild_top(struct confparse *parse, int line, enum confparse_top which, const char *value)
{
	const char *name = confbuild_top_names[which];
	struct confparse_value *top = &parse->top[which];
	size_t before = parse->errors.seen;

	if (parse->main_file) {
		add_error(parse, line, "option '%s' belongs into the main file, %s", name,
			  parse->main_file);
	} else if (top->line > 0) {
		add_error(parse, line, "option '%s' is set a second time; the first is on line %d",
			  name, top->line);
	} else {
		const char *why = set_top(parse, which, value);
		if (why)
			add_error(parse, line, "option '%s' %s", name, why);
		else
			top->text = mem_dup(value);
		top->line = line;
	}
	if (which == CONFPARSE_METRICS_FILE || which == CONFPARSE_STATUS_PAGE ||
	    which == CONFPARSE_HISTORY)
		parse->telling_seen += parse->errors.seen - before;
}

/* ---- sections ----------------------------------------------------------------------------- */

/* Makes room for one more where COUNT fills a power of two. */
static void *room_for_one(void *items, size_t count, size_t each)
{
	if ((count & (count - 1)) != 0)
		return items;
	return mem_resize(items, count > 0 ? count * 2 : 1, each);
}

static void check_worker(struct confparse *parse, const struct worker *worker, bool is_good)
{
	char buf[512];
	const char *why = NULL;

	if (!worker_name_is_valid(worker->name, &why)) {
		add_error(parse, worker->line, "worker '%s': its name %s", worker->name, why);
		return;
	}
	/* With a value missing that was refused, it would only find what follows from that. */
	if (!is_good)
		return;
	why = worker_check(worker, buf, sizeof(buf));
	if (why)
		add_error(parse, worker->line, "worker '%s': %s", worker->name, why);
}

void confbuild_worker(struct confparse *parse, const struct worker *worker, bool is_good)
{
	check_worker(parse, worker, is_good);
	parse->workers = room_for_one(parse->workers, parse->worker_count, sizeof(*worker));
	parse->workers[parse->worker_count++] = *worker;
}

static void check_group(struct confparse *parse, const struct config_group *group)
{
	const char *why = NULL;

	if (!worker_name_is_valid(group->name, &why))
		add_error(parse, group->line, "group '%s': its name %s", group->name, why);
	else if (group->workers.count == 0)
		add_error(parse, group->line,
			  "group '%s' names no worker; give it workers = {\"NAME\", ...}",
			  group->name);
}

void confbuild_group(struct confparse *parse, const struct config_group *group)
{
	check_group(parse, group);
	parse->groups = room_for_one(parse->groups, parse->group_count, sizeof(*group));
	parse->groups[parse->group_count++] = *group;
}

/* A name that is none may be a URL in the wrong place: it is not told. */
static void check_section(struct confparse *parse, const struct confsection *section, bool is_good)
{
	const char *word = confsection_word(section->kind);
	char buf[512];
	const char *about = NULL;
	const char *why = NULL;

	if (!worker_name_is_valid(section->name, &why))
		add_error(parse, section->line, "the name of this %s %s", word, why);
	if (why || !is_good)
		return;
	why = section->kind == CONFSECTION_WEBHOOK
		      ? webhook_check(&section->options.webhook, &about, buf, sizeof(buf))
		      : ping_check(&section->options.ping);
	if (why)
		add_error(parse, about ? confsection_line(section, about) : section->line,
			  "%s '%s': %s", word, section->name, why);
}

static struct confsection *add_section(struct confparse *parse, const struct confsection *section)
{
	parse->sections = room_for_one(parse->sections, parse->section_count, sizeof(*section));
	parse->sections[parse->section_count] = *section;
	return &parse->sections[parse->section_count++];
}

void confbuild_section(struct confparse *parse, const struct confsection *section, bool is_good)
{
	size_t before = parse->errors.seen;

	check_section(parse, section, is_good);
	add_section(parse, section)->is_broken = !is_good || parse->errors.seen > before;
}

void confbuild_lost_section(struct confparse *parse, const struct confscan_part *part)
{
	struct confsection section = { .kind = part->kind,
				       .is_broken = true,
				       .name = mem_dup(part->name),
				       .file = mem_dup(parse->file),
				       .line = part->line };

	add_section(parse, &section);
}

void confbuild_free(struct confparse *parse)
{
	for (size_t i = 0; i < CONFPARSE_TOP_COUNT; i++)
		free(parse->top[i].text);
	for (size_t i = 0; i < parse->worker_count; i++)
		worker_free(&parse->workers[i]);
	free(parse->workers);
	for (size_t i = 0; i < parse->group_count; i++) {
		free(parse->groups[i].name);
		free(parse->groups[i].file);
		strlist_free(&parse->groups[i].workers);
	}
	free(parse->groups);
	for (size_t i = 0; i < parse->section_count; i++)
		confsection_free(&parse->sections[i]);
	free(parse->sections);
}
