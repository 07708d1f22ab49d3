/* SPDX-License-Identifier: ISC */
/* render_prom: what node_exporter and Prometheus take, whatever the names are. */
#include <config.h>

#include "watchdog/report/render_prom.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/check_main.h"
#include "tests/unit/snapshot_fixture.h"
#include "watchdog/base/utf8.h"

#define HERD "herd=\"/var/lib/cronherd\"} "

static struct deliveries none = DELIVERIES_INIT;
static struct str text;

static void teardown(void)
{
	str_free(&text);
}

static struct snapshot make(size_t count)
{
	struct snapshot snapshot = fixture_make(count);

	snapshot.state_dir = "/var/lib/cronherd";
	return snapshot;
}

static bool has_line(const char *line)
{
	const char *at = strstr(str_text(&text), line);

	return at && (at == text.data || at[-1] == '\n') && at[strlen(line)] == '\n';
}

#define assert_line(line) ck_assert_msg(has_line(line), "no line %s", line)

static int count_of(const char *part)
{
	int count = 0;

	for (const char *at = str_text(&text); (at = strstr(at, part)); at++)
		count++;
	return count;
}

/* ---- the format: what the text format says of a line --------------------------------------- */

static size_t name_len(const char *at)
{
	size_t len = 0;

	while (isalnum((unsigned char)at[len]) || at[len] == '_')
		len++;
	return isdigit((unsigned char)at[0]) ? 0 : len;
}

/* Behind the labels that begin at AT. */
static const char *skip_labels(const char *at)
{
	do {
		size_t len = name_len(++at);

		ck_assert_uint_gt(len, 0);
		at += len;
		ck_assert(strncmp(at, "=\"", 2) == 0);
		for (at += 2; *at != '"'; at++) {
			ck_assert(*at && *at != '\n');
			if (*at == '\\')
				ck_assert_ptr_nonnull(strchr("\\\"n", *++at));
		}
		at++;
	} while (*at == ',');
	ck_assert_int_eq(*at, '}');
	return at + 1;
}

/* The value: the last thing of the line, as a timestamp would make node_exporter drop the file. */
static const char *skip_value(const char *at)
{
	at += *at == '-';
	ck_assert(isdigit((unsigned char)*at));
	at += strspn(at, "0123456789");
	if (*at == '.') {
		ck_assert(isdigit((unsigned char)at[1]));
		at += 1 + strspn(at + 1, "0123456789");
	}
	ck_assert_int_eq(*at, '\n');
	return at + 1;
}

/* "# HELP NAME ..." and "# TYPE NAME counter|gauge"; NAME to NAME. */
static const char *skip_head(const char *at, char name[80])
{
	char type[160];
	size_t len;

	ck_assert(strncmp(at, "# HELP cronherd_", 16) == 0);
	at += 7;
	len = name_len(at);
	(void)snprintf(name, 80, "%.*s", (int)len, at);
	ck_assert_int_eq(at[len], ' ');
	at = strchr(at, '\n') + 1;
	(void)snprintf(type, sizeof(type), "# TYPE %s ", name);
	ck_assert(strncmp(at, type, strlen(type)) == 0);
	at += strlen(type);
	len = strcspn(at, "\n");
	if (len == 7 && strncmp(at, "counter", 7) == 0)
		ck_assert_str_eq(name + strlen(name) - 6, "_total");
	else
		ck_assert(len == 5 && strncmp(at, "gauge", 5) == 0 && !strstr(name, "_total"));
	return at + len + 1;
}

/* Every line is one, no family stands twice, none is without a sample. */
static void assert_well_formed(void)
{
	const char *at = str_text(&text);

	ck_assert(utf8_is_value(at));
	ck_assert_int_eq(at[text.len - 1], '\n');
	while (*at) {
		char name[80];
		char again[96];
		int samples = 0;

		at = skip_head(at, name);
		(void)snprintf(again, sizeof(again), "# TYPE %s ", name);
		ck_assert_int_eq(count_of(again), 1);
		for (; *at && *at != '#'; samples++) {
			ck_assert(strncmp(at, name, strlen(name)) == 0);
			at += strlen(name);
			ck_assert_int_eq(*at, '{');
			at = skip_labels(at);
			ck_assert_int_eq(*at, ' ');
			at = skip_value(at + 1);
		}
		ck_assert_int_gt(samples, 0);
	}
}

static void render(const struct snapshot *snapshot, const struct deliveries *deliveries)
{
	str_free(&text);
	render_prom(snapshot, deliveries, &text);
	assert_well_formed();
}

/* ---- tests -------------------------------------------------------------------------------- */

