/* SPDX-License-Identifier: ISC */
#include "watchdog/net/sentence.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "watchdog/base/units.h"
#include "watchdog/base/utf8.h"
#include "watchdog/model/event.h"
#include "watchdog/model/reason.h"
#include "watchdog/net/eventdata.h"

struct sentence {
	const struct format_event *event;
	const json_t *data;
	const char *host; /* "": not named */
	const char *mark;
	enum reason reason;
	struct str *text;
};

/* ---- pieces ------------------------------------------------------------------------------- */

/* MORE as part of one line. */
static void add_plain(struct str *text, const char *more)
{
	struct str line = STR_INIT;

	utf8_repair(more, strlen(more), &line);
	for (size_t i = 0; i < line.len; i++)
		if (strchr("\t\r\n", line.data[i]))
			line.data[i] = ' ';
	if (line.len > 0)
		utf8_make_line(line.data);
	str_add_n(text, str_text(&line), line.len);
	str_free(&line);
}

static void add_subject(const struct sentence *sentence)
{
	struct str *text = sentence->text;
	size_t from;

	str_add(text, sentence->mark);
	from = text->len;
	add_plain(text, sentence->event->subject);
	for (size_t i = from; i < text->len && sentence->mark[0]; i++)
		if (text->data[i] == sentence->mark[0])
			text->data[i] = '\'';
	str_add(text, sentence->mark);
}

static void add_place(const struct sentence *sentence)
{
	if (!sentence->host[0])
		return;
	str_add(sentence->text, " on ");
	add_plain(sentence->text, sentence->host);
}

static void add_span(struct str *text, const char *before, int64_t seconds)
{
	char span[UNITS_TEXT_SIZE];

	if (seconds >= 0 && seconds <= INT64_MAX / 1000)
		str_addf(text, "%s%s", before, units_format_duration(seconds * 1000, span));
}

static void add_message(const struct sentence *sentence, const char *before, const char *behind)
{
	const char *message = eventdata_text(sentence->data, "message");

	if (!message)
		return;
	str_add(sentence->text, before);
	add_plain(sentence->text, message);
	str_add(sentence->text, behind);
}

/* "SIGKILL", however it is written; NULL: it ended by none. */
static const char *signal_of(const struct sentence *sentence, char buf[24])
{
	const char *name = eventdata_text(sentence->data, "signal");

	if (!name)
		return NULL;
	(void)snprintf(buf, 24, "%s%s", strncmp(name, "SIG", 3) == 0 ? "" : "SIG", name);
	utf8_make_line(buf);
	return buf;
}

/* " with exit code 255", " with SIGSEGV", or nothing where nobody saw. */
static void add_exit(const struct sentence *sentence, const char *with)
{
	int64_t code = eventdata_number(sentence->data, "exit_code", -1);
	char name[24];

	if (signal_of(sentence, name))
		str_addf(sentence->text, "%s%s", with, name);
	else if (code >= 0)
		str_addf(sentence->text, "%sexit code %" PRId64, with, code);
}

/* "140.2M of memory, its limit is 128.0M". */
static void add_memory(const struct sentence *sentence)
{
	int64_t used = eventdata_number(sentence->data, "rss_bytes", -1);
	int64_t limit = eventdata_number(sentence->data, "memory_limit_bytes", -1);
	const char *name = sentence->reason == REASON_MEMORY_MAX ? "maximum" : "limit";
	char text[UNITS_TEXT_SIZE];

	if (used >= 0)
		str_addf(sentence->text, "%s of memory", units_format_size(used, text));
	else
		str_add(sentence->text, "too much memory");
	if (limit >= 0)
		str_addf(sentence->text, ", its %s is %s", name, units_format_size(limit, text));
}

static void add_held_back(const struct sentence *sentence)
{
	int64_t count = eventdata_number(sentence->data, "held_back", 0);

	if (count > 0)
		str_addf(sentence->text, " (%" PRId64 " earlier %s held back)", count,
			 count > 1 ? "ones were" : "one was");
}

