/* SPDX-License-Identifier: ISC */
#include "watchdog/base/nearest.h"

#include <string.h>

#define LEN_MAX 32

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Damerau and Levenshtein's, in which no part is changed twice; both at most LEN_MAX long. */
static size_t distance(const char *a, const char *b)
{
	size_t cost[LEN_MAX + 1][LEN_MAX + 1];
	size_t a_len = strlen(a);
	size_t b_len = strlen(b);

	for (size_t i = 0; i <= a_len; i++)
		cost[i][0] = i;
	for (size_t j = 0; j <= b_len; j++)
		cost[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		for (size_t j = 1; j <= b_len; j++) {
			size_t change = cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			size_t shift = least(cost[i - 1][j], cost[i][j - 1]) + 1;
			cost[i][j] = least(change, shift);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				cost[i][j] = least(cost[i][j], cost[i - 2][j - 2] + 1);
		}
	}
	return cost[a_len][b_len];
}

struct nearest nearest_begin(const char *typed)
{
	size_t len = strlen(typed);

	return (struct nearest){ .typed = typed, .within = len > LEN_MAX ? 0 : len / 3 + 1 };
}

void nearest_consider(struct nearest *nearest, const char *known)
{
	if (nearest->within == 0 || strlen(known) > LEN_MAX)
		return;
	size_t found = distance(known, nearest->typed);
	if (found >= nearest->within)
		return;
	nearest->within = found;
	nearest->word = known;
}

const char *nearest_of(const char *typed, const char *const *known)
{
	struct nearest nearest = nearest_begin(typed);

	for (; *known; known++)
		nearest_consider(&nearest, *known);
	return nearest.word;
}
