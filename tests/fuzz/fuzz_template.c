/* SPDX-License-Identifier: ISC */
/* A template and the value that is put in everywhere: what the filters promise of their output
 * holds. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "watchdog/base/utf8.h"
#include "watchdog/model/template.h"

static const char *look_up(enum template_name name, void *context)
{
	FUZZ_CHECK(name < TEMPLATE_NAME_COUNT);
	return name == TEMPLATE_WORKER ? NULL : context;
}

static char *expand(const char *template, char *value)
{
	struct str out = STR_INIT;

	template_expand(template, look_up, value, &out);
	return str_take(&out);
}

static void check_filters(char *value)
{
	struct str repaired = STR_INIT;
	char *json = expand("[\"{{message}}\"]", value);
	char *raw = expand("{{ message | raw }}", value);
	char *url = expand("{{message|url}}", value);
	char *text = expand("{{message|text}}", value);
	json_t *parsed = json_loads(json, 0, NULL);

	utf8_repair(value, strlen(value), &repaired);
	FUZZ_CHECK(json_array_size(parsed) == 1);
	FUZZ_CHECK(strcmp(json_string_value(json_array_get(parsed, 0)), str_text(&repaired)) == 0);
	FUZZ_CHECK(strcmp(raw, str_text(&repaired)) == 0);
	FUZZ_CHECK(url[strspn(url, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				   "0123456789-._~%")] == '\0');
	FUZZ_CHECK(utf8_is_value(text));
	json_decref(parsed);
	str_free(&repaired);
	free(json);
	free(raw);
	free(url);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { .at = data, .end = data + size };
	char *template = fuzz_piece(&input);
	char *value = fuzz_piece(&input);
	char buf[300];
	const char *why = template_check(template, buf, sizeof(buf));
	char *out = expand(template, value);

	/* Configuration takes no other. */
	if (fuzz_is_utf8(template, strlen(template))) {
		FUZZ_CHECK(fuzz_is_utf8(out, strlen(out)));
		FUZZ_CHECK(!why || (why[0] && strlen(why) < sizeof(buf)));
	}
	/* The shortest sequence is {{id}}; no byte becomes more than six. */
	FUZZ_CHECK(strlen(out) <= strlen(template) * (1 + strlen(value)));
	if (!strstr(template, "{{"))
		FUZZ_CHECK(!why && strcmp(out, template) == 0);
	check_filters(value);
	free(out);
	free(value);
	free(template);
	return 0;
}
