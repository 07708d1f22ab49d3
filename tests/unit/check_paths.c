/* SPDX-License-Identifier: ISC */
/* paths and account: defaults for root and others, users and groups. */
#include "watchdog/config/paths.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/check_main.h"
#include "watchdog/base/mem.h"
#include "watchdog/config/account.h"

#define NOBODY 65534

static struct err err;
static uid_t before;

/* As root the tests of other users run as nobody; root's are then left out for others. */
static void become_another(void)
{
	before = geteuid();
	if (before == 0)
		ck_assert_int_eq(seteuid(NOBODY), 0);
	ck_assert_int_eq(setenv("HOME", "/home/joe", 1), 0);
	ck_assert_int_eq(unsetenv("XDG_CONFIG_HOME"), 0);
	ck_assert_int_eq(unsetenv("XDG_STATE_HOME"), 0);
}

static void become_ourselves(void)
{
	if (before == 0)
		ck_assert_int_eq(seteuid(0), 0);
}

static void expect(char *path, const char *expected)
{
	ck_assert_pstr_eq(path, expected);
	free(path);
}

START_TEST(knows_roots_paths)
{
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(setenv("XDG_CONFIG_HOME", "/xdg", 1), 0);
	expect(paths_main_file(&err), CRONHERD_SYSCONFDIR "/cronherd/cronherd.conf");
	expect(paths_state_dir(&err), CRONHERD_LOCALSTATEDIR "/lib/cronherd");
	expect(paths_pidfile_dir(CRONHERD_LOCALSTATEDIR "/lib/cronherd"),
	       CRONHERD_RUNSTATEDIR "/cronherd");
	expect(paths_log_dir(CRONHERD_LOCALSTATEDIR "/lib/cronherd"),
	       CRONHERD_LOCALSTATEDIR "/log/cronherd");

	/* A second herd of root's. */
	expect(paths_pidfile_dir("/s"), "/s/pidfiles");
	expect(paths_log_dir("/s"), "/s/log");
	ck_assert_int_eq(unsetenv("XDG_CONFIG_HOME"), 0);
}
END_TEST

START_TEST(knows_other_peoples_paths)
{
	become_another();
	expect(paths_main_file(&err), "/home/joe/.config/cronherd/cronherd.conf");
	expect(paths_state_dir(&err), "/home/joe/.local/state/cronherd");
	expect(paths_pidfile_dir("/s"), "/s/pidfiles");
	expect(paths_log_dir("/s"), "/s/log");
	expect(paths_home(), "/home/joe");

	ck_assert_int_eq(setenv("XDG_CONFIG_HOME", "/c", 1), 0);
	ck_assert_int_eq(setenv("XDG_STATE_HOME", "/t", 1), 0);
	expect(paths_main_file(&err), "/c/cronherd/cronherd.conf");
	expect(paths_state_dir(&err), "/t/cronherd");

	/* What is not absolute does not count (XDG's rule). */
	ck_assert_int_eq(setenv("XDG_CONFIG_HOME", "c", 1), 0);
	ck_assert_int_eq(setenv("XDG_STATE_HOME", "", 1), 0);
	expect(paths_main_file(&err), "/home/joe/.config/cronherd/cronherd.conf");
	expect(paths_state_dir(&err), "/home/joe/.local/state/cronherd");
	become_ourselves();
}
END_TEST

START_TEST(asks_the_password_file_without_home)
{
	struct account account;

	ck_assert_int_eq(account_find(NULL, &account), 0);
	ck_assert_int_eq(unsetenv("HOME"), 0);
	expect(paths_home(), account.home);
	ck_assert_int_eq(setenv("HOME", "relative", 1), 0);
	expect(paths_home(), account.home);
	account_free(&account);
}
END_TEST

START_TEST(finds_accounts)
{
	struct account account;

	ck_assert_int_eq(account_find("root", &account), 0);
	ck_assert_uint_eq(account.uid, 0);
	ck_assert_uint_eq(account.gid, 0);
	ck_assert_str_eq(account.name, "root");
	ck_assert_int_eq(account.home[0], '/');
	ck_assert_int_eq(account.shell[0], '/');
	account_free(&account);

	ck_assert_int_eq(account_find("0", &account), 0);
	ck_assert_str_eq(account.name, "root");
	account_free(&account);

	ck_assert_int_eq(account_find(NULL, &account), 0);
	ck_assert_uint_eq(account.uid, geteuid());
	ck_assert_uint_eq(account.gid, getegid());
	account_free(&account);
}
END_TEST

START_TEST(says_who_does_not_exist)
{
	static const char *const names[] = { "no-such-user-here", "", "4294967295", "-1", "0x0",
					     "3999999999" };
	struct account account;

	ck_assert_int_eq(account_find(names[_i], &account), -ENOENT);
	ck_assert_ptr_null(account.name);
	account_free(&account);
}
END_TEST

/* As in a container that runs a number nobody has heard of. */
START_TEST(makes_up_an_account_without_an_entry)
{
	struct account account;

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(setenv("HOME", "/srv/home", 1), 0);
	ck_assert_int_eq(seteuid(3999999999U), 0);
	int rc = account_find(NULL, &account);
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(rc, 0);
	ck_assert_str_eq(account.name, "3999999999");
	ck_assert_str_eq(account.home, "/srv/home");
	ck_assert_str_eq(account.shell, "/bin/sh");
	account_free(&account);
}
END_TEST

START_TEST(finds_groups)
{
	struct account account;
	gid_t *groups;
	gid_t gid = 1;

	ck_assert_int_eq(account_group("root", &gid), 0);
	ck_assert_uint_eq(gid, 0);
	ck_assert_int_eq(account_group("3999999999", &gid), 0);
	ck_assert_uint_eq(gid, 3999999999U);
	ck_assert_int_eq(account_group("no-such-group-here", &gid), -ENOENT);
	ck_assert_int_eq(account_group("4294967295", &gid), -ENOENT);
	ck_assert_uint_eq(gid, 3999999999U);

	ck_assert_int_eq(account_find("root", &account), 0);
	int count = account_groups(&account, 1234, &groups);
	ck_assert_int_ge(count, 1);
	ck_assert_uint_eq(groups[0], 1234);
	free(groups);
	account_free(&account);
}
END_TEST

static Suite *suite(void)
{
	Suite *all = suite_create("paths");
	TCase *tests = tcase_create("paths");

	tcase_add_test(tests, knows_roots_paths);
	tcase_add_test(tests, knows_other_peoples_paths);
	tcase_add_test(tests, asks_the_password_file_without_home);
	tcase_add_test(tests, finds_accounts);
	tcase_add_loop_test(tests, says_who_does_not_exist, 0, 6);
	tcase_add_test(tests, makes_up_an_account_without_an_entry);
	tcase_add_test(tests, finds_groups);
	suite_add_tcase(all, tests);
	return all;
}

CHECK_MAIN(suite())
