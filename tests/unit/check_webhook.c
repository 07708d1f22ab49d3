/* SPDX-License-Identifier: ISC */
/* webhook, ping, secret, privacy: values taken and refused, what goes together, what may be shown.
 */
#include "watchdog/model/webhook.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/check_main.h"
#include "watchdog/model/event.h"
#include "watchdog/model/ping.h"
#include "watchdog/model/privacy.h"
#include "watchdog/model/secret.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

/* Base64 of 23, 24, 64 and 65 bytes. */
#define BYTES_23 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define BYTES_24 "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define BYTES_32 "C2FVsBQIhrscChlQIMV+b5sSYspob7oDAAAAAAAAAAA="
#define BYTES_64                                                                                   \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
#define BYTES_65                                                                                   \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static struct webhook_options webhook;
static struct ping_options ping;

static void setup(void)
{
	options_init_in(webhook_option_table, &webhook);
	options_init_in(ping_option_table, &ping);
}

static void teardown(void)
{
	options_free_in(webhook_option_table, &webhook);
	options_free_in(ping_option_table, &ping);
}

static const char *set(const char *name, const char *value)
{
	return option_set(option_find_in(webhook_option_table, name), &webhook, value);
}

static const char *set_ping(const char *name, const char *value)
{
	return option_set(option_find_in(ping_option_table, name), &ping, value);
}

START_TEST(has_the_defaults_of_the_interface)
{
	ck_assert_int_eq(webhook.format, WEBHOOK_CLOUDEVENTS);
	ck_assert_int_eq(webhook.timeout_ms, 15000);
	ck_assert_int_eq(webhook.max_age_ms, INT64_C(3) * 86400000);
	ck_assert_int_eq(webhook.digest, OPTION_NONE);
	ck_assert_int_eq(webhook.flap, OPTION_NONE);
	ck_assert_int_eq(webhook.log_tail, OPTION_NONE);
	ck_assert_ptr_null(webhook.url);
	ck_assert_ptr_null(webhook.template_text);
	ck_assert_uint_eq(webhook.events.count, 0);
	ck_assert_int_eq(ping.style, PING_HEALTHCHECKS);
	ck_assert_int_eq(ping.timeout_ms, 10000);
	ck_assert_str_eq(ping.when, "round");
}
END_TEST

/* ---- values ------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	const char *value;
} taken[] = {
	{ "url", "https://h/" },
	{ "secret", "whsec_" BYTES_24 },
	{ "secret", "whsec_" BYTES_32 },
	{ "secret", "whsec_" BYTES_64 },
	{ "secret_file", "~/secret" },
	{ "format", "cloudevents" },
	{ "format", "cloudevents-binary" },
	{ "format", "slack" },
	{ "format", "discord" },
	{ "format", "ntfy" },
	{ "format", "template" },
	{ "events", "worker.started" },
	{ "events", "cronherd.worker.started" },
	{ "events", "cronherd.worker.*" },
	{ "events", "*" },
	{ "events", "worker.*" },
	{ "events", "config.[bm]*" },
	{ "events", "webhook.test" },
	{ "workers", "mail" },
	{ "workers", "mail:1" },
	{ "workers", "@site" },
	{ "workers", "*:1" },
	{ "workers", "gr\xC3\xBCn" },
	{ "timeout", "1s" },
	{ "timeout", "30s" },
	{ "max_age", "1min" },
	{ "headers", "Authorization: Bearer abc" },
	{ "headers", "X-A:b" },
	{ "headers", "X-Tab: a\tb" },
	{ "headers", "Accept: */*" },
	{ "headers", "Hosts: x" },
	{ "proxy", "http://u:p@proxy:3128" },
	{ "template", "{{id}}" },
	{ "content_type", "text/plain; charset=utf-8" },
	{ "content_type", "application/vnd.x+json" },
	{ "digest", "0" },
	{ "digest", "none" },
	{ "flap", "5" },
	{ "log_tail", "0" },
};

START_TEST(takes)
{
	ck_assert_pstr_eq(set(taken[_i].name, taken[_i].value), NULL);
}
END_TEST

