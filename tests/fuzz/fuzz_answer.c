/* SPDX-License-Identifier: ISC */
/* Answers of webhooks and of monitors: whatever they say, there is a verdict, in a line; and a ping
 * is asked by one URL. */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "watchdog/model/url.h"
#include "watchdog/net/beat.h"
#include "watchdog/net/verdict.h"

#define DAY_MS INT64_C(86400000)

static void check_taken(const struct http_result *result)
{
	struct ping_options ping = { .when = (char[]){ "round" } };
	char why[64];

	for (ping.style = 0; ping.style <= PING_PLAIN; ping.style++) {
		bool is_taken = beat_is_taken(&ping, result, why, sizeof(why));

		FUZZ_CHECK(strlen(why) < sizeof(why) && fuzz_is_line(why));
		FUZZ_CHECK(!is_taken || (result->failure == HTTP_ANSWERED &&
					 result->status >= 200 && result->status < 300));
	}
}

static void check_verdict(const struct http_result *result, int64_t failures)
{
	char why[160];
	enum verdict verdict = verdict_of(result, why, sizeof(why));
	int64_t delay_ms = verdict_delay_ms(failures, why);
	int64_t sleep_ms = verdict_sleep_ms(result->retry_after_s);

	FUZZ_CHECK(why[0] && strlen(why) < sizeof(why) && fuzz_is_line(why));
	FUZZ_CHECK((verdict == VERDICT_DELIVERED) ==
		   (result->failure == HTTP_ANSWERED && result->status >= 200 &&
		    result->status < 300));
	FUZZ_CHECK(delay_ms >= 4000 && delay_ms <= DAY_MS * 6 / 5);
	FUZZ_CHECK(sleep_ms >= 60000 && sleep_ms <= DAY_MS);
	FUZZ_CHECK(verdict_due(result->retry_after_s, failures, 1700000000000) <=
		   1700000000000 + DAY_MS * 6 / 5);
}

static void check_requests(char *url, const char *body, int64_t number)
{
	struct ping_options ping = { .url = url, .when = (char[]){ "round" } };
	struct beat beat = { .exit_status = (int)(number & 0xFF),
			     .host = body,
			     .body = body,
			     .rid = "01234567-89ab-4def-8123-456789abcdef",
			     .body_max = number };

	if (url_check(url))
		return;
	for (ping.style = 0; ping.style <= PING_PLAIN; ping.style++)
		for (int step = BEAT_START; step <= BEAT_END; step++) {
			struct beat_request request = { .method = NULL };

			beat.is_good = number % 2 == 0;
			if (beat_make(&ping, &beat, (enum beat_step)step, &request)) {
				FUZZ_CHECK(request.method && !url_check(request.url.data));
				FUZZ_CHECK(fuzz_is_utf8(str_text(&request.body), request.body.len));
				FUZZ_CHECK(request.body.len <= 10000);
			}
			beat_request_free(&request);
		}
}

static int64_t read_number(struct fuzz_input *input)
{
	uint64_t number = 0;

	for (int i = 0; i < 8; i++)
		number = number << 8 | fuzz_byte(input);
	return (int64_t)number;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { .at = data, .end = data + size };
	struct http_result result = { .failure = fuzz_byte(&input) % (HTTP_UNUSABLE + 1),
				      .why = "no route",
				      .body_limit = -1 };
	int64_t number;
	char *body, *url;

	result.status = fuzz_byte(&input) << 8;
	result.status |= fuzz_byte(&input);
	number = read_number(&input);
	result.retry_after_s = number;
	body = fuzz_piece(&input);
	url = fuzz_piece(&input);
	if (result.failure != HTTP_ANSWERED)
		result.status = 0;
	str_add(&result.body, body);
	check_taken(&result);
	check_verdict(&result, number);
	check_requests(url, body, number);
	http_result_free(&result);
	free(body);
	free(url);
	return 0;
}
