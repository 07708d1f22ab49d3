/* SPDX-License-Identifier: ISC */
/* format_chat: Slack, Discord, ntfy: what people get, how long it may be, and what must not work in
 * it. */
#include "watchdog/net/format_chat.h"

#include "tests/unit/check_main.h"
#include "tests/unit/event_fixture.h"
#include "watchdog/base/mem.h"
#include "watchdog/net/encodedword.h"

#define SENTENCE "stopped: crashed with exit code 255 after 3h 2min, starts again in 4s"

static struct format_message make(enum webhook_format format, const struct format_event *event)
{
	struct webhook_options webhook = event_webhook(format);

	return event_message(&webhook, event, 0);
}

/* ---- as documented ------------------------------------------------------------------------ */

START_TEST(slack)
{
	struct format_event event = event_of("worker.stopped", EVENT_CRASH);
	struct format_message message = make(WEBHOOK_SLACK, &event);
	json_t *json = event_json(&message);

	ck_assert_str_eq(event_text(json, "text"),
			 "`mail:2` on web1 " SENTENCE "\n```\none\ntwo\nthree\n```");
	ck_assert_uint_eq(json_object_size(json), 1);
	ck_assert_str_eq(event_header(&message, "Content-Type"), "application/json");
	json_decref(json);
	format_message_free(&message);
}
END_TEST

START_TEST(discord)
{
	struct format_event event = event_of("worker.stopped", EVENT_CRASH);
	struct format_message message = make(WEBHOOK_DISCORD, &event);

	ck_assert_str_eq(message.body.data,
			 "{\"content\":\"`mail:2` on web1 " SENTENCE
			 "\\n```\\none\\ntwo\\nthree\\n```\",\"allowed_mentions\":{\"parse\":[]}}");
	ck_assert_str_eq(event_header(&message, "Content-Type"), "application/json");
	format_message_free(&message);
}
END_TEST

START_TEST(ntfy)
{
	struct format_event event = event_of("worker.stopped", EVENT_CRASH);
	struct format_message message = make(WEBHOOK_NTFY, &event);

	ck_assert_str_eq(message.body.data, "mail:2 on web1 " SENTENCE "\n\none\ntwo\nthree");
	ck_assert_str_eq(event_header(&message, "Content-Type"), "text/plain; charset=utf-8");
	ck_assert_str_eq(event_header(&message, "Title"), "mail:2 on web1 crashed");
	ck_assert_str_eq(event_header(&message, "Priority"), "4");
	ck_assert_str_eq(event_header(&message, "Tags"), "warning,worker.stopped");
	format_message_free(&message);
}
END_TEST

START_TEST(log_tail_zero_sends_no_log)
{
	struct format_event event = event_of("worker.stopped", EVENT_CRASH);
	struct webhook_options webhook = event_webhook(WEBHOOK_NTFY);
	struct format_message message;

	webhook.log_tail = 0;
	message = event_message(&webhook, &event, 3);
	ck_assert_str_eq(message.body.data,
			 "mail:2 on web1 " SENTENCE " (3 earlier ones were held back)");
	format_message_free(&message);
}
END_TEST

static const struct {
	const char *type;
	const char *reason;
	const char *priority;
	const char *tags;
} urgencies[] = {
	{ "worker.started", "manual", "2", "arrow_forward,worker.started" },
	{ "worker.stopped", "manual", "2", "stop_button,worker.stopped" },
	{ "worker.stopped", "oom", "4", "warning,worker.stopped" },
	{ "worker.stopped", "missing", "4", "warning,worker.stopped" },
	{ "worker.fatal", "crashed", "5", "rotating_light,worker.fatal" },
	{ "config.broken", "none", "4", "warning,config.broken" },
	{ "a,b", "none", "3", "bell" },
};

START_TEST(ntfy_knows_what_is_urgent)
{
	char *data = event_data("message", "x", urgencies[_i].reason);
	struct format_event event = event_of(urgencies[_i].type, data);
	struct format_message message = make(WEBHOOK_NTFY, &event);

	ck_assert_str_eq(event_header(&message, "Priority"), urgencies[_i].priority);
	ck_assert_str_eq(event_header(&message, "Tags"), urgencies[_i].tags);
	format_message_free(&message);
	free(data);
}
END_TEST

/* ---- what must not work ------------------------------------------------------------------- */

