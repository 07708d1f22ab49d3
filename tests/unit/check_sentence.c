/* SPDX-License-Identifier: ISC */
/* sentence: each type of event, with each reason, in a line for people. */
#include "watchdog/net/sentence.h"

#include "tests/unit/check_main.h"
#include "tests/unit/event_fixture.h"
#include "watchdog/base/mem.h"
#include "watchdog/model/event.h"
#include "watchdog/model/reason.h"
#include "watchdog/net/eventdata.h"

#define UP	    "\"uptime_s\":10920,"
#define MEM	    "\"rss_bytes\":147000000,\"memory_limit_bytes\":134217728,"
#define AGAIN	    "\"next_start_at\":\"2023-11-14T22:13:24.000Z\","
#define KILL	    "\"signal\":\"KILL\","
#define WHY(reason) "\"reason\":\"" reason "\""

static const struct {
	const char *type;
	const char *data; /* without braces */
	const char *text;
} rows[] = {
	{ "worker.started", WHY("missing"), "mail:2 on web1 started" },
	{ "worker.started", "\"reason\":null", "mail:2 on web1 started" },
	{ "worker.started", "\"pid\":4711," WHY("manual"),
	  "mail:2 on web1 started by hand (pid 4711)" },
	{ "worker.started", WHY("exited"), "mail:2 on web1 started again after it had exited" },
	{ "worker.started", WHY("crashed"), "mail:2 on web1 started again after it had crashed" },
	{ "worker.started", WHY("killed"),
	  "mail:2 on web1 started again after it had been killed" },
	{ "worker.started", WHY("oom"),
	  "mail:2 on web1 started again after the kernel had killed it for want of memory" },
	{ "worker.started", WHY("memory_limit"),
	  "mail:2 on web1 started anew: it had grown over its memory limit" },
	{ "worker.started", WHY("memory_max"),
	  "mail:2 on web1 started anew: it had grown over its memory maximum" },
	{ "worker.started", WHY("max_age"),
	  "mail:2 on web1 started anew: it had reached its maximum age" },
	{ "worker.started", WHY("hung"), "mail:2 on web1 started anew: it had hung" },
	{ "worker.started", WHY("config_changed"),
	  "mail:2 on web1 started with its changed configuration" },
	{ "worker.started", WHY("deploy"), "mail:2 on web1 started with what was deployed" },
	{ "worker.started", WHY("removed"), "mail:2 on web1 started" },
	{ "worker.started", WHY("host_rebooted"),
	  "mail:2 on web1 started after the host's reboot" },

	{ "worker.stopped", "\"exit_code\":255," UP AGAIN WHY("crashed"),
	  "mail:2 on web1 stopped: crashed with exit code 255 after 3h 2min, starts again in 4s" },
	{ "worker.stopped", "\"signal\":\"SEGV\"," UP WHY("crashed"),
	  "mail:2 on web1 stopped: crashed with SIGSEGV after 3h 2min" },
	{ "worker.stopped", WHY("crashed"), "mail:2 on web1 stopped: crashed" },
	{ "worker.stopped", "\"exit_code\":0,\"uptime_s\":0," WHY("exited"),
	  "mail:2 on web1 stopped: exited with code 0 after 0s" },
	{ "worker.stopped", "\"signal\":\"SIGKILL\"," UP WHY("killed"),
	  "mail:2 on web1 stopped: was killed with SIGKILL after 3h 2min" },
	{ "worker.stopped", WHY("missing"),
	  "mail:2 on web1 stopped: its process is gone, nobody saw how" },
	{ "worker.stopped", KILL UP WHY("oom"),
	  "mail:2 on web1 stopped after 3h 2min: the kernel killed it for want of memory" },
	{ "worker.stopped", UP MEM "\"signal\":\"TERM\"," WHY("memory_limit"),
	  "mail:2 on web1 stopped after 3h 2min: it used 140.1M of memory, its limit is 128.0M" },
	{ "worker.stopped", KILL MEM WHY("memory_limit"),
	  "mail:2 on web1 stopped: it used 140.1M of memory, its limit is 128.0M, it had to be "
	  "killed" },
	{ "worker.stopped", KILL MEM WHY("memory_max"),
	  "mail:2 on web1 stopped: it used 140.1M of memory, its maximum is 128.0M" },
	{ "worker.stopped", WHY("memory_max"), "mail:2 on web1 stopped: it used too much memory" },
	{ "worker.stopped", UP WHY("max_age"),
	  "mail:2 on web1 stopped after 3h 2min: it had reached its maximum age" },
	{ "worker.stopped", KILL WHY("hung"),
	  "mail:2 on web1 stopped: it had hung, it had to be killed" },
	{ "worker.stopped", UP WHY("config_changed"),
	  "mail:2 on web1 stopped after 3h 2min: its configuration has changed" },
	{ "worker.stopped", "\"exit_code\":3," WHY("deploy"),
	  "mail:2 on web1 stopped: something new was deployed, exit code 3" },
	{ "worker.stopped", "\"exit_code\":0," UP WHY("manual"),
	  "mail:2 on web1 stopped by hand after 3h 2min" },
	{ "worker.stopped", WHY("removed"),
	  "mail:2 on web1 stopped: it is not configured any more" },
	{ "worker.stopped", WHY("host_rebooted"), "mail:2 on web1 stopped: the host has rebooted" },
	{ "worker.stopped", "\"reason\":\"other\"", "mail:2 on web1 stopped" },
	{ "worker.stopped", "\"next_start_at\":\"2023-11-14T22:13:20.125Z\"," WHY("crashed"),
	  "mail:2 on web1 stopped: crashed, starts again at once" },
	{ "worker.stopped", "\"next_start_at\":\"2023-11-14T22:13:20.126Z\"," WHY("crashed"),
	  "mail:2 on web1 stopped: crashed, starts again in 1s" },
	{ "worker.stopped", "\"next_start_at\":\"2023-11-14T22:18:20.125Z\"," WHY("crashed"),
	  "mail:2 on web1 stopped: crashed, starts again in 5min" },
	{ "worker.stopped", "\"next_start_at\":\"soon\",\"uptime_s\":-5," WHY("crashed"),
	  "mail:2 on web1 stopped: crashed" },
	{ "worker.stopped", "\"uptime_s\":9223372036854775807," WHY("crashed"),
	  "mail:2 on web1 stopped: crashed" },
	{ "worker.stopped", "\"uptime_s\":\"x\",\"exit_code\":\"y\",\"signal\":9,\"reason\":5",
	  "mail:2 on web1 stopped" },
	{ "worker.stopped", "\"message\":\"a\\nb\"," WHY("manual"),
	  "mail:2 on web1 stopped by hand (a b)" },
	{ "worker.stopped", "\"held_back\":1," WHY("manual"),
	  "mail:2 on web1 stopped by hand (1 earlier one was held back)" },
	{ "worker.stopped", "\"held_back\":14," WHY("manual"),
	  "mail:2 on web1 stopped by hand (14 earlier ones were held back)" },

	{ "worker.bloated", UP MEM WHY("memory_limit"),
	  "mail:2 on web1 is bloated after 3h 2min: it uses 140.1M of memory, its limit is "
	  "128.0M" },
	{ "worker.bloated", MEM WHY("memory_max"),
	  "mail:2 on web1 is bloated: it uses 140.1M of memory, its maximum is 128.0M" },
	{ "worker.hung", UP WHY("hung"), "mail:2 on web1 is hung after 3h 2min" },
	{ "worker.hung", "\"message\":\"no heartbeat for 5min\"",
	  "mail:2 on web1 is hung: no heartbeat for 5min" },
	{ "worker.fatal", "\"exit_code\":1," AGAIN WHY("crashed"),
	  "mail:2 on web1 is FATAL: it does not stay up, last ended with exit code 1, next try in "
	  "4s" },
	{ "worker.fatal", "\"message\":\"cannot execute php\"",
	  "mail:2 on web1 is FATAL: it does not stay up (cannot execute php)" },
	{ "worker.recovered", "\"uptime_s\":60", "mail:2 on web1 has recovered, up for 1min" },

	{ "config.broken", "\"message\":\"unknown option\"",
	  "configuration on web1 is broken: mail:2: unknown option" },
	{ "config.broken", "\"message\":\"mail:2:3: unknown option\"",
	  "configuration on web1 is broken: mail:2:3: unknown option" },
	{ "config.mended", "\"message\":null", "configuration on web1 is in order again: mail:2" },
	{ "host.rebooted", "\"message\":null", "mail:2 has rebooted" },
	{ "webhook.digest", "\"count\":12,\"message\":\"7 stopped, 5 started\"",
	  "12 events on web1: 7 stopped, 5 started" },
	{ "webhook.dropped", "\"message\":\"14 were older than 3d\"",
	  "events were dropped on web1: 14 were older than 3d" },
	{ "webhook.test", "\"message\":null", "this is a test of cronherd on web1" },
	{ "worker.new", "\"message\":\"x\"", "worker.new mail:2 on web1: x" },
};

