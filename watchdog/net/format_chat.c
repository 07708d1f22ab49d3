/* SPDX-License-Identifier: ISC */
#include "watchdog/net/format_chat.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "watchdog/base/mem.h"
#include "watchdog/base/utf8.h"
#include "watchdog/model/event.h"
#include "watchdog/model/reason.h"
#include "watchdog/model/webhook.h"
#include "watchdog/net/clip.h"
#include "watchdog/net/encodedword.h"
#include "watchdog/net/eventdata.h"
#include "watchdog/net/sentence.h"

/* Of a sentence; there is to be room for the log. */
#define SENTENCE_MAX 600
#define ITEM_MAX     300
#define TITLE_MAX    200
/* For "and so many more", and for what is around the log. */
#define RESERVE 40
/* Less of a log is of no use. */
#define LOG_MIN 40

/* How texts are in one chat. */
struct chat {
	size_t max;	  /* bytes: never more than characters */
	const char *mark; /* on both sides of a name: shows it as it is, whatever signs are in it */
	const char *fence; /* likewise, of the log */
	bool is_escaped;   /* "&", "<", ">", and who would be called */
};

static const struct chat slack = { 3500, "`", "```", true };
static const struct chat discord = { 2000, "`", "```", false };
static const struct chat ntfy = { 4096, "", "", false };

/* ---- pieces ------------------------------------------------------------------------------- */

/* How the character at TEXT (LEN bytes) is written. */
static const char *escape_of(const struct chat *chat, char character)
{
	if (!chat->is_escaped)
		return NULL;
	switch (character) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	default:
		return NULL;
	}
}

