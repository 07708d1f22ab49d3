/* SPDX-License-Identifier: ISC */
/* intake: what rounds have spooled, once, with what each webhook is owed of it; and nothing lost of
 * what cannot be stored. */
#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>

#include "tests/unit/check_main.h"
#include "tests/unit/journal_fixture.h"
#include "watchdog/base/hash.h"
#include "watchdog/courier/intake.h"
#include "watchdog/model/event.h"
#include "watchdog/report/eventjson.h"
#include "watchdog/store/spool.h"

static struct journal *journal;
static struct config config;
static int state_fd;
static size_t passed_over;

#define ALL_URL	 "https://a.example/x"
#define MAIL_URL "https://b.example/x"

static void configure(const char *broken)
{
	char *main_file = mem_format("%s/cronherd.conf", temp);

	config_free(&config);
	tempdir_file(temp, "cronherd.conf", "conf_dir = \"conf.d\"\n");
	tempdir_file(temp, "conf.d/a.conf",
		     "worker \"mail\" { command = \"true\" }\n"
		     "webhook \"all\" { url = \"" ALL_URL "\" }\n"
		     "webhook \"mail\" { url = \"" MAIL_URL "\" workers = {\"mail\"}\n"
		     " events = {\"worker.*\"} }\n");
	tempdir_file(temp, "conf.d/b.conf", broken);
	ck_well(config_load(&config, main_file, &err));
	free(main_file);
}

static void set_up(void)
{
	make_temp();
	tempdir_folder(temp, "conf.d");
	config = (struct config){ .main_file = NULL };
	configure("");
	ck_assert_uint_eq(config.error_count, 0);
	passed_over = 0;
	state_fd = open(temp, O_RDONLY | O_DIRECTORY);
	ck_assert_int_ge(state_fd, 0);
	journal = open_journal(JOURNAL_WRITE);
}

static void tear_down(void)
{
	journal_close(journal);
	config_free(&config);
	close(state_fd);
	remove_temp();
}

/* One line into SPOOL, as a round does it. Equal N, equal event. */
static void tell(struct spool *spool, enum event_type type, const char *subject, uint64_t n)
{
	struct event event = EVENT_INIT;
	struct str line = STR_INIT;

	event.type = type;
	event.subject = subject;
	event.wall_ms = NOW_MS + (int64_t)n;
	event.message = "Gr\xc3\xbc\xc3\x9f\x65 \xff\n";
	event_id(event.id, type, subject, &n, 1);
	eventjson_event(&event, "/cronherd/host/user", &line);
	ck_assert_int_eq(spool_add(spool, state_fd, line.data, line.len), 0);
	str_free(&line);
}

static void tell_text(struct spool *spool, const char *line)
{
	ck_assert_int_eq(spool_add(spool, state_fd, line, strlen(line)), 0);
}

static int take(void)
{
	return ck_well(intake(journal, &config, state_fd, &passed_over, &err));
}

static int count_files(void)
{
	char *path = mem_format("%s/" SPOOL_DIR, temp);
	DIR *stream = opendir(path);
	int count = 0;

	ck_assert_ptr_nonnull(stream);
	for (struct dirent *entry; (entry = readdir(stream));)
		count += entry->d_name[0] != '.';
	closedir(stream);
	free(path);
	return count;
}

START_TEST(nothing_is_taken)
{
	ck_assert_int_eq(take(), 0);
}
END_TEST

START_TEST(what_was_told_is_owed)
{
	struct spool spool = SPOOL_INIT;
	struct journal_delivery deliveries[4];

	tell(&spool, EVENT_WORKER_STARTED, "mail:1", 1);
	tell(&spool, EVENT_WORKER_STARTED, "web:1", 1);
	tell(&spool, EVENT_CONFIG_BROKEN, "/etc/\x1b[1m\n.conf", 1);
	spool_close(&spool);
	ck_assert_int_eq(take(), 3);
	ck_assert_uint_eq(passed_over, 0);
	ck_assert_int_eq(count_files(), 0);
	ck_assert_int_eq(tally_of(journal, "all").owed, 3);
	ck_assert_int_eq(ck_well(journal_queue(journal, "mail", deliveries, 4, &err)), 1);
	ck_assert_str_eq(deliveries[0].event.subject, "mail:1");
	ck_assert_str_eq(deliveries[0].event.type, "worker.started");
	ck_assert_str_eq(deliveries[0].event.source, "/cronherd/host/user");
	ck_assert_str_eq(deliveries[0].event.round, spool.name);
	ck_assert_int_eq(deliveries[0].event.wall_ms, NOW_MS + 1);
	ck_assert_ptr_nonnull(strstr(deliveries[0].event.data, "\"worker\":null"));
	ck_assert_ptr_nonnull(
		strstr(deliveries[0].event.data, "Gr\xc3\xbc\xc3\x9f\x65 \xef\xbf\xbd\\n"));
	journal_delivery_free(&deliveries[0]);
	/* A name that would break a line does not. */
	ck_assert_int_eq(ck_well(journal_queue(journal, "all", deliveries, 4, &err)), 3);
	ck_assert_str_eq(deliveries[2].event.subject, "/etc/?[1m?.conf");
	for (int i = 0; i < 3; i++)
		journal_delivery_free(&deliveries[i]);
}
END_TEST

