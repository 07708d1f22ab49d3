/* SPDX-License-Identifier: ISC */
/* units: what is read, what is refused, and how it is written for people. */
#include "watchdog/base/units.h"

#include "tests/unit/check_main.h"

#define REFUSED INT64_MIN

struct row {
	const char *text;
	int64_t value;
};

static const struct row durations[] = {
	{ "90", 90000 },
	{ "0", 0 },
	{ "90s", 90000 },
	{ "5min", 300000 },
	{ "5m", 300000 },
	{ "1h30min", 5400000 },
	{ "1 h 30 min", 5400000 },
	{ "1h 30min", 5400000 },
	{ " 2d ", 172800000 },
	{ "1w", 604800000 },
	{ "1d", 86400000 },
	{ "1.5s", 1500 },
	{ "1.5", 1500 },
	{ "0.1s", 100 },
	{ "1.1s", 1100 },
	{ "0.0004s", 0 },
	{ "0.0005s", 1 },
	{ "1.1234567891234567891234s", 1123 },
	{ "250ms", 250 },
	{ "2 hours", 7200000 },
	{ "1 minute 3 seconds", 63000 },
	{ "9223372036854775807ms", INT64_MAX },
	{ "0000000000000000000000001s", 1000 },
	{ "9223372036854775808ms", REFUSED },
	{ "9223372036854775807", REFUSED },
	{ "9223372036854775807ms 1ms", REFUSED },
	{ "9223372036854775807ms 0.6ms", REFUSED },
	{ "99999999999999999999s", REFUSED },
	{ "16000000000w", REFUSED },
	{ "", REFUSED },
	{ " ", REFUSED },
	{ "-1", REFUSED },
	{ "+1", REFUSED },
	{ "5x", REFUSED },
	{ "5 5", REFUSED },
	{ "1h30", REFUSED },
	{ "1e3", REFUSED },
	{ "1M", REFUSED },
	{ "1S", REFUSED },
	{ "1.s", REFUSED },
	{ ".5s", REFUSED },
	{ "1.5.5s", REFUSED },
	{ "s", REFUSED },
	{ "1h-5min", REFUSED },
	{ "1h,5min", REFUSED },
	{ "0x10", REFUSED },
	{ "infinity", REFUSED },
	{ "5s\n", REFUSED },
};

START_TEST(reads_durations)
{
	const struct row *row = &durations[_i];
	int64_t ms = REFUSED;
	int result = units_parse_duration(row->text, &ms);

	ck_assert_int_eq(result, row->value == REFUSED ? -1 : 0);
	ck_assert_int_eq(ms, row->value);
}
END_TEST

static const struct row sizes[] = {
	{ "0", 0 },
	{ "1024", 1024 },
	{ "1024B", 1024 },
	{ "512K", 524288 },
	{ "128M", 134217728 },
	{ "128m", 134217728 },
	{ "10MB", 10485760 },
	{ "10MiB", 10485760 },
	{ "10mib", 10485760 },
	{ "10 MB", 10485760 },
	{ "1.5G", 1610612736 },
	{ "0.5K", 512 },
	{ "1.0009765625K", 1025 },
	{ "1T", INT64_C(1099511627776) },
	{ "0.999999T", INT64_C(1099510528264) },
	{ "9223372036854775807", INT64_MAX },
	{ "8388607T", INT64_C(9223370937343148032) },
	{ "8388608T", REFUSED },
	{ "9223372036854775808", REFUSED },
	{ "", REFUSED },
	{ "M", REFUSED },
	{ "-1", REFUSED },
	{ "1.5", REFUSED },
	{ "1.5B", REFUSED },
	{ "1P", REFUSED },
	{ "10Mi", REFUSED },
	{ "10MM", REFUSED },
	{ "10M5K", REFUSED },
	{ "1e3", REFUSED },
	{ "1,5G", REFUSED },
	{ "0x10", REFUSED },
};