/* ---- what comes next ---------------------------------------------------------------------- */

/* RFC 3339 in UTC, as base/clock.h writes it. -1: it is none. */
static int64_t read_time(const char *text)
{
	struct tm tm = { .tm_isdst = 0 };
	int ms = 0;
	int end = 0;

	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		   &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &ms, &end) != 7 ||
	    end == 0)
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return (int64_t)timegm(&tm) * 1000 + ms;
}

/* As of the event: a late reader would be told of a start that is long over. */
static void add_next(const struct sentence *sentence, const char *what)
{
	const char *text = eventdata_text(sentence->data, "next_start_at");
	int64_t at_ms = text ? read_time(text) : -1;
	int64_t delay_ms = at_ms - sentence->event->wall_ms;

	if (at_ms < 0)
		return;
	str_addf(sentence->text, ", %s", what);
	if (delay_ms <= 0)
		str_add(sentence->text, " at once");
	else
		add_span(sentence->text, " in ", (delay_ms + 999) / 1000);
}

/* ---- events of workers -------------------------------------------------------------------- */

static const char *const start_causes[REASON_COUNT] = {
	[REASON_EXITED] = " again after it had exited",
	[REASON_CRASHED] = " again after it had crashed",
	[REASON_KILLED] = " again after it had been killed",
	[REASON_OOM] = " again after the kernel had killed it for want of memory",
	[REASON_MEMORY_LIMIT] = " anew: it had grown over its memory limit",
	[REASON_MEMORY_MAX] = " anew: it had grown over its memory maximum",
	[REASON_MAX_AGE] = " anew: it had reached its maximum age",
	[REASON_HUNG] = " anew: it had hung",
	[REASON_CONFIG_CHANGED] = " with its changed configuration",
	[REASON_DEPLOY] = " with what was deployed",
	[REASON_MANUAL] = " by hand",
	[REASON_HOST_REBOOTED] = " after the host's reboot",
};

static void add_started(const struct sentence *sentence)
{
	const char *cause = start_causes[sentence->reason];
	int64_t pid = eventdata_number(sentence->data, "pid", 0);

	str_addf(sentence->text, " started%s", cause ? cause : "");
	if (pid > 0)
		str_addf(sentence->text, " (pid %" PRId64 ")", pid);
	add_message(sentence, ": ", "");
}

/* Those of its own doing say how it ended; the others why it was stopped. */
static const char *const stop_causes[REASON_COUNT] = {
	[REASON_MISSING] = "its process is gone, nobody saw how",
	[REASON_EXITED] = "exited",
	[REASON_CRASHED] = "crashed",
	[REASON_KILLED] = "was killed",
	[REASON_OOM] = "the kernel killed it for want of memory",
	[REASON_MAX_AGE] = "it had reached its maximum age",
	[REASON_HUNG] = "it had hung",
	[REASON_CONFIG_CHANGED] = "its configuration has changed",
	[REASON_DEPLOY] = "something new was deployed",
	[REASON_REMOVED] = "it is not configured any more",
	[REASON_HOST_REBOOTED] = "the host has rebooted",
};

static bool is_own_end(enum reason reason)
{
	return reason == REASON_EXITED || reason == REASON_CRASHED || reason == REASON_KILLED;
}

static int64_t uptime_of(const struct sentence *sentence)
{
	return eventdata_number(sentence->data, "uptime_s", -1);
}

static void add_own_end(const struct sentence *sentence)
{
	int64_t code = eventdata_number(sentence->data, "exit_code", -1);

	str_addf(sentence->text, ": %s", stop_causes[sentence->reason]);
	if (sentence->reason == REASON_EXITED && code >= 0)
		str_addf(sentence->text, " with code %" PRId64, code);
	else
		add_exit(sentence, " with ");
	add_span(sentence->text, " after ", uptime_of(sentence));
}

