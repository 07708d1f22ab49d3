/* SPDX-License-Identifier: ISC */
/* confprint: the tables of options, walked to write what confparse reads. */
#include "watchdog/config/confprint.h"

#include <stdlib.h>
#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/signame.h"
#include "watchdog/base/utf8.h"
#include "watchdog/model/option.h"
#include "watchdog/model/privacy.h"
#include "watchdog/model/url.h"

struct unit {
	const char *name;
	int64_t factor;
};

/* ---- values ------------------------------------------------------------------------------- */

/* Between double quotes. "${" would be a variable of the environment, which is refused. */
void confprint_quoted(const char *value, struct str *text)
{
	str_add(text, "\"");
	for (const char *at = value; *at; at++) {
		if (*at == '\n')
			str_add(text, "\\n");
		else if (*at == '"' || *at == '\\' || (*at == '$' && at[1] == '{'))
			str_addf(text, "\\%c", *at);
		else
			str_add_n(text, at, 1);
	}
	str_add(text, "\"");
}

/* To the millisecond, where units_format_duration cuts. */
static void add_duration(int64_t ms, struct str *text)
{
	static const struct unit units[] = {
		{ "d", 86400000 }, { "h", 3600000 }, { "min", 60000 }, { "s", 1000 }, { "ms", 1 },
	};

	if (ms == 0)
		str_add(text, "0");
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (ms >= units[i].factor)
			str_addf(text, "%lld%s", (long long)(ms / units[i].factor), units[i].name);
		ms %= units[i].factor;
	}
}

static void add_size(int64_t bytes, struct str *text)
{
	static const char letters[] = "KMGT";
	size_t power = 0;

	while (bytes != 0 && bytes % 1024 == 0 && power < sizeof(letters) - 1) {
		bytes /= 1024;
		power++;
	}
	str_addf(text, "%lld", (long long)bytes);
	if (power > 0)
		str_add_n(text, &letters[power - 1], 1);
}

/* A bare "+" is an operator to libconfuse. */
static void add_signal(int sig, struct str *text)
{
	const char *name = signame_text(sig);

	if (strpbrk(name, "+-"))
		confprint_quoted(name, text);
	else
		str_add(text, name);
}

static void add_number(const struct option_spec *option, int64_t value, struct str *text)
{
	if (value == OPTION_NONE) {
		str_add(text, "none");
		return;
	}
	switch (option->kind) {
	case OPTION_BOOL:
		str_add(text, value ? "true" : "false");
		return;
	case OPTION_OCTAL:
		str_addf(text, "0%02llo", (unsigned long long)value);
		return;
	case OPTION_DURATION:
		add_duration(value, text);
		return;
	case OPTION_SIZE:
		add_size(value, text);
		return;
	case OPTION_SIGNAL:
		add_signal((int)value, text);
		return;
	case OPTION_ENUM:
		str_add(text, option->names[value]);
		return;
	case OPTION_INT:
	case OPTION_STRING:
	case OPTION_LIST:
	case OPTION_LATER:
		break;
	}
	str_addf(text, "%lld", (long long)value);
}

/* As far as PRIVACY lets it be seen. */
static void add_text(const char *value, enum option_privacy privacy, struct str *text)
{
	char *shown = privacy_text(privacy, value);

	confprint_quoted(shown, text);
	free(shown);
}

static void add_list(const struct strlist *list, enum option_privacy privacy, struct str *text)
{
	str_add(text, "{");
	for (size_t i = 0; i < list->count; i++) {
		str_add(text, i ? ", " : "");
		add_text(list->items[i], privacy, text);
	}
	str_add(text, "}");
}

void confprint_value(const struct option_spec *option, const void *options, struct str *text)
{
	if (option_is_number(option)) {
		add_number(option, *option_number(option, options), text);
	} else if (option->kind == OPTION_LIST) {
		add_list(option_list(option, options), option->privacy, text);
	} else {
		const char *value = *option_string(option, options);

		/* Empty unsets what has no default. */
		add_text(value ? value : "", value ? option->privacy : OPTION_OPEN, text);
	}
}

/* ---- sections ----------------------------------------------------------------------------- */

