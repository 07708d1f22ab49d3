/* SPDX-License-Identifier: ISC */
#include <config.h>

#include "watchdog/report/render_prom.h"

#include <stdlib.h>
#include <string.h>

#include "watchdog/base/utf8.h"
#include "watchdog/report/health.h"

#define ABSENT INT64_MIN /* no sample */

enum unit {
	UNIT_ONE,
	UNIT_MS /* shown as seconds */
};

struct family {
	const char *name; /* behind "cronherd_" */
	const char *help; /* nothing in it has to be escaped */
	enum unit unit;
	bool is_counter;
};

struct page {
	const struct snapshot *snapshot;
	const struct deliveries *deliveries;
	struct str herd;       /* the label that every series has, its last */
	struct strlist labels; /* of each instance, a comma behind each; likewise: */
	struct strlist states;
	struct strlist reasons;
	struct str *text;
	const struct family *open; /* its head has been written */
};

/* ---- the format --------------------------------------------------------------------------- */

static void add_label(const char *name, const char *value, struct str *labels)
{
	struct str repaired = STR_INIT;

	utf8_repair(value, strlen(value), &repaired);
	str_add(labels, name);
	str_add(labels, "=\"");
	for (const char *at = str_text(&repaired); *at; at++)
		if (*at == '\n')
			str_add(labels, "\\n");
		else if (*at == '\\' || *at == '"')
			str_addf(labels, "\\%c", *at);
		else
			str_add_n(labels, at, 1);
	str_add(labels, "\"");
	str_free(&repaired);
}

static void add_value(int64_t value, enum unit unit, struct str *text)
{
	lldiv_t seconds = lldiv(value, 1000);

	switch (unit) {
	case UNIT_ONE:
		/* Of a thousand instances, tens of thousands are 0 or 1. */
		if (value >= 0 && value <= 9)
			str_add_n(text, &"0123456789"[value], 1);
		else
			str_addf(text, "%lld", (long long)value);
		break;
	case UNIT_MS:
		str_addf(text, "%s%lld.%03lld", value < 0 ? "-" : "", llabs(seconds.quot),
			 llabs(seconds.rem));
		break;
	}
}

static void open_family(struct page *page, const struct family *family)
{
	if (page->open == family)
		return;
	page->open = family;
	str_addf(page->text, "# HELP cronherd_%s %s\n# TYPE cronherd_%s %s\n", family->name,
		 family->help, family->name, family->is_counter ? "counter" : "gauge");
}

/* LABELS: whose it is; MORE: what else tells it from others. "", or a comma behind each. */
static void add_sample(struct page *page, const struct family *family, const char *labels,
		       const char *more, int64_t value)
{
	if (value == ABSENT)
		return;
	open_family(page, family);
	str_add(page->text, "cronherd_");
	str_add(page->text, family->name);
	str_add(page->text, "{");
	str_add(page->text, labels);
	str_add(page->text, more);
	str_add(page->text, str_text(&page->herd));
	str_add(page->text, "} ");
	add_value(value, family->unit, page->text);
	str_add(page->text, "\n");
}

/* Allocated: one label, a comma behind it. */
static char *label_of(const char *name, const char *value)
{
	struct str label = STR_INIT;

	add_label(name, value, &label);
	str_add(&label, ",");
	return str_take(&label);
}

/* All states, all reasons: made once, and not for each instance. */
static void make_words(struct page *page)
{
	for (int state = 0; state < STATE_COUNT; state++)
		strlist_take(&page->states, label_of("state", state_name((enum state)state)));
	for (int reason = 0; reason < REASON_COUNT; reason++)
		strlist_take(&page->reasons, label_of("reason", reason_name((enum reason)reason)));
}

/* ---- the herd ----------------------------------------------------------------------------- */

static int64_t is_owned(const struct snapshot *snapshot)
{
	return snapshot->foreign == NULL;
}

static int64_t config_errors(const struct snapshot *snapshot)
{
	return (int64_t)snapshot->error_count;
}

static int64_t round_start(const struct snapshot *snapshot)
{
	return snapshot->round_start_wall_ms ? snapshot->round_start_wall_ms : ABSENT;
}

static int64_t round_end(const struct snapshot *snapshot)
{
	return snapshot->round_end_wall_ms ? snapshot->round_end_wall_ms : ABSENT;
}

static int64_t round_duration(const struct snapshot *snapshot)
{
	int64_t ms = snapshot_round_ms(snapshot);

	return ms < 0 ? ABSENT : ms;
}

