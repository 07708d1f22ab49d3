/* SPDX-License-Identifier: ISC */
/*
 * The files by which rounds and courier speak to each other: beat, beat.sent, deliveries,
 * complaints. What is read is, written and read again, the same text.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "watchdog/courier/pingmark.h"
#include "watchdog/store/beatfile.h"
#include "watchdog/store/complaints.h"
#include "watchdog/store/deliveries.h"

static void expect_same(struct str *a, struct str *b)
{
	FUZZ_CHECK(a->len == b->len && (!a->len || memcmp(a->data, b->data, a->len) == 0));
	str_free(a);
	str_free(b);
}

static void check_beat(const char *text, size_t len)
{
	struct beatfile beat, again;
	struct str once = STR_INIT, twice = STR_INIT;

	if (beatfile_parse(text, len, &beat) == 0) {
		beatfile_format(&beat, &once);
		FUZZ_CHECK(beatfile_parse(once.data, once.len, &again) == 0);
		FUZZ_CHECK(again.worker_count == beat.worker_count);
		beatfile_format(&again, &twice);
		expect_same(&once, &twice);
		beatfile_free(&again);
	}
	beatfile_free(&beat);
}

static void check_deliveries(const char *text)
{
	struct deliveries deliveries, again;
	struct str once = STR_INIT, twice = STR_INIT;

	if (deliveries_parse(text, &deliveries) == 0) {
		deliveries_format(&deliveries, &once);
		FUZZ_CHECK(strcmp(once.data, text) == 0 || once.len <= strlen(text));
		FUZZ_CHECK(deliveries_parse(once.data, &again) == 0);
		deliveries_format(&again, &twice);
		expect_same(&once, &twice);
		deliveries_free(&again);
	}
	deliveries_free(&deliveries);
}

static void check_complaints(const char *text)
{
	struct complaints complaints = COMPLAINTS_INIT, again = COMPLAINTS_INIT;
	struct str once = STR_INIT, twice = STR_INIT;

	complaints_parse(text, &complaints);
	FUZZ_CHECK(complaints.count <= COMPLAINTS_MAX);
	complaints_format(&complaints, &once);
	complaints_parse(str_text(&once), &again);
	complaints_format(&again, &twice);
	expect_same(&once, &twice);
	complaints_age(&complaints, 1700000000000);
	for (size_t i = 0; i < complaints.count; i++)
		FUZZ_CHECK(fuzz_is_line(complaints.items[i].text));
	complaints_free(&complaints);
	complaints_free(&again);
}

static void check_marks(const char *text)
{
	struct pingmarks marks = PINGMARKS_INIT, again = PINGMARKS_INIT;
	struct str once = STR_INIT, twice = STR_INIT;

	pingmark_parse(text, &marks);
	pingmark_format(&marks, &once);
	pingmark_parse(str_text(&once), &again);
	pingmark_format(&again, &twice);
	expect_same(&once, &twice);
	pingmark_free(&marks);
	pingmark_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);

	check_beat(text, size);
	check_deliveries(text);
	check_complaints(text);
	check_marks(text);
	free(text);
	return 0;
}
