/* SPDX-License-Identifier: ISC */
/* beatfile: comes back as it was written; what was cut is none. */
#include <errno.h>
#include <fcntl.h>

#include "tests/unit/check_main.h"
#include "tests/unit/tempdir.h"
#include "watchdog/store/beatfile.h"

static char *temp;
static int dir_fd;
static struct beatfile beat;

static void set_up(void)
{
	temp = tempdir_make();
	dir_fd = open(temp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir_fd, 0);
	beat = (struct beatfile)BEATFILE_INIT;
	beat.start_wall_ms = 1700000000123;
	beat.end_wall_ms = 1700000001456;
	beat.exit_status = 3;
	beatfile_make_rid(beat.rid);
	beatfile_add(&beat, "mäil", true, "2 of 2 running");
	beatfile_add(&beat, "web", false, "web:1 FATAL\nit ends\x01");
	beat.body = mem_dup("first line\nsecond line, worker x 1 y\nbody 3\nend");
}

static void tear_down(void)
{
	beatfile_free(&beat);
	close(dir_fd);
	tempdir_remove(temp);
}

START_TEST(comes_back)
{
	struct beatfile read;

	ck_assert_int_eq(beatfile_read(dir_fd, &read), -ENOENT);
	ck_assert_int_eq(beatfile_write(dir_fd, &beat), 0);
	ck_assert_int_eq(beatfile_read(dir_fd, &read), 0);
	ck_assert_int_eq(read.start_wall_ms, beat.start_wall_ms);
	ck_assert_int_eq(read.end_wall_ms, beat.end_wall_ms);
	ck_assert_int_eq(read.exit_status, 3);
	ck_assert_str_eq(read.rid, beat.rid);
	ck_assert_uint_eq(read.worker_count, 2);
	ck_assert(beatfile_worker(&read, "mäil")->is_good);
	ck_assert_str_eq(beatfile_worker(&read, "mäil")->sentence, "2 of 2 running");
	ck_assert(!beatfile_worker(&read, "web")->is_good);
	ck_assert_str_eq(beatfile_worker(&read, "web")->sentence, "web:1 FATAL?it ends?");
	ck_assert_ptr_null(beatfile_worker(&read, "we"));
	ck_assert_str_eq(read.body, beat.body);
	beatfile_free(&read);
}
END_TEST

START_TEST(what_was_cut_is_none)
{
	struct str text = STR_INIT;
	struct beatfile read;

	beatfile_format(&beat, &text);
	for (size_t len = 0; len < text.len; len++) {
		ck_assert_int_eq(beatfile_parse(text.data, len, &read), -EBADMSG);
		ck_assert_ptr_null(read.body);
		ck_assert_uint_eq(read.worker_count, 0);
	}
	str_add(&text, "x");
	ck_assert_int_eq(beatfile_parse(text.data, text.len, &read), -EBADMSG);
	ck_assert_int_eq(beatfile_parse(text.data, text.len - 1, &read), 0);
	beatfile_free(&read);
	str_free(&text);
}
END_TEST

#define HEAD "cronherd-beat 1\nstart_wall_ms 1\nend_wall_ms 2\nexit_status 0\n"
#define RID  "rid 01234567-89ab-4def-8123-456789abcdef\n"

START_TEST(smallest)
{
	static const char text[] = HEAD RID "body 0\n";
	struct beatfile read;

	ck_assert_int_eq(beatfile_parse(text, sizeof(text) - 1, &read), 0);
	ck_assert_str_eq(read.body, "");
	beatfile_free(&read);
}
END_TEST

static const char *const garbage[] = {
	"cronherd-beat 2\nstart_wall_ms 1\nend_wall_ms 2\nexit_status 0\n" RID "body 0\n",
	"cronherd-beat 1\nstart_wall_ms -1\nend_wall_ms 2\nexit_status 0\n" RID "body 0\n",
	"cronherd-beat 1\nstart_wall_ms 1\nend_wall_ms 2\nexit_status 256\n" RID "body 0\n",
	HEAD "rid 01234567-89ab-4def-8123-456789abcde/\nbody 0\n",
	HEAD "rid 0123\nbody 0\n",
	HEAD RID "worker a 2 x\nbody 0\n",
	HEAD RID "worker a\nbody 0\n",
	HEAD RID "body 40000\n",
	HEAD RID "body 99999999999999999999\n",
};

#define GARBAGE_COUNT ((int)(sizeof(garbage) / sizeof(garbage[0])))

START_TEST(garbage_is_refused)
{
	struct beatfile read;

	ck_assert_int_eq(beatfile_parse(garbage[_i], strlen(garbage[_i]), &read), -EBADMSG);
	tempdir_file(temp, BEATFILE_NAME, garbage[_i]);
	ck_assert_int_eq(beatfile_read(dir_fd, &read), -EBADMSG);
	beatfile_free(&read);
}
END_TEST

/* The two-byte character that stands across the limit goes whole. */
START_TEST(a_long_body_loses_its_end)
{
	struct beatfile read;

	free(beat.body);
	beat.body = mem_alloc(BEATFILE_BODY_MAX + 10);
	memset(beat.body, 'a', BEATFILE_BODY_MAX - 1);
	memcpy(beat.body + BEATFILE_BODY_MAX - 1, "ää", 5);
	ck_assert_int_eq(beatfile_write(dir_fd, &beat), 0);
	ck_assert_int_eq(beatfile_read(dir_fd, &read), 0);
	ck_assert_uint_eq(strlen(read.body), BEATFILE_BODY_MAX - 1);
	beatfile_free(&read);
}
END_TEST

START_TEST(a_rid_is_a_uuid)
{
	char other[BEATFILE_RID_SIZE];

	beatfile_make_rid(other);
	ck_assert_str_ne(other, beat.rid);
	ck_assert_uint_eq(strlen(other), 36);
	ck_assert_int_eq(other[14], '4');
	ck_assert_ptr_nonnull(strchr("89ab", other[19]));
	for (size_t i = 0; i < 36; i++)
		ck_assert_int_eq(other[i] == '-', i == 8 || i == 13 || i == 18 || i == 23);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("beatfile");
	TCase *t = tcase_create("beatfile");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, comes_back);
	tcase_add_test(t, what_was_cut_is_none);
	tcase_add_test(t, smallest);
	tcase_add_loop_test(t, garbage_is_refused, 0, GARBAGE_COUNT);
	tcase_add_test(t, a_long_body_loses_its_end);
	tcase_add_test(t, a_rid_is_a_uuid);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite())