START_TEST(slack_escapes)
{
	char *data = event_data("log_tail", "<!channel> & ```\n@all\x1b[1;31m red\x1b[0m\r\n",
				"crashed");
	struct format_event event = event_of("worker.stopped", data);
	struct format_message message;
	json_t *json;

	event.subject = "<@U1>&`@Channel";
	message = make(WEBHOOK_SLACK, &event);
	json = event_json(&message);
	ck_assert_str_eq(event_text(json, "text"),
			 "`&lt;@U1&gt;&amp;'@\xE2\x80\x8B"
			 "Channel` on web1 stopped: crashed\n"
			 "```\n&lt;!channel&gt; &amp; '''\n@all red\n```");
	json_decref(json);
	format_message_free(&message);
	free(data);
}
END_TEST

START_TEST(names_of_every_kind_come_through)
{
	for (int format = WEBHOOK_SLACK; format <= WEBHOOK_NTFY; format++) {
		char *data = event_data("log_tail", EVENT_HOSTILE, "crashed");
		struct format_event event = event_of("worker.stopped", data);
		struct format_message message;

		event.subject = EVENT_HOSTILE;
		event.source = EVENT_HOSTILE;
		message = make((enum webhook_format)format, &event);
		ck_assert(utf8_is_value(message.body.data));
		if (format != WEBHOOK_NTFY)
			json_decref(event_json(&message));
		(void)event_header(&message, "Title");
		format_message_free(&message);
		free(data);
	}
}
END_TEST

/* ---- lengths ------------------------------------------------------------------------------ */

static const char *const units[] = { "x",    "&", "\xC3\xA4", "\xF0\x9F\x90\x98",     "\x01",
				     "\xff", "`", "x\n",      "&\xF0\x9F\x90\x98&\n", "\n" };

static size_t characters(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += ((unsigned char)*text & 0xC0) != 0x80;
	return count;
}

/* UNIT a hundred thousand times, in the log and in the message. */
START_TEST(nothing_is_too_long)
{
	struct str text = STR_INIT;
	char *log;
	char *why;

	for (int i = 0; i < 100000; i++)
		str_add(&text, units[_i]);
	log = event_data("log_tail", text.data, "crashed");
	why = event_data("message", text.data, "crashed");
	for (int i = 0; i < 6; i++) {
		struct format_event event = event_of("worker.stopped", i < 3 ? log : why);
		int format = WEBHOOK_SLACK + i % 3;
		struct format_message message = make((enum webhook_format)format, &event);
		json_t *json = format == WEBHOOK_NTFY ? NULL : event_json(&message);

		ck_assert_ptr_nonnull(strstr(message.body.data, "crashed"));
		if (format == WEBHOOK_SLACK)
			ck_assert_uint_le(strlen(event_text(json, "text")), 4000);
		else if (format == WEBHOOK_DISCORD)
			ck_assert_uint_le(characters(event_text(json, "content")), 2000);
		else
			ck_assert_uint_le(message.body.len, 4096);
		/* No line of one sign is left of a log of none. */
		if (i < 3 && strcmp(units[_i], "\n") != 0)
			ck_assert_uint_gt(message.body.len, 1000);
		json_decref(json);
		format_message_free(&message);
	}
	free(log);
	free(why);
	str_free(&text);
}
END_TEST

START_TEST(a_log_is_cut_between_lines)
{
	struct str log = STR_INIT;
	char *data;
	struct format_event event;

	for (int i = 0; i < 1000; i++)
		str_addf(&log, "<line %d>\n", i);
	data = event_data("log_tail", str_text(&log), "crashed");
	event = event_of("worker.stopped", data);
	for (int format = WEBHOOK_SLACK; format <= WEBHOOK_DISCORD; format++) {
		struct format_message message = make((enum webhook_format)format, &event);
		json_t *json = event_json(&message);
		const char *text = event_text(json, format == WEBHOOK_SLACK ? "text" : "content");
		const char *first = format == WEBHOOK_SLACK ? "\n```\n&lt;line " : "\n```\n<line ";
		const char *last =
			format == WEBHOOK_SLACK ? "\n&lt;line 999&gt;\n```" : "\n<line 999>\n```";

		ck_assert_ptr_nonnull(strstr(text, first));
		ck_assert_str_eq(text + strlen(text) - strlen(last), last);
		ck_assert_uint_gt(strlen(text), 1900);
		json_decref(json);
		format_message_free(&message);
	}
	free(data);
	str_free(&log);
}
END_TEST

