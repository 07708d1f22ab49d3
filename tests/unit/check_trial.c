/* SPDX-License-Identifier: ISC */
/* trial: of a URL what may be asked of without sending anything; retention: when. */
#include <stdint.h>

#include "tests/unit/check_main.h"
#include "watchdog/courier/retention.h"
#include "watchdog/courier/trial.h"

static const struct {
	const char *url, *root; /* NULL: none */
} rows[] = {
	{ "https://hooks.slack.com/services/T0/B0/secret", "https://hooks.slack.com/" },
	{ "http://127.0.0.1:8080", "http://127.0.0.1:8080/" },
	{ "http://127.0.0.1:8080?token=secret", "http://127.0.0.1:8080/" },
	{ "https://user:secret@host:1/x", "https://host:1/" },
	{ "https://host#secret", "https://host/" },
	{ "https://[::1]:8080/x@y", "https://[::1]:8080/" },
	{ "https://", NULL },
	{ "https://user@/x", NULL },
	{ "host/x", NULL },
	{ "", NULL },
};

START_TEST(roots)
{
	char *root = trial_root(rows[_i].url);

	ck_assert_pstr_eq(root, rows[_i].root);
	free(root);
}
END_TEST

START_TEST(once_an_hour)
{
	const int64_t last = INT64_C(1700000000000);

	ck_assert(retention_is_due(0, last));
	ck_assert(!retention_is_due(last, last));
	ck_assert(!retention_is_due(last, last + 3599999));
	ck_assert(retention_is_due(last, last + 3600000));
	ck_assert(retention_is_due(last, last - 1));
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("trial");
	TCase *t = tcase_create("trial");

	tcase_add_loop_test(t, roots, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(t, once_an_hour);
	suite_add_tcase(s, t);
	return s;
}

CHECK_MAIN(suite())
