/* SPDX-License-Identifier: ISC */
#include "watchdog/report/confjson.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/signame.h"
#include "watchdog/model/option.h"
#include "watchdog/model/privacy.h"
#include "watchdog/base/jsontext.h"

/* ---- options ------------------------------------------------------------------------------ */

static json_t *octal(int64_t mode)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "0%02llo", (unsigned long long)mode);
	return json_string(text);
}

/* In seconds; a fraction only where there is one. */
static json_t *seconds(int64_t ms)
{
	return ms % 1000 ? json_real((double)ms / 1000.0) : json_integer(ms / 1000);
}

static json_t *number(const struct option_spec *option, int64_t value)
{
	if (value == OPTION_NONE)
		return json_null();
	switch (option->kind) {
	case OPTION_BOOL:
		return json_boolean(value != 0);
	case OPTION_OCTAL:
		return octal(value);
	case OPTION_DURATION:
		return seconds(value);
	case OPTION_SIGNAL:
		return json_string(signame_text((int)value));
	case OPTION_ENUM:
		return json_string(option->names[value]);
	case OPTION_INT:
	case OPTION_SIZE:
	case OPTION_STRING:
	case OPTION_LIST:
	case OPTION_LATER:
		break;
	}
	return json_integer(value);
}

static json_t *text(enum option_privacy privacy, const char *value)
{
	char *shown = value ? privacy_text(privacy, value) : NULL;
	json_t *json = jsontext_string(shown);

	free(shown);
	return json;
}

static json_t *list(enum option_privacy privacy, const struct strlist *items)
{
	json_t *json = json_array();

	for (size_t i = 0; i < items->count; i++)
		(void)json_array_append_new(json, text(privacy, items->items[i]));
	return json;
}

static json_t *value_of(const struct option_spec *option, const void *options)
{
	if (option_is_number(option))
		return number(option, *option_number(option, options));
	if (option->kind == OPTION_LIST)
		return list(option->privacy, option_list(option, options));
	return text(option->privacy, *option_string(option, options));
}

static json_t *options_of(const struct option_spec *table, const void *options)
{
	json_t *json = json_object();

	for (const struct option_spec *option = table; option->name; option++)
		if (option->kind != OPTION_LATER)
			(void)json_object_set_new(json, option->name, value_of(option, options));
	return json;
}

static json_t *section_of(const char *name, const char *file, int line,
			  const struct option_spec *table, const void *options)
{
	json_t *json = json_object();

	(void)json_object_set_new(json, "name", jsontext_string(name));
	(void)json_object_set_new(json, "file", jsontext_string(file));
	(void)json_object_set_new(json, "line", json_integer(line));
	(void)json_object_set_new(json, "options", options_of(table, options));
	return json;
}

/* ---- the rest ----------------------------------------------------------------------------- */

json_t *confjson_errors(const struct config_error *errors, size_t count)
{
	json_t *json = json_array();

	for (size_t i = 0; i < count; i++) {
		json_t *error = json_object();

		(void)json_object_set_new(error, "file", jsontext_string(errors[i].file));
		(void)json_object_set_new(error, "line", json_integer(errors[i].line));
		(void)json_object_set_new(error, "message", jsontext_string(errors[i].message));
		(void)json_array_append_new(json, error);
	}
	return json;
}

static json_t *workers_of(const struct config *config)
{
	json_t *json = json_array();

	for (size_t i = 0; i < config->worker_count; i++) {
		const struct worker *worker = &config->workers[i];

		(void)json_array_append_new(json,
					    section_of(worker->name, worker->file, worker->line,
						       option_table, &worker->options));
	}
	return json;
}

static json_t *webhooks_of(const struct config *config)
{
	json_t *json = json_array();

	for (size_t i = 0; i < config->webhook_count; i++) {
		const struct webhook *webhook = &config->webhooks[i];

		(void)json_array_append_new(json,
					    section_of(webhook->name, webhook->file, webhook->line,
						       webhook_option_table, &webhook->options));
	}
	return json;
}

static json_t *pings_of(const struct config *config)
{
	json_t *json = json_array();

	for (size_t i = 0; i < config->ping_count; i++) {
		const struct ping *ping = &config->pings[i];

		(void)json_array_append_new(json, section_of(ping->name, ping->file, ping->line,
							     ping_option_table, &ping->options));
	}
	return json;
}

static json_t *environment_of(const struct strlist *environment)
{
	json_t *json = json_object();

	for (size_t i = 0; i < environment->count; i++) {
		const char *item = environment->items[i];
		size_t len = strcspn(item, "=");
		char *name = mem_dup_n(item, len);

		(void)json_object_set_new(json, name,
					  jsontext_string(item[len] ? item + len + 1 : ""));
		free(name);
	}
	return json;
}

static json_t *instance_of(const struct confjson_instance *view)
{
	const struct expanded *expanded = &view->expanded;
	char id[INSTANCE_ID_SIZE];
	json_t *json = json_object();

	(void)json_object_set_new(json, "id", json_string(instance_id(&view->instance, id)));
	(void)json_object_set_new(json, "argv", jsontext_list(&expanded->argv));
	(void)json_object_set_new(json, "directory", jsontext_string(expanded->directory));
	(void)json_object_set_new(json, "environment", environment_of(&expanded->environment));
	(void)json_object_set_new(json, "umask", octal(view->instance.worker->options.umask));
	(void)json_object_set_new(json, "user", jsontext_string(expanded->account.name));
	(void)json_object_set_new(json, "group", jsontext_string(view->group));
	(void)json_object_set_new(json, "stdout_logfile",
				  jsontext_string(expanded->stdout_logfile));
	(void)json_object_set_new(json, "stderr_logfile",
				  jsontext_string(expanded->stderr_logfile));
	return json;
}

static json_t *instances_of(const struct confjson_input *input)
{
	json_t *json = json_array();

	for (size_t i = 0; i < input->count; i++)
		(void)json_array_append_new(json, instance_of(&input->instances[i]));
	return json;
}

void confjson(const struct confjson_input *input, struct str *out)
{
	json_t *json = json_object();

	(void)json_object_set_new(json, "version", json_integer(1));
	(void)json_object_set_new(json, "errors",
				  confjson_errors(input->errors, input->error_count));
	(void)json_object_set_new(json, "workers", workers_of(input->config));
	(void)json_object_set_new(json, "instances", instances_of(input));
	(void)json_object_set_new(json, "webhooks", webhooks_of(input->config));
	(void)json_object_set_new(json, "pings", pings_of(input->config));
	(void)json_object_set_new(json, "metrics_file",
				  jsontext_string(input->config->metrics_file));
	(void)json_object_set_new(json, "status_page",
				  jsontext_string(input->config->status_page));
	(void)json_object_set_new(json, "history", seconds(input->config->history_ms));
	jsontext_finish(json, out);
}
