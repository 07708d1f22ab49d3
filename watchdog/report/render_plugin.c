/* SPDX-License-Identifier: ISC */
#include "watchdog/report/render_plugin.h"

#include <string.h>

#include "watchdog/base/units.h"

/* A notification shows the first line alone: so many ids stand in it. */
#define NAMED_MAX 3
/* Beyond these, strays are only counted. */
#define STRAYS_MAX 10

/* "|" begins performance data, wherever it stands. */
static void add_plain(const char *more, struct str *text)
{
	size_t from = text->len;

	str_add(text, more);
	for (char *at = text->data + from; *at; at++)
		if (*at == '|')
			*at = '/';
}

static void add_span(int64_t ms, struct str *text)
{
	char span[UNITS_TEXT_SIZE];

	str_add(text, units_format_duration(ms >= 1000 ? ms / 1000 * 1000 : ms, span));
}

/* ---- the first line ----------------------------------------------------------------------- */

static void add_count(size_t count, const char *what, struct str *text)
{
	if (count)
		str_addf(text, ", %zu %s", count, what);
}

static void add_silence(const struct snapshot *snapshot, struct str *text)
{
	if (!snapshot->round_end_wall_ms) {
		str_add(text, "no round yet");
		return;
	}
	str_add(text, "no round for ");
	add_span(snapshot->now.wall_ms - snapshot->round_end_wall_ms, text);
}

static size_t add_names(const struct snapshot *snapshot, enum health health, size_t named,
			struct str *text)
{
	for (size_t i = 0; i < snapshot->count && named < NAMED_MAX; i++) {
		const struct snapshot_instance *instance = &snapshot->instances[i];

		if (health_of(instance) != health)
			continue;
		str_add(text, named++ ? ", " : ": ");
		add_plain(instance->id, text);
		str_addf(text, " %s", state_name(instance->state));
	}
	return named;
}

/* The worst first. */
static void add_unwell_names(const struct snapshot *snapshot, size_t unwell, struct str *text)
{
	size_t named = add_names(snapshot, HEALTH_CRITICAL, 0, text);

	named = add_names(snapshot, HEALTH_UNKNOWN, named, text);
	named = add_names(snapshot, HEALTH_WARNING, named, text);
	if (unwell > named)
		str_addf(text, " and %zu more", unwell - named);
}

static void add_summary(const struct snapshot *snapshot, const struct health_verdict *verdict,
			struct str *text)
{
	str_addf(text, "CRONHERD %s - ", health_name(verdict->health));
	if (snapshot->count)
		str_addf(text, "%zu of %zu running", verdict->running, verdict->wanted);
	else
		str_add(text, "no instance");
	add_count(verdict->ended, "ended", text);
	add_count(verdict->held, "held", text);
	add_count(snapshot->error_count,
		  snapshot->error_count > 1 ? "configuration errors" : "configuration error", text);
	add_count(snapshot->stray_count, snapshot->stray_count > 1 ? "strays" : "stray", text);
	if (verdict->is_silent) {
		str_add(text, ", ");
		add_silence(snapshot, text);
	}
	if (snapshot->foreign)
		str_add(text, ", herded from elsewhere");
	add_unwell_names(snapshot, verdict->unwell, text);
}

/* ---- performance data --------------------------------------------------------------------- */

static void add_perfdata(const struct snapshot *snapshot, const struct health_verdict *verdict,
			 struct str *text)
{
	long long restarts = 0;
	long long memory_bytes = 0;
	int64_t age_ms = snapshot->now.wall_ms - snapshot->round_end_wall_ms;

