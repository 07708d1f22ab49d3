/* SPDX-License-Identifier: ISC */
/* render_html: a page on which whatever comes from outside is text. tests/blackbox/test_metrics.py reads it with a parser. */
#include <config.h>

#include "watchdog/report/render_html.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/check_main.h"
#include "tests/unit/snapshot_fixture.h"

static struct deliveries none = DELIVERIES_INIT;
static struct str text;

static void teardown(void)
{
	str_free(&text);
}

static void render(const struct snapshot *snapshot, const struct deliveries *deliveries)
{
	str_free(&text);
	render_html(snapshot, deliveries, &text);
}

static bool has(const char *part)
{
	return strstr(str_text(&text), part) != NULL;
}

#define assert_has(part) ck_assert_msg(has(part), "no %s", part)
#define assert_lacks(part) ck_assert_msg(!has(part), "%s", part)

/* Behind the style, which has words of its own. */
static const char *body(void)
{
	return strstr(str_text(&text), "<body>");
}

START_TEST(shows_the_herd)
{
	struct snapshot snapshot = fixture_make(3);

	render(&snapshot, &none);
	ck_assert_int_eq(strncmp(text.data, "<!DOCTYPE html>\n", 16), 0);
	ck_assert_str_eq(text.data + text.len - 8, "</html>\n");
	assert_has("<title>CRITICAL: box</title>");
	assert_has("<header class=\"critical\">\n<p class=\"verdict\">CRITICAL</p>");
	assert_has("<h1><bdi>www</bdi> on <bdi>box</bdi></h1>");
	assert_has("<p>1 of 2 running, 1 held, 1 not well</p>");
	assert_has("As of <time datetime=\"2027-01-15T08:00:00.000Z\">2027-01-15 08:00:00 UTC</time>. "
		   "The last round ended <time datetime=\"2027-01-15T07:59:48.000Z\">2027-01-15 07:59:48 "
		   "UTC</time> and took 35ms. If that is more than 5min ago, nobody calls");
	assert_has("http-equiv=\"refresh\" content=\"60\"");
	assert_has("default-src 'none'; style-src 'sha256-");
	ck_assert_ptr_null(strstr(body(), "<ul>"));
	ck_assert_ptr_null(strstr(body(), "Webhooks"));
}
END_TEST

START_TEST(shows_instances)
{
	struct snapshot snapshot = fixture_make(3);

	render(&snapshot, &none);
	assert_has("<tr class=\"ok\"><th scope=\"row\"><bdi>mail:1</bdi></th>"
		   "<td data-t=\"STATE\"><span><b>RUNNING</b></span></td>"
		   "<td class=\"n\" data-t=\"PID\"><span>4711</span></td>"
		   "<td class=\"n\" data-t=\"UPTIME\"><span>3h 2min</span></td>"
		   "<td class=\"n\" data-t=\"MEMORY\"><span>45.2M of 128.0M"
		   "<meter min=\"0\" max=\"134217728\" low=\"100663296\" high=\"127506834\" optimum=\"0\" "
		   "value=\"47448064\"></meter></span></td>"
		   "<td class=\"n\" data-t=\"RESTARTS\"><span>2</span></td>"
		   "<td data-t=\"LAST EXIT\"><span>0 (memory_limit) 3h 2min ago</span></td>"
		   "<td data-t=\"WHY AND NEXT\"><span>running for 3h 2min</span></td></tr>\n");
	assert_has("<tr class=\"critical\"><th scope=\"row\"><bdi>mail:2</bdi></th>"
		   "<td data-t=\"STATE\"><span><b>FATAL</b></span></td>"
		   "<td class=\"n\" data-t=\"PID\"></td>");
	assert_has("<tr class=\"idle\"><th scope=\"row\"><bdi>grün-作業:1</bdi></th>");
}
END_TEST

static const struct {
	enum state state;
	pid_t pid;
	const char *look;
} looks[] = {
	{ STATE_STOPPED, 0, "idle" },     { STATE_STARTING, 9, "busy" }, { STATE_RUNNING, 9, "ok" },
	{ STATE_BACKOFF, 0, "warning" },  { STATE_STOPPING, 9, "busy" }, { STATE_EXITED, 0, "idle" },
	{ STATE_FATAL, 0, "critical" },   { STATE_UNKNOWN, 0, "unknown" },
};