START_TEST(says)
{
	char *object = mem_format("{%s}", rows[_i].data);
	struct format_event event = event_of(rows[_i].type, object);
	json_t *data = eventdata_parse(object);
	struct str text = STR_INIT;

	sentence_add(&event, data, "web1", "", &text);
	ck_assert_str_eq(str_text(&text), rows[_i].text);
	str_free(&text);
	json_decref(data);
	free(object);
}
END_TEST

START_TEST(names_no_host_where_there_is_none)
{
	struct format_event event = event_of("worker.stopped", EVENT_CRASH);
	struct str text = STR_INIT;

	format_sentence(&event, &text);
	ck_assert_str_eq(str_text(&text),
			 "mail:2 stopped: crashed with exit code 255 after 3h 2min, "
			 "starts again in 4s");
	str_free(&text);
}
END_TEST

/* Every type with every reason; nothing of it empty, nothing more than a line. */
START_TEST(is_one_line_whatever_comes)
{
	const char *type = event_type_name((enum event_type)_i);

	for (int reason = 0; reason < REASON_COUNT; reason++) {
		char *data = event_data("message", EVENT_HOSTILE, reason_name((enum reason)reason));
		struct format_event event = event_of(type, data);
		json_t *parsed = eventdata_parse(data);
		struct str text = STR_INIT;
		struct str title = STR_INIT;

		event.subject = EVENT_HOSTILE;
		sentence_add(&event, parsed, EVENT_HOSTILE, "`", &text);
		ck_assert(utf8_is_value(text.data));
		ck_assert_ptr_null(strpbrk(text.data, "\n\t"));
		/* What is marked ends where the mark says. */
		ck_assert_ptr_null(strstr(text.data, "``"));
		sentence_add_title(&event, parsed, EVENT_HOSTILE, &title);
		ck_assert(utf8_is_value(title.data));
		ck_assert_ptr_null(strpbrk(title.data, "\n\t"));
		str_free(&text);
		str_free(&title);
		json_decref(parsed);
		free(data);
	}
}
END_TEST

