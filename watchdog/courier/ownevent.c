/* SPDX-License-Identifier: ISC */
#include "watchdog/courier/ownevent.h"

#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

#include "watchdog/base/clock.h"
#include "watchdog/base/mem.h"
#include "watchdog/config/account.h"
#include "watchdog/report/eventjson.h"
#include "watchdog/store/spool.h"

#define HOST_SIZE 256

static const char *host_name(char host[HOST_SIZE])
{
	if (gethostname(host, HOST_SIZE - 1))
		(void)snprintf(host, HOST_SIZE, "localhost");
	host[HOST_SIZE - 1] = '\0';
	return host;
}

static void add_source(struct str *source)
{
	struct account account;
	char host[HOST_SIZE];
	char number[24];

	(void)snprintf(number, sizeof(number), "%u", (unsigned)geteuid());
	if (account_find(NULL, &account)) {
		eventjson_source(host_name(host), number, source);
		return;
	}
	eventjson_source(host_name(host), account.name, source);
	account_free(&account);
}

/* A line of the spool. SUBJECT: the host's name. */
static void make_line(enum event_type type, const char *sentence, struct str *line)
{
	struct event event = EVENT_INIT;
	struct str source = STR_INIT;
	char host[HOST_SIZE];
	uint64_t facts[2];

	event.type = type;
	event.subject = host_name(host);
	event.wall_ms = clock_read().wall_ms;
	event.message = sentence;
	facts[0] = (uint64_t)event.wall_ms;
	facts[1] = (uint64_t)getpid();
	event_id(event.id, type, event.subject, facts, sizeof(facts) / sizeof(facts[0]));
	add_source(&source);
	eventjson_event(&event, str_text(&source), line);
	str_free(&source);
}

int ownevent_spool(int state_fd, enum event_type type, const char *sentence)
{
	struct spool spool = SPOOL_INIT;
	struct str line = STR_INIT;
	int status;

	make_line(type, sentence, &line);
	status = spool_add(&spool, state_fd, str_text(&line), line.len);
	spool_close(&spool);
	str_free(&line);
	return status;
}

static char *text_of(const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	return mem_dup(text ? text : "");
}

void ownevent_make(enum event_type type, const char *sentence, struct journal_delivery *delivery)
{
	struct str line = STR_INIT;
	json_t *json;

	make_line(type, sentence, &line);
	json = json_loads(str_text(&line), 0, NULL);
	*delivery = (struct journal_delivery){
		.event = { .id = text_of(json, "id"),
			   .type = text_of(json, "type"),
			   .source = text_of(json, "source"),
			   .subject = text_of(json, "subject"),
			   .wall_ms = json_integer_value(json_object_get(json, "at_ms")),
			   .round = mem_dup(""),
			   .data = json_dumps(json_object_get(json, "data"), JSON_COMPACT) },
		.webhook = mem_dup(""),
		.last = mem_dup(""),
	};
	json_decref(json);
	str_free(&line);
}
