/* SPDX-License-Identifier: ISC */
/* confprint and confjson: what is printed says the same when it is read again. */
#include "watchdog/config/confprint.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/check_main.h"
#include "tests/unit/tempdir.h"
#include "watchdog/base/mem.h"
#include "watchdog/model/option.h"
#include "watchdog/report/confjson.h"

static char *dir;
static struct config config;
static struct err err;

static void write_file(const char *name, const char *text)
{
	char *path = mem_format("%s/%s", dir, name);
	FILE *file = fopen(path, "we");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
	free(path);
}

static void load(const char *text)
{
	char *path = mem_format("%s/cronherd.conf", dir);

	write_file("cronherd.conf", text);
	ck_assert_msg(config_load(&config, path, &err) == 0, "%s", err.text);
	ck_assert_msg(config.error_count == 0, "%s", config.errors ? config.errors[0].message : "");
	free(path);
}

static void setup(void)
{
	dir = tempdir_make();
}

static void teardown(void)
{
	config_free(&config);
	tempdir_remove(dir);
}

static const char sample[] =
	"defaults { nice = -5 }\n"
	"worker \"mail\" {\n"
	"	command = 'sh -c \"echo ${HOME} \\\\ %n\"'\n"
	"	environment = {\"A=1\", \"B=x\\ny\\t\\\"z\\\"\", 'C=${D} $E'}\n"
	"	startsecs = 1h1500ms stopwaitsecs = 0 max_age = 1d\n"
	"	memory_limit = 1.5G memory_max = 2G log_maxbytes = 1000\n"
	"	umask = 0 log_mode = 0600 stopsignal = 'RTMIN+1' killmode = group\n"
	"	exitcodes = {} limits = {\"nofile=4096\"} autorestart = unexpected\n"
	"	numprocs = 2 numprocs_start = 0\n"
	"}\n"
	"worker \"grün\" { command = \"true\" after = {\"mail\"} nice = none\n"
	"	type = forking pidfile = \"~/%n.pid\" enabled = false }\n"
	"group \"all\" { workers = {\"mail\", \"grün\"} }\n";

static char *print(bool is_all)
{
	struct str text = STR_INIT;

	confprint(&config, is_all, &text);
	return str_take(&text);
}

static bool is_equal(const struct worker_options *a, const struct worker_options *b)
{
	struct str left = STR_INIT;
	struct str right = STR_INIT;
	bool is_same;

	for (const struct option_spec *option = option_table; option->name; option++) {
		if (option_is_number(option)) {
			str_addf(&left, "%lld ", (long long)*option_number(option, a));
			str_addf(&right, "%lld ", (long long)*option_number(option, b));
		} else if (option->kind == OPTION_STRING) {
			str_addf(&left, "<%s> ",
				 *option_string(option, a) ? *option_string(option, a) : "-");
			str_addf(&right, "<%s> ",
				 *option_string(option, b) ? *option_string(option, b) : "-");
		} else if (option->kind == OPTION_LIST) {
			for (size_t i = 0; i < option_list(option, a)->count; i++)
				str_addf(&left, "{%s}", option_list(option, a)->items[i]);
			for (size_t i = 0; i < option_list(option, b)->count; i++)
				str_addf(&right, "{%s}", option_list(option, b)->items[i]);
		}
	}
	is_same = strcmp(str_text(&left), str_text(&right)) == 0;
	str_free(&left);
	str_free(&right);
	return is_same;
}

START_TEST(says_the_same_when_read_again)
{
	struct config before;
	char *text;

	load(sample);
	text = print(_i == 1);
	before = config;
	load(text);
	ck_assert_uint_eq(config.worker_count, before.worker_count);
	for (size_t i = 0; i < config.worker_count; i++) {
		ck_assert_str_eq(config.workers[i].name, before.workers[i].name);
		ck_assert_msg(is_equal(&config.workers[i].options, &before.workers[i].options),
			      "%s", text);
		ck_assert_uint_eq(config.workers[i].definition, before.workers[i].definition);
	}
	ck_assert_uint_eq(config.group_count, 1);
	ck_assert_str_eq(config.groups[0].workers.items[1], "grün");
	config_free(&before);
	free(text);
}
END_TEST

START_TEST(names_of_files_stay_in_their_comments)
{
	char *text;

	tempdir_folder(dir, "conf.d");
	write_file("conf.d/a\nworker evil { command = x }\n.conf", "worker w { command = y }\n");
	load("");
	ck_assert_uint_eq(config.worker_count, 1);
	text = print(false);
	config_free(&config);
	write_file("conf.d/a\nworker evil { command = x }\n.conf", "");
	load(text);
	ck_assert_uint_eq(config.worker_count, 1);
	ck_assert_str_eq(config.workers[0].name, "w");
	free(text);
}
END_TEST

