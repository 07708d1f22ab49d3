/* SPDX-License-Identifier: ISC */
/* hash: the published values of FNV-1a, and texts that must not be mistaken for each other. */
#include "watchdog/base/hash.h"

#include <string.h>

#include "tests/unit/check_main.h"

static const struct {
	const char *text;
	uint64_t hash;
} published[] = {
	{ "", UINT64_C(0xcbf29ce484222325) },
	{ "a", UINT64_C(0xaf63dc4c8601ec8c) },
	{ "foobar", UINT64_C(0x85944171f73967e8) },
};

START_TEST(gives_published_values)
{
	const char *text = published[_i].text;

	ck_assert_uint_eq(hash_bytes(HASH_INIT, text, strlen(text)), published[_i].hash);
}
END_TEST

static uint64_t two(const char *first, const char *second)
{
	return hash_text(hash_text(HASH_INIT, first), second);
}

START_TEST(tells_texts_apart)
{
	ck_assert_uint_ne(two("ab", "c"), two("a", "bc"));
	ck_assert_uint_ne(two(NULL, ""), two("", NULL));
	ck_assert_uint_ne(hash_text(HASH_INIT, NULL), hash_text(HASH_INIT, ""));
	ck_assert_uint_ne(hash_text(HASH_INIT, NULL), HASH_INIT);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("hash");
	TCase *tcase = tcase_create("hash");

	tcase_add_loop_test(tcase, gives_published_values, 0,
			    sizeof(published) / sizeof(published[0]));
	tcase_add_test(tcase, tells_texts_apart);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
