/* SPDX-License-Identifier: ISC */
/* digest: how many events are one message; each row a queue, a letter the round of one event. */
#include <string.h>

#include "tests/unit/check_main.h"
#include "watchdog/courier/digest.h"

#define QUEUE_MAX 2000

static struct journal_delivery queue[QUEUE_MAX];
static char rounds[QUEUE_MAX][2];

static size_t lay_out(const char *letters)
{
	size_t count = strlen(letters);

	for (size_t i = 0; i < count; i++) {
		rounds[i][0] = letters[i];
		queue[i].event.round = rounds[i];
		/* Letters tell rounds apart, and when they were; a capital is of the same time as its small one. */
		queue[i].event.wall_ms = 100000 * (letters[i] | 0x20);
		queue[i].event.seq = 100 + (int64_t)i;
	}
	return count;
}

static const struct {
	const char *letters;
	int64_t least;
	int64_t begun_seq;
	size_t expected;
} rows[] = {
	{ "a", 1, 0, 1 },
	{ "a", 0, 0, 1 },
	{ "aaaa", 0, 0, 1 },
	{ "aaaa", 5, 0, 1 },
	{ "aaaa", 4, 0, 4 },
	{ "aaaab", 4, 0, 4 },
	{ "aaaba", 4, 0, 1 },
	{ "baaaa", 4, 0, 1 },
	{ "aa", 1, 0, 2 },
	/* Many at once, each with a round of its own. */
	{ "aAaAb", 4, 0, 4 },
	/* What was begun goes on as it was, whatever has come since. */
	{ "aaaaaa", 4, 103, 4 },
	{ "aaaaaa", 0, 103, 4 },
	{ "aaabbb", 4, 105, 3 },
	/* What was begun has gone, but for one; or all of it. */
	{ "aaaaaa", 4, 100, 6 },
	{ "aaaaaa", 4, 99, 6 },
	{ "aa", 4, 100, 1 },
};

START_TEST(counts)
{
	size_t count = lay_out(rows[_i].letters);

	ck_assert_uint_eq(digest_count(queue, count, rows[_i].least, rows[_i].begun_seq),
			  rows[_i].expected);
}
END_TEST

START_TEST(there_is_an_end_to_it)
{
	char letters[QUEUE_MAX];

	memset(letters, 'a', sizeof(letters) - 1);
	letters[sizeof(letters) - 1] = '\0';
	ck_assert_uint_eq(digest_count(queue, lay_out(letters), 10, 0), DIGEST_MAX);
	ck_assert_uint_eq(digest_run(queue, 0), 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("digest");
	TCase *t = tcase_create("digest");

	tcase_add_loop_test(t, counts, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(t, there_is_an_end_to_it);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite())