START_TEST(has_a_look_for_each_state)
{
	struct snapshot_instance instance = fixture_instances[2];
	struct snapshot snapshot = fixture_make(1);
	char row[160];

	snapshot.instances = &instance;
	instance.state = looks[_i].state;
	instance.pid = looks[_i].pid;
	render(&snapshot, &none);
	(void)snprintf(row, sizeof(row),
		       "<tr class=\"%s\"><th scope=\"row\"><bdi>grün-作業:1</bdi></th>"
		       "<td data-t=\"STATE\"><span><b>%s</b>",
		       looks[_i].look, state_name(looks[_i].state));
	assert_has(row);
}
END_TEST

START_TEST(shows_the_worst_first)
{
	struct snapshot_instance four[4];
	struct snapshot snapshot = fixture_make(0);
	const char *at;

	for (size_t i = 0; i < 4; i++)
		four[i] = fixture_instances[0];
	four[0].id = "well:1";
	four[1].id = "grown:1";
	four[1].memory_bytes = four[1].memory_limit_bytes;
	four[2].id = "puzzling:1";
	four[2].state = STATE_UNKNOWN;
	four[3].id = "fatal:1";
	four[3].state = STATE_FATAL;
	snapshot.instances = four;
	snapshot.count = 4;
	render(&snapshot, &none);
	at = strstr(body(), "fatal:1");
	ck_assert_ptr_nonnull(at);
	at = strstr(at, "puzzling:1");
	ck_assert_ptr_nonnull(at);
	at = strstr(at, "grown:1");
	ck_assert_ptr_nonnull(at);
	ck_assert_ptr_nonnull(strstr(at, "well:1"));
}
END_TEST

START_TEST(tells_of_what_is_wrong_around)
{
	char file[] = "/c/a.conf";
	char message[] = "no such option";
	struct config_error error = { .file = file, .line = 3, .message = message };
	struct snapshot snapshot = fixture_make(1);

	snapshot.errors = &error;
	snapshot.error_count = 1;
	snapshot.round_end_wall_ms = FIXTURE_WALL_MS - 900000;
	render(&snapshot, &none);
	assert_has("<p class=\"verdict\">WARNING</p>");
	assert_has("<li class=\"warning\">/c/a.conf:3: no such option</li>\n");
	assert_has("<li class=\"warning\">No round for 15min: does cron call ");
	snapshot.round_start_wall_ms = snapshot.round_end_wall_ms = 0;
	render(&snapshot, &none);
	assert_has("<li class=\"warning\">No round yet: ");
	assert_lacks("The last round");
	snapshot.foreign = "box2 herds";
	render(&snapshot, &none);
	assert_has("<p class=\"verdict\">UNKNOWN</p>");
	assert_has("<li class=\"unknown\">box2 herds</li>");
	assert_lacks("No round");
}
END_TEST

START_TEST(tells_of_scales)
{
	struct snapshot_scale scale = { .worker = "<mail>", .numprocs = 5, .defined = 2, .by = "root" };
	struct snapshot snapshot = fixture_make(1);

	snapshot.scales = &scale;
	snapshot.scale_count = 1;
	render(&snapshot, &none);
	assert_has("<li class=\"busy\">&lt;mail&gt; is scaled to 5 (defined: 2) by root; ");
}
END_TEST

START_TEST(shows_webhooks)
{
	char ops[] = "ops";
	char chat[] = "chat";
	char gone[] = "gone";
	struct deliveries_webhook webhooks[] = {
		{ .name = ops, .owed = 3, .delivered = 40, .failing_wall_ms = FIXTURE_WALL_MS },
		{ .name = chat, .delivered = 5 },
		{ .name = gone, .dead = 7, .is_disabled = true },
	};
	struct deliveries deliveries = { .webhooks = webhooks, .count = 3 };
	struct snapshot snapshot = fixture_make(0);

	render(&snapshot, &deliveries);
	assert_has("<p>No instance</p>");
	assert_has("<tr class=\"warning\"><th scope=\"row\"><bdi>ops</bdi></th><td data-t=\"STATE\"><span>"
		   "<b>failing</b> since <time datetime=\"2027-01-15T08:00:00.000Z\">2027-01-15 08:00:00 "
		   "UTC</time></span></td><td class=\"n\" data-t=\"OWED\"><span>3</span></td>"
		   "<td class=\"n\" data-t=\"DELIVERED\"><span>40</span></td>"
		   "<td class=\"n\" data-t=\"DEAD\"><span>0</span></td></tr>\n");
	assert_has("<tr class=\"ok\"><th scope=\"row\"><bdi>chat</bdi></th><td data-t=\"STATE\"><span><b>well</b>");
	assert_has("<bdi>gone</bdi></th><td data-t=\"STATE\"><span><b>disabled</b></span>");
}
END_TEST

