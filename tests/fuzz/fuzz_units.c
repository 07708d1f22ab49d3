/* SPDX-License-Identifier: ISC */
/* Durations, sizes, numbers, limits, moments: refused, or in their range, and the same when what is
 * written of it is read again. */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "watchdog/base/clock.h"
#include "watchdog/base/units.h"
#include "watchdog/model/limit.h"
#include "watchdog/verbs/when.h"

static void check_duration(const char *text)
{
	char buf[UNITS_TEXT_SIZE], buf_again[UNITS_TEXT_SIZE];
	int64_t ms, again;

	if (units_parse_duration(text, &ms))
		return;
	FUZZ_CHECK(ms >= 0);
	FUZZ_CHECK(units_parse_duration(units_format_duration(ms, buf), &again) == 0);
	FUZZ_CHECK(again >= 0 && again <= ms);
	FUZZ_CHECK(strcmp(buf, units_format_duration(again, buf_again)) == 0);
}

static void check_size(const char *text)
{
	char buf[UNITS_TEXT_SIZE];
	int64_t bytes, again;

	if (units_parse_size(text, &bytes))
		return;
	FUZZ_CHECK(bytes >= 0);
	FUZZ_CHECK(units_parse_size(units_format_size(bytes, buf), &again) == 0);
	FUZZ_CHECK(again >= 0 && again <= bytes);
}

static void check_moment(const char *text)
{
	char buf[CLOCK_RFC3339_SIZE];
	int64_t wall_ms, again;

	if (when_parse(text, 1700000000000, &wall_ms) || wall_ms < 0 ||
	    wall_ms > INT64_C(253370764800000)) /* the year 9999 */
		return;
	FUZZ_CHECK(when_parse(clock_rfc3339(wall_ms, buf), 0, &again) == 0);
	FUZZ_CHECK(again == wall_ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct rlimit_setting limit;
	int64_t number;

	check_duration(text);
	check_size(text);
	check_moment(text);
	if (units_parse_int(text, -5, 70000, &number) == 0)
		FUZZ_CHECK(number >= -5 && number <= 70000);
	if (limit_parse(text, &limit) == 0)
		FUZZ_CHECK(limit.soft <= limit.hard);
	free(text);
	return 0;
}
