/* SPDX-License-Identifier: ISC */
#include "watchdog/report/render_json.h"

#include "watchdog/base/signame.h"
#include "watchdog/report/confjson.h"
#include "watchdog/base/jsontext.h"

/* Of one instance's text, about. */
#define INSTANCE_BYTES 768

static json_t *hold_of(const struct snapshot_instance *instance)
{
	json_t *json;

	if (!instance->held_by)
		return json_null();
	json = json_object();
	(void)json_object_set_new(json, "by", jsontext_string(instance->held_by));
	(void)json_object_set_new(json, "until", jsontext_time(instance->held_until_wall_ms));
	(void)json_object_set_new(json, "until_reboot",
				  json_boolean(instance->is_held_until_reboot));
	return json;
}

static json_t *exit_of(const struct snapshot_instance *instance)
{
	const struct exitinfo *exit = &instance->last_exit;
	enum reason reason = instance->last_exit_reason;
	json_t *json;

	if (!instance->has_exit)
		return json_null();
	json = json_object();
	(void)json_object_set_new(json, "at", jsontext_time(exit->wall_ms));
	(void)json_object_set_new(json, "code",
				  jsontext_number(exit->code, exit->known && !exit->signal));
	(void)json_object_set_new(
		json, "signal",
		jsontext_string(exit->known && exit->signal ? signame_text(exit->signal) : NULL));
	(void)json_object_set_new(
		json, "reason",
		jsontext_string(reason == REASON_NONE ? NULL : reason_name(reason)));
	return json;
}

static void set_process(json_t *json, const struct snapshot_instance *instance)
{
	(void)json_object_set_new(json, "pid", jsontext_number(instance->pid, instance->pid != 0));
	(void)json_object_set_new(json, "started_at", jsontext_time(instance->started_wall_ms));
	(void)json_object_set_new(
		json, "uptime_s",
		jsontext_number(instance->uptime_ms / 1000, instance->uptime_ms >= 0));
	(void)json_object_set_new(json, "rss_bytes",
				  jsontext_number(instance->rss_bytes, instance->rss_bytes >= 0));
	(void)json_object_set_new(
		json, "memory_bytes",
		jsontext_number(instance->memory_bytes, instance->memory_bytes >= 0));
	(void)json_object_set_new(
		json, "memory_limit_bytes",
		jsontext_number(instance->memory_limit_bytes, instance->memory_limit_bytes >= 0));
}

static json_t *instance_of(const struct snapshot_instance *instance)
{
	json_t *json = json_object();

	(void)json_object_set_new(json, "id", jsontext_string(instance->id));
	(void)json_object_set_new(json, "worker", jsontext_string(instance->worker));
	(void)json_object_set_new(json, "instance", json_integer(instance->number));
	(void)json_object_set_new(json, "state", json_string(state_name(instance->state)));
	set_process(json, instance);
	(void)json_object_set_new(json, "restarts", json_integer(instance->restarts));
	(void)json_object_set_new(json, "hold", hold_of(instance));
	(void)json_object_set_new(json, "last_exit", exit_of(instance));
	(void)json_object_set_new(json, "next_start_at",
				  jsontext_time(instance->next_start_wall_ms));
	(void)json_object_set_new(json, "config",
				  json_string(snapshot_config_name(instance->config)));
	(void)json_object_set_new(json, "why", jsontext_string(instance->why));
	return json;
}

static json_t *round_of(const struct snapshot *snapshot)
{
	int64_t ms = snapshot_round_ms(snapshot);
	json_t *json;

	if (!snapshot->round_end_wall_ms)
		return json_null();
	json = json_object();
	(void)json_object_set_new(json, "at",
				  jsontext_time(ms < 0 ? snapshot->round_end_wall_ms
						       : snapshot->round_start_wall_ms));
	(void)json_object_set_new(json, "duration_ms", jsontext_number(ms, ms >= 0));
	return json;
}

static json_t *counts_of(const struct snapshot *snapshot)
{
	json_t *json = json_object();

	for (size_t state = 0; state < STATE_COUNT; state++)
		(void)json_object_set_new(json, state_name((enum state)state),
					  json_integer((json_int_t)snapshot->by_state[state]));
	return json;
}

static json_t *scales_of(const struct snapshot *snapshot)
{
	json_t *json = json_array();

	for (size_t i = 0; i < snapshot->scale_count; i++) {
		const struct snapshot_scale *scale = &snapshot->scales[i];
		json_t *object = json_object();

		(void)json_object_set_new(object, "worker", jsontext_string(scale->worker));
		(void)json_object_set_new(object, "numprocs", json_integer(scale->numprocs));
		(void)json_object_set_new(object, "defined",
					  jsontext_number(scale->defined, scale->defined >= 0));
		(void)json_object_set_new(object, "by", jsontext_string(scale->by));
		(void)json_array_append_new(json, object);
	}
	return json;
}

void render_json(const struct snapshot *snapshot, struct str *text)
{
	json_t *json = json_object();

	(void)json_object_set_new(json, "version", json_integer(1));
	(void)json_object_set_new(json, "host", jsontext_string(snapshot->host));
	(void)json_object_set_new(json, "user", jsontext_string(snapshot->user));
	(void)json_object_set_new(json, "at", jsontext_time(snapshot->now.wall_ms));
	(void)json_object_set_new(json, "last_round", round_of(snapshot));
	(void)json_object_set_new(json, "foreign", jsontext_string(snapshot->foreign));
	(void)json_object_set_new(json, "errors",
				  confjson_errors(snapshot->errors, snapshot->error_count));
	(void)json_object_set_new(json, "counts", counts_of(snapshot));
	(void)json_object_set_new(json, "scales", scales_of(snapshot));
	str_reserve(text, (snapshot->count + 1) * INSTANCE_BYTES);
	jsontext_begin_items(json, "instances", text);
	for (size_t i = 0; i < snapshot->count; i++)
		jsontext_item(instance_of(&snapshot->instances[i]), text);
	jsontext_end_items(text);
}
