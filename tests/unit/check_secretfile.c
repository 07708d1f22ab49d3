/* SPDX-License-Identifier: ISC */
/* secretfile: which files are trusted, what is read of them, what is said of the others. */
#include "watchdog/config/secretfile.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/check_main.h"
#include "tests/unit/tempdir.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))
#define NOBODY	     65534
#define ONE	     "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define TWO	     "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDAAAAAAAAAAA="

static char *dir;
static char *path;
static struct strlist secrets;
static struct err err;

static void setup(void)
{
	dir = tempdir_make();
	path = mem_format("%s/secret", dir);
}

static void teardown(void)
{
	secretfile_wipe(&secrets);
	tempdir_remove(dir);
	free(path);
}

static void write_secret(const char *text, size_t len)
{
	tempdir_write(dir, "secret", text, len);
	ck_assert_int_eq(chmod(path, 0600), 0);
}

static void expect_refusal(const char *part)
{
	err = (struct err)ERR_INIT;
	ck_assert_int_eq(secretfile_read(path, &secrets, &err), -1);
	ck_assert_msg(strstr(err.text, part) != NULL, "not \"%s\": %s", part, err.text);
	ck_assert_ptr_nonnull(strstr(err.text, path));
	ck_assert_ptr_null(strstr(err.text, "SECRET"));
	ck_assert_uint_eq(secrets.count, 0);
}

static const struct {
	const char *text;
	const char *found; /* a blank behind each */
} right[] = {
	{ ONE, ONE " " },
	{ ONE "\n", ONE " " },
	{ ONE "\r\n", ONE " " },
	{ "\n\n \t" ONE " \t\n\n", ONE " " },
	{ "# the old one\n" ONE "\n  # the new one\n" TWO "\n", ONE " " TWO " " },
};

START_TEST(reads_a_secret_a_line)
{
	struct str found = STR_INIT;

	write_secret(right[_i].text, strlen(right[_i].text));
	ck_assert_msg(secretfile_read(path, &secrets, &err) == 0, "%s", err.text);
	for (size_t i = 0; i < secrets.count; i++)
		str_addf(&found, "%s ", secrets.items[i]);
	ck_assert_str_eq(str_text(&found), right[_i].found);
	str_free(&found);
}
END_TEST

START_TEST(appends)
{
	write_secret(ONE, strlen(ONE));
	strlist_add(&secrets, TWO);
	ck_assert_int_eq(secretfile_read(path, &secrets, &err), 0);
	ck_assert_uint_eq(secrets.count, 2);
	ck_assert_str_eq(secrets.items[1], ONE);
}
END_TEST

static const struct {
	const char *text;
	const char *why;
} wrong[] = {
	{ "", "no secret in it" },
	{ "\n# only this\n", "no secret in it" },
	{ "SECRET\n", "line 1 must begin with whsec_" },
	{ ONE "\n\nwhsec_SECRET\n", "line 3 " },
	{ ONE " " TWO "\n", "line 1 must be base64" },
	{ "\xFF\xFE\n", "line 1 must begin" },
};

START_TEST(refuses_what_is_no_secret)
{
	write_secret(wrong[_i].text, strlen(wrong[_i].text));
	expect_refusal(wrong[_i].why);
}
END_TEST

START_TEST(refuses_what_is_no_text)
{
	write_secret(ONE "\0\n", sizeof(ONE "\0\n") - 1);
	expect_refusal("NUL");
}
END_TEST

START_TEST(refuses_what_is_too_large)
{
	write_secret("", 0);
	ck_assert_int_eq(truncate(path, 16385), 0);
	expect_refusal("larger than 16 KiB");
}
END_TEST

static const struct {
	mode_t mode;
	bool is_right;
} modes[] = {
	{ 0600, true },	 { 0400, true },  { 0640, false }, { 0604, false }, { 0620, false },
	{ 0602, false }, { 0644, false }, { 0700, false }, { 0666, false }, { 0440, false },
};

