/* SPDX-License-Identifier: ISC */
/* filter: which events a webhook asks for, by type and by worker. */
#include "tests/unit/check_main.h"
#include "tests/unit/tempdir.h"
#include "watchdog/courier/filter.h"

static char *temp;
static struct config config;

static void set_up(void)
{
	struct err err = ERR_INIT;
	char *main_file;

	temp = tempdir_make();
	main_file = mem_format("%s/cronherd.conf", temp);
	tempdir_folder(temp, "conf.d");
	tempdir_file(temp, "cronherd.conf", "state_dir = \"state\"\n");
	tempdir_file(temp, "conf.d/a.conf",
		     "worker \"mail\" { command = \"true\" numprocs = 2 }\n"
		     "worker \"web\" { command = \"true\" }\n"
		     "group \"shop\" { workers = {\"web\"} }\n");
	ck_assert_msg(config_load(&config, main_file, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(config.error_count, 0);
	free(main_file);
}

static void tear_down(void)
{
	config_free(&config);
	tempdir_remove(temp);
}

static const struct row {
	const char *events, *workers; /* separated by blanks */
	const char *type, *subject;
	bool is_asked_for;
} rows[] = {
	{ "", "", "worker.started", "mail:1", true },
	{ "", "", "config.broken", "/etc/x.conf", true },
	{ "worker.started", "", "worker.started", "mail:1", true },
	{ "worker.started", "", "worker.stopped", "mail:1", false },
	{ "cronherd.worker.started", "", "worker.started", "mail:1", true },
	{ "worker.*", "", "worker.fatal", "mail:1", true },
	{ "cronherd.worker.*", "", "worker.fatal", "mail:1", true },
	{ "*", "", "host.rebooted", "box", true },
	{ "*.started", "", "worker.started", "mail:1", true },
	{ "config.*", "", "worker.started", "mail:1", false },
	{ "config.* worker.s*", "", "worker.stopped", "mail:1", true },
	{ "", "mail", "worker.started", "mail:1", true },
	{ "", "mail", "worker.started", "mail:77", true },
	{ "", "mail", "worker.started", "mails:1", false },
	{ "", "mail:1", "worker.started", "mail:1", true },
	{ "", "mail:1", "worker.started", "mail:11", false },
	{ "", "@shop", "worker.started", "web:1", true },
	{ "", "@shop", "worker.started", "mail:1", false },
	{ "", "@none", "worker.started", "web:1", false },
	{ "", "m*", "worker.started", "mail:1", true },
	{ "", "*:1", "worker.started", "mail:1", true },
	{ "", "*:1", "worker.started", "mail:2", false },
	{ "", "web @shop mail:2", "worker.started", "mail:2", true },
	{ "", "gone", "worker.stopped", "gone:3", true },
	/* About no worker: only for who names none. */
	{ "", "*", "config.broken", "/etc/x.conf", false },
	{ "", "mail", "host.rebooted", "mail:1", false },
	{ "", "*", "host.rebooted", "mail:1", false },
	{ "", "*", "worker.started", "no id", false },
	{ "", "*", "worker.started", "", false },
	{ "config.*", "", "config.mended", "", true },
	{ "worker.started", "mail", "worker.stopped", "mail:1", false },
};

static void split(const char *text, struct strlist *list)
{
	for (size_t len; *text; text += len + (text[len] == ' ')) {
		char *word;

		len = strcspn(text, " ");
		word = mem_dup_n(text, len);
		strlist_take(list, word);
	}
}

START_TEST(asks_for)
{
	const struct row *row = &rows[_i];
	struct webhook_options options = { .url = NULL };

	split(row->events, &options.events);
	split(row->workers, &options.workers);
	ck_assert_int_eq(filter_matches(&options, &config, row->type, row->subject),
			 row->is_asked_for);
	strlist_free(&options.events);
	strlist_free(&options.workers);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("filter");
	TCase *tests = tcase_create("all");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, asks_for, 0, sizeof(rows) / sizeof(rows[0]));
	suite_add_tcase(suite, tests);
	return suite;
}

CHECK_MAIN(make_suite())
