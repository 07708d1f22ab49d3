/* SPDX-License-Identifier: ISC */
/*
 * digits: unsigned decimal numbers out of text that nobody vouches for: digits alone, no
 * sign, no blanks, no locale, and too large is said instead of wrapped around.
 */
#ifndef PIDFILES_DIGITS_H
#define PIDFILES_DIGITS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Takes the digits at *AT (text ends at END) into VALUE and moves *AT behind them. False,
 * with *AT unmoved, where there is no digit or the number is above UINT64_MAX.
 */
static inline bool digits_take(const char **at, const char *end, uint64_t *value)
{
	const char *here = *at;
	uint64_t sum = 0;

	while (here < end && *here >= '0' && *here <= '9') {
		unsigned digit = (unsigned)(*here - '0');
		if (__builtin_mul_overflow(sum, UINT64_C(10), &sum) ||
		    __builtin_add_overflow(sum, (uint64_t)digit, &sum))
			return false;
		here++;
	}
	if (here == *at)
		return false;
	*at = here;
	*value = sum;
	return true;
}

#define DIGITS_SIZE 21 /* of UINT64_MAX, with a NUL */

/* NUMBER in decimal to TO, with a NUL, without snprintf, which each round would call several times for each instance; where that NUL is. */
static inline char *digits_put(char to[DIGITS_SIZE], uint64_t number)
{
	char reversed[DIGITS_SIZE];
	unsigned count = 0;

	do
		reversed[count++] = (char)('0' + number % 10);
	while (number /= 10);
	while (count > 0)
		*to++ = reversed[--count];
	*to = '\0';
	return to;
}

#endif