START_TEST(twice_is_once)
{
	struct spool first = SPOOL_INIT, second = SPOOL_INIT;

	tell(&first, EVENT_WORKER_STARTED, "mail:1", 1);
	/* Its writer lives: the file stays, and is read again. */
	ck_assert_int_eq(take(), 1);
	ck_assert_int_eq(count_files(), 1);
	ck_assert_int_eq(take(), 0);
	/* Who was killed, and whose successor tells the same. */
	tell(&second, EVENT_WORKER_STARTED, "mail:1", 1);
	tell(&second, EVENT_WORKER_STARTED, "mail:1", 2);
	spool_close(&second);
	ck_assert_int_eq(take(), 1);
	tell(&first, EVENT_WORKER_STARTED, "mail:1", 3);
	spool_close(&first);
	ck_assert_int_eq(take(), 1);
	ck_assert_int_eq(count_files(), 0);
	ck_assert_int_eq(count_events(journal), 3);
	ck_assert_int_eq(tally_of(journal, "mail").owed, 3);
	/* What was delivered is not owed again. */
	ck_well(journal_settle(journal, "mail", 1, JOURNAL_DELIVERED, NOW_MS, "", &err));
	second = (struct spool)SPOOL_INIT;
	tell(&second, EVENT_WORKER_STARTED, "mail:1", 1);
	spool_close(&second);
	ck_assert_int_eq(take(), 0);
	ck_assert_int_eq(tally_of(journal, "mail").owed, 2);
}
END_TEST

static const char *const garbage[] = {
	"",
	"x",
	"{",
	"[]",
	"null",
	"{}",
	"\xff\xfe",
	"{\"id\":\"a\"}",
	"{\"id\":\"a\",\"type\":\"worker.started\",\"source\":\"/s\",\"subject\":\"\",\"at_ms\":1}",
	"{\"id\":\"a\",\"type\":\"worker.started\",\"source\":\"/"
	"s\",\"subject\":\"\",\"at_ms\":\"1\",\"data\":{}}",
	"{\"id\":\"a\",\"type\":\"worker.started\",\"source\":\"/"
	"s\",\"subject\":\"\",\"at_ms\":-1,\"data\":{}}",
	"{\"id\":\"a\",\"type\":\"worker.started\",\"source\":\"/"
	"s\",\"subject\":\"\",\"at_ms\":1.5,\"data\":{}}",
	"{\"id\":\"a\",\"type\":\"worker.started\",\"source\":\"/"
	"s\",\"subject\":\"\",\"at_ms\":1,\"data\":[]}",
	"{\"id\":\"\",\"type\":\"worker.started\",\"source\":\"/"
	"s\",\"subject\":\"\",\"at_ms\":1,\"data\":{}}",
	"{\"id\":7,\"type\":\"worker.started\",\"source\":\"/"
	"s\",\"subject\":\"\",\"at_ms\":1,\"data\":{}}",
	"{\"id\":\"a\\nb\",\"type\":\"worker.started\",\"source\":\"/"
	"s\",\"subject\":\"\",\"at_ms\":1,\"data\":{}}",
	"{\"id\":\"a\",\"type\":\"Worker\",\"source\":\"/"
	"s\",\"subject\":\"\",\"at_ms\":1,\"data\":{}}",
	"{\"id\":\"a\",\"type\":\"worker.started\",\"source\":\"\",\"subject\":\"\",\"at_ms\":1,"
	"\"data\":{}}",
	"{\"id\":\"a\",\"type\":\"worker.started\",\"source\":\"/"
	"s\",\"subject\":\"\",\"at_ms\":1,\"data\":{}} x",
	"{\"sample\":\"mail\",\"at_ms\":1}",
	"{\"sample\":\"mail:1\"}",
	"{\"sample\":1,\"at_ms\":1}",
	"{\"sample\":\"mail:1\",\"at_ms\":-1}",
};

