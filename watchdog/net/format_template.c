/* SPDX-License-Identifier: ISC */
#include "watchdog/net/format_template.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "watchdog/base/clock.h"
#include "watchdog/base/mem.h"
#include "watchdog/model/template.h"
#include "watchdog/net/eventdata.h"
#include "watchdog/net/sentence.h"

struct filling {
	const struct format_event *event;
	const json_t *data;
	struct str host;
	struct str user;
	struct str sentence;
	struct str value; /* of the last look-up, where it had to be made */
};

static const char *made(struct filling *filling, const char *prefix, const char *text)
{
	str_free(&filling->value);
	str_addf(&filling->value, "%s%s", prefix, text);
	return str_text(&filling->value);
}

/* Texts as they are, numbers as JSON has them. */
static const char *member(struct filling *filling, enum template_name name)
{
	const json_t *value = json_object_get(filling->data, template_name_text(name));

	if (!json_is_integer(value))
		return json_string_value(value);
	str_free(&filling->value);
	str_addf(&filling->value, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	return str_text(&filling->value);
}

static const char *look_up(enum template_name name, void *context)
{
	struct filling *filling = context;
	const struct format_event *event = filling->event;
	char time[CLOCK_RFC3339_SIZE];

	switch (name) {
	case TEMPLATE_ID:
		return event->id;
	case TEMPLATE_TYPE:
		return made(filling, "cronherd.", event->type);
	case TEMPLATE_SOURCE:
		return event->source;
	case TEMPLATE_SUBJECT:
		return event->subject;
	case TEMPLATE_HOST:
		return str_text(&filling->host);
	case TEMPLATE_USER:
		return str_text(&filling->user);
	case TEMPLATE_TIME:
		return made(filling, "", clock_rfc3339(event->wall_ms, time));
	case TEMPLATE_SENTENCE:
		return str_text(&filling->sentence);
	case TEMPLATE_WORKER:
	case TEMPLATE_INSTANCE:
	case TEMPLATE_PID:
	case TEMPLATE_COMMAND:
	case TEMPLATE_REASON:
	case TEMPLATE_EXIT_CODE:
	case TEMPLATE_SIGNAL:
	case TEMPLATE_UPTIME_S:
	case TEMPLATE_RSS_BYTES:
	case TEMPLATE_MEMORY_LIMIT_BYTES:
	case TEMPLATE_RESTARTS:
	case TEMPLATE_NEXT_START_AT:
	case TEMPLATE_LOG_TAIL:
	case TEMPLATE_MESSAGE:
		break;
	}
	return member(filling, name);
}

static void fill(const char *text, struct filling *filling, struct str *body)
{
	str_free(body);
	str_free(&filling->sentence);
	sentence_add(filling->event, filling->data, str_text(&filling->host), "",
		     &filling->sentence);
	template_expand(text, look_up, filling, body);
}

int format_template(const struct webhook_options *webhook, const struct format_event *event,
		    json_t *data, struct format_message *message, struct err *err)
{
	const char *type = webhook->content_type ? webhook->content_type : "application/json";
	struct filling filling = { .event = event, .data = data };
	struct str *body = &message->body;

	eventdata_origin(event->source, &filling.host, &filling.user);
	fill(webhook->template_text, &filling, body);
	while (body->len > FORMAT_BODY_MAX && eventdata_shrink(data, body->len - FORMAT_BODY_MAX))
		fill(webhook->template_text, &filling, body);
	strlist_take(&message->headers, mem_format("Content-Type: %s", type));
	str_free(&filling.host);
	str_free(&filling.user);
	str_free(&filling.sentence);
	str_free(&filling.value);
	if (body->len > FORMAT_BODY_MAX)
		return err_set(err, ERR_CONFIG, 0,
			       "its template gives a body of more than %d bytes", FORMAT_BODY_MAX);
	return 0;
}