START_TEST(shows_the_herd)
{
	struct config_error errors[2] = { { .line = 1 }, { .line = 2 } };
	struct snapshot snapshot = make(3);

	snapshot.errors = errors;
	snapshot.error_count = 2;
	render(&snapshot, &none);
	assert_line("cronherd_build_info{version=\"" PACKAGE_VERSION "\"," HERD "1");
	assert_line("cronherd_herd_owned{" HERD "1");
	assert_line("cronherd_config_errors{" HERD "2");
	assert_line("cronherd_last_round_timestamp_seconds{" HERD "1799999987.965");
	assert_line("cronherd_last_run_timestamp_seconds{" HERD "1799999988.000");
	assert_line("cronherd_round_duration_seconds{" HERD "0.035");
	assert_line("cronherd_workers{state=\"RUNNING\"," HERD "1");
	assert_line("cronherd_workers{state=\"FATAL\"," HERD "1");
	assert_line("cronherd_workers{state=\"BACKOFF\"," HERD "0");
	ck_assert_int_eq(count_of("\ncronherd_workers{"), STATE_COUNT);
}
END_TEST

START_TEST(leaves_out_what_is_not_known)
{
	struct snapshot snapshot = make(0);

	snapshot.round_start_wall_ms = snapshot.round_end_wall_ms = 0;
	snapshot.foreign = "another host herds";
	render(&snapshot, &none);
	assert_line("cronherd_herd_owned{" HERD "0");
	ck_assert_int_eq(count_of("last_r"), 0);
	ck_assert_int_eq(count_of("round_duration"), 0);
	ck_assert_int_eq(count_of("cronherd_worker_"), 0);
	ck_assert_int_eq(count_of("webhook"), 0);
	/* The clock was set back within the round: how long it took is not known. */
	snapshot.round_start_wall_ms = 1500;
	snapshot.round_end_wall_ms = 1400;
	render(&snapshot, &none);
	assert_line("cronherd_last_run_timestamp_seconds{" HERD "1.400");
	ck_assert_int_eq(count_of("round_duration"), 0);
}
END_TEST

#define MAIL1 "{worker=\"mail\",id=\"mail:1\"," HERD
#define MAIL2 "{worker=\"mail\",id=\"mail:2\"," HERD
#define HELD  "{worker=\"grün-作業\",id=\"grün-作業:1\"," HERD

START_TEST(shows_instances)
{
	struct snapshot snapshot = make(3);

	render(&snapshot, &none);
	assert_line("cronherd_worker_up" MAIL1 "1");
	assert_line("cronherd_worker_up" MAIL2 "0");
	assert_line("cronherd_worker_wanted" MAIL2 "1");
	assert_line("cronherd_worker_wanted" HELD "0");
	assert_line("cronherd_worker_held" HELD "1");
	assert_line("cronherd_worker_held" MAIL1 "0");
	assert_line("cronherd_worker_start_time_seconds" MAIL1 "1799989080.000");
	assert_line("cronherd_worker_uptime_seconds" MAIL1 "10920.000");
	assert_line("cronherd_worker_memory_bytes" MAIL1 "47448064");
	assert_line("cronherd_worker_memory_limit_bytes" MAIL1 "134217728");
	assert_line("cronherd_worker_rss_bytes" MAIL1 "47448064");
	assert_line("cronherd_worker_last_exit_timestamp_seconds" MAIL2 "1799999995.000");
	assert_line("cronherd_worker_last_exit_code" MAIL1 "0");
	assert_line("cronherd_worker_last_exit_signal" MAIL1 "0");
	assert_line("cronherd_worker_last_exit_signal" MAIL2 "11");
	/* One is known of one instance alone, four of no more than two. */
	ck_assert_int_eq(count_of("\ncronherd_worker_last_exit_code{"), 1);
	ck_assert_int_eq(count_of("\ncronherd_worker_last_exit_signal{"), 2);
	ck_assert_int_eq(count_of("\ncronherd_worker_last_exit_timestamp_seconds{"), 2);
	ck_assert_int_eq(count_of("\ncronherd_worker_memory_bytes{"), 1);
	ck_assert_int_eq(count_of("\ncronherd_worker_start_time_seconds{"), 1);
}
END_TEST

START_TEST(knows_no_exit_that_nobody_saw)
{
	struct snapshot_instance instance = fixture_instances[0];
	struct snapshot snapshot = make(1);

	snapshot.instances = &instance;
	instance.last_exit = (struct exitinfo)EXITINFO_INIT;
	instance.last_exit.wall_ms = -1500; /* a record's, of another clock */
	render(&snapshot, &none);
	ck_assert_int_eq(count_of("last_exit_code"), 0);
	ck_assert_int_eq(count_of("last_exit_signal"), 0);
	assert_line("cronherd_worker_last_exit_timestamp_seconds" MAIL1 "-1.500");
}
END_TEST

START_TEST(has_a_series_for_each_state)
{
	struct snapshot_instance instance = fixture_instances[2];
	struct snapshot snapshot = make(1);
	char line[200];

	snapshot.instances = &instance;
	instance.state = (enum state)_i;
	render(&snapshot, &none);
	for (int state = 0; state < STATE_COUNT; state++) {
		(void)snprintf(line, sizeof(line),
			       "cronherd_worker_state{worker=\"grün-作業\",id=\"grün-作業:1\",state=\"%s\"," HERD "%d",
			       state_name((enum state)state), state == _i);
		assert_line(line);
	}
	ck_assert_int_eq(count_of("\ncronherd_worker_state{"), STATE_COUNT);
}
END_TEST