static bool is_same_list(const struct strlist *a, const struct strlist *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

void confprint_list(const struct strlist *list, struct str *text)
{
	add_list(list, OPTION_OPEN, text);
}

bool confprint_is_same(const struct option_spec *option, const void *a, const void *b)
{
	if (option_is_number(option))
		return *option_number(option, a) == *option_number(option, b);
	if (option->kind == OPTION_LIST)
		return is_same_list(option_list(option, a), option_list(option, b));

	const char *left = *option_string(option, a);
	const char *right = *option_string(option, b);
	return left && right ? strcmp(left, right) == 0 : left == right;
}

/* What a section has, whichever table it is of. */
struct section {
	const char *word;
	const char *name;
	const char *file;
	int line;
	const void *options;
};

/* A comment, which a line break in the name of a file would end. */
static void add_place(const char *file, int line, struct str *text)
{
	char *name = mem_dup(file);

	utf8_make_line(name);
	str_addf(text, "\n# %s:%d\n", name, line);
	free(name);
}

static void add_section(const struct section *section, const struct option_spec *table,
			const void *defaults, struct str *text)
{
	add_place(section->file, section->line, text);
	str_addf(text, "%s \"%s\" {\n", section->word, section->name);
	for (const struct option_spec *option = table; option->name; option++) {
		if (option->kind == OPTION_LATER ||
		    (defaults && confprint_is_same(option, section->options, defaults)))
			continue;
		str_addf(text, "\t%s = ", option->name);
		confprint_value(option, section->options, text);
		str_add(text, "\n");
	}
	str_add(text, "}\n");
}

static void add_workers(const struct config *config, bool is_all, struct str *text)
{
	struct worker_options defaults;

	options_init(&defaults);
	for (size_t i = 0; i < config->worker_count; i++) {
		const struct worker *worker = &config->workers[i];
		struct section section = { "worker", worker->name, worker->file, worker->line,
					   &worker->options };

		add_section(&section, option_table, is_all ? NULL : &defaults, text);
	}
	options_free(&defaults);
}

static void add_webhooks(const struct config *config, bool is_all, struct str *text)
{
	struct webhook_options defaults;

	options_init_in(webhook_option_table, &defaults);
	for (size_t i = 0; i < config->webhook_count; i++) {
		const struct webhook *webhook = &config->webhooks[i];
		struct section section = { "webhook", webhook->name, webhook->file, webhook->line,
					   &webhook->options };

		add_section(&section, webhook_option_table, is_all ? NULL : &defaults, text);
	}
	options_free_in(webhook_option_table, &defaults);
}

static void add_pings(const struct config *config, bool is_all, struct str *text)
{
	struct ping_options defaults;

	options_init_in(ping_option_table, &defaults);
	for (size_t i = 0; i < config->ping_count; i++) {
		const struct ping *ping = &config->pings[i];
		struct section section = { "ping", ping->name, ping->file, ping->line,
					   &ping->options };

		add_section(&section, ping_option_table, is_all ? NULL : &defaults, text);
	}
	options_free_in(ping_option_table, &defaults);
}

static void add_group(const struct config_group *group, struct str *text)
{
	add_place(group->file, group->line, text);
	str_addf(text, "group \"%s\" {\n\tworkers = ", group->name);
	add_list(&group->workers, OPTION_OPEN, text);
	str_add(text, "\n}\n");
}

static void add_comment(const char *name, const char *value, struct str *text)
{
	if (!value)
		return; /* the files were not read that far */
	str_addf(text, "# %s = ", name);
	confprint_quoted(value, text);
	str_add(text, "\n");
}

static void add_top(const struct config *config, struct str *text)
{
	char *main_file = mem_dup(config->main_file ? config->main_file : "unknown");

	utf8_make_line(main_file);
	str_addf(text, "# main file %s\n", main_file);
	free(main_file);
	add_comment("conf_dir", config->conf_dir, text);
	add_comment("state_dir", config->state_dir, text);
	add_comment("pidfile_dir", config->pidfile_dir, text);
	add_comment("log_dir", config->log_dir, text);
	str_addf(text, "# minder = %s\n", config->minder ? "true" : "false");
	add_comment("metrics_file", config->metrics_file, text);
	add_comment("status_page", config->status_page, text);
	if (config->history_ms) {
		str_add(text, "# history = ");
		add_duration(config->history_ms, text);
		str_add(text, "\n");
	}
}

void confprint(const struct config *config, bool is_all, struct str *text)
{
	add_top(config, text);
	add_workers(config, is_all, text);
	for (size_t i = 0; i < config->group_count; i++)
		add_group(&config->groups[i], text);
	if (config->webhook_count + config->ping_count > 0)
		str_add(text, "\n# Of what follows secrets are not shown: " URL_CUT
			      " stands for them.\n");
	add_webhooks(config, is_all, text);
	add_pings(config, is_all, text);
}
