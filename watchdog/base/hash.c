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

#ifdef __SIZEOF_INT128__

__extension__ typedef unsigned __int128 uint128;

/* Both halves of a product: each bit of either factor has a say in each of the result. */
static uint64_t add_pair(uint64_t hash, const uint64_t *pair, uint64_t odd)
{
	uint128 product = (uint128)(pair[0] ^ odd) * (pair[1] ^ hash);

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

#else

static uint64_t add_pair(uint64_t hash, const uint64_t *pair, uint64_t odd)
{
	return add_word(add_word(hash, pair[0] ^ odd), pair[1]);
}

#endif

uint64_t hash_block(uint64_t hash, const uint64_t *words, size_t count)
{
	/* Fractions of the square roots of 2 and 3: two numbers with nothing up their sleeves. */
	static const uint64_t odd[2] = { UINT64_C(0x6a09e667f3bcc909), UINT64_C(0xbb67ae8584caa73b) };
	uint64_t one = hash, other = ~hash;
	size_t whole = count - count % 4;

	for (size_t i = 0; i < whole; i += 4) {
		one = add_pair(one, words + i, odd[0]);
		other = add_pair(other, words + i + 2, odd[1]);
	}
	hash = add_word(add_word(hash, one), other);
	return hash_words(hash, words + whole, count - whole);
}

uint64_t hash_text(uint64_t hash, const char *text)
{
	if (!text)
		return (hash ^ NOT_A_BYTE) * PRIME;
	return hash_bytes(hash, text, strlen(text) + 1);
}
