/* SPDX-License-Identifier: ISC */
/* hash: FNV-1a, 64 bits (Fowler, Noll, Vo). For change detection and tables; not secret. */
#ifndef WATCHDOG_BASE_HASH_H
#define WATCHDOG_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_INIT UINT64_C(0xcbf29ce484222325)

uint64_t hash_bytes(uint64_t hash, const void *data, size_t len);
/* COUNT words of 64 bits at a time: eight times as fast as their bytes, another value. */
uint64_t hash_words(uint64_t hash, const uint64_t *words, size_t count);
/* The same for much: two lanes side by side, as a multiplication need not wait for the one before; again another value. */
uint64_t hash_block(uint64_t hash, const uint64_t *words, size_t count);
uint64_t hash_text(uint64_t hash, const char *text); /* with its NUL; NULL hashes unlike "" */

#endif
