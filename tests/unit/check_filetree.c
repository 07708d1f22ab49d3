/* SPDX-License-Identifier: ISC */
/* filetree, fileglob and textfile: what touches files of others. */
#include "watchdog/import/filetree.h"

#include <errno.h>
#include <fcntl.h>

#include "tests/unit/check_main.h"
#include "tests/unit/tempdir.h"
#include "watchdog/import/fileglob.h"
#include "watchdog/import/textfile.h"

static char *dir;
static struct filetree tree;
static struct err err;

static void setup(void)
{
	dir = tempdir_make();
	tree = (struct filetree)FILETREE_INIT;
	err = (struct err)ERR_INIT;
}

static void teardown(void)
{
	filetree_free(&tree);
	tempdir_remove(dir);
}

static char *below(const char *name)
{
	return mem_format("%s/%s", dir, name);
}

static void expect(const char *name, const char *text)
{
	char *path = below(name);
	struct str found = STR_INIT;

	ck_assert_msg(textfile_read(path, &found, &err) == 0, "%s", err.text);
	ck_assert_str_eq(str_text(&found), text);
	str_free(&found);
	free(path);
}

START_TEST(writes_all)
{
	char *path = below("new");
	struct stat st;
	size_t written;

	str_add(filetree_add(&tree, "a.conf"), "A");
	str_add(filetree_add(&tree, "@b.conf"), "B");
	ck_assert_int_eq(filetree_write(&tree, path, 0600, false, &written, &err), 0);
	ck_assert_uint_eq(written, 2);
	expect("new/a.conf", "A");
	expect("new/@b.conf", "B");
	free(path);
	path = below("new/a.conf");
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	free(path);
}
END_TEST

START_TEST(names_stay_inside)
{
	size_t written;

	str_add(filetree_add(&tree, "../x"), "A");
	str_add(filetree_add(&tree, ".."), "B");
	str_add(filetree_add(&tree, "/etc/y"), "C");
	ck_assert_int_eq(filetree_write(&tree, dir, 0600, false, &written, &err), 0);
	expect("_._x", "A");
	expect("_.", "B");
	expect("_etc_y", "C");
}
END_TEST

START_TEST(replaces_only_by_force)
{
	size_t written;

	tempdir_file(dir, "b.conf", "before");
	str_add(filetree_add(&tree, "a.conf"), "A");
	str_add(filetree_add(&tree, "b.conf"), "B");
	ck_assert_int_eq(filetree_write(&tree, dir, 0600, false, &written, &err), -1);
	ck_assert_int_eq(err.kind, ERR_USAGE);
	ck_assert_uint_eq(written, 0);
	char *path = below("a.conf");
	ck_assert_int_eq(access(path, F_OK), -1);
	free(path);
	expect("b.conf", "before");
	ck_assert_int_eq(filetree_write(&tree, dir, 0600, true, &written, &err), 0);
	expect("a.conf", "A");
	expect("b.conf", "B");
}
END_TEST

/* A link is in the way as a file is; by force it is replaced itself, and not what it points to. */
START_TEST(follows_no_link)
{
	char *link = below("a.conf");
	size_t written;

	tempdir_file(dir, "victim", "before");
	ck_assert_int_eq(symlink("victim", link), 0);
	str_add(filetree_add(&tree, "a.conf"), "A");
	ck_assert_int_eq(filetree_write(&tree, dir, 0600, false, &written, &err), -1);
	expect("victim", "before");
	ck_assert_int_eq(filetree_write(&tree, dir, 0600, true, &written, &err), 0);
	expect("victim", "before");
	expect("a.conf", "A");
	ck_assert_int_eq(unlink(link), 0);
	ck_assert_int_eq(symlink("nowhere", link), 0);
	ck_assert_int_eq(filetree_write(&tree, dir, 0600, false, &written, &err), -1);
	free(link);
	link = below("nowhere");
	ck_assert_int_eq(access(link, F_OK), -1);
	free(link);
}
END_TEST

START_TEST(needs_a_directory)
{
	char *path = below("file");
	size_t written;

	tempdir_file(dir, "file", "x");
	str_add(filetree_add(&tree, "a"), "A");
	ck_assert_int_eq(filetree_write(&tree, path, 0600, true, &written, &err), -1);
	free(path);
	path = below("no/such");
	ck_assert_int_eq(filetree_write(&tree, path, 0600, true, &written, &err), -1);
	ck_assert_int_eq(err.kind, ERR_SYSTEM);
	free(path);
}
END_TEST