START_TEST(a_digest_is_a_list)
{
	enum { COUNT = 200 };
	struct webhook_options webhook = event_webhook(WEBHOOK_DISCORD);
	struct format_event events[COUNT];
	struct format_message message;
	struct err err;
	json_t *json;
	const char *text;
	size_t lines = 0;
	int more;

	for (int i = 0; i < COUNT; i++)
		events[i] = event_of("worker.stopped", EVENT_CRASH);
	ck_assert_int_eq(format_digest(&webhook, events, 3, &message, &err), 0);
	json = event_json(&message);
	ck_assert_str_eq(event_text(json, "content"),
			 "3 events on web1: 3 stopped\n\xE2\x80\xA2 mail:2 " SENTENCE
			 "\n\xE2\x80\xA2 mail:2 " SENTENCE "\n\xE2\x80\xA2 mail:2 " SENTENCE);
	json_decref(json);
	format_message_free(&message);

	ck_assert_int_eq(format_digest(&webhook, events, COUNT, &message, &err), 0);
	json = event_json(&message);
	text = event_text(json, "content");
	ck_assert_uint_le(strlen(text), 2000);
	for (const char *at = text; (at = strstr(at, "\n\xE2\x80\xA2 ")); at++)
		lines++;
	ck_assert_int_eq(
		sscanf(strstr(text, "\n\xE2\x80\xA6 and "), "\n\xE2\x80\xA6 and %d more", &more),
		1);
	ck_assert_uint_gt(lines, 10);
	ck_assert_uint_eq(lines + (size_t)more, COUNT);
	json_decref(json);
	format_message_free(&message);
}
END_TEST

/* ---- encoded words ------------------------------------------------------------------------ */

static const struct {
	const char *text;
	const char *coded;
} words[] = {
	{ "mail:2 on web1 crashed", "mail:2 on web1 crashed" },
	{ "", "" },
	{ "\xC3\xA4 b_c=?", "=?UTF-8?Q?=C3=A4_b=5Fc=3D=3F?=" },
	{ "=?UTF-8?Q?x?=", "=?UTF-8?Q?=3D=3FUTF-8=3FQ=3Fx=3F=3D?=" },
	{ "\n", "=?UTF-8?Q?=0A?=" },
	{ "\xF0\x9F\x90\x98\xF0\x9F\x90\x98\xF0\x9F\x90\x98\xF0\x9F\x90\x98\xF0\x9F\x90\x98\xF0\x9F"
	  "\x90\x98",
	  "=?UTF-8?Q?=F0=9F=90=98=F0=9F=90=98=F0=9F=90=98=F0=9F=90=98=F0=9F=90=98?= "
	  "=?UTF-8?Q?=F0=9F=90=98?=" },
};

START_TEST(encodes_words)
{
	struct str out = STR_INIT;

	encodedword_add(&out, words[_i].text);
	ck_assert_str_eq(str_text(&out), words[_i].coded);
	str_free(&out);
}
END_TEST

START_TEST(no_encoded_word_is_too_long)
{
	struct str text = STR_INIT;
	struct str out = STR_INIT;

	for (int i = 0; i < 100; i++)
		str_add(&text, "a\xC3\xA4\xF0\x9F\x90\x98 ");
	encodedword_add(&out, text.data);
	for (char *word = strtok(out.data, " "); word; word = strtok(NULL, " ")) {
		ck_assert_uint_le(strlen(word), 75);
		ck_assert_int_eq(strncmp(word, "=?UTF-8?Q?", 10), 0);
		ck_assert_str_eq(word + strlen(word) - 2, "?=");
	}
	str_free(&text);
	str_free(&out);
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

static Suite *suite(void)
{
	Suite *suite = suite_create("format_chat");
	TCase *tcase = tcase_create("chat");
	TCase *coding = tcase_create("encodedword");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, slack);
	tcase_add_test(tcase, discord);
	tcase_add_test(tcase, ntfy);
	tcase_add_test(tcase, log_tail_zero_sends_no_log);
	tcase_add_loop_test(tcase, ntfy_knows_what_is_urgent, 0, ROWS(urgencies));
	tcase_add_test(tcase, slack_escapes);
	tcase_add_test(tcase, names_of_every_kind_come_through);
	tcase_add_loop_test(tcase, nothing_is_too_long, 0, ROWS(units));
	tcase_add_test(tcase, a_log_is_cut_between_lines);
	tcase_add_test(tcase, a_digest_is_a_list);
	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(coding, encodes_words, 0, ROWS(words));
	tcase_add_test(coding, no_encoded_word_is_too_long);
	suite_add_tcase(suite, coding);
	return suite;
}

CHECK_MAIN(suite())