static const struct {
	const char *name;
	const char *value;
	const char *why; /* a part of it */
} refused[] = {
	{ "url", "h/SECRET", "no scheme" },
	{ "secret", "", "begin with whsec_" },
	{ "secret", BYTES_32, "begin with whsec_" },
	{ "secret", "WHSEC_" BYTES_32, "begin with whsec_" },
	{ "secret", "whsec_", "too short" },
	{ "secret", "whsec_" BYTES_23, "too short" },
	{ "secret", "whsec_" BYTES_65, "too long" },
	{ "secret", "whsec_SECRETSECRETSECRETSECRETSECRET!!", "base64" },
	{ "secret", "whsec_" BYTES_24 "A", "padding" },
	{ "secret", "whsec_" BYTES_24 "====", "padding" },
	{ "secret", "whsec_" BYTES_24 "A===", "padding" },
	{ "secret", "whsec_" BYTES_24 "A=A=", "padding" },
	{ "secret", "whsec_" BYTES_24 "\n", "padding" },
	{ "secret", "whsec_-_KQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "URL-safe" },
	{ "secret_file", "", "empty" },
	{ "format", "slak", "cloudevents-binary" },
	{ "events", "worker", "types of events" },
	{ "events", "", "types of events" },
	{ "events", "worker.exploded", "types of events" },
	{ "events", "wrk.*", "matches no type" },
	{ "workers", "", "targets" },
	{ "workers", "a/b", "targets" },
	{ "workers", "mail:", "targets" },
	{ "workers", "mail:x", "targets" },
	{ "workers", "@", "targets" },
	{ "workers", "@a:1", "targets" },
	{ "timeout", "999ms", "1s to 30s" },
	{ "timeout", "31s", "1s to 30s" },
	{ "timeout", "none", "1s to 30s" },
	{ "max_age", "0", "above 0" },
	{ "headers", "", "Name: value" },
	{ "headers", "SECRET", "Name: value" },
	{ "headers", ": SECRET", "Name: value" },
	{ "headers", "A B: SECRET", "Name: value" },
	{ "headers", "X-A:", "must have a value" },
	{ "headers", "X-A: \t ", "must have a value" },
	{ "headers", "X-A: b\r\nX-B: SECRET", "one line of ASCII" },
	{ "headers", "X-A: b\nX-B: SECRET", "one line of ASCII" },
	{ "headers", "X-A: \xC3\xA4", "one line of ASCII" },
	{ "headers", "content-length: 5", "cronherd sets them" },
	{ "headers", "Content-Type: x/y", "content_type" },
	{ "headers", "HOST: h", "cronherd sets them" },
	{ "headers", "Webhook-Signature: v1,SECRET", "cronherd sets them" },
	{ "headers", "ce-id: x", "cronherd sets them" },
	{ "headers", "Transfer-Encoding: chunked", "cronherd sets them" },
	{ "proxy", "socks5://p", "http://" },
	{ "content_type", "json", "media type" },
	{ "content_type", "a/b\r\nX: y", "one line" },
	{ "digest", "-1", "from 0 to 10000" },
	{ "log_tail", "1001", "from 0 to 1000" },
};

START_TEST(refuses)
{
	const char *why = set(refused[_i].name, refused[_i].value);

	ck_assert_msg(why && strstr(why, refused[_i].why), "%s = %s: %s", refused[_i].name,
		      refused[_i].value, why);
	ck_assert_ptr_null(strstr(why, "SECRET"));
}
END_TEST

/* ---- between options ---------------------------------------------------------------------- */

static const struct {
	const char *url, *format, *template_text, *content_type;
	const char *why;
	const char *about;
} together[] = {
	{ "https://h", "slack", "", "", NULL, NULL },
	{ "https://h", "template", "{{id}}", "text/plain", NULL, "template" },
	{ "", "slack", "", "", "url is missing", NULL },
	{ "https://h", "template", "", "", "needs template", "format" },
	{ "https://h", "slack", "{{id}}", "", "only for format = template", "template" },
	{ "https://h", "slack", "", "text/plain", "only for format = template", "content_type" },
	{ "https://h", "template", "{{idd}}", "", "option 'template' has an unknown name 'idd'",
	  "template" },
	{ "https://h", "template", "x {{id", "", "no '}}' closes", "template" },
};

START_TEST(checks_what_goes_together)
{
	const char *about = "never";
	char buf[512];

	ck_assert_pstr_eq(set("url", together[_i].url), NULL);
	ck_assert_pstr_eq(set("format", together[_i].format), NULL);
	ck_assert_pstr_eq(set("template", together[_i].template_text), NULL);
	ck_assert_pstr_eq(set("content_type", together[_i].content_type), NULL);
	const char *why = webhook_check(&webhook, &about, buf, sizeof(buf));
	if (together[_i].why)
		ck_assert_msg(why && strstr(why, together[_i].why), "%s", why);
	else
		ck_assert_pstr_eq(why, NULL);
	ck_assert_pstr_eq(about, together[_i].about);
}
END_TEST

static const struct {
	const char *events[3];
	const char *type;
	bool is_taken;
} types[] = {
	{ { NULL }, "worker.started", true },
	{ { "worker.started" }, "worker.started", true },
	{ { "worker.started" }, "worker.stopped", false },
	{ { "cronherd.worker.started" }, "worker.started", true },
	{ { "cronherd.worker.*" }, "worker.fatal", true },
	{ { "worker.f*", "host.*" }, "host.rebooted", true },
	{ { "worker.f*", "host.*" }, "config.broken", false },
	{ { "*" }, "webhook.test", true },
};

START_TEST(takes_types)
{
	for (size_t i = 0; types[_i].events[i]; i++)
		ck_assert_pstr_eq(set("events", types[_i].events[i]), NULL);
	ck_assert_int_eq(webhook_takes_type(&webhook, types[_i].type), types[_i].is_taken);
}
END_TEST

/* ---- pings -------------------------------------------------------------------------------- */

static const struct {
	const char *when;
	const char *worker; /* NULL: the round's */
	bool is_right;
} whens[] = {
	{ "round", NULL, true },
	{ "worker mail", "mail", true },
	{ "worker \t\n gr\xC3\xBCn", "gr\xC3\xBCn", true },
	{ "worker", NULL, false },
	{ "worker ", NULL, false },
	{ "workermail", NULL, false },
	{ "worker a b", NULL, false },
	{ "worker a:1", NULL, false },
	{ "rounds", NULL, false },
	{ "", NULL, false },
};

START_TEST(reads_when)
{
	const char *why = set_ping("when", whens[_i].when);

	if (whens[_i].is_right)
		ck_assert_pstr_eq(why, NULL);
	else
		ck_assert_ptr_nonnull(why);
	ck_assert_pstr_eq(ping_worker(&ping), whens[_i].worker);
}
END_TEST

START_TEST(checks_a_ping)
{
	ck_assert_ptr_nonnull(strstr(ping_check(&ping), "url is missing"));
	ck_assert_pstr_eq(set_ping("url", "https://hc-ping.com/x"), NULL);
	ck_assert_pstr_eq(ping_check(&ping), NULL);
	ck_assert_pstr_eq(set_ping("style", "uptime-kuma"), NULL);
	ck_assert_int_eq(ping.style, PING_UPTIME_KUMA);
	ck_assert_ptr_nonnull(strstr(set_ping("style", "kuma"), "uptime-kuma"));
	ck_assert_ptr_nonnull(strstr(set_ping("headers", "Host: x"), "cronherd sets them"));
}
END_TEST

/* ---- what may be shown -------------------------------------------------------------------- */

static const struct {
	enum option_privacy privacy;
	const char *value;
	const char *shown;
} shown[] = {
	{ OPTION_OPEN, "x", "x" },
	{ OPTION_URL, "https://h/SECRET", "https://h/\xE2\x80\xA6" },
	{ OPTION_HEADERS, "Authorization: SECRET", "Authorization: \xE2\x80\xA6" },
	{ OPTION_SECRET, "SECRET", "\xE2\x80\xA6" },
};

START_TEST(shows_what_is_no_secret)
{
	char *text = privacy_text(shown[_i].privacy, shown[_i].value);

	ck_assert_str_eq(text, shown[_i].shown);
	free(text);
}
END_TEST

/* What was shown is not taken for the value. */
START_TEST(refuses_what_was_shown)
{
	char *url = privacy_text(OPTION_URL, "https://h/x");
	char *header = privacy_text(OPTION_HEADERS, "A: b");
	char *secret = privacy_text(OPTION_SECRET, "whsec_" BYTES_24);

	ck_assert_ptr_nonnull(set("url", url));
	ck_assert_ptr_nonnull(set("headers", header));
	ck_assert_ptr_nonnull(set("secret", secret));
	free(url);
	free(header);
	free(secret);
}
END_TEST

/* Whatever is a secret is marked as one. */
START_TEST(marks_secrets)
{
	static const char *const open[] = { "secret_file", "format",  "events",	  "workers",
					    "timeout",	   "max_age", "ca_file",  "content_type",
					    "digest",	   "flap",    "log_tail", "style",
					    "when" };
	const struct option_spec *tables[] = { webhook_option_table, ping_option_table };
	size_t count = 0;

	for (size_t t = 0; t < 2; t++) {
		for (const struct option_spec *option = tables[t]; option->name; option++) {
			bool is_open = false;
			for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++)
				is_open = is_open || strcmp(open[i], option->name) == 0;
			ck_assert_msg(is_open == (option->privacy == OPTION_OPEN), "%s",
				      option->name);
			count += !is_open;
		}
	}
	ck_assert_uint_eq(count, 8); /* url, headers, proxy twice; secret, template */
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("webhook");
	TCase *tcase = tcase_create("webhook");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, has_the_defaults_of_the_interface);
	tcase_add_loop_test(tcase, takes, 0, COUNT(taken));
	tcase_add_loop_test(tcase, refuses, 0, COUNT(refused));
	tcase_add_loop_test(tcase, checks_what_goes_together, 0, COUNT(together));
	tcase_add_loop_test(tcase, takes_types, 0, COUNT(types));
	tcase_add_loop_test(tcase, reads_when, 0, COUNT(whens));
	tcase_add_test(tcase, checks_a_ping);
	tcase_add_loop_test(tcase, shows_what_is_no_secret, 0, COUNT(shown));
	tcase_add_test(tcase, refuses_what_was_shown);
	tcase_add_test(tcase, marks_secrets);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
