/* SPDX-License-Identifier: ISC */
/* hash: FNV-1a over bytes and texts. */
#include "watchdog/base/hash.h"

#include <string.h>

#define PRIME UINT64_C(0x100000001b3)

/* What stands for NULL: no byte, so no text can imitate it. */
#define NOT_A_BYTE 0x100

uint64_t hash_bytes(uint64_t hash, const void *data, size_t len)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * PRIME;
	return hash;
}

/* A multiplication carries upwards only: the shift brings high bits down again. */
static uint64_t add_word(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * PRIME;
	return hash ^ hash >> 32;
}

uint64_t hash_words(uint64_t hash, const uint64_t *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		hash = add_word(hash, words[i]);
	return hash;
}

uint64_t hash_block(uint64_t hash, const uint64_t *words, size_t count)
{
	uint64_t lanes[4] = { hash, ~hash, hash + 1, ~hash - 1 };
	size_t whole = count - count % 4;

	for (size_t i = 0; i < whole; i += 4)
		for (size_t lane = 0; lane < 4; lane++)
			lanes[lane] = add_word(lanes[lane], words[i + lane]);
	hash = hash_words(hash, lanes, 4);
	return hash_words(hash, words + whole, count - whole);
}

uint64_t hash_text(uint64_t hash, const char *text)
{
	if (!text)
		return (hash ^ NOT_A_BYTE) * PRIME;
	return hash_bytes(hash, text, strlen(text) + 1);
}