START_TEST(leaves_defaults_out)
{
	char *text;

	load("worker \"a\" { command = \"true\" startsecs = 1s numprocs = 1 }\n");
	text = print(false);
	ck_assert_ptr_nonnull(strstr(text, "worker \"a\" {\n\tcommand = \"true\"\n}\n"));
	free(text);
	text = print(true);
	ck_assert_ptr_nonnull(strstr(text, "\tstartsecs = 1s\n"));
	ck_assert_ptr_nonnull(strstr(text, "\tmemory_limit = none\n"));
	free(text);
}
END_TEST

/* ---- JSON --------------------------------------------------------------------------------- */

static json_t *parse(const struct confjson_input *input)
{
	struct str text = STR_INIT;
	json_error_t error;
	json_t *json;

	confjson(input, &text);
	json = json_loads(str_text(&text), JSON_REJECT_DUPLICATES, &error);
	ck_assert_msg(json != NULL, "%d: %s", error.line, error.text);
	str_free(&text);
	return json;
}

static const struct {
	const char *option;
	const char *value; /* as JSON */
} values[] = {
	{ "command", "\"sh -c \\\"echo ${HOME} \\\\ %n\\\"\"" },
	{ "shell", "false" },
	{ "type", "\"simple\"" },
	{ "numprocs", "2" },
	{ "numprocs_start", "0" },
	{ "umask", "\"000\"" },
	{ "log_mode", "\"0600\"" },
	{ "user", "null" },
	{ "exitcodes", "[]" },
	{ "limits", "[\"nofile=4096\"]" },
	{ "startsecs", "3601.5" },
	{ "stopwaitsecs", "0" },
	{ "max_age", "86400" },
	{ "memory_limit", "1610612736" },
	{ "nice", "-5" },
	{ "oom_score_adjust", "null" },
	{ "stopsignal", "\"RTMIN+1\"" },
	{ "killmode", "\"group\"" },
};

START_TEST(prints_values_by_kind)
{
	struct confjson_input input = { .config = &config };
	json_t *json, *worker;
	char *value;

	load(sample);
	json = parse(&input);
	worker = json_array_get(json_object_get(json, "workers"), 0);
	value = json_dumps(json_object_get(json_object_get(worker, "options"), values[_i].option),
			   JSON_ENCODE_ANY);
	ck_assert_str_eq(value, values[_i].value);
	ck_assert_int_eq(json_integer_value(json_object_get(worker, "line")), 2);
	free(value);
	json_decref(json);
}
END_TEST

START_TEST(prints_instances)
{
	char group[] = "staff";
	struct confjson_instance view = { .group = group };
	struct confjson_input input = { .config = &config, .instances = &view, .count = 1 };
	json_t *json, *first;

	load("worker \"a\" { command = \"echo %i\" environment = {\"A=1\", \"A=2\", \"B=\"}\n"
	     "	stderr_logfile = none }\n");
	view.instance = (struct instance){ .name = config.workers[0].name,
					   .number = 1,
					   .worker = &config.workers[0] };
	ck_assert_int_eq(expand_instance(&config, &view.instance, &view.expanded, &err), 0);
	json = parse(&input);
	first = json_array_get(json_object_get(json, "instances"), 0);
	ck_assert_int_eq(json_unpack(first, "{s:s, s:[s, s!], s:{s:s, s:s!}, s:s, s:n, s:s}", "id",
				     &(const char *){ NULL }, "argv", &(const char *){ NULL },
				     &(const char *){ NULL }, "environment", "A",
				     &(const char *){ NULL }, "B", &(const char *){ NULL }, "umask",
				     &(const char *){ NULL }, "stderr_logfile", "group",
				     &(const char *){ NULL }),
			 0);
	ck_assert_str_eq(json_string_value(json_object_get(first, "id")), "a:1");
	ck_assert_str_eq(json_string_value(json_object_get(first, "umask")), "022");
	ck_assert_str_eq(
		json_string_value(json_object_get(json_object_get(first, "environment"), "A")),
		"2");
	expanded_free(&view.expanded);
	json_decref(json);
}
END_TEST

/* ---- webhooks and pings ------------------------------------------------------------------- */

#define KEY "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

static const char telling[] =
	"metrics_file = '%d/x.prom'\nhistory = 1d12h\n"
	"worker \"a\" { command = \"true\" }\n"
	"webhook \"b\" { url = 'https://h:8/SECRET' secret = '" KEY "' format = template\n"
	"	template = 'SECRET {{id}}' headers = {'X-A: SECRET', 'X-B: SECRET'}\n"
	"	proxy = 'http://u:SECRET@p:1' events = {'worker.*'} workers = a timeout = 2s }\n"
	"ping \"c\" { url = 'https://i/SECRET' when = worker 'a' headers = 'X-C: SECRET' }\n";

