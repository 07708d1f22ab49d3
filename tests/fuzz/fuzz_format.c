/* SPDX-License-Identifier: ISC */
/*
 * An event that is no better than an altered journal: what any format makes of it is UTF-8, JSON
 * where it says so, of the length that it promises, with headers of one line; and the same at each
 * try.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "watchdog/base/utf8.h"
#include "watchdog/model/option.h"
#include "watchdog/net/format.h"

static void check_headers(const struct strlist *headers)
{
	FUZZ_CHECK(headers->count > 0);
	for (size_t i = 0; i < headers->count; i++) {
		const char *header = headers->items[i];

		FUZZ_CHECK(strchr(header, ':') != NULL);
		for (; *header; header++)
			FUZZ_CHECK(*header >= ' ' && *header <= '~');
	}
}

static void check_message(const struct webhook_options *webhook,
			  const struct format_message *message)
{
	const char *body = str_text(&message->body);
	json_t *json;

	FUZZ_CHECK(message->body.len <= FORMAT_BODY_MAX);
	FUZZ_CHECK(fuzz_is_utf8(body, message->body.len));
	check_headers(&message->headers);
	if (webhook->format == WEBHOOK_NTFY)
		return;
	json = json_loadb(body, message->body.len, JSON_REJECT_DUPLICATES, NULL);
	FUZZ_CHECK(json_is_object(json));
	json_decref(json);
}

static void make(const struct webhook_options *webhook, const struct format_event *events,
		 bool is_digest, int64_t held_back, struct format_message *message)
{
	struct err err = ERR_INIT;
	int status = is_digest ? format_digest(webhook, events, 3, message, &err)
			       : format_event(webhook, events, held_back, message, &err);

	FUZZ_CHECK(status == 0);
}

static void check(const struct webhook_options *webhook, const struct format_event *events,
		  bool is_digest, int64_t held_back)
{
	struct format_message first, again;

	make(webhook, events, is_digest, held_back, &first);
	check_message(webhook, &first);
	make(webhook, events, is_digest, held_back, &again);
	FUZZ_CHECK(strcmp(str_text(&first.body), str_text(&again.body)) == 0);
	FUZZ_CHECK(first.headers.count == again.headers.count);
	format_message_free(&first);
	format_message_free(&again);
}

/* TEXT again and again in the members that are cut where a body is too long: more than the body may
 * have. */
static char *make_long(const char *text)
{
	struct str all = STR_INIT;
	struct str repaired = STR_INIT;
	json_t *data;
	char *dump;

	utf8_repair(text, strlen(text), &repaired);
	while (all.len <= FORMAT_BODY_MAX)
		str_addf(&all, "%s\n", str_text(&repaired));
	data = json_pack("{s:s, s:s, s:s}", "reason", "crashed", "log_tail", all.data, "message",
			 all.data);
	dump = json_dumps(data, JSON_COMPACT);
	FUZZ_CHECK(dump != NULL);
	json_decref(data);
	str_free(&repaired);
	str_free(&all);
	return dump;
}

static void check_sentence(const struct format_event *event)
{
	struct str text = STR_INIT;

	format_sentence(event, &text);
	FUZZ_CHECK(text.len > 0 && fuzz_is_line(text.data));
	str_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { .at = data, .end = data + size };
	struct webhook_options webhook;
	uint8_t choice = fuzz_byte(&input); /* one at a time is many times as fast */
	int64_t lines = fuzz_byte(&input) % 8;
	int64_t held_back = fuzz_byte(&input) % 3;
	int64_t wall_ms = (int64_t)fuzz_byte(&input) << (fuzz_byte(&input) % 56);
	char *texts[5];
	struct format_event events[3];

	for (int i = 0; i < 5; i++)
		texts[i] = fuzz_piece(&input);
	if (choice % 128 >= 64) {
		char *longer = make_long(texts[1]);

		free(texts[1]);
		texts[1] = longer;
	}
	for (int i = 0; i < 3; i++)
		events[i] = (struct format_event){ .type = texts[0],
						   .data = texts[1],
						   .subject = texts[2],
						   .source = texts[3],
						   .id = texts[4],
						   .wall_ms = wall_ms };
	options_init_in(webhook_option_table, &webhook);
	webhook.log_tail = lines == 7 ? OPTION_NONE : lines;
	webhook.template_text =
		strdup("{\"a\": \"{{log_tail}}{{exit_code}}{{sentence}}{{host}}\"}");
	webhook.format = choice % (WEBHOOK_TEMPLATE + 1);
	check(&webhook, events, choice >= 128, held_back);
	check_sentence(&events[0]);
	options_free_in(webhook_option_table, &webhook);
	for (int i = 0; i < 5; i++)
		free(texts[i]);
	return 0;
}
