/* SPDX-License-Identifier: ISC */
/* template: what is accepted, what is refused and where, what the filters make of hostile values.
 */
#include "watchdog/model/template.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/check_main.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

static const char *const right[] = {
	"",
	"no tag at all",
	"{{id}}",
	"{{ id }}",
	"{{\n\tsentence | text }}",
	"{\"a\": {\"b\": \"{{worker}}\"}}",
	"{\"a\": {\"b\": {{pid|raw}}}}",
	"} } {  }} {",
	"{{id}}{{type|raw}}{{source|url}}{{time|json}}",
};

START_TEST(accepts)
{
	char buf[200];

	ck_assert_pstr_eq(template_check(right[_i], buf, sizeof(buf)), NULL);
}
END_TEST

/* Every name is found, by itself and with every filter. */
START_TEST(knows_every_name)
{
	char text[100];
	char buf[200];

	ck_assert_ptr_nonnull(template_name_text((enum template_name)_i));
	(void)snprintf(text, sizeof(text), "{{%s}}", template_name_text((enum template_name)_i));
	ck_assert_pstr_eq(template_check(text, buf, sizeof(buf)), NULL);
}
END_TEST

static const struct {
	const char *text;
	const char *why; /* a part of it */
} wrong[] = {
	{ "{{", "a '{{' at line 1, column 1 of its text that no '}}' closes" },
	{ "a\n\xC3\xA4{{id}", "at line 2, column 2 " },
	{ "{{id}} and {{worker", "column 12 " },
	{ "{{}}", "unknown name ''" },
	{ "{{ }}", "known are id type source subject" },
	{ "{{wroker}}",
	  "unknown name 'wroker' at line 1, column 1 of its text (did you mean worker?)" },
	{ "{{ID}}", "unknown name 'ID'" },
	{ "{{id|}}", "unknown filter ''" },
	{ "{{id|jsn}}",
	  "unknown filter 'jsn' at line 1, column 1 of its text (did you mean json?)" },
	{ "{{id|xyzzy}}", "known are json raw url text)" },
	{ "{{id|raw|raw}}", "unknown filter 'raw|raw'" },
	{ "{{{id}}}", "unknown name '{id'" },
	{ "{{xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx}}",
	  "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'" },
};

START_TEST(refuses)
{
	char buf[600];
	const char *why = template_check(wrong[_i].text, buf, sizeof(buf));

	ck_assert_msg(why && strstr(why, wrong[_i].why), "%s: %s", wrong[_i].text, why);
}
END_TEST

/* A message that has no room is cut, no more. */
START_TEST(refuses_into_little_room)
{
	char buf[8];

	ck_assert_str_eq(template_check("{{nothing like it}}", buf, sizeof(buf)), "has an ");
}
END_TEST

static const char *give(enum template_name name, void *context)
{
	if (name == TEMPLATE_PID)
		return NULL;
	if (name == TEMPLATE_ID)
		return "0123";
	return context;
}

static const struct {
	const char *text;
	const char *value;
	const char *filled;
} fills[] = {
	{ "", "x", "" },
	{ "plain { }} text", "x", "plain { }} text" },
	{ "{{worker}}", "mail", "mail" },
	{ "<{{ worker }}>", "mail", "<mail>" },
	{ "{{id}}-{{pid}}-{{worker}}", "w", "0123--w" },
	{ "{{id}}{{id}}", "w", "01230123" },
	{ "{\"a\":{\"b\":\"{{worker}}\"}}", "a\"b\\c", "{\"a\":{\"b\":\"a\\\"b\\\\c\"}}" },
	{ "{{worker|json}}", "\b\f\n\r\t\x01\x1F\x7F", "\\b\\f\\n\\r\\t\\u0001\\u001f\x7F" },
	{ "{{worker|raw}}", "\"\\\n\x01", "\"\\\n\x01" },
	{ "{{worker|url}}", "a b/c?d=e&f~-._", "a%20b%2Fc%3Fd%3De%26f~-._" },
	{ "{{worker|url}}", "\xC3\xA4\n", "%C3%A4%0A" },
	{ "{{worker|text}}", "a\n\tb\x1B[31m\r\x7F\"", "a\n\tb?[31m??\"" },
	{ "{{worker}}", "a\xFF\xC3(b", "a\xEF\xBF\xBD\xEF\xBF\xBD(b" },
	{ "{{worker|raw}}", "\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD" },
	{ "{{worker|url}}", "\xFF", "%EF%BF%BD" },
	{ "{{worker|text}}", "\xFF", "\xEF\xBF\xBD" },
	/* What comes out of a value is no template. */
	{ "{{worker|raw}}", "{{id}}", "{{id}}" },
	/* Not let pass by template_check. */
	{ "a{{nothing}}b{{id|xyzzy}}c{{id", "w", "a{{nothing}}b{{id|xyzzy}}c{{id" },
};

START_TEST(fills_in)
{
	struct str out = STR_INIT;
	char value[100];

	(void)snprintf(value, sizeof(value), "%s", fills[_i].value);
	str_add(&out, ">");
	template_expand(fills[_i].text, give, value, &out);
	ck_assert_str_eq(str_text(&out) + 1, fills[_i].filled);
	str_free(&out);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("template");
	TCase *tcase = tcase_create("template");

	tcase_add_loop_test(tcase, accepts, 0, COUNT(right));
	tcase_add_loop_test(tcase, knows_every_name, 0, TEMPLATE_NAME_COUNT);
	tcase_add_loop_test(tcase, refuses, 0, COUNT(wrong));
	tcase_add_test(tcase, refuses_into_little_room);
	tcase_add_loop_test(tcase, fills_in, 0, COUNT(fills));
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
