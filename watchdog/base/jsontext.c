/* SPDX-License-Identifier: ISC */
#include "watchdog/base/jsontext.h"

#include <stdlib.h>
#include <string.h>

#include "watchdog/base/clock.h"
#include "watchdog/base/mem.h"
#include "watchdog/base/utf8.h"

void jsontext_begin(void)
{
	json_set_alloc_funcs(mem_alloc, free);
}

json_t *jsontext_string(const char *text)
{
	json_t *json = text ? json_string(text) : json_null();
	struct str repaired = STR_INIT;

	if (json || !text)
		return json;
	utf8_repair(text, strlen(text), &repaired);
	json = json_string(str_text(&repaired));
	str_free(&repaired);
	return json;
}

json_t *jsontext_number(int64_t number, bool is_known)
{
	return is_known ? json_integer(number) : json_null();
}

json_t *jsontext_time(int64_t wall_ms)
{
	char text[CLOCK_RFC3339_SIZE];

	return wall_ms ? json_string(clock_rfc3339(wall_ms, text)) : json_null();
}

json_t *jsontext_list(const struct strlist *list)
{
	json_t *json = json_array();

	for (size_t i = 0; i < list->count; i++)
		(void)json_array_append_new(json, jsontext_string(list->items[i]));
	return json;
}

void jsontext_finish(json_t *json, struct str *text)
{
	char *dump = json_dumps(json, JSON_INDENT(2));

	if (dump)
		str_add(text, dump);
	str_add(text, "\n");
	free(dump);
	json_decref(json);
}

void jsontext_begin_items(json_t *object, const char *key, struct str *text)
{
	static const char tail[] = "]\n}\n";

	(void)json_object_set_new(object, key, json_array());
	jsontext_finish(object, text);
	if (text->len >= sizeof(tail) - 1)
		text->len -= sizeof(tail) - 1; /* up to the "[" */
}

void jsontext_item(json_t *json, struct str *text)
{
	static const char margin[] = "\n    ";
	bool is_first = text->data[text->len - 1] == '[';
	char *dump = json_dumps(json, JSON_INDENT(2));
	const char *line = dump ? dump : "null";

	str_add(text, is_first ? "" : ",");
	/* A line break within a text is escaped: each that is here begins a line. */
	while (line) {
		size_t len = strcspn(line, "\n");

		str_add(text, margin);
		str_add_n(text, line, len);
		line = line[len] ? line + len + 1 : NULL;
	}
	free(dump);
	json_decref(json);
}

void jsontext_end_items(struct str *text)
{
	bool is_empty = text->data[text->len - 1] == '[';

	str_add(text, is_empty ? "]\n}\n" : "\n  ]\n}\n");
}