static const struct {
	const char *type;
	const char *data;
	const char *title;
} titles[] = {
	{ "worker.started", "{}", "mail:2 on web1 started" },
	{ "worker.stopped", "{\"reason\":\"manual\"}", "mail:2 on web1 stopped" },
	{ "worker.stopped", "{\"reason\":\"crashed\"}", "mail:2 on web1 crashed" },
	{ "worker.fatal", "{}", "mail:2 on web1 is FATAL" },
	{ "config.broken", "{}", "cronherd on web1: configuration broken" },
	{ "webhook.test", "{}", "cronherd on web1: test" },
	{ "worker.new", "{}", "cronherd on web1: worker.new" },
};

START_TEST(gives_titles)
{
	struct format_event event = event_of(titles[_i].type, titles[_i].data);
	json_t *data = eventdata_parse(titles[_i].data);
	struct str text = STR_INIT;

	sentence_add_title(&event, data, "web1", &text);
	ck_assert_str_eq(str_text(&text), titles[_i].title);
	str_free(&text);
	json_decref(data);
}
END_TEST

static const struct {
	const char *source;
	const char *host;
	const char *user;
} sources[] = {
	{ "/cronherd/web1/deploy", "web1", "deploy" },
	{ "/cronherd/w%C3%A4b/a%2Fb",
	  "w\xC3\xA4"
	  "b",
	  "a/b" },
	{ "/cronherd/w%FFb/a%",
	  "w\xEF\xBF\xBD"
	  "b",
	  "a%" },
	{ "/cronherd/w%00b/%zz",
	  "w\xEF\xBF\xBD"
	  "b",
	  "%zz" },
	{ "/cronherd/web1", "web1", "" },
	{ "/cronherd//x", "", "x" },
	{ "/other/web1/deploy", "", "" },
	{ "", "", "" },
};

START_TEST(reads_sources)
{
	struct str host = STR_INIT;
	struct str user = STR_INIT;

	eventdata_origin(sources[_i].source, &host, &user);
	ck_assert_str_eq(str_text(&host), sources[_i].host);
	ck_assert_str_eq(str_text(&user), sources[_i].user);
	str_free(&host);
	str_free(&user);
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

static Suite *suite(void)
{
	Suite *suite = suite_create("sentence");
	TCase *tcase = tcase_create("sentence");

	tcase_add_loop_test(tcase, says, 0, ROWS(rows));
	tcase_add_test(tcase, names_no_host_where_there_is_none);
	tcase_add_loop_test(tcase, is_one_line_whatever_comes, 0, EVENT_TYPE_COUNT);
	tcase_add_loop_test(tcase, gives_titles, 0, ROWS(titles));
	tcase_add_loop_test(tcase, reads_sources, 0, ROWS(sources));
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
