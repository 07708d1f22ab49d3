/* SPDX-License-Identifier: ISC */
/* deliveries: comes back as it was written; garbage is none. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/unit/check_main.h"
#include "tests/unit/tempdir.h"
#include "watchdog/store/deliveries.h"

static char *temp;
static int dir_fd;

static void set_up(void)
{
	temp = tempdir_make();
	dir_fd = open(temp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir_fd, 0);
}

static void tear_down(void)
{
	close(dir_fd);
	tempdir_remove(temp);
}

static void fill(struct deliveries *deliveries)
{
	char chat[] = "chät";
	char ops[] = "ops";
	const struct deliveries_webhook first = { .name = chat,
						  .owed = 3,
						  .delivered = 1234567890123 };
	const struct deliveries_webhook second = {
		.name = ops, .dead = 7, .failing_wall_ms = INT64_MAX, .is_disabled = true
	};

	*deliveries = (struct deliveries)DELIVERIES_INIT;
	deliveries_add(deliveries, &first);
	deliveries_add(deliveries, &second);
}

START_TEST(comes_back)
{
	struct deliveries written;
	struct deliveries read;
	struct stat before, after;

	ck_assert_int_eq(deliveries_read(dir_fd, &read), -ENOENT);
	fill(&written);
	ck_assert_int_eq(deliveries_write(dir_fd, &written), 0);
	ck_assert_int_eq(deliveries_read(dir_fd, &read), 0);
	ck_assert_uint_eq(read.count, 2);
	ck_assert_str_eq(read.webhooks[0].name, "chät");
	ck_assert_int_eq(read.webhooks[0].owed, 3);
	ck_assert_int_eq(read.webhooks[0].delivered, 1234567890123);
	ck_assert(!read.webhooks[0].is_disabled);
	ck_assert_int_eq(read.webhooks[1].dead, 7);
	ck_assert_int_eq(read.webhooks[1].failing_wall_ms, INT64_MAX);
	ck_assert(read.webhooks[1].is_disabled);
	/* The same again is not written again. */
	ck_assert_int_eq(fstatat(dir_fd, DELIVERIES_FILE, &before, 0), 0);
	ck_assert_int_eq(before.st_mode & 07777, 0600);
	ck_assert_int_eq(deliveries_write(dir_fd, &written), 0);
	ck_assert_int_eq(fstatat(dir_fd, DELIVERIES_FILE, &after, 0), 0);
	ck_assert_uint_eq(before.st_ino, after.st_ino);
	written.webhooks[0].owed = 2;
	ck_assert_int_eq(deliveries_write(dir_fd, &written), 0);
	deliveries_free(&read);
	ck_assert_int_eq(deliveries_read(dir_fd, &read), 0);
	ck_assert_int_eq(read.webhooks[0].owed, 2);
	deliveries_free(&read);
	deliveries_free(&written);
}
END_TEST

#define LINE "webhook a owed 1 delivered 2 dead 3 failing_since_ms 4 disabled 0\n"

static const char *const garbage[] = {
	"",
	"cronherd-deliveries 2\n" LINE,
	"cronherd-deliveries 1\nwebhook a owed 1\n",
	"cronherd-deliveries 1\nwebhook  owed 1 delivered 2 dead 3 failing_since_ms 4 disabled 0\n",
	"cronherd-deliveries 1\nwebhook a owed -1 delivered 2 dead 3 failing_since_ms 4 disabled "
	"0\n",
	"cronherd-deliveries 1\nwebhook a owed 1 delivered 2 dead 3 failing_since_ms 4 disabled "
	"2\n",
	"cronherd-deliveries 1\nwebhook a owed 9223372036854775808 delivered 2 dead 3 "
	"failing_since_ms 4 disabled 0\n",
	"cronherd-deliveries 1\n" LINE "x",
	"cronherd-deliveries 1\nwebhook a owed 1 delivered 2 dead 3 failing_since_ms 4 disabled 0",
};

#define GARBAGE_COUNT ((int)(sizeof(garbage) / sizeof(garbage[0])))

START_TEST(garbage_is_refused)
{
	struct deliveries read;

	ck_assert_int_eq(deliveries_parse(garbage[_i], &read), -EBADMSG);
	ck_assert_uint_eq(read.count, 0);
	tempdir_file(temp, DELIVERIES_FILE, garbage[_i]);
	ck_assert_int_eq(deliveries_read(dir_fd, &read), -EBADMSG);
	deliveries_free(&read);
}
END_TEST

START_TEST(a_header_alone_is_no_webhook)
{
	struct deliveries read;

	ck_assert_int_eq(deliveries_parse("cronherd-deliveries 1\n", &read), 0);
	ck_assert_uint_eq(read.count, 0);
	ck_assert_int_eq(deliveries_parse("cronherd-deliveries 1\n" LINE LINE, &read), 0);
	ck_assert_uint_eq(read.count, 2);
	deliveries_free(&read);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("deliveries");
	TCase *t = tcase_create("deliveries");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, comes_back);
	tcase_add_loop_test(t, garbage_is_refused, 0, GARBAGE_COUNT);
	tcase_add_test(t, a_header_alone_is_no_webhook);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite())