static const struct {
	const char *pattern, *found;
} globs[] = {
	{ "*.conf", "a.conf b.conf " },
	{ "?.conf", "a.conf b.conf " },
	{ "[b-z].conf", "b.conf " },
	{ "[!a].conf", "b.conf " },
	{ "a.conf", "a.conf " },
	{ "none*", "" },
	{ "none", "" },
	{ "sub/*", "sub/c.conf " },
	{ "*/*.conf", "sub/c.conf " },
	{ "s*/c.conf", "sub/c.conf " },
	{ ".*", ".hidden.conf " },
	{ "**", "a.conf b.conf sub " },
	{ "a.conf/*", "" },
	{ "*/../a.conf", "sub/../a.conf " },
	{ "\\*", "" },
};

START_TEST(finds_files)
{
	char *pattern = below(globs[_i].pattern);
	struct strlist names = STRLIST_INIT;
	struct str found = STR_INIT;

	tempdir_file(dir, "b.conf", "");
	tempdir_file(dir, "a.conf", "");
	tempdir_file(dir, ".hidden.conf", "");
	tempdir_folder(dir, "sub");
	tempdir_file(dir, "sub/c.conf", "");
	ck_assert(fileglob(pattern, &names));
	for (size_t i = 0; i < names.count; i++)
		str_addf(&found, "%s ", names.items[i] + strlen(dir) + 1);
	ck_assert_str_eq(str_text(&found), globs[_i].found);
	str_free(&found);
	strlist_free(&names);
	free(pattern);
}
END_TEST

START_TEST(looks_have_an_end)
{
	struct strlist names = STRLIST_INIT;
	struct str pattern = STR_INIT;

	ck_assert(!fileglob("/proc/*/*/*/*/*", &names));
	strlist_free(&names);
	for (int i = 0; i < 100000; i++)
		str_add(&pattern, "/*");
	ck_assert(fileglob(str_text(&pattern), &names));
	ck_assert_uint_eq(names.count, 0);
	str_free(&pattern);
}
END_TEST

static const struct {
	const char *bytes;
	size_t len;
	const char *text; /* NULL: refused */
} texts[] = {
	{ "a\nb", 3, "a\nb" },
	{ "a\r\nb\rc", 6, "a\nb\nc" },
	{ "\xEF\xBB\xBFx", 4, "x" },
	{ "", 0, "" },
	{ "\xC3\xBC\t", 3, "\xC3\xBC\t" },
	{ "a\0b", 3, NULL },
	{ "a\xFF", 2, NULL },
	{ "a\1", 2, NULL },
	{ "a\x7F", 2, NULL },
	{ "a\xC3", 2, NULL },
};

START_TEST(takes_text_alone)
{
	struct str text = STR_INIT;
	int rc = textfile_take("f", texts[_i].bytes, texts[_i].len, &text, &err);

	ck_assert_int_eq(rc, texts[_i].text ? 0 : -1);
	if (rc == 0)
		ck_assert_str_eq(str_text(&text), texts[_i].text);
	else
		ck_assert_int_eq(strncmp(err.text, "f:1: ", 5), 0);
	str_free(&text);
}
END_TEST

START_TEST(reads_no_more_than_it_must)
{
	struct str text = STR_INIT;
	char *path = below("big");
	char *big = mem_alloc(TEXTFILE_SIZE_MAX + 1);

	memset(big, 'x', TEXTFILE_SIZE_MAX + 1);
	tempdir_write(dir, "big", big, TEXTFILE_SIZE_MAX + 1);
	ck_assert_int_eq(textfile_read(path, &text, &err), -1);
	ck_assert_int_eq(textfile_read(dir, &text, &err), -1);
	ck_assert_int_eq(textfile_read("/dev/zero", &text, &err), -1);
	free(path);
	path = below("fifo");
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(textfile_read(path, &text, &err), -1);
	free(big);
	free(path);
	str_free(&text);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("filetree");
	TCase *tcase = tcase_create("filetree");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, writes_all);
	tcase_add_test(tcase, names_stay_inside);
	tcase_add_test(tcase, replaces_only_by_force);
	tcase_add_test(tcase, follows_no_link);
	tcase_add_test(tcase, needs_a_directory);
	tcase_add_loop_test(tcase, finds_files, 0, sizeof(globs) / sizeof(globs[0]));
	tcase_add_test(tcase, looks_have_an_end);
	tcase_add_loop_test(tcase, takes_text_alone, 0, sizeof(texts) / sizeof(texts[0]));
	tcase_add_test(tcase, reads_no_more_than_it_must);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
