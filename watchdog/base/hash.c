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

uint64_t hash_words(uint64_t hash, const uint64_t *words, size_t count)
{
	/* A multiplication carries upwards only: the shift brings high bits down again. */
	for (size_t i = 0; i < count; i++) {
		hash = (hash ^ words[i]) * PRIME;
		hash ^= hash >> 32;
	}
	return hash;
}

uint64_t hash_text(uint64_t hash, const char *text)
{
	if (!text)
		return (hash ^ NOT_A_BYTE) * PRIME;
	return hash_bytes(hash, text, strlen(text) + 1);
}
