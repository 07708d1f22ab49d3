/* SPDX-License-Identifier: ISC */
/* A record, with the right checksum put behind it: refused, or the same when it is written and read
 * again. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "watchdog/base/hash.h"
#include "watchdog/base/mem.h"
#include "watchdog/base/str.h"
#include "watchdog/model/record.h"

static void check(const char *text, size_t len)
{
	static const struct record initial = RECORD_INIT;
	struct record record, again;
	char buf[RECORD_TEXT_MAX];
	size_t size;

	if (record_parse(text, len, &record)) {
		FUZZ_CHECK(record_equal(&record, &initial));
		return;
	}
	FUZZ_CHECK(record.state >= 0 && record.state != STATE_UNKNOWN &&
		   record.state < STATE_COUNT);
	FUZZ_CHECK(record.stop_reason < REASON_COUNT && record.last_exit_reason < REASON_COUNT);
	size = record_format(&record, buf, sizeof(buf));
	FUZZ_CHECK(size < sizeof(buf) && buf[size] == '\0');
	FUZZ_CHECK(record_parse(buf, size, &again) == 0);
	FUZZ_CHECK(record_equal(&record, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = STR_INIT;
	char *plain = fuzz_text(data, size);

	check(plain, size);
	str_add(&text, "cronherd-record 1\n");
	str_add_n(&text, plain, size);
	str_addf(&text, "sum %016" PRIx64 "\n", hash_bytes(HASH_INIT, text.data, text.len));
	check(text.data, text.len);
	str_free(&text);
	free(plain);
	return 0;
}