START_TEST(garbage_is_passed_over)
{
	struct spool spool = SPOOL_INIT;

	tell(&spool, EVENT_WORKER_STARTED, "mail:1", 1);
	tell_text(&spool, garbage[_i]);
	tell(&spool, EVENT_WORKER_STARTED, "mail:1", 2);
	spool_close(&spool);
	ck_assert_int_eq(take(), 2);
	ck_assert_uint_eq(passed_over, 1);
	ck_assert_int_eq(count_files(), 0);
}
END_TEST

START_TEST(zeros_spoil_one_line)
{
	struct spool spool = SPOOL_INIT;

	tell(&spool, EVENT_WORKER_STARTED, "mail:1", 1);
	ck_assert_int_eq(spool_add(&spool, state_fd, "\0\0\0\0", 4), 0);
	tell(&spool, EVENT_WORKER_STARTED, "mail:1", 2);
	spool_close(&spool);
	ck_assert_int_eq(take(), 2);
	ck_assert_uint_eq(passed_over, 1);
}
END_TEST

START_TEST(too_much_is_passed_over)
{
	static const char head[] = "{\"id\":\"a\",\"type\":\"worker.started\",\"source\":\"/s\","
				   "\"subject\":\"mail:1\",\"at_ms\":1,\"data\":{\"log_tail\":\"";
	static const size_t sizes[] = { JOURNAL_DATA_MAX - 100, JOURNAL_DATA_MAX, 8 << 20 };
	struct spool spool = SPOOL_INIT;
	struct str line = STR_INIT;

	str_add(&line, head);
	for (size_t i = 0; i < sizes[_i]; i++)
		str_add_n(&line, "x", 1);
	str_add(&line, "\"}}");
	ck_assert_int_eq(spool_add(&spool, state_fd, line.data, line.len), 0);
	spool_close(&spool);
	str_free(&line);
	ck_assert_int_eq(take(), _i == 0);
	ck_assert_uint_eq(passed_over, _i != 0);
}
END_TEST

START_TEST(a_torn_line_is_not_there)
{
	struct spool spool = SPOOL_INIT;

	tell(&spool, EVENT_WORKER_STARTED, "mail:1", 1);
	ck_assert_int_eq(write(spool.fd, "{\"id\":\"torn", 11), 11);
	spool_close(&spool);
	ck_assert_int_eq(take(), 1);
	ck_assert_int_eq(count_files(), 0);
}
END_TEST

static bool see_sample(const struct journal_sample *sample, void *data)
{
	int *count = data;

	(*count)++;
	ck_assert_str_eq(sample->subject, "mail:1");
	ck_assert_int_eq(sample->rss_bytes, 4096);
	ck_assert_int_eq(sample->memory_bytes, -1);
	return true;
}

START_TEST(samples_are_taken)
{
	struct spool spool = SPOOL_INIT;
	struct str line = STR_INIT;
	int count = 0;

	eventjson_sample("mail:1", NOW_MS, 4096, -1, &line);
	tell_text(&spool, str_text(&line));
	tell_text(&spool, str_text(&line));
	spool_close(&spool);
	str_free(&line);
	ck_assert_int_eq(take(), 0);
	ck_assert_uint_eq(passed_over, 0);
	ck_well(journal_samples(journal, 0, see_sample, &count, &err));
	ck_assert_int_eq(count, 1);
}
END_TEST

/* What is in a broken section, or may be in a file that breaks, is owed everything: to be filtered
 * when it is sent. */
START_TEST(the_broken_are_owed_all)
{
	struct spool spool = SPOOL_INIT;

	configure("webhook \"broken\" { url = \"ftp://x\" events = {\"worker.fatal\"} }\n");
	ck_assert(strlist_has(&config.broken_webhooks, "broken"));
	tell(&spool, EVENT_WORKER_STARTED, "mail:1", 1);
	spool_close(&spool);
	ck_assert_int_eq(take(), 1);
	ck_assert_int_eq(tally_of(journal, "broken").owed, 1);
	ck_assert_int_eq(tally_of(journal, "all").owed, 1);
	/* Now it cannot even be read that far. */
	configure("worker \"x\" {{{\nwebhook \"broken\" { url = \"https://x.example\" }\n");
	ck_assert(config.broken_unread);
	spool = (struct spool)SPOOL_INIT;
	tell(&spool, EVENT_WORKER_STARTED, "mail:1", 2);
	spool_close(&spool);
	ck_assert_int_eq(take(), 1);
	ck_assert_int_eq(tally_of(journal, "broken").owed, 2);
	/* And now there is none. */
	configure("");
	spool = (struct spool)SPOOL_INIT;
	tell(&spool, EVENT_WORKER_STARTED, "mail:1", 3);
	spool_close(&spool);
	ck_assert_int_eq(take(), 1);
	ck_assert_int_eq(tally_of(journal, "broken").owed, 2);
	ck_assert_int_eq(tally_of(journal, "all").owed, 3);
}
END_TEST