START_TEST(trusts_only_files_that_nobody_else_may_open)
{
	write_secret(ONE, strlen(ONE));
	ck_assert_int_eq(chmod(path, modes[_i].mode), 0);
	if (modes[_i].is_right)
		ck_assert_msg(secretfile_read(path, &secrets, &err) == 0, "%s", err.text);
	else
		expect_refusal("run: chmod 600");
}
END_TEST

/* Only root can make files of others; the others' half is proven by every other test here. */
START_TEST(trusts_only_us_and_root)
{
	if (geteuid() != 0)
		return;
	write_secret(ONE, strlen(ONE));
	ck_assert_int_eq(chown(path, NOBODY, NOBODY), 0);
	expect_refusal("neither to us nor to root");

	ck_assert_int_eq(chmod(dir, 0755), 0);
	ck_assert_int_eq(seteuid(NOBODY), 0);
	int rc = secretfile_read(path, &secrets, &err);
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(rc, 0);
	secretfile_wipe(&secrets);

	/* Root's, but of mode 0600: whose it is, is no reason. */
	ck_assert_int_eq(chown(path, 0, 0), 0);
	ck_assert_int_eq(seteuid(NOBODY), 0);
	err = (struct err)ERR_INIT;
	rc = secretfile_read(path, &secrets, &err);
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(rc, -1);
	ck_assert_ptr_nonnull(strstr(err.text, "Permission denied"));
}
END_TEST

START_TEST(refuses_what_is_no_regular_file)
{
	expect_refusal("does not exist");
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	expect_refusal("no regular file");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0600), 0);
	expect_refusal("no regular file");
	ck_assert_int_eq(rmdir(path), 0);
	tempdir_file(dir, "elsewhere", ONE);
	ck_assert_int_eq(symlink("elsewhere", path), 0);
	expect_refusal("symbolic link");
}
END_TEST

/* ---- a webhook's -------------------------------------------------------------------------- */

START_TEST(gives_all_of_a_webhook)
{
	struct webhook_options options;

	options_init_in(webhook_option_table, &options);
	ck_assert_int_eq(secretfile_secrets(&options, &secrets, &err), 0);
	ck_assert_uint_eq(secrets.count, 0);
	write_secret(ONE, strlen(ONE));
	strlist_add(&options.secret, TWO);
	strlist_add(&options.secret_file, path);
	ck_assert_int_eq(secretfile_secrets(&options, &secrets, &err), 0);
	ck_assert_uint_eq(secrets.count, 2);
	ck_assert_str_eq(secrets.items[0], TWO);
	ck_assert_str_eq(secrets.items[1], ONE);
	secretfile_wipe(&secrets);

	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(secretfile_secrets(&options, &secrets, &err), -1);
	ck_assert_uint_eq(secrets.count, 0);
	options_free_in(webhook_option_table, &options);
}
END_TEST

START_TEST(refuses_too_many)
{
	struct webhook_options options;

	options_init_in(webhook_option_table, &options);
	for (int i = 0; i < SECRETFILE_SECRETS_MAX; i++)
		strlist_add(&options.secret, ONE);
	ck_assert_int_eq(secretfile_secrets(&options, &secrets, &err), 0);
	secretfile_wipe(&secrets);
	strlist_add(&options.secret, ONE);
	ck_assert_int_eq(secretfile_secrets(&options, &secrets, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "17 secrets"));
	ck_assert_uint_eq(secrets.count, 0);
	options_free_in(webhook_option_table, &options);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("secretfile");
	TCase *tcase = tcase_create("secretfile");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, reads_a_secret_a_line, 0, COUNT(right));
	tcase_add_test(tcase, appends);
	tcase_add_loop_test(tcase, refuses_what_is_no_secret, 0, COUNT(wrong));
	tcase_add_test(tcase, refuses_what_is_no_text);
	tcase_add_test(tcase, refuses_what_is_too_large);
	tcase_add_loop_test(tcase, trusts_only_files_that_nobody_else_may_open, 0, COUNT(modes));
	tcase_add_test(tcase, trusts_only_us_and_root);
	tcase_add_test(tcase, refuses_what_is_no_regular_file);
	tcase_add_test(tcase, gives_all_of_a_webhook);
	tcase_add_test(tcase, refuses_too_many);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
