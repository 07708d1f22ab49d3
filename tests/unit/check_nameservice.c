/* SPDX-License-Identifier: ISC */
/* nameservice: what nsswitch.conf says, and what getent answers. */
#include "watchdog/config/nameservice.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/check_main.h"

static const struct {
	const char *text;
	bool has_more;
} texts[] = {
	{ "", false },
	{ "passwd: files\n", false },
	{ "passwd:\n", false },
	{ "passwd:files # ldap\n", false },
	{ "# passwd: ldap\npasswd: files", false },
	{ "passwd: files [NOTFOUND=return]\n", false },
	{ "passwd: files [ldap", false },
	{ "group: ldap\npasswd: files\n", false },
	{ "passwds: ldap\n", false },
	{ "passwd: files systemd\n", false },
	{ "passwd: files ldap\n", true },
	{ "\n\n \tpasswd \t:\tfiles[SUCCESS=continue]sss\n", true },
	{ "passwd: filesystem\n", true },
	{ "passwd: ldap\r\n", true },
	{ "group: files\npasswd: [!UNAVAIL=return] nis files", true },
};

START_TEST(tells_whether_there_is_more_than_files)
{
	ck_assert_int_eq(nameservice_text_has_more(texts[_i].text, "passwd", "files systemd"), texts[_i].has_more);
}
END_TEST

START_TEST(takes_for_known_what_it_is_told_to)
{
	ck_assert(nameservice_text_has_more("group: files systemd\n", "group", "files"));
	ck_assert(nameservice_text_has_more("group: files\n", "group", ""));
	ck_assert(!nameservice_text_has_more("group: systemd\n", "group", " files  systemd "));
}
END_TEST

START_TEST(asks)
{
	struct str answer = STR_INIT;

	ck_assert_int_eq(nameservice_ask("passwd", "root", &answer), 0);
	ck_assert_ptr_nonnull(strstr(str_text(&answer), "root:"));
	str_free(&answer);
	ck_assert_int_eq(nameservice_ask("passwd", "no-such-user-here", &answer), -ENOENT);
	ck_assert_int_eq(nameservice_ask("passwd", "--help", &answer), -ENOENT);
	ck_assert_int_eq(nameservice_ask("passwd", "", &answer), -ENOENT);
	ck_assert_int_eq(nameservice_ask("no-such-database", "root", &answer), -EIO);
	ck_assert_uint_eq(answer.len, 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("nameservice");
	TCase *tests = tcase_create("all");

	tcase_add_loop_test(tests, tells_whether_there_is_more_than_files, 0, (int)(sizeof(texts) / sizeof(*texts)));
	tcase_add_test(tests, takes_for_known_what_it_is_told_to);
	tcase_add_test(tests, asks);
	suite_add_tcase(all, tests);
	return all;
}

CHECK_MAIN(suite())
