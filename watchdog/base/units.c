/* SPDX-License-Identifier: ISC */
/* units: reads and writes durations, sizes and whole numbers; integer arithmetic only. */
#include "watchdog/base/units.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Digits of a fraction that count. A million terabytes still fits 63 bits. */
#define FRACTION_SCALE 1000000

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit durations[] = {
	{ "ms", 1 },
	{ "msec", 1 },
	{ "millisecond", 1 },
	{ "milliseconds", 1 },
	{ "s", 1000 },
	{ "sec", 1000 },
	{ "secs", 1000 },
	{ "second", 1000 },
	{ "seconds", 1000 },
	{ "m", 60000 },
	{ "min", 60000 },
	{ "mins", 60000 },
	{ "minute", 60000 },
	{ "minutes", 60000 },
	{ "h", 3600000 },
	{ "hr", 3600000 },
	{ "hrs", 3600000 },
	{ "hour", 3600000 },
	{ "hours", 3600000 },
	{ "d", 86400000 },
	{ "day", 86400000 },
	{ "days", 86400000 },
	{ "w", 604800000 },
	{ "week", 604800000 },
	{ "weeks", 604800000 },
	{ NULL, 0 },
};

static const struct unit sizes[] = {
	{ "B", 1 },
	{ "K", INT64_C(1) << 10 },
	{ "KB", INT64_C(1) << 10 },
	{ "KiB", INT64_C(1) << 10 },
	{ "M", INT64_C(1) << 20 },
	{ "MB", INT64_C(1) << 20 },
	{ "MiB", INT64_C(1) << 20 },
	{ "G", INT64_C(1) << 30 },
	{ "GB", INT64_C(1) << 30 },
	{ "GiB", INT64_C(1) << 30 },
	{ "T", INT64_C(1) << 40 },
	{ "TB", INT64_C(1) << 40 },
	{ "TiB", INT64_C(1) << 40 },
	{ NULL, 0 },
};

/* A decimal number as it was read: WHOLE + FRACTION / FRACTION_SCALE. */
struct decimal {
	int64_t whole;
	int64_t fraction;
	bool has_point;
};