	for (size_t i = 0; i < snapshot->count; i++) {
		restarts += snapshot->instances[i].restarts;
		if (snapshot->instances[i].memory_bytes > 0)
			memory_bytes += snapshot->instances[i].memory_bytes;
	}
	str_addf(text, " | running=%zu;;;0;%zu held=%zu;;;0 unwell=%zu;;;0 restarts=%lldc;;;0",
		 verdict->running, verdict->wanted, verdict->held, verdict->unwell, restarts);
	str_addf(text, " memory=%lldB;;;0", memory_bytes);
	if (snapshot->round_end_wall_ms)
		str_addf(text, " round_age=%llds;%lld;;0",
			 (long long)(age_ms > 0 ? age_ms / 1000 : 0),
			 (long long)(snapshot->lapse_ms / 1000));
	str_add(text, "\n");
}

/* ---- what is not well --------------------------------------------------------------------- */

static void add_instance(const struct snapshot_instance *instance, struct str *text)
{
	char used[UNITS_TEXT_SIZE];
	char limit[UNITS_TEXT_SIZE];
	enum health health = health_of(instance);

	if (health == HEALTH_OK)
		return;
	str_addf(text, "%s: ", health_name(health));
	add_plain(instance->id, text);
	str_addf(text, " %s: ", state_name(instance->state));
	if (health_is_bloated(instance))
		str_addf(text, "%s of %s memory; ", units_format_size(instance->memory_bytes, used),
			 units_format_size(instance->memory_limit_bytes, limit));
	add_plain(instance->why, text);
	str_add(text, "\n");
}

static void add_errors(const struct snapshot *snapshot, struct str *text)
{
	for (size_t i = 0; i < snapshot->error_count; i++) {
		const struct config_error *error = &snapshot->errors[i];

		str_addf(text, "%s: ", health_name(HEALTH_WARNING));
		add_plain(error->file, text);
		if (error->line)
			str_addf(text, ":%d", error->line);
		str_add(text, ": ");
		add_plain(error->message, text);
		str_add(text, "\n");
	}
}

static void add_strays(const struct snapshot *snapshot, struct str *text)
{
	if (!snapshot->stray_count)
		return;
	str_addf(text, "%s: processes with our mark that no instance owns: pid",
		 health_name(HEALTH_WARNING));
	for (size_t i = 0; i < snapshot->stray_count && i < STRAYS_MAX; i++) {
		str_addf(text, "%s %d (", i ? "," : "", (int)snapshot->strays[i].pid);
		add_plain(snapshot->strays[i].id, text);
		str_add(text, ")");
	}
	str_add(text, snapshot->stray_count > STRAYS_MAX ? " ...\n" : "\n");
}

static void add_details(const struct snapshot *snapshot, const struct health_verdict *verdict,
			struct str *text)
{
	/* Another herder's: all are UNKNOWN, for that one reason. */
	for (size_t i = 0; i < snapshot->count && !snapshot->foreign; i++)
		add_instance(&snapshot->instances[i], text);
	if (snapshot->foreign) {
		str_addf(text, "%s: ", health_name(HEALTH_UNKNOWN));
		add_plain(snapshot->foreign, text);
		str_add(text, "\n");
	}
	if (verdict->is_silent) {
		str_addf(text, "%s: ", health_name(HEALTH_WARNING));
		add_silence(snapshot, text);
		str_add(text, ": does cron call `cronherd run`? See `cronherd doctor`\n");
	}
	add_errors(snapshot, text);
	add_strays(snapshot, text);
}

void render_plugin(const struct snapshot *snapshot, const struct health_verdict *verdict,
		   struct str *text)
{
	add_summary(snapshot, verdict, text);
	add_perfdata(snapshot, verdict, text);
	add_details(snapshot, verdict, text);
}

void render_plugin_plain(const struct snapshot *snapshot, const struct health_verdict *verdict,
			 struct str *text)
{
	add_summary(snapshot, verdict, text);
	str_add(text, "\n");
	add_details(snapshot, verdict, text);
}

void render_plugin_failure(const char *why, struct str *text)
{
	str_addf(text, "CRONHERD %s - ", health_name(HEALTH_UNKNOWN));
	add_plain(why, text);
	str_add(text, "\n");
}