/* What went otherwise than it should have when we ended it. */
static void add_resistance(const struct sentence *sentence)
{
	char name[24];
	const char *sig = signal_of(sentence, name);

	if (sig && strcmp(sig, "SIGKILL") == 0 && sentence->reason != REASON_OOM &&
	    sentence->reason != REASON_MEMORY_MAX)
		str_add(sentence->text, ", it had to be killed");
	else if (!sig && eventdata_number(sentence->data, "exit_code", 0) > 0)
		add_exit(sentence, ", ");
}

static void add_our_end(const struct sentence *sentence)
{
	const char *cause = stop_causes[sentence->reason];

	if (sentence->reason == REASON_MANUAL)
		str_add(sentence->text, " by hand");
	add_span(sentence->text, " after ", uptime_of(sentence));
	if (sentence->reason == REASON_MEMORY_LIMIT || sentence->reason == REASON_MEMORY_MAX) {
		str_add(sentence->text, ": it used ");
		add_memory(sentence);
	} else if (cause) {
		str_addf(sentence->text, ": %s", cause);
	}
	add_resistance(sentence);
}

static void add_stopped(const struct sentence *sentence)
{
	str_add(sentence->text, " stopped");
	if (is_own_end(sentence->reason))
		add_own_end(sentence);
	else
		add_our_end(sentence);
	add_next(sentence, "starts again");
	add_message(sentence, " (", ")");
}

static void add_bloated(const struct sentence *sentence)
{
	str_add(sentence->text, " is bloated");
	add_span(sentence->text, " after ", uptime_of(sentence));
	str_add(sentence->text, ": it uses ");
	add_memory(sentence);
	add_message(sentence, " (", ")");
}

static void add_hung(const struct sentence *sentence)
{
	str_add(sentence->text, " is hung");
	add_span(sentence->text, " after ", uptime_of(sentence));
	add_message(sentence, ": ", "");
}

static void add_fatal(const struct sentence *sentence)
{
	str_add(sentence->text, " is FATAL: it does not stay up");
	add_exit(sentence, ", last ended with ");
	add_message(sentence, " (", ")");
	add_next(sentence, "next try");
}

static void add_recovered(const struct sentence *sentence)
{
	str_add(sentence->text, " has recovered");
	add_span(sentence->text, ", up for ", uptime_of(sentence));
	add_message(sentence, " (", ")");
}

/* ---- all others --------------------------------------------------------------------------- */

static void add_config(const struct sentence *sentence, const char *what)
{
	const char *subject = sentence->event->subject;
	const char *message = eventdata_text(sentence->data, "message");

	str_add(sentence->text, "configuration");
	add_place(sentence);
	str_addf(sentence->text, " %s: ", what);
	/* A message that names the file itself says it once. */
	if (!message || strncmp(message, subject, strlen(subject)) != 0) {
		add_subject(sentence);
		add_message(sentence, ": ", "");
	} else {
		add_message(sentence, "", "");
	}
}

static void add_broken(const struct sentence *sentence)
{
	add_config(sentence, "is broken");
}

static void add_mended(const struct sentence *sentence)
{
	add_config(sentence, "is in order again");
}

static void add_telling(const struct sentence *sentence, const char *what)
{
	str_add(sentence->text, what);
	add_place(sentence);
	add_message(sentence, ": ", "");
}

static void add_digest(const struct sentence *sentence)
{
	int64_t count = eventdata_number(sentence->data, "count", 0);
	char what[40];

	(void)snprintf(what, sizeof(what), "%" PRId64 " events", count);
	add_telling(sentence, what);
}

static void add_dropped(const struct sentence *sentence)
{
	add_telling(sentence, "events were dropped");
}

static void add_test(const struct sentence *sentence)
{
	add_telling(sentence, "this is a test of cronherd");
}

static void add_rebooted(const struct sentence *sentence)
{
	if (sentence->event->subject[0])
		add_subject(sentence);
	else
		str_add(sentence->text, "the host");
	str_add(sentence->text, " has rebooted");
	add_message(sentence, ": ", "");
}