START_TEST(the_disabled_get_dead_letters)
{
	struct journal_endpoint endpoint = { .url_hash = hash_text(HASH_INIT, ALL_URL),
					     .disabled_wall_ms = NOW_MS };
	struct spool spool = SPOOL_INIT;

	ck_well(journal_endpoint_set(journal, "all", &endpoint, &err));
	ck_well(journal_endpoint_set(journal, "mail", &endpoint, &err)); /* of another URL */
	tell(&spool, EVENT_WORKER_STARTED, "mail:1", 1);
	spool_close(&spool);
	ck_assert_int_eq(take(), 1);
	ck_assert_int_eq(tally_of(journal, "all").owed, 0);
	ck_assert_int_eq(tally_of(journal, "all").dead, 1);
	ck_assert_int_eq(tally_of(journal, "mail").owed, 1);
}
END_TEST

/* A stop that one run has seen, and the start by another, whose file came first. */
START_TEST(what_two_runs_tell_comes_in_order)
{
	struct spool first = SPOOL_INIT, second = SPOOL_INIT;
	struct journal_delivery deliveries[4];

	tell(&first, EVENT_WORKER_STARTED, "mail:1", 1);
	tell(&second, EVENT_WORKER_STOPPED, "mail:1", 2);
	tell(&first, EVENT_WORKER_STARTED, "mail:1", 3);
	spool_close(&first);
	spool_close(&second);
	ck_assert_int_eq(take(), 3);
	ck_assert_int_eq(ck_well(journal_queue(journal, "mail", deliveries, 4, &err)), 3);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(deliveries[i].event.wall_ms, NOW_MS + i + 1);
		journal_delivery_free(&deliveries[i]);
	}
}
END_TEST

/* A file size limit is a full disk in a small way. */
START_TEST(what_cannot_be_stored_stays)
{
	struct spool first = SPOOL_INIT, second = SPOOL_INIT;
	struct rlimit limit, small;
	int status;

	ck_assert_int_eq(take(), 0);
	for (uint64_t i = 0; i < 500; i++)
		tell(i % 2 ? &first : &second, EVENT_WORKER_STARTED, "mail:1", i);
	spool_close(&first);
	spool_close(&second);
	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = limit;
	small.rlim_cur = 100000;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	status = intake(journal, &config, state_fd, &passed_over, &err);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(status, -1);
	ck_assert_msg(err.sys_errno == JOURNAL_FULL, "%s", err.text);
	ck_assert_ptr_nonnull(strstr(err.text, "full"));
	ck_assert_int_eq(count_files(), 2);
	ck_assert_int_eq(count_events(journal), 0);
	ck_assert_int_eq(take(), 500);
	ck_assert_int_eq(count_files(), 0);
	ck_assert_int_eq(tally_of(journal, "mail").owed, 500);
}
END_TEST

START_TEST(a_reader_takes_nothing)
{
	struct spool spool = SPOOL_INIT;

	journal_close(journal);
	journal = open_journal(JOURNAL_READ);
	ck_assert_int_eq(take(), 0);
	tell(&spool, EVENT_WORKER_STARTED, "mail:1", 1);
	spool_close(&spool);
	ck_assert_int_eq(intake(journal, &config, state_fd, &passed_over, &err), -1);
	ck_assert_int_eq(count_files(), 1);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("intake");
	TCase *tests = tcase_create("all");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, nothing_is_taken);
	tcase_add_test(tests, what_was_told_is_owed);
	tcase_add_test(tests, twice_is_once);
	tcase_add_loop_test(tests, garbage_is_passed_over, 0, sizeof(garbage) / sizeof(garbage[0]));
	tcase_add_test(tests, zeros_spoil_one_line);
	tcase_add_loop_test(tests, too_much_is_passed_over, 0, 3);
	tcase_add_test(tests, a_torn_line_is_not_there);
	tcase_add_test(tests, samples_are_taken);
	tcase_add_test(tests, the_broken_are_owed_all);
	tcase_add_test(tests, the_disabled_get_dead_letters);
	tcase_add_test(tests, what_two_runs_tell_comes_in_order);
	tcase_add_test(tests, what_cannot_be_stored_stays);
	tcase_add_test(tests, a_reader_takes_nothing);
	suite_add_tcase(suite, tests);
	return suite;
}

CHECK_MAIN(make_suite())