START_TEST(reads_sizes)
{
	const struct row *row = &sizes[_i];
	int64_t bytes = REFUSED;
	int result = units_parse_size(row->text, &bytes);

	ck_assert_int_eq(result, row->value == REFUSED ? -1 : 0);
	ck_assert_int_eq(bytes, row->value);
}
END_TEST

static const struct row numbers[] = {
	{ "0", 0 },	    { "100", 100 },
	{ "-20", -20 },	    { "007", 7 },
	{ "101", REFUSED }, { "-21", REFUSED },
	{ "", REFUSED },    { "-", REFUSED },
	{ "+1", REFUSED },  { " 1", REFUSED },
	{ "1 ", REFUSED },  { "1x", REFUSED },
	{ "0x1", REFUSED }, { "1.0", REFUSED },
	{ "--1", REFUSED }, { "99999999999999999999", REFUSED },
};

START_TEST(reads_numbers)
{
	const struct row *row = &numbers[_i];
	int64_t value = REFUSED;
	int result = units_parse_int(row->text, -20, 100, &value);

	ck_assert_int_eq(result, row->value == REFUSED ? -1 : 0);
	ck_assert_int_eq(value, row->value);
}
END_TEST

START_TEST(reads_all_of_int64)
{
	int64_t value;

	ck_assert_int_eq(units_parse_int("9223372036854775807", INT64_MIN, INT64_MAX, &value), 0);
	ck_assert_int_eq(value, INT64_MAX);
	ck_assert_int_eq(units_parse_int("-9223372036854775808", INT64_MIN, INT64_MAX, &value), 0);
	ck_assert_int_eq(value, INT64_MIN);
	ck_assert_int_eq(units_parse_int("9223372036854775808", INT64_MIN, INT64_MAX, &value), -1);
}
END_TEST

static const struct row shown_durations[] = {
	{ "0s", 0 },
	{ "250ms", 250 },
	{ "1s", 1000 },
	{ "1s 500ms", 1500 },
	{ "59s 999ms", 59999 },
	{ "5min 2s", 302400 },
	{ "1h", 3600000 },
	{ "1h", 3601000 },
	{ "3d 4h", 273600000 },
	{ "10d", 864000000 },
	{ "-5s", -5000 },
	{ "106751991167d 7h", INT64_MAX },
	{ "-106751991167d 7h", INT64_MIN },
};

START_TEST(writes_durations)
{
	char buf[UNITS_TEXT_SIZE];

	ck_assert_str_eq(units_format_duration(shown_durations[_i].value, buf),
			 shown_durations[_i].text);
}
END_TEST

static const struct row shown_sizes[] = {
	{ "0B", 0 },
	{ "100B", 100 },
	{ "1023B", 1023 },
	{ "1K", 1024 },
	{ "512K", 524288 },
	{ "1023K", 1048575 },
	{ "1.0M", 1048576 },
	{ "128.0M", 134217728 },
	{ "1.5G", 1610612736 },
	{ "1023.9M", 1073741823 },
	{ "2.0T", INT64_C(2199023255552) },
	{ "8388607.9T", INT64_MAX },
	{ "-1.0M", -1048576 },
	{ "-8388608.0T", INT64_MIN },
};

START_TEST(writes_sizes)
{
	char buf[UNITS_TEXT_SIZE];

	ck_assert_str_eq(units_format_size(shown_sizes[_i].value, buf), shown_sizes[_i].text);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

static Suite *suite(void)
{
	Suite *suite = suite_create("units");
	TCase *tcase = tcase_create("units");

	tcase_add_loop_test(tcase, reads_durations, 0, COUNT(durations));
	tcase_add_loop_test(tcase, reads_sizes, 0, COUNT(sizes));
	tcase_add_loop_test(tcase, reads_numbers, 0, COUNT(numbers));
	tcase_add_test(tcase, reads_all_of_int64);
	tcase_add_loop_test(tcase, writes_durations, 0, COUNT(shown_durations));
	tcase_add_loop_test(tcase, writes_sizes, 0, COUNT(shown_sizes));
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