static void load_telling(void)
{
	char *path = mem_format("%s/cronherd.conf", dir);

	write_file("cronherd.conf", telling);
	ck_assert_int_eq(chmod(path, 0600), 0);
	ck_assert_msg(config_load(&config, path, &err) == 0, "%s", err.text);
	ck_assert_msg(config.error_count == 0, "%s", config.errors ? config.errors[0].message : "");
	free(path);
}

START_TEST(prints_no_secret)
{
	load_telling();
	ck_assert_ptr_nonnull(strstr(config.webhooks[0].options.url, "SECRET"));
	char *text = print(_i == 1);
	ck_assert_msg(!strstr(text, "SECRET") && !strstr(text, "MfKQ"), "%s", text);
	static const char *const parts[] = {
		"webhook \"b\" {\n",
		"\turl = \"https://h:8/\xE2\x80\xA6\"\n",
		"\tsecret = {\"\xE2\x80\xA6\"}\n",
		"\ttemplate = \"\xE2\x80\xA6\"\n",
		"\theaders = {\"X-A: \xE2\x80\xA6\", \"X-B: \xE2\x80\xA6\"}\n",
		"\tproxy = \"http://\xE2\x80\xA6@p:1\"\n",
		"\tevents = {\"worker.*\"}\n",
		"\ttimeout = 2s\n",
		"ping \"c\" {\n",
		"\twhen = \"worker a\"\n",
		"/x.prom\"\n# history = 1d12h\n",
	};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		ck_assert_msg(strstr(text, parts[i]) != NULL, "not %s:\n%s", parts[i], text);
	ck_assert_int_eq(strstr(text, "\tmax_age = 3d\n") != NULL, _i == 1);
	free(text);
}
END_TEST

/* Read again, what was left out is refused, and the workers are the same. */
START_TEST(is_never_taken_for_the_whole)
{
	load_telling();
	char *text = print(false);
	char *path = mem_format("%s/cronherd.conf", dir);
	config_free(&config);
	write_file("cronherd.conf", text);
	ck_assert_msg(config_load(&config, path, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(config.worker_count, 1);
	ck_assert_uint_eq(config.webhook_count, 0);
	ck_assert_uint_eq(config.ping_count, 0);
	ck_assert_ptr_nonnull(strstr(config.errors[0].message, "'url' was cut by what printed it"));
	free(path);
	free(text);
}
END_TEST

START_TEST(prints_no_secret_as_json)
{
	struct confjson_input input = { .config = &config };
	json_t *json;
	char *value;

	load_telling();
	json = parse(&input);
	value = json_dumps(json, JSON_SORT_KEYS);
	ck_assert_msg(!strstr(value, "SECRET") && !strstr(value, "MfKQ"), "%s", value);
	free(value);

	json_t *webhook = json_array_get(json_object_get(json, "webhooks"), 0);
	ck_assert_str_eq(json_string_value(json_object_get(webhook, "name")), "b");
	ck_assert_int_eq(json_integer_value(json_object_get(webhook, "line")), 4);
	json_t *options = json_object_get(webhook, "options");
	ck_assert_str_eq(json_string_value(json_object_get(options, "url")),
			 "https://h:8/\xE2\x80\xA6");
	ck_assert_str_eq(json_string_value(json_object_get(options, "format")), "template");
	ck_assert_int_eq(json_integer_value(json_object_get(options, "timeout")), 2);
	ck_assert(json_is_null(json_object_get(options, "ca_file")));
	ck_assert_str_eq(
		json_string_value(json_array_get(json_object_get(options, "headers"), 0)),
		"X-A: \xE2\x80\xA6");
	json_t *ping = json_array_get(json_object_get(json, "pings"), 0);
	ck_assert_str_eq(json_string_value(json_object_get(json_object_get(ping, "options"), "when")),
			 "worker a");
	ck_assert_int_eq(json_integer_value(json_object_get(json, "history")), 129600);
	ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(json, "metrics_file")),
				     "/x.prom"));
	json_decref(json);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("confprint");
	TCase *tcase = tcase_create("confprint");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, says_the_same_when_read_again, 0, 2);
	tcase_add_test(tcase, names_of_files_stay_in_their_comments);
	tcase_add_test(tcase, leaves_defaults_out);
	tcase_add_loop_test(tcase, prints_values_by_kind, 0,
			    (int)(sizeof(values) / sizeof(values[0])));
	tcase_add_test(tcase, prints_instances);
	tcase_add_loop_test(tcase, prints_no_secret, 0, 2);
	tcase_add_test(tcase, is_never_taken_for_the_whole);
	tcase_add_test(tcase, prints_no_secret_as_json);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
