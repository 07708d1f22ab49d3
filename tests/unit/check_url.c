/* SPDX-License-Identifier: ISC */
/* url: what is accepted, what is refused without a word of it, what may be shown. */
#include "watchdog/model/url.h"

#include <string.h>

#include "tests/unit/check_main.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

static const char *const right[] = {
	"https://hooks.slack.com/services/T0/B0/xyz",
	"http://127.0.0.1:8080/",
	"HTTPS://Example.ORG",
	"http://localhost",
	"https://[::1]:8443/x",
	"https://[fe80::1]",
	"https://h:1/",
	"https://h:65535",
	"https://h?x=1",
	"https://h/a/b?x=1&y=%20@:;,+*()!$'|{}^",
	"https://xn--mnchen-3ya.de/",
	"https://a_b.c-d~e/",
};

START_TEST(accepts)
{
	ck_assert_pstr_eq(url_check(right[_i]), NULL);
}
END_TEST

static const struct {
	const char *url;
	const char *why; /* a part of it */
} wrong[] = {
	{ "", "no scheme" },
	{ "hooks.slack.com/SECRET", "no scheme" },
	{ "//h/SECRET", "no scheme" },
	{ "https:/h/SECRET", "no scheme" },
	{ "https:h", "no scheme" },
	{ "ftp://h/SECRET", "not spoken here" },
	{ "file:///SECRET", "not spoken here" },
	{ "httpss://h/SECRET", "not spoken here" },
	{ "https://", "no host" },
	{ "https:///SECRET", "no host" },
	{ "https://?SECRET", "no host" },
	{ "https://:80/SECRET", "no host" },
	{ "https://h:/SECRET", "port" },
	{ "https://h:0/", "port" },
	{ "https://h:65536/", "port" },
	{ "https://h:99999999999999999999999/", "port" },
	{ "https://h:8a/", "port" },
	{ "https://h:-1/", "port" },
	{ "https://[]/", "IPv6" },
	{ "https://[::1/", "IPv6" },
	{ "https://[h]/", "IPv6" },
	{ "https://[::1]x/", "no host has" },
	{ "https://h%41/", "no host has" },
	{ "https://a,b/", "no host has" },
	{ "https://u@h/SECRET", "user and password" },
	{ "https://u:SECRET@h/", "user and password" },
	{ "https://u:p@h@i/", "user and password" },
	{ "https://h#SECRET", "'#'" },
	{ "https://h/x#", "'#'" },
	{ "https://h/?x#SECRET", "'#'" },
	{ "https://h/a b", "blanks" },
	{ " https://h/", "blanks" },
	{ "https://h/\t", "control" },
	{ "https://h/\r\nX-Header: SECRET", "control" },
	{ "https://h/\x7F", "control" },
	{ "https://h/\xC3\xA4", "ASCII" },
	{ "https://m\xC3\xBCnchen.de/", "xn--" },
	{ "https://h/<SECRET>", "percent-encode" },
	{ "https://h\\SECRET", "percent-encode" },
	{ "https://h/\"SECRET\"", "percent-encode" },
	{ "https://h/" URL_CUT, "was cut" },
};

START_TEST(refuses)
{
	const char *why = url_check(wrong[_i].url);

	ck_assert_msg(why && strstr(why, wrong[_i].why), "%s: %s", wrong[_i].url, why);
	ck_assert_ptr_null(strstr(why, "SECRET"));
}
END_TEST

static const char *const right_proxies[] = {
	"http://proxy:3128",
	"http://127.0.0.1:3128/",
	"http://user:pass%40word@proxy:3128",
	"HTTP://[::1]:8080",
};

START_TEST(accepts_proxies)
{
	ck_assert_pstr_eq(url_check_proxy(right_proxies[_i]), NULL);
}
END_TEST

static const struct {
	const char *url;
	const char *why;
} wrong_proxies[] = {
	{ "proxy:3128", "http://" },	 { "https://proxy", "http://" },
	{ "socks5://proxy", "http://" }, { "http://proxy/path", "no path" },
	{ "http://proxy?x", "no path" }, { "http://proxy#x", "no path" },
	{ "http://", "no host" },	 { "http://u:p@", "no host" },
	{ "http://proxy:x", "port" },	 { "http://u p@proxy", "blanks" },
};

START_TEST(refuses_proxies)
{
	const char *why = url_check_proxy(wrong_proxies[_i].url);

	ck_assert_msg(why && strstr(why, wrong_proxies[_i].why), "%s: %s", wrong_proxies[_i].url,
		      why);
}
END_TEST

static const struct {
	const char *url;
	const char *shown;
} shown[] = {
	{ "https://hooks.slack.com/services/SECRET", "https://hooks.slack.com/" URL_CUT },
	{ "http://h:8080/SECRET?x", "http://h:8080/" URL_CUT },
	{ "https://h?SECRET", "https://h/" URL_CUT },
	{ "https://h", "https://h" },
	{ "https://[::1]:80/", "https://[::1]:80/" },
	{ "http://user:SECRET@proxy:3128", "http://" URL_CUT "@proxy:3128" },
	{ "SECRET", URL_CUT },
};

START_TEST(shows_scheme_and_host)
{
	struct str text = STR_INIT;

	url_add_public(shown[_i].url, &text);
	ck_assert_str_eq(str_text(&text), shown[_i].shown);
	str_free(&text);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("url");
	TCase *tcase = tcase_create("url");

	tcase_add_loop_test(tcase, accepts, 0, COUNT(right));
	tcase_add_loop_test(tcase, refuses, 0, COUNT(wrong));
	tcase_add_loop_test(tcase, accepts_proxies, 0, COUNT(right_proxies));
	tcase_add_loop_test(tcase, refuses_proxies, 0, COUNT(wrong_proxies));
	tcase_add_loop_test(tcase, shows_scheme_and_host, 0, COUNT(shown));
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
