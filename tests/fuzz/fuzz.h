/* SPDX-License-Identifier: ISC */
/*
 * fuzz: what the targets of tests/fuzz share.
 *
 * A target is one file with LLVMFuzzerTestOneInput, as libFuzzer and AFL++ call it. Whatever the
 * input is, it returns; what must hold is FUZZ_CHECKed. Without a fuzzer, replay.c gives each file
 * of a corpus to it.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program with a message and SIGABRT: a finding. */
#define FUZZ_CHECK(condition)                                                                      \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fuzz_fail(__FILE__, __LINE__, #condition);                                 \
	} while (0)

void fuzz_fail(const char *file, int line, const char *what) __attribute__((noreturn));

/* SIZE bytes of DATA and a NUL, allocated to the byte, so that a sanitizer sees who reads on. */
char *fuzz_text(const uint8_t *data, size_t size);

/* The next piece of an input that consists of several, which a byte 0xFF parts; as fuzz_text.
 * Behind the last, "". */
struct fuzz_input {
	const uint8_t *at, *end;
};
char *fuzz_piece(struct fuzz_input *input);
uint8_t fuzz_byte(struct fuzz_input *input); /* 0 behind the end */

/* A folder of this process's own (0700), empty at first; gone when it ends. */
const char *fuzz_dir(void);

/* NAME in fuzz_dir(); allocated. */
char *fuzz_path(const char *name);

/* Makes the file NAME in fuzz_dir(), mode 0600, of those bytes. */
void fuzz_write(const char *name, const void *data, size_t size);

/* UTF-8 without control characters: what may be printed as one line. */
bool fuzz_is_line(const char *text);

/* No control characters: what base/err.h promises, whatever it was told. */
bool fuzz_is_plain(const char *text);

/* UTF-8 of LEN bytes without a NUL. */
bool fuzz_is_utf8(const char *text, size_t len);

#endif
