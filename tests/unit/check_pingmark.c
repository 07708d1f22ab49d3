/* SPDX-License-Identifier: ISC */
/* pingmark: what was sent of a beat is known to the next courier, and to be of that beat alone. */
#include <fcntl.h>

#include "tests/unit/check_main.h"
#include "tests/unit/tempdir.h"
#include "watchdog/courier/pingmark.h"

#define RID	  "01234567-89ab-4def-8123-456789abcdef"
#define OTHER_RID "01234567-89ab-4def-8123-456789abcdee"

static char *temp;
static int dir_fd;
static struct pingmarks marks;

static void set_up(void)
{
	temp = tempdir_make();
	dir_fd = open(temp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir_fd, 0);
	pingmark_load(dir_fd, &marks);
}

static void tear_down(void)
{
	pingmark_free(&marks);
	close(dir_fd);
	tempdir_remove(temp);
}

START_TEST(comes_back)
{
	struct pingmarks read;

	ck_assert_int_eq(pingmark_get(&marks, RID, "hc"), PINGMARK_NONE);
	pingmark_set(&marks, RID, "hc", PINGMARK_STARTED);
	pingmark_set(&marks, RID, "küma", PINGMARK_ENDED);
	ck_assert_int_eq(pingmark_save(dir_fd, &marks), 0);
	pingmark_load(dir_fd, &read);
	ck_assert_int_eq(pingmark_get(&read, RID, "hc"), PINGMARK_STARTED);
	ck_assert_int_eq(pingmark_get(&read, RID, "küma"), PINGMARK_ENDED);
	ck_assert_int_eq(pingmark_get(&read, RID, "h"), PINGMARK_NONE);
	ck_assert_int_eq(pingmark_get(&read, OTHER_RID, "hc"), PINGMARK_NONE);
	pingmark_set(&read, RID, "hc", PINGMARK_ENDED);
	ck_assert_int_eq(pingmark_get(&read, RID, "hc"), PINGMARK_ENDED);
	ck_assert_int_eq(pingmark_get(&read, RID, "küma"), PINGMARK_ENDED);
	pingmark_free(&read);
}
END_TEST

START_TEST(another_beat_begins_anew)
{
	pingmark_set(&marks, RID, "hc", PINGMARK_ENDED);
	pingmark_set(&marks, OTHER_RID, "küma", PINGMARK_STARTED);
	ck_assert_int_eq(pingmark_get(&marks, OTHER_RID, "hc"), PINGMARK_NONE);
	ck_assert_int_eq(pingmark_get(&marks, RID, "hc"), PINGMARK_NONE);
	ck_assert_int_eq(pingmark_get(&marks, OTHER_RID, "küma"), PINGMARK_STARTED);
}
END_TEST

static const char *const garbage[] = {
	"",
	"cronherd-sent 2\nrid " RID "\nping hc ended\n",
	"cronherd-sent 1\nrid 0123\nping hc ended\n",
	"cronherd-sent 1\nrid " RID "\nping hc begun\n",
	"cronherd-sent 1\nrid " RID "\nping hc ended",
	"cronherd-sent 1\nrid " RID "\nping  ended\n",
	"cronherd-sent 1\nrid " RID "\nping hc ended\nx",
};

START_TEST(garbage_is_none)
{
	tempdir_file(temp, PINGMARK_FILE, garbage[_i]);
	pingmark_load(dir_fd, &marks);
	ck_assert_int_eq(pingmark_get(&marks, RID, "hc"), PINGMARK_NONE);
	ck_assert_uint_eq(marks.count, 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("pingmark");
	TCase *t = tcase_create("pingmark");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, comes_back);
	tcase_add_test(t, another_beat_begins_anew);
	tcase_add_loop_test(t, garbage_is_none, 0, (int)(sizeof(garbage) / sizeof(garbage[0])));
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite())
