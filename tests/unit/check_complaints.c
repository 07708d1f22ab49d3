/* SPDX-License-Identifier: ISC */
/* complaints: what stands, what passes, what a round reads of it. */
#include <fcntl.h>

#include "tests/unit/check_main.h"
#include "tests/unit/tempdir.h"
#include "watchdog/store/complaints.h"

#define NOW_MS INT64_C(1700000000000)

static char *temp;
static int dir_fd;
static struct complaints complaints;

static void set_up(void)
{
	temp = tempdir_make();
	dir_fd = open(temp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir_fd, 0);
	complaints = (struct complaints)COMPLAINTS_INIT;
}

static void tear_down(void)
{
	complaints_free(&complaints);
	close(dir_fd);
	tempdir_remove(temp);
}

static void assert_text(const char *expected)
{
	struct str text = STR_INIT;

	complaints_format(&complaints, &text);
	ck_assert_str_eq(str_text(&text), expected);
	str_free(&text);
}

START_TEST(one_for_each_topic)
{
	complaints_set(&complaints, COMPLAINT_STANDING, "webhook a", "404", NOW_MS);
	complaints_set(&complaints, COMPLAINT_STANDING, "webhook ab", "401", NOW_MS);
	complaints_set(&complaints, COMPLAINT_STANDING, "webhook a", "404", NOW_MS + 5);
	assert_text("1700000000000 ! webhook a: 404\n1700000000000 ! webhook ab: 401\n");
	complaints_set(&complaints, COMPLAINT_STANDING, "webhook a", "a\nb: c", NOW_MS + 5);
	assert_text("1700000000005 ! webhook a: a?b: c\n1700000000000 ! webhook ab: 401\n");
	complaints_clear(&complaints, "webhook a");
	complaints_clear(&complaints, "webhook x");
	assert_text("1700000000000 ! webhook ab: 401\n");
}
END_TEST

START_TEST(notes_pass)
{
	complaints_set(&complaints, COMPLAINT_NOTE, "journal", "moved aside", NOW_MS);
	complaints_set(&complaints, COMPLAINT_STANDING, "webhook a", "404", NOW_MS);
	complaints_age(&complaints, NOW_MS + COMPLAINTS_NOTE_MS);
	ck_assert_uint_eq(complaints.count, 2);
	/* Again: it stands for another hour. */
	complaints_set(&complaints, COMPLAINT_NOTE, "journal", "moved aside", NOW_MS + 1);
	complaints_age(&complaints, NOW_MS + 1 + COMPLAINTS_NOTE_MS);
	ck_assert_uint_eq(complaints.count, 2);
	complaints_age(&complaints, NOW_MS + 2 + COMPLAINTS_NOTE_MS);
	assert_text("1700000000000 ! webhook a: 404\n");
	complaints_set(&complaints, COMPLAINT_NOTE, "journal", "moved aside", NOW_MS + 1);
	complaints_age(&complaints, NOW_MS);
	assert_text("1700000000000 ! webhook a: 404\n");
}
END_TEST

START_TEST(a_round_reads_them)
{
	struct strlist lines = STRLIST_INIT;

	complaints_read(dir_fd, &lines);
	ck_assert_uint_eq(lines.count, 0);
	complaints_set(&complaints, COMPLAINT_NOTE, "journal", "moved aside", NOW_MS);
	complaints_set(&complaints, COMPLAINT_STANDING, "webhook a", "404", NOW_MS);
	ck_assert_int_eq(complaints_save(dir_fd, &complaints), 0);
	complaints_read(dir_fd, &lines);
	ck_assert_uint_eq(lines.count, 2);
	ck_assert_str_eq(lines.items[0], "journal: moved aside");
	ck_assert_str_eq(lines.items[1], "webhook a: 404");
	strlist_free(&lines);
	/* Another courier goes on from there; with nothing to say there is no file. */
	complaints_free(&complaints);
	complaints_load(dir_fd, &complaints);
	ck_assert_uint_eq(complaints.count, 2);
	complaints_clear(&complaints, "webhook a");
	complaints_age(&complaints, NOW_MS + COMPLAINTS_NOTE_MS + 1);
	ck_assert_int_eq(complaints_save(dir_fd, &complaints), 0);
	ck_assert_int_eq(faccessat(dir_fd, COMPLAINTS_FILE, F_OK, 0), -1);
	ck_assert_int_eq(complaints_save(dir_fd, &complaints), 0);
}
END_TEST

START_TEST(garbage_is_passed_over)
{
	complaints_parse("x\n1 ! \n1 ! ab\n1 ? a: b\n-1 ! a: b\n99999999999999999999 ! a: b\n\n1 "
			 "!\n7 ! a: b\x1b[2J",
			 &complaints);
	assert_text("7 ! a: b?[2J\n");
}
END_TEST

START_TEST(there_is_an_end_to_them)
{
	char *long_text = mem_alloc(5000);

	memset(long_text, 'x', 4999);
	for (int i = 0; i < COMPLAINTS_MAX + 10; i++) {
		char *topic = mem_format("webhook %d", i);

		complaints_set(&complaints, COMPLAINT_STANDING, topic, long_text, NOW_MS);
		free(topic);
	}
	free(long_text);
	ck_assert_uint_eq(complaints.count, COMPLAINTS_MAX);
	ck_assert_int_eq(complaints_save(dir_fd, &complaints), 0);
	complaints_free(&complaints);
	complaints_load(dir_fd, &complaints);
	ck_assert_uint_eq(complaints.count, COMPLAINTS_MAX);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("complaints");
	TCase *t = tcase_create("complaints");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, one_for_each_topic);
	tcase_add_test(t, notes_pass);
	tcase_add_test(t, a_round_reads_them);
	tcase_add_test(t, garbage_is_passed_over);
	tcase_add_test(t, there_is_an_end_to_them);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite())