static const struct {
	struct family family;
	int64_t (*of)(const struct snapshot *snapshot);
} of_herd[] = {
	{ { .name = "herd_owned", .help = "Whether rounds of this host keep the herd; 0: another host's do." },
	  is_owned },
	{ { .name = "config_errors", .help = "Errors in the configuration's files." },
	  config_errors },
	{ { .name = "last_round_timestamp_seconds",
	    .help = "Unix time when the last round began.",
	    .unit = UNIT_MS },
	  round_start },
	{ { .name = "last_run_timestamp_seconds",
	    .help = "Unix time when the last round ended.",
	    .unit = UNIT_MS },
	  round_end },
	{ { .name = "round_duration_seconds",
	    .help = "How long the last round took.",
	    .unit = UNIT_MS },
	  round_duration },
};

static void add_herd(struct page *page)
{
	static const struct family build = {
		.name = "build_info", .help = "Always 1; its label says which version this is."
	};
	static const struct family by_state = { .name = "workers",
						.help = "Instances of workers, by state." };

	add_sample(page, &build, "", "version=\"" PACKAGE_VERSION "\",", 1);
	for (size_t i = 0; i < sizeof(of_herd) / sizeof(of_herd[0]); i++)
		add_sample(page, &of_herd[i].family, "", "",
			   of_herd[i].of(page->snapshot));
	for (size_t state = 0; state < STATE_COUNT; state++)
		add_sample(page, &by_state, "", page->states.items[state],
			   (int64_t)page->snapshot->by_state[state]);
}

/* ---- instances ---------------------------------------------------------------------------- */

static int64_t is_up(const struct snapshot_instance *instance)
{
	return instance->pid != 0;
}

static int64_t is_wanted(const struct snapshot_instance *instance)
{
	return health_is_to_run(instance);
}

static int64_t is_held(const struct snapshot_instance *instance)
{
	return instance->held_by != NULL;
}

static int64_t known(int64_t value)
{
	return value < 0 ? ABSENT : value;
}

static int64_t memory(const struct snapshot_instance *instance)
{
	return known(instance->memory_bytes);
}

static int64_t rss(const struct snapshot_instance *instance)
{
	return known(instance->rss_bytes);
}

static int64_t memory_limit(const struct snapshot_instance *instance)
{
	return known(instance->memory_limit_bytes);
}

static int64_t start_time(const struct snapshot_instance *instance)
{
	return instance->started_wall_ms ? instance->started_wall_ms : ABSENT;
}

static int64_t uptime(const struct snapshot_instance *instance)
{
	return known(instance->uptime_ms);
}

static int64_t exit_time(const struct snapshot_instance *instance)
{
	return instance->has_exit && instance->last_exit.wall_ms ? instance->last_exit.wall_ms
								 : ABSENT;
}

static int64_t exit_code(const struct snapshot_instance *instance)
{
	const struct exitinfo *exit = &instance->last_exit;

	return instance->has_exit && exit->known && !exit->signal ? exit->code : ABSENT;
}

static int64_t exit_signal(const struct snapshot_instance *instance)
{
	return instance->has_exit && instance->last_exit.known ? instance->last_exit.signal
							       : ABSENT;
}

static const struct {
	struct family family;
	int64_t (*of)(const struct snapshot_instance *instance);
} of_instance[] = {
	{ { .name = "worker_up",
	    .help = "Whether the instance is known to have a living process." },
	  is_up },
	{ { .name = "worker_wanted", .help = "Whether the instance is to have one." },
	  is_wanted },
	{ { .name = "worker_held", .help = "Whether a person holds the instance." },
	  is_held },
	{ { .name = "worker_start_time_seconds",
	    .help = "Unix time when its process began.",
	    .unit = UNIT_MS },
	  start_time },
	{ { .name = "worker_uptime_seconds",
	    .help = "How long its process had lived at the look.",
	    .unit = UNIT_MS },
	  uptime },
	{ { .name = "worker_memory_bytes",
	    .help = "Memory of its process, by the worker's memory_metric and memory_scope." },
	  memory },
	{ { .name = "worker_memory_limit_bytes", .help = "Its memory_limit." }, memory_limit },
	{ { .name = "worker_rss_bytes", .help = "Resident memory of its process alone." }, rss },
	{ { .name = "worker_last_exit_timestamp_seconds",
	    .help = "Unix time when its last process ended.",
	    .unit = UNIT_MS },
	  exit_time },
	{ { .name = "worker_last_exit_code",
	    .help = "Exit status of its last process, where it exited." },
	  exit_code },
	{ { .name = "worker_last_exit_signal",
	    .help = "Number of the signal that ended its last process; 0 where it exited." },
	  exit_signal },
};

