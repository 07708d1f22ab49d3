/* SPDX-License-Identifier: ISC */
#include "watchdog/verbs/when.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "watchdog/base/units.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Exactly COUNT digits at *AT, which moves behind them. */
static bool read_digits(const char **at, int count, int *number)
{
	*number = 0;
	for (int i = 0; i < count; i++, (*at)++) {
		if (!is_digit(**at))
			return false;
		*number = *number * 10 + (**at - '0');
	}
	return true;
}

static bool read_mark(const char **at, const char *marks)
{
	for (; *marks; marks++)
		if (**at == *marks) {
			(*at)++;
			return true;
		}
	return false;
}

static bool read_date(const char **at, struct tm *tm)
{
	if (!read_digits(at, 4, &tm->tm_year) || !read_mark(at, "-") ||
	    !read_digits(at, 2, &tm->tm_mon) || !read_mark(at, "-") ||
	    !read_digits(at, 2, &tm->tm_mday))
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon -= 1;
	return true;
}

/* Fractions of a second: three digits count. */
static bool read_fraction(const char **at, int *ms)
{
	*ms = 0;
	if (!read_mark(at, "."))
		return true;
	if (!is_digit(**at))
		return false;
	for (int worth = 100; is_digit(**at); (*at)++, worth /= 10)
		*ms += (**at - '0') * worth;
	return true;
}

static bool read_time(const char **at, struct tm *tm, int *ms)
{
	*ms = 0;
	if (!read_digits(at, 2, &tm->tm_hour) || !read_mark(at, ":") ||
	    !read_digits(at, 2, &tm->tm_min))
		return false;
	if (!read_mark(at, ":"))
		return true;
	return read_digits(at, 2, &tm->tm_sec) && read_fraction(at, ms);
}

static bool is_in_range(const struct tm *tm)
{
	return tm->tm_mon >= 0 && tm->tm_mon < 12 && tm->tm_mday >= 1 && tm->tm_mday <= 31 &&
	       tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec <= 60;
}

/* "Z", "+01:00". False where something else is left at AT. */
static bool read_zone(const char *at, int *offset_s)
{
	int hours, minutes;
	bool is_west = *at == '-';

	*offset_s = 0;
	if (read_mark(&at, "Zz"))
		return *at == '\0';
	if (!read_mark(&at, "+-") || !read_digits(&at, 2, &hours) || !read_mark(&at, ":") ||
	    !read_digits(&at, 2, &minutes) || *at != '\0' || hours > 23 || minutes > 59)
		return false;
	*offset_s = (hours * 60 + minutes) * 60 * (is_west ? -1 : 1);
	return true;
}

/* False where there is no such day: the C library takes the 30th of February for one of March. */
static bool convert(struct tm *tm, bool is_local, int64_t *seconds)
{
	int day = tm->tm_mday;
	int leap = tm->tm_sec == 60;

	tm->tm_sec -= leap;
	tm->tm_isdst = -1;
	*seconds = (is_local ? mktime(tm) : timegm(tm)) + leap;
	return tm->tm_mday == day;
}

static int parse_moment(const char *at, int64_t *wall_ms)
{
	struct tm tm = { 0 };
	int ms = 0, offset_s = 0;
	int64_t seconds;
	bool is_local = true;

	if (!read_date(&at, &tm))
		return -1;
	if (*at != '\0' && (!read_mark(&at, " Tt") || !read_time(&at, &tm, &ms)))
		return -1;
	if (*at != '\0') {
		if (!read_zone(at, &offset_s))
			return -1;
		is_local = false;
	}
	if (!is_in_range(&tm) || !convert(&tm, is_local, &seconds))
		return -1;
	*wall_ms = (seconds - offset_s) * 1000 + ms;
	return 0;
}

int when_parse(const char *text, int64_t now_wall_ms, int64_t *wall_ms)
{
	int64_t ago_ms;

	if (units_parse_duration(text, &ago_ms))
		return parse_moment(text, wall_ms);
	*wall_ms = now_wall_ms - ago_ms;
	return 0;
}