static void add_unknown(const struct sentence *sentence)
{
	const char *type = sentence->event->type;

	/* Of an altered journal: a message without text is refused. */
	add_plain(sentence->text, type[0] ? type : "event");
	if (sentence->event->subject[0]) {
		str_add(sentence->text, " ");
		add_subject(sentence);
	}
	add_place(sentence);
	add_message(sentence, ": ", "");
}

static struct sentence sentence_of(const struct format_event *event, const json_t *data,
				   const char *host, const char *mark, struct str *text)
{
	const char *name = eventdata_text(data, "reason");
	int reason = name ? reason_from_name(name) : -1;

	return (struct sentence){ .event = event,
				  .data = data,
				  .host = host,
				  .mark = mark,
				  .reason = reason < 0 ? REASON_NONE : (enum reason)reason,
				  .text = text };
}

static bool is_of_worker(int type)
{
	return type >= EVENT_WORKER_STARTED && type <= EVENT_WORKER_RECOVERED;
}

/* Behind subject and place where it is about a worker. */
static void (*const tellers[EVENT_TYPE_COUNT])(const struct sentence *sentence) = {
	[EVENT_WORKER_STARTED] = add_started,  [EVENT_WORKER_STOPPED] = add_stopped,
	[EVENT_WORKER_BLOATED] = add_bloated,  [EVENT_WORKER_HUNG] = add_hung,
	[EVENT_WORKER_FATAL] = add_fatal,      [EVENT_WORKER_RECOVERED] = add_recovered,
	[EVENT_CONFIG_BROKEN] = add_broken,    [EVENT_CONFIG_MENDED] = add_mended,
	[EVENT_HOST_REBOOTED] = add_rebooted,  [EVENT_WEBHOOK_DIGEST] = add_digest,
	[EVENT_WEBHOOK_DROPPED] = add_dropped, [EVENT_WEBHOOK_TEST] = add_test,
};

void sentence_add(const struct format_event *event, const json_t *data, const char *host,
		  const char *mark, struct str *text)
{
	struct sentence sentence = sentence_of(event, data, host, mark, text);
	int type = event_type_from_name(event->type);

	if (is_of_worker(type)) {
		add_subject(&sentence);
		add_place(&sentence);
	}
	if (type >= 0)
		tellers[type](&sentence);
	else
		add_unknown(&sentence);
	add_held_back(&sentence);
}

/* ---- titles ------------------------------------------------------------------------------- */

static const char *const title_ends[EVENT_TYPE_COUNT] = {
	[EVENT_WORKER_STARTED] = "started",
	[EVENT_WORKER_STOPPED] = "stopped",
	[EVENT_WORKER_BLOATED] = "is bloated",
	[EVENT_WORKER_HUNG] = "is hung",
	[EVENT_WORKER_FATAL] = "is FATAL",
	[EVENT_WORKER_RECOVERED] = "has recovered",
	[EVENT_CONFIG_BROKEN] = "configuration broken",
	[EVENT_CONFIG_MENDED] = "configuration mended",
	[EVENT_HOST_REBOOTED] = "rebooted",
	[EVENT_WEBHOOK_DIGEST] = "events",
	[EVENT_WEBHOOK_DROPPED] = "events dropped",
	[EVENT_WEBHOOK_TEST] = "test",
};

void sentence_add_title(const struct format_event *event, const json_t *data, const char *host,
			struct str *text)
{
	struct sentence sentence = sentence_of(event, data, host, "", text);
	int type = event_type_from_name(event->type);
	const char *end = type < 0 ? event->type : title_ends[type];

	if (is_of_worker(type)) {
		add_subject(&sentence);
		add_place(&sentence);
	} else {
		str_add(text, "cronherd");
		add_place(&sentence);
	}
	if (type == EVENT_WORKER_STOPPED && sentence.reason == REASON_CRASHED)
		end = "crashed";
	str_add(text, is_of_worker(type) ? " " : ": ");
	add_plain(text, end);
}
