/* SPDX-License-Identifier: ISC */
#include "watchdog/report/jsontext.h"

#include <stdlib.h>
#include <string.h>

#include "watchdog/base/clock.h"
#include "watchdog/base/mem.h"
#include "watchdog/config/conftext.h"

json_t *jsontext_string(const char *text)
{
	json_t *json = text ? json_string(text) : json_null();
	char *copy;

	if (json)
		return json;
	copy = mem_dup(text);
	for (size_t at = 0, left = strlen(copy), len; left > 0; at += len, left -= len) {
		len = conftext_utf8_len(copy + at, left);
		if (len == 0) {
			copy[at] = '?';
			len = 1;
		}
	}
	json = json_string(copy);
	free(copy);
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