/* Zeros too: who first sees 1 sees no increase. */
START_TEST(counts_restarts_by_reason)
{
	struct snapshot_instance instance = fixture_instances[0];
	struct snapshot snapshot = make(1);
	char line[200];

	snapshot.instances = &instance;
	instance.restarts_by[REASON_OOM] = INT64_MAX;
	render(&snapshot, &none);
	for (int reason = REASON_NONE + 1; reason < REASON_COUNT; reason++) {
		(void)snprintf(line, sizeof(line),
			       "cronherd_worker_restarts_total{worker=\"mail\",id=\"mail:1\",reason=\"%s\"," HERD "%s",
			       reason_name((enum reason)reason),
			       reason == REASON_OOM ? "9223372036854775807" : "0");
		assert_line(line);
	}
	ck_assert_int_eq(count_of("\ncronherd_worker_restarts_total{"), REASON_COUNT - 1);
}
END_TEST

START_TEST(shows_webhooks)
{
	char ops[] = "ops";
	char chat[] = "chat";
	char gone[] = "gone";
	struct deliveries_webhook webhooks[] = {
		{ .name = ops, .owed = 3, .delivered = 40, .failing_wall_ms = FIXTURE_WALL_MS },
		{ .name = chat, .delivered = INT64_MAX },
		{ .name = gone, .dead = 7, .is_disabled = true },
	};
	struct deliveries deliveries = { .webhooks = webhooks, .count = 3 };
	struct snapshot snapshot = make(0);

	render(&snapshot, &deliveries);
	assert_line("cronherd_deliveries_owed{webhook=\"ops\"," HERD "3");
	assert_line("cronherd_deliveries_total{webhook=\"ops\"," HERD "40");
	assert_line("cronherd_deliveries_total{webhook=\"chat\"," HERD "9223372036854775807");
	assert_line("cronherd_deliveries_dead{webhook=\"gone\"," HERD "7");
	assert_line("cronherd_webhook_failing{webhook=\"ops\"," HERD "1");
	assert_line("cronherd_webhook_failing{webhook=\"chat\"," HERD "0");
	assert_line("cronherd_webhook_failing{webhook=\"gone\"," HERD "1");
	assert_line("cronherd_webhook_disabled{webhook=\"ops\"," HERD "0");
	assert_line("cronherd_webhook_disabled{webhook=\"gone\"," HERD "1");
}
END_TEST

static const struct {
	const char *name;
	const char *shown;
} names[] = {
	{ "a\"b", "a\\\"b" },
	{ "a\\", "a\\\\" },
	{ "a\nb", "a\\nb" },
	{ "\\n\"", "\\\\n\\\"" },
	{ "a\xff\xc0\xafz", "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz" },
	{ "\xed\xa0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD" },
	{ "\xf0\x9f\x90\x91", "\xf0\x9f\x90\x91" },
	{ "a,b=\"1\"} 1 2", "a,b=\\\"1\\\"} 1 2" },
	{ "\xf0\x9f", "\xEF\xBF\xBD\xEF\xBF\xBD" },
	{ "", "" },
};

START_TEST(stands_hostile_names)
{
	struct snapshot_instance instance = fixture_instances[0];
	char name[32];
	struct deliveries_webhook webhook = { .name = name };
	struct deliveries deliveries = { .webhooks = &webhook, .count = 1 };
	struct snapshot snapshot = make(1);
	char line[256];

	(void)snprintf(name, sizeof(name), "%s", names[_i].name);
	snapshot.instances = &instance;
	snapshot.state_dir = instance.worker = instance.id = name;
	render(&snapshot, &deliveries);
	(void)snprintf(line, sizeof(line), "cronherd_worker_up{worker=\"%s\",id=\"%s\",herd=\"%s\"} 1",
		       names[_i].shown, names[_i].shown, names[_i].shown);
	assert_line(line);
	(void)snprintf(line, sizeof(line), "cronherd_deliveries_owed{webhook=\"%s\",herd=\"%s\"} 0",
		       names[_i].shown, names[_i].shown);
	assert_line(line);
}
END_TEST

START_TEST(is_the_same_each_time)
{
	struct snapshot snapshot = make(3);
	char *first;

	render(&snapshot, &none);
	first = str_take(&text);
	render(&snapshot, &none);
	ck_assert_str_eq(first, str_text(&text));
	free(first);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("render_prom");
	TCase *tcase = tcase_create("render_prom");

	tcase_add_checked_fixture(tcase, NULL, teardown);
	tcase_add_test(tcase, shows_the_herd);
	tcase_add_test(tcase, leaves_out_what_is_not_known);
	tcase_add_test(tcase, shows_instances);
	tcase_add_test(tcase, knows_no_exit_that_nobody_saw);
	tcase_add_loop_test(tcase, has_a_series_for_each_state, 0, STATE_COUNT);
	tcase_add_test(tcase, counts_restarts_by_reason);
	tcase_add_test(tcase, shows_webhooks);
	tcase_add_loop_test(tcase, stands_hostile_names, 0,
			    (int)(sizeof(names) / sizeof(names[0])));
	tcase_add_test(tcase, is_the_same_each_time);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
