/* SPDX-License-Identifier: ISC */
/* An event of hostile texts as the line that is spooled: one line of UTF-8 and JSON, of which the
 * journal takes what there is. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "watchdog/net/format.h"
#include "watchdog/report/eventjson.h"

static void check_line(const struct str *line)
{
	json_t *json = json_loadb(line->data, line->len, JSON_REJECT_DUPLICATES, NULL);

	FUZZ_CHECK(fuzz_is_utf8(line->data, line->len) && !memchr(line->data, '\n', line->len));
	FUZZ_CHECK(json_is_object(json));
	json_decref(json);
}

static void check_event(struct event *event, char *const *texts)
{
	struct str line = STR_INIT;
	struct str source = STR_INIT;

	event->subject = texts[0];
	event->worker = texts[1];
	event->command = texts[2];
	event->log_tail = texts[3];
	event->message = texts[4];
	event_id(event->id, event->type, event->subject, (const uint64_t[]){ 1 }, 1);
	FUZZ_CHECK(strspn(event->id, "0123456789abcdef") == EVENT_ID_SIZE - 1);
	eventjson_source(texts[0], texts[1], &source);
	FUZZ_CHECK(strspn(source.data, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789-._~%/") == source.len);
	eventjson_event(event, source.data, &line);
	check_line(&line);
	str_free(&line);
	str_free(&source);
	eventjson_sample(texts[0], event->wall_ms, event->rss_bytes, -1, &line);
	check_line(&line);
	str_free(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { .at = data, .end = data + size };
	struct event event = EVENT_INIT;
	char *texts[5];
	int shift;

	event.type = (enum event_type)(fuzz_byte(&input) % EVENT_TYPE_COUNT);
	event.reason = (enum reason)(fuzz_byte(&input) % REASON_COUNT);
	shift = fuzz_byte(&input) % 60;
	event.wall_ms = (int64_t)fuzz_byte(&input) << shift % 55;
	event.uptime_ms = event.rss_bytes = event.restarts = event.wall_ms - 1;
	event.next_start_wall_ms = event.wall_ms;
	event.exit.known = shift % 2;
	event.exit.signal = shift;
	for (int i = 0; i < 5; i++)
		texts[i] = fuzz_piece(&input);
	check_event(&event, texts);
	for (int i = 0; i < 5; i++)
		free(texts[i]);
	return 0;
}