/* isdigit(3) and isalpha(3) ask the locale. */
static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static const char *skip_blanks(const char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

/* Reads digits, and a point with digits. Returns what follows, or NULL. */
static const char *read_decimal(const char *at, struct decimal *number)
{
	*number = (struct decimal){ .whole = 0 };
	if (!is_digit(*at))
		return NULL;
	for (; is_digit(*at); at++)
		if (__builtin_mul_overflow(number->whole, 10, &number->whole) ||
		    __builtin_add_overflow(number->whole, *at - '0', &number->whole))
			return NULL;
	if (*at != '.')
		return at;
	number->has_point = true;
	at++;
	if (!is_digit(*at))
		return NULL;
	for (int64_t worth = FRACTION_SCALE / 10; is_digit(*at); at++, worth /= 10)
		number->fraction += worth * (*at - '0');
	return at;
}

/* Reads letters and looks them up. Returns what follows, or NULL. */
static const char *read_unit(const char *at, const struct unit *units, bool any_case,
			     int64_t *factor)
{
	size_t len = 0;

	while (is_letter(at[len]))
		len++;
	for (; units->name; units++) {
		if (strlen(units->name) != len)
			continue;
		if (any_case ? strncasecmp(at, units->name, len) == 0
			     : strncmp(at, units->name, len) == 0) {
			*factor = units->factor;
			return at + len;
		}
	}
	return NULL;
}

/* Adds NUMBER times FACTOR, to the nearest whole, to *SUM. */
static int add_product(const struct decimal *number, int64_t factor, int64_t *sum)
{
	int64_t product;
	int64_t rest = (number->fraction * factor + FRACTION_SCALE / 2) / FRACTION_SCALE;

	if (__builtin_mul_overflow(number->whole, factor, &product) ||
	    __builtin_add_overflow(*sum, product, sum) || __builtin_add_overflow(*sum, rest, sum))
		return -1;
	return 0;
}

int units_parse_duration(const char *text, int64_t *ms)
{
	const char *at = skip_blanks(text);
	struct decimal number;
	int64_t sum = 0;

	do {
		int64_t factor = 1000;
		bool first = at == skip_blanks(text);

		at = read_decimal(at, &number);
		if (!at)
			return -1;
		at = skip_blanks(at);
		/* Only a lone number may go without a unit: "1h30" says nothing of its 30. */
		if (!(first && *at == '\0'))
			at = read_unit(at, durations, false, &factor);
		if (!at || add_product(&number, factor, &sum) != 0)
			return -1;
		at = skip_blanks(at);
	} while (*at != '\0');
	*ms = sum;
	return 0;
}

int units_parse_size(const char *text, int64_t *bytes)
{
	struct decimal number;
	int64_t factor = 1;
	int64_t sum = 0;
	const char *at = read_decimal(skip_blanks(text), &number);

	if (!at)
		return -1;
	at = skip_blanks(at);
	if (*at != '\0')
		at = read_unit(at, sizes, true, &factor);
	if (!at || *skip_blanks(at) != '\0')
		return -1;
	if ((number.has_point && factor == 1) || add_product(&number, factor, &sum) != 0)
		return -1;
	*bytes = sum;
	return 0;
}

int units_parse_int(const char *text, int64_t min, int64_t max, int64_t *value)
{
	char *end;

	/* strtoll alone would take blanks and a plus. */
	if (!is_digit(text[0]) && !(text[0] == '-' && is_digit(text[1])))
		return -1;
	errno = 0;
	long long number = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0' || number < min || number > max)
		return -1;
	*value = number;
	return 0;
}

static uint64_t magnitude(int64_t number)
{
	return number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
}

const char *units_format_duration(int64_t ms, char buf[UNITS_TEXT_SIZE])
{
	static const struct unit shown[] = {
		{ "d", 86400000 }, { "h", 3600000 }, { "min", 60000 }, { "s", 1000 }, { "ms", 1 },
	};
	const char *sign = ms < 0 ? "-" : "";
	uint64_t rest = magnitude(ms);
	size_t i = 0;

	if (rest == 0) {
		(void)snprintf(buf, UNITS_TEXT_SIZE, "0s");
		return buf;
	}
	while (rest < (uint64_t)shown[i].factor)
		i++;
	uint64_t first = rest / (uint64_t)shown[i].factor;
	rest %= (uint64_t)shown[i].factor;
	unsigned int second = rest > 0 ? (unsigned int)(rest / (uint64_t)shown[i + 1].factor) : 0;
	if (second > 0)
		(void)snprintf(buf, UNITS_TEXT_SIZE, "%s%llu%s %u%s", sign,
			       (unsigned long long)first, shown[i].name, second, shown[i + 1].name);
	else
		(void)snprintf(buf, UNITS_TEXT_SIZE, "%s%llu%s", sign, (unsigned long long)first,
			       shown[i].name);
	return buf;
}

/* Cuts instead of rounding, so that "1024K" is never shown for a byte less than a megabyte. */
const char *units_format_size(int64_t bytes, char buf[UNITS_TEXT_SIZE])
{
	const char *sign = bytes < 0 ? "-" : "";
	unsigned long long size = magnitude(bytes);
	const char *letter = "KMGT";
	unsigned long long unit = 1024;

	while (letter[1] != '\0' && size / unit >= 1024) {
		unit *= 1024;
		letter++;
	}
	if (size < 1024)
		(void)snprintf(buf, UNITS_TEXT_SIZE, "%s%lluB", sign, size);
	else if (unit == 1024)
		(void)snprintf(buf, UNITS_TEXT_SIZE, "%s%lluK", sign, size / unit);
	else
		(void)snprintf(buf, UNITS_TEXT_SIZE, "%s%llu.%llu%c", sign, size / unit,
			       size % unit * 10 / unit, *letter);
	return buf;
}
