/* SPDX-License-Identifier: ISC */
/* signame: names there and back. */
#include "watchdog/base/signame.h"

#include <signal.h>
#include <string.h>

#include "tests/unit/check_main.h"

static const struct {
	const char *name;
	int number;
} known[] = {
	{ "TERM", SIGTERM },	{ "term", SIGTERM }, { "SIGTERM", SIGTERM },
	{ "sigTerm", SIGTERM }, { "15", SIGTERM },   { "IOT", SIGABRT },
	{ "CLD", SIGCHLD },	{ "POLL", SIGIO },   { "SIGUSR1", SIGUSR1 },
};

START_TEST(parses_names)
{
	ck_assert_int_eq(signame_parse(known[_i].name), known[_i].number);
}
END_TEST

START_TEST(parses_realtime_names)
{
	ck_assert_int_eq(signame_parse("RTMIN"), SIGRTMIN);
	ck_assert_int_eq(signame_parse("sigrtmin+3"), SIGRTMIN + 3);
	ck_assert_int_eq(signame_parse("RTMAX"), SIGRTMAX);
	ck_assert_int_eq(signame_parse("RTMAX-1"), SIGRTMAX - 1);
}
END_TEST

static const char *const unknown[] = {
	"",	   "SIG",	  "SIGSIG",   "TERMS",	 "TER",	   "0",		 "-1",
	"65",	   "99999999999", "15 ",      " 15",	 "+15",	   "1.5",	 "RTMIN-1",
	"RTMAX+1", "RTMIN+",	  "RTMIN+99", "RTMIN+x", "RTMIN3", "SIGSIGTERM", "RTMIN+-1",
};

START_TEST(refuses_the_rest)
{
	ck_assert_int_eq(signame_parse(unknown[_i]), -1);
}
END_TEST

START_TEST(comes_back_from_text)
{
	ck_assert_int_eq(signame_parse(signame_text(_i)), _i);
}
END_TEST

START_TEST(writes_text)
{
	ck_assert_str_eq(signame_text(SIGTERM), "TERM");
	ck_assert_str_eq(signame_text(SIGABRT), "ABRT");
	ck_assert_str_eq(signame_text(SIGCHLD), "CHLD");
	ck_assert_str_eq(signame_text(SIGIO), "IO");
	ck_assert_str_eq(signame_text(SIGRTMIN), "RTMIN");
	ck_assert_str_eq(signame_text(SIGRTMIN + 1), "RTMIN+1");
	ck_assert_str_eq(signame_text(0), "SIG0");
	ck_assert_str_eq(signame_text(99), "SIG99");
	ck_assert_str_eq(signame_text(127), "SIG127");
	ck_assert_str_eq(signame_text(1000), "SIG?");
	ck_assert_str_eq(signame_text(-1), "SIG?");
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("signame");
	TCase *tcase = tcase_create("signame");

	tcase_add_loop_test(tcase, parses_names, 0, sizeof(known) / sizeof(known[0]));
	tcase_add_test(tcase, parses_realtime_names);
	tcase_add_loop_test(tcase, refuses_the_rest, 0, sizeof(unknown) / sizeof(unknown[0]));
	tcase_add_loop_test(tcase, comes_back_from_text, 1, SIGRTMAX + 1);
	tcase_add_test(tcase, writes_text);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