/* Mattermost calls them, whatever the format says. A space of no width between is not seen. */
static bool is_call(const char *at)
{
	static const char *const words[] = { "all", "channel", "here", "everyone" };

	for (size_t i = 0; *at == '@' && i < sizeof(words) / sizeof(words[0]); i++)
		if (strncasecmp(at + 1, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

static void add_escaped(const struct chat *chat, const char *text, struct str *out)
{
	for (; *text; text++) {
		const char *escape = escape_of(chat, *text);

		if (escape)
			str_add(out, escape);
		else
			str_add_n(out, text, 1);
		if (chat->is_escaped && is_call(text))
			str_add(out, "\xE2\x80\x8B");
	}
}

static void add_clipped(const struct chat *chat, const char *text, size_t max, struct str *out)
{
	struct str clipped = STR_INIT;

	clip_add(&clipped, text, max);
	add_escaped(chat, str_text(&clipped), out);
	if (clipped.len < strlen(text))
		str_add(out, " \xE2\x80\xA6");
	str_free(&clipped);
}

/* ---- the log ------------------------------------------------------------------------------ */

/* Length of a terminal's control sequence ("ESC [ 31 m") at TEXT; 0: there is none. */
static size_t escape_len(const char *text)
{
	size_t len = 2;

	if (text[0] != '\x1b' || text[1] != '[')
		return 0;
	len += strspn(text + len, "0123456789;:<=>?");
	return text[len] >= '@' && text[len] <= '~' ? len + 1 : len;
}

/* LOG without colours, and without what would end the fence. */
static void add_clean(const struct chat *chat, const char *log, struct str *out)
{
	size_t fence = strlen(chat->fence);

	while (*log) {
		size_t skip = escape_len(log);

		if (skip > 0 || *log == '\r') {
			log += skip > 0 ? skip : 1;
		} else if (fence > 0 && strncmp(log, chat->fence, fence) == 0) {
			str_add(out, "'''");
			log += fence;
		} else {
			bool steers = ((unsigned char)*log < 0x20 && !strchr("\n\t", *log)) ||
				      *log == 0x7F;
			str_add_n(out, steers ? "?" : log, 1);
			log++;
		}
	}
	while (out->len > 0 && out->data[out->len - 1] == '\n')
		out->data[--out->len] = '\0';
}

/* Where the last ROOM bytes of TEXT begin: at a line if one fits, else at a character. */
static const char *last_part(const struct chat *chat, const struct str *text, size_t room)
{
	const char *at = text->data + text->len;
	const char *line = NULL;

	while (at > text->data) {
		const char *before = at - 1;
		const char *escape;
		size_t width;

		while (before > text->data && ((unsigned char)*before & 0xC0) == 0x80)
			before--;
		escape = escape_of(chat, *before);
		width = escape ? strlen(escape) : (size_t)(at - before);
		if (width > room)
			break;
		room -= width;
		at = before;
		if (at == text->data || at[-1] == '\n')
			line = at;
	}
	return line ? line : at;
}

static void add_log(const struct chat *chat, const char *log, struct str *out)
{
	struct str clean = STR_INIT;
	const char *part;

	if (log && out->len + RESERVE + LOG_MIN <= chat->max)
		add_clean(chat, log, &clean);
	if (clean.len > 0) {
		str_addf(out, "\n%s\n", chat->fence);
		/* Within a fence nobody is called. */
		for (part = last_part(chat, &clean, chat->max - out->len - RESERVE); *part;
		     part++) {
			const char *escape = escape_of(chat, *part);

			str_add_n(out, escape ? escape : part, escape ? strlen(escape) : 1);
		}
		str_addf(out, "%s%s", chat->fence[0] ? "\n" : "", chat->fence);
	}
	str_free(&clean);
}

/* ---- texts -------------------------------------------------------------------------------- */

/* A digest's events, a line each, as far as there is room. */
static void add_items(const struct chat *chat, const json_t *data, struct str *out)
{
	const json_t *events = json_object_get(data, "events");
	int64_t left = eventdata_number(data, "count", 0);
	const json_t *item;
	size_t i;

	json_array_foreach(events, i, item)
	{
		const char *sentence = eventdata_text(item, "sentence");
		struct str line = STR_INIT;

		str_add(&line, "\n\xE2\x80\xA2 ");
		add_clipped(chat, sentence ? sentence : "?", ITEM_MAX, &line);
		if (out->len + line.len + RESERVE > chat->max) {
			str_free(&line);
			break;
		}
		str_add_n(out, line.data, line.len);
		str_free(&line);
		left--;
	}
	if (left > 0)
		str_addf(out, "\n\xE2\x80\xA6 and %" PRId64 " more", left);
}

static void add_text(const struct chat *chat, const struct format_event *event, const json_t *data,
		     struct str *out)
{
	struct str host = STR_INIT;
	struct str user = STR_INIT;
	struct str sentence = STR_INIT;

	eventdata_origin(event->source, &host, &user);
	sentence_add(event, data, str_text(&host), chat->mark, &sentence);
	add_clipped(chat, str_text(&sentence), SENTENCE_MAX, out);
	if (event_type_from_name(event->type) == EVENT_WEBHOOK_DIGEST)
		add_items(chat, data, out);
	add_log(chat, eventdata_text(data, "log_tail"), out);
	str_free(&host);
	str_free(&user);
	str_free(&sentence);
}

/* ---- JSON --------------------------------------------------------------------------------- */

static void finish_json(json_t *json, struct format_message *message)
{
	char *dump = json_dumps(json, JSON_COMPACT);

	str_add(&message->body, dump ? dump : "{}");
	strlist_add(&message->headers, "Content-Type: application/json");
	free(dump);
	json_decref(json);
}

static void format_slack(const struct format_event *event, const json_t *data,
			 struct format_message *message)
{
	json_t *json = json_object();
	struct str text = STR_INIT;

	add_text(&slack, event, data, &text);
	(void)json_object_set_new(json, "text", json_string(str_text(&text)));
	str_free(&text);
	finish_json(json, message);
}

static void format_discord(const struct format_event *event, const json_t *data,
			   struct format_message *message)
{
	json_t *json = json_object();
	struct str text = STR_INIT;

	add_text(&discord, event, data, &text);
	(void)json_object_set_new(json, "content", json_string(str_text(&text)));
	/* Nobody is called, whatever a name or a log says. */
	(void)json_object_set_new(json, "allowed_mentions", json_pack("{s:[]}", "parse"));
	str_free(&text);
	finish_json(json, message);
}

/* ---- ntfy --------------------------------------------------------------------------------- */

struct urgency {
	int priority;	 /* 1 to 5; 3 is usual */
	const char *tag; /* a picture, by its name there */
};

static const struct urgency urgencies[EVENT_TYPE_COUNT] = {
	[EVENT_WORKER_STARTED] = { 2, "arrow_forward" },
	[EVENT_WORKER_STOPPED] = { 2, "stop_button" },
	[EVENT_WORKER_BLOATED] = { 3, "warning" },
	[EVENT_WORKER_HUNG] = { 4, "warning" },
	[EVENT_WORKER_FATAL] = { 5, "rotating_light" },
	[EVENT_WORKER_RECOVERED] = { 3, "white_check_mark" },
	[EVENT_CONFIG_BROKEN] = { 4, "warning" },
	[EVENT_CONFIG_MENDED] = { 3, "white_check_mark" },
	[EVENT_HOST_REBOOTED] = { 3, "arrows_counterclockwise" },
	[EVENT_WEBHOOK_DIGEST] = { 4, "clipboard" },
	[EVENT_WEBHOOK_DROPPED] = { 4, "warning" },
	[EVENT_WEBHOOK_TEST] = { 3, "bell" },
};

/* What nobody meant to happen. */
static bool is_accident(const char *reason)
{
	static const enum reason accidents[] = { REASON_MISSING, REASON_CRASHED,    REASON_KILLED,
						 REASON_OOM,	 REASON_MEMORY_MAX, REASON_HUNG };

	for (size_t i = 0; reason && i < sizeof(accidents) / sizeof(accidents[0]); i++)
		if (strcmp(reason, reason_name(accidents[i])) == 0)
			return true;
	return false;
}

static struct urgency urgency_of(const struct format_event *event, const json_t *data)
{
	int type = event_type_from_name(event->type);

	if (type < 0)
		return (struct urgency){ 3, "bell" };
	if (type == EVENT_WORKER_STOPPED && is_accident(eventdata_text(data, "reason")))
		return (struct urgency){ 4, "warning" };
	return urgencies[type];
}

static void add_title(const struct format_event *event, const json_t *data, struct str *header)
{
	struct str host = STR_INIT;
	struct str user = STR_INIT;
	struct str title = STR_INIT;
	struct str clipped = STR_INIT;

	eventdata_origin(event->source, &host, &user);
	sentence_add_title(event, data, str_text(&host), &title);
	clip_add(&clipped, str_text(&title), TITLE_MAX);
	encodedword_add(header, str_text(&clipped));
	str_free(&host);
	str_free(&user);
	str_free(&title);
	str_free(&clipped);
}

static void format_ntfy(const struct format_event *event, const json_t *data,
			struct format_message *message)
{
	struct urgency urgency = urgency_of(event, data);
	int type = event_type_from_name(event->type);
	struct str title = STR_INIT;

	add_text(&ntfy, event, data, &message->body);
	str_add(&title, "Title: ");
	add_title(event, data, &title);
	strlist_add(&message->headers, "Content-Type: text/plain; charset=utf-8");
	strlist_take(&message->headers, str_take(&title));
	strlist_take(&message->headers, mem_format("Priority: %d", urgency.priority));
	strlist_take(&message->headers,
		     mem_format("Tags: %s%s%s", urgency.tag, type < 0 ? "" : ",",
				type < 0 ? "" : event_type_name((enum event_type)type)));
}

void format_chat(int64_t format, const struct format_event *event, const json_t *data,
		 struct format_message *message)
{
	if (format == WEBHOOK_SLACK)
		format_slack(event, data, message);
	else if (format == WEBHOOK_DISCORD)
		format_discord(event, data, message);
	else
		format_ntfy(event, data, message);
}