/* A series for each state, as is usual: what is not so is 0 and not away. */
static void add_states(struct page *page)
{
	static const struct family family = {
		.name = "worker_state", .help = "1 for the state that the instance is in, 0 for the others."
	};

	for (size_t i = 0; i < page->snapshot->count; i++)
		for (int state = 0; state < STATE_COUNT; state++)
			add_sample(page, &family, page->labels.items[i], page->states.items[state],
				   (int)page->snapshot->instances[i].state == state);
}

/* Those that have not happened too: a counter that begins with its first event hides that event. */
static void add_restarts(struct page *page)
{
	static const struct family family = {
		.name = "worker_restarts_total",
		.help = "Starts of the instance but for its first, by why the process before had ended.",
		.is_counter = true
	};

	for (size_t i = 0; i < page->snapshot->count; i++)
		for (int reason = REASON_NONE + 1; reason < REASON_COUNT; reason++)
			add_sample(page, &family, page->labels.items[i], page->reasons.items[reason],
				   page->snapshot->instances[i].restarts_by[reason]);
}

static void add_instances(struct page *page)
{
	const struct snapshot *snapshot = page->snapshot;

	add_states(page);
	for (size_t m = 0; m < sizeof(of_instance) / sizeof(of_instance[0]); m++)
		for (size_t i = 0; i < snapshot->count; i++)
			add_sample(page, &of_instance[m].family, page->labels.items[i], "",
				   of_instance[m].of(&snapshot->instances[i]));
	add_restarts(page);
}

/* ---- webhooks ----------------------------------------------------------------------------- */

static int64_t owed(const struct deliveries_webhook *webhook)
{
	return webhook->owed;
}

static int64_t delivered(const struct deliveries_webhook *webhook)
{
	return webhook->delivered;
}

static int64_t dead(const struct deliveries_webhook *webhook)
{
	return webhook->dead;
}

static int64_t is_failing(const struct deliveries_webhook *webhook)
{
	return webhook->failing_wall_ms != 0 || webhook->is_disabled;
}

static int64_t is_disabled(const struct deliveries_webhook *webhook)
{
	return webhook->is_disabled;
}

static const struct {
	struct family family;
	int64_t (*of)(const struct deliveries_webhook *webhook);
} of_webhook[] = {
	{ { .name = "deliveries_owed", .help = "Events that are still to be sent to the webhook." },
	  owed },
	{ { .name = "deliveries_total",
	    .help = "Events that the webhook has accepted.",
	    .is_counter = true },
	  delivered },
	{ { .name = "deliveries_dead",
	    .help = "Events that the webhook will not get unless a person replays them." },
	  dead },
	{ { .name = "webhook_failing", .help = "Whether the last try went wrong." }, is_failing },
	{ { .name = "webhook_disabled",
	    .help = "Whether the webhook has said that it is gone and is sent nothing any more." },
	  is_disabled },
};

static void add_webhooks(struct page *page)
{
	const struct deliveries *deliveries = page->deliveries;
	struct strlist labels = STRLIST_INIT;

	for (size_t i = 0; i < deliveries->count; i++)
		strlist_take(&labels, label_of("webhook", deliveries->webhooks[i].name));
	for (size_t m = 0; m < sizeof(of_webhook) / sizeof(of_webhook[0]); m++)
		for (size_t i = 0; i < deliveries->count; i++)
			add_sample(page, &of_webhook[m].family, labels.items[i], "",
				   of_webhook[m].of(&deliveries->webhooks[i]));
	strlist_free(&labels);
}

/* ---- the page ----------------------------------------------------------------------------- */

static void make_labels(struct page *page)
{
	for (size_t i = 0; i < page->snapshot->count; i++) {
		const struct snapshot_instance *instance = &page->snapshot->instances[i];
		struct str labels = STR_INIT;

		add_label("worker", instance->worker, &labels);
		str_add(&labels, ",");
		add_label("id", instance->id, &labels);
		str_add(&labels, ",");
		strlist_take(&page->labels, str_take(&labels));
	}
}

void render_prom(const struct snapshot *snapshot, const struct deliveries *deliveries, struct str *text)
{
	struct page page = { .snapshot = snapshot, .deliveries = deliveries, .text = text };

	add_label("herd", snapshot->state_dir, &page.herd);
	make_words(&page);
	make_labels(&page);
	add_herd(&page);
	add_instances(&page);
	add_webhooks(&page);
	strlist_free(&page.labels);
	strlist_free(&page.states);
	strlist_free(&page.reasons);
	str_free(&page.herd);
}