static const struct {
	const char *name;
	const char *shown;
} names[] = {
	{ "<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;" },
	{ "a&amp;b", "a&amp;amp;b" },
	{ "\" onload='x'", "&quot; onload=&#39;x&#39;" },
	{ "</title><x>", "&lt;/title&gt;&lt;x&gt;" },
	{ "a\xff\xc0\xafz", "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz" },
	{ "a\x01\x1b[31m\n\x7f", "a\xEF\xBF\xBD\xEF\xBF\xBD[31m\xEF\xBF\xBD\xEF\xBF\xBD" },
	{ "\xC2\x80\xC2\x9F\xC2\xA0", "\xEF\xBF\xBD\xEF\xBF\xBD\xC2\xA0" },
	{ "\xEF\xBF\xBE\xEF\xBF\xBF\xEF\xBF\xBC", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBC" },
	{ "\xf0\x9f\x90\x91", "\xf0\x9f\x90\x91" },
	{ "\xf0\x9f", "\xEF\xBF\xBD\xEF\xBF\xBD" },
	{ "", "" },
};

/* Wherever it stands: as text, in the title, as a message. */
START_TEST(stands_hostile_names)
{
	struct snapshot_instance instance = fixture_instances[1];
	char name[64];
	struct config_error error = { .file = name, .line = 1, .message = name };
	struct deliveries_webhook webhook = { .name = name };
	struct deliveries deliveries = { .webhooks = &webhook, .count = 1 };
	struct snapshot snapshot = fixture_make(1);
	char expected[400];
	const char *shown = names[_i].shown;

	(void)snprintf(name, sizeof(name), "%s", names[_i].name);
	snapshot.instances = &instance;
	snapshot.errors = &error;
	snapshot.error_count = 1;
	snapshot.user = snapshot.host = snapshot.foreign = instance.id = instance.why = name;
	render(&snapshot, &deliveries);
	(void)snprintf(expected, sizeof(expected), "<title>CRITICAL: %s</title>", shown);
	assert_has(expected);
	(void)snprintf(expected, sizeof(expected), "<h1><bdi>%s</bdi> on <bdi>%s</bdi></h1>", shown, shown);
	assert_has(expected);
	(void)snprintf(expected, sizeof(expected), "<li class=\"warning\">%s:1: %s</li>", shown, shown);
	assert_has(expected);
	(void)snprintf(expected, sizeof(expected), "<li class=\"unknown\">%s</li>", shown);
	assert_has(expected);
	(void)snprintf(expected, sizeof(expected), "<tr class=\"critical\"><th scope=\"row\"><bdi>%s</bdi>", shown);
	assert_has(expected);
	(void)snprintf(expected, sizeof(expected), "<tr class=\"ok\"><th scope=\"row\"><bdi>%s</bdi>", shown);
	assert_has(expected);
	if (*shown) {
		(void)snprintf(expected, sizeof(expected), "<span>%s</span>", shown);
		assert_has(expected);
	}
}
END_TEST

START_TEST(has_no_meter_without_a_limit)
{
	struct snapshot_instance instance = fixture_instances[0];
	struct snapshot snapshot = fixture_make(1);

	snapshot.instances = &instance;
	instance.memory_limit_bytes = -1;
	render(&snapshot, &none);
	ck_assert_ptr_null(strstr(body(), "<meter"));
	/* Nothing is divided by it. */
	instance.memory_limit_bytes = 0;
	render(&snapshot, &none);
	ck_assert_ptr_null(strstr(body(), "<meter"));
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("render_html");
	TCase *tcase = tcase_create("render_html");

	tcase_add_checked_fixture(tcase, NULL, teardown);
	tcase_add_test(tcase, shows_the_herd);
	tcase_add_test(tcase, shows_instances);
	tcase_add_loop_test(tcase, has_a_look_for_each_state, 0, STATE_COUNT);
	tcase_add_test(tcase, shows_the_worst_first);
	tcase_add_test(tcase, tells_of_what_is_wrong_around);
	tcase_add_test(tcase, tells_of_scales);
	tcase_add_test(tcase, shows_webhooks);
	tcase_add_loop_test(tcase, stands_hostile_names, 0,
			    (int)(sizeof(names) / sizeof(names[0])));
	tcase_add_test(tcase, has_no_meter_without_a_limit);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
