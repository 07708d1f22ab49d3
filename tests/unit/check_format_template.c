/* SPDX-License-Identifier: ISC */
/* format_template: what each name gives, and that the body stays what the template made it. */
#include "watchdog/net/format_template.h"

#include "tests/unit/check_main.h"
#include "tests/unit/event_fixture.h"
#include "watchdog/base/mem.h"
#include "watchdog/model/template.h"

static struct format_message make(const char *text, const struct format_event *event)
{
	struct webhook_options webhook = event_webhook(WEBHOOK_TEMPLATE);
	struct format_message message;

	webhook.template_text = mem_dup(text);
	message = event_message(&webhook, event, 0);
	free(webhook.template_text);
	return message;
}

static const char *const values[TEMPLATE_NAME_COUNT] = {
	[TEMPLATE_ID] = EVENT_ID,
	[TEMPLATE_TYPE] = "cronherd.worker.stopped",
	[TEMPLATE_SOURCE] = "/cronherd/web1/deploy",
	[TEMPLATE_SUBJECT] = "mail:2",
	[TEMPLATE_HOST] = "web1",
	[TEMPLATE_USER] = "deploy",
	[TEMPLATE_TIME] = EVENT_TIME,
	[TEMPLATE_WORKER] = "mail",
	[TEMPLATE_INSTANCE] = "2",
	[TEMPLATE_PID] = "4711",
	[TEMPLATE_COMMAND] = "php a.php",
	[TEMPLATE_REASON] = "crashed",
	[TEMPLATE_EXIT_CODE] = "255",
	[TEMPLATE_SIGNAL] = "",
	[TEMPLATE_UPTIME_S] = "10920",
	[TEMPLATE_RSS_BYTES] = "147000000",
	[TEMPLATE_MEMORY_LIMIT_BYTES] = "134217728",
	[TEMPLATE_RESTARTS] = "4",
	[TEMPLATE_NEXT_START_AT] = "2023-11-14T22:13:24.000Z",
	[TEMPLATE_LOG_TAIL] = "one\ntwo\nthree\n",
	[TEMPLATE_MESSAGE] = "",
	[TEMPLATE_SENTENCE] = "mail:2 on web1 stopped: crashed with exit code 255 after 3h 2min, "
			      "starts again in 4s",
};

START_TEST(each_name_has_its_value)
{
	char *text = mem_format("<{{%s|raw}}>", template_name_text((enum template_name)_i));
	char *body = mem_format("<%s>", values[_i]);
	struct format_event event = event_of("worker.stopped", EVENT_CRASH);
	struct format_message message = make(text, &event);

	ck_assert_str_eq(str_text(&message.body), body);
	ck_assert_str_eq(event_header(&message, "Content-Type"), "application/json");
	format_message_free(&message);
	free(text);
	free(body);
}
END_TEST

START_TEST(all_of_them_at_once_stay_apart)
{
	struct format_event event = event_of("worker.stopped", EVENT_CRASH);
	struct format_message message =
		make("{{pid}} {{type}} {{instance}} {{time}} {{restarts}}", &event);

	ck_assert_str_eq(str_text(&message.body),
			 "4711 cronherd.worker.stopped 2 " EVENT_TIME " 4");
	format_message_free(&message);
}
END_TEST

START_TEST(json_stays_json)
{
	char *data = event_data("message", EVENT_HOSTILE, "crashed");
	struct format_event event = event_of("worker.stopped", data);
	struct format_message message;
	json_t *json;

	event.subject = EVENT_HOSTILE;
	message = make("{\"a\": \"{{sentence}}\", \"b\": \"{{message}}\", \"c\": \"{{subject}}\"}",
		       &event);
	json = event_json(&message);
	ck_assert_int_eq(strncmp(event_text(json, "b"), "a\"b\\c\n<&>\x01\x1b[31m", 15), 0);
	json_decref(json);
	format_message_free(&message);
	free(data);
}
END_TEST

START_TEST(the_content_type_is_as_configured)
{
	struct webhook_options webhook = event_webhook(WEBHOOK_TEMPLATE);
	struct format_event event = event_of("worker.stopped", EVENT_CRASH);
	char type[] = "text/plain";
	char text[] = "x";
	struct format_message message;

	webhook.content_type = type;
	webhook.template_text = text;
	message = event_message(&webhook, &event, 0);
	ck_assert_str_eq(event_header(&message, "Content-Type"), "text/plain");
	format_message_free(&message);
}
END_TEST

START_TEST(a_long_log_is_cut)
{
	struct str log = STR_INIT;
	char *data;
	struct format_event event;
	struct format_message message;
	json_t *json;

	for (int i = 0; i < 100000; i++)
		str_addf(&log, "line \"%d\"\n", i);
	data = event_data("log_tail", str_text(&log), "crashed");
	event = event_of("worker.stopped", data);
	message = make("{\"log\": \"{{log_tail}}\"}", &event);
	json = event_json(&message);
	ck_assert_ptr_nonnull(strstr(event_text(json, "log"), "line \"99999\"\n"));
	ck_assert_int_eq(strncmp(event_text(json, "log"), "line \"", 6), 0);
	json_decref(json);
	format_message_free(&message);
	free(data);
	str_free(&log);
}
END_TEST

START_TEST(too_long_a_template_fails)
{
	struct webhook_options webhook = event_webhook(WEBHOOK_TEMPLATE);
	struct format_event event = event_of("worker.stopped", EVENT_CRASH);
	struct format_message message;
	struct err err;

	webhook.template_text = mem_alloc(FORMAT_BODY_MAX + 2);
	memset(webhook.template_text, 'x', FORMAT_BODY_MAX + 1);
	ck_assert_int_eq(format_event(&webhook, &event, 0, &message, &err), -1);
	ck_assert_str_eq(err.text, "its template gives a body of more than 65536 bytes");
	format_message_free(&message);
	webhook.template_text[FORMAT_BODY_MAX] = '\0';
	ck_assert_int_eq(format_event(&webhook, &event, 0, &message, &err), 0);
	format_message_free(&message);
	free(webhook.template_text);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("format_template");
	TCase *tcase = tcase_create("template");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, each_name_has_its_value, 0, TEMPLATE_NAME_COUNT);
	tcase_add_test(tcase, all_of_them_at_once_stay_apart);
	tcase_add_test(tcase, json_stays_json);
	tcase_add_test(tcase, the_content_type_is_as_configured);
	tcase_add_test(tcase, a_long_log_is_cut);
	tcase_add_test(tcase, too_long_a_template_fails);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
