/* SPDX-License-Identifier: ISC */
/* salvage: whatever has become of the file, there is a journal again, with what could be read of
 * the old one, which is kept. */
#include <dirent.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tests/unit/check_main.h"
#include "tests/unit/journal_fixture.h"
#include "watchdog/journal/salvage.h"

#define EVENTS 150

static char *path;
static char *healthy; /* the bytes of a journal with EVENTS events */
static size_t healthy_len;

static char *read_file(const char *name, size_t *len)
{
	FILE *file = fopen(name, "re");
	struct stat st;
	char *bytes;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fstat(fileno(file), &st), 0);
	*len = (size_t)st.st_size;
	bytes = mem_alloc(*len + 1);
	ck_assert_uint_eq(fread(bytes, 1, *len, file), *len);
	ck_assert_int_eq(fclose(file), 0);
	return bytes;
}

/* Half of them is owed, a quarter delivered, a quarter dead. */
static void make_healthy(void)
{
	struct journal_endpoint endpoint = { .failures = 2, .last = "503" };
	struct journal *journal = open_journal(JOURNAL_WRITE);

	add_owed(journal, EVENTS, NOW_MS);
	ck_well(journal_begin(journal, &err));
	for (int i = 1; i <= EVENTS; i++)
		if (i % 2)
			ck_well(journal_settle(journal, "hook", i,
					       i % 4 == 1 ? JOURNAL_DEAD : JOURNAL_DELIVERED,
					       NOW_MS, "418", &err));
	ck_well(journal_endpoint_set(journal, "hook", &endpoint, &err));
	ck_well(journal_commit(journal, &err));
	journal_close(journal);
	healthy = read_file(path, &healthy_len);
}

static void set_up(void)
{
	make_temp();
	path = mem_format("%s/" JOURNAL_FILE, temp);
	make_healthy();
}

static void tear_down(void)
{
	free(healthy);
	free(path);
	remove_temp();
}

/* ---- helpers ------------------------------------------------------------------------------ */

/* Files whose names begin with that. */
static int count_files(const char *prefix)
{
	DIR *stream = opendir(temp);
	int count = 0;

	ck_assert_ptr_nonnull(stream);
	for (struct dirent *entry; (entry = readdir(stream));)
		count += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
	closedir(stream);
	return count;
}

static void forget_all(void)
{
	DIR *stream = opendir(temp);

	ck_assert_ptr_nonnull(stream);
	for (struct dirent *entry; (entry = readdir(stream));)
		if (entry->d_name[0] != '.')
			ck_assert_int_eq(unlinkat(dirfd(stream), entry->d_name, 0), 0);
	closedir(stream);
}

static bool look_at(const struct journal_event *event, void *data)
{
	int *count = data;

	ck_assert(event->id && event->data);
	(*count)++;
	return true;
}

static bool look_at_dead(const struct journal_delivery *delivery, void *data)
{
	return look_at(&delivery->event, data);
}

/* Reads all, and writes a little; how many events there are, or -1 where it breaks. */
static int use(struct journal *journal)
{
	struct journal_delivery deliveries[EVENTS];
	struct journal_tally tally;
	struct journal_retention retention = { INT64_MAX / 2, INT64_MAX / 2, 0, 0 };
	int64_t dropped;
	int count = 0, dead = 0;
	int queued = journal_queue(journal, "hook", deliveries, EVENTS, &err);

	for (int i = 0; i < queued; i++)
		journal_delivery_free(&deliveries[i]);
	if (queued < 0 || journal_events(journal, 0, 0, look_at, &count, &err) ||
	    journal_dead(journal, NULL, look_at_dead, &dead, &err) ||
	    journal_tally(journal, "hook", &tally, &err) ||
	    journal_bury(journal, "hook", NOW_MS - 1, NOW_MS, "", &err) < 0 ||
	    journal_trim(journal, &retention, NOW_MS, &dropped, &err) < 0)
		return -1;
	return count;
}

static int add_one(struct journal *journal)
{
	static char id[] = "new", type[] = "worker.started", source[] = "/s", subject[] = "mail:1",
		    round[] = "r", data[] = "{}";
	struct journal_event event = { .id = id,
				       .type = type,
				       .source = source,
				       .subject = subject,
				       .wall_ms = NOW_MS,
				       .round = round,
				       .data = data };

	return journal_add(journal, &event, &err);
}

struct outcome {
	int mended; /* how often it was, as it was said */
	int events;
};

/*
 * Opens and uses the journal until nothing is wrong any more. What only shows while it is used
 * costs one use: after at most three, it is well.
 */
static struct outcome recover(void)
{
	struct outcome outcome = { .mended = 0 };

	for (int i = 0; i < 3; i++) {
		struct str notice = STR_INIT;
		struct journal *journal;
		bool is_done;

		ck_well(journal_open(&journal, temp, JOURNAL_WRITE, &notice, &err));
		outcome.mended += notice.len > 0;
		str_free(&notice);
		outcome.events = use(journal);
		is_done = outcome.events >= 0 && add_one(journal) >= 0;
		journal_close(journal);
		if (is_done)
			return outcome;
		ck_assert_msg(err.sys_errno == JOURNAL_CORRUPT, "%s", err.text);
	}
	ck_abort_msg("not mended: %s", err.text);
	return outcome;
}

/* ---- damage ------------------------------------------------------------------------------- */

START_TEST(what_is_whole_is_left_alone)
{
	struct outcome outcome = recover();

	ck_assert_int_eq(outcome.mended, 0);
	ck_assert_int_eq(outcome.events, EVENTS);
	ck_assert_int_eq(count_files(JOURNAL_FILE ".corrupt-"), 0);
}
END_TEST

START_TEST(a_missing_or_empty_one_is_made)
{
	struct outcome outcome;

	forget_all();
	if (_i)
		tempdir_file(temp, JOURNAL_FILE, "");
	outcome = recover();
	ck_assert_int_eq(outcome.mended, 0);
	ck_assert_int_eq(outcome.events, 0);
}
END_TEST

/* Cut at every 512 bytes. The more there is left, the more is carried over. */
START_TEST(cut_anywhere)
{
	int most = 0;

	for (size_t len = 512; len < healthy_len; len += 512) {
		struct outcome outcome;

		forget_all();
		tempdir_write(temp, JOURNAL_FILE, healthy, len);
		outcome = recover();
		ck_assert_msg(outcome.mended > 0, "cut at %zu of %zu: %d events", len, healthy_len,
			      outcome.events);
		ck_assert_int_ge(count_files(JOURNAL_FILE ".corrupt-"), 1);
		ck_assert_int_eq(count_files(JOURNAL_FILE ".salvage"), 0);
		ck_assert_int_le(outcome.events, EVENTS);
		most = outcome.events > most ? outcome.events : most;
	}
	printf("cut: at most %d of %d events were carried over\n", most, EVENTS);
	ck_assert_int_gt(most, EVENTS / 2);
}
END_TEST

/* Some bytes altered in each part of it; always the same ones. Not all of that can be noticed, but
 * none of it is fatal. */
START_TEST(altered_anywhere)
{
	uint32_t seed = 12345;
	int mended = 0, carried = 0;

	for (size_t at = 0; at < healthy_len; at += at < 4096 ? 64 : 512) {
		char *bytes = mem_alloc(healthy_len);
		struct outcome outcome;

		memcpy(bytes, healthy, healthy_len);
		for (int i = 0; i < 3; i++) {
			seed = seed * 1664525 + 1013904223;
			bytes[(at + (seed >> 24)) % healthy_len] ^= (char)(1 + (seed >> 16 & 0x7f));
		}
		forget_all();
		tempdir_write(temp, JOURNAL_FILE, bytes, healthy_len);
		free(bytes);
		/* Its version is far ahead of ours: that is left alone, and said. */
		if (at <= 60 && at + 256 > 60) {
			struct journal *journal;

			if (journal_open(&journal, temp, JOURNAL_WRITE, NULL, &err) < 0) {
				ck_assert_ptr_nonnull(strstr(err.text, "newer"));
				continue;
			}
			journal_close(journal);
		}
		outcome = recover();
		mended += outcome.mended > 0;
		carried += outcome.mended > 0 && outcome.events > EVENTS / 2;
	}
	printf("altered: %d mended, %d of them with more than half of what there was\n", mended,
	       carried);
	ck_assert_int_gt(mended, 10);
	ck_assert_int_gt(carried, 5);
}
END_TEST

/* Each byte of the header, which is what all else hangs on. */
START_TEST(header_altered)
{
	static const unsigned char values[] = { 0x01, 0x02, 0x04, 0x80, 0xff };
	struct journal *journal;

	for (size_t at = 0; at < 100; at++) {
		healthy[at] ^= (char)values[_i];
		forget_all();
		tempdir_write(temp, JOURNAL_FILE, healthy, healthy_len);
		healthy[at] ^= (char)values[_i];
		/* Where the version is, it is one that is newer than ours: left alone; or none, as
		 * 0 and less are. */
		if (at >= 60 && at < 64 && !(at == 63 && values[_i] == 1) &&
		    !(at == 60 && values[_i] >= 0x80)) {
			ck_assert_int_eq(journal_open(&journal, temp, JOURNAL_WRITE, NULL, &err),
					 -1);
			ck_assert_ptr_nonnull(strstr(err.text, "newer"));
			ck_assert_int_eq(count_files(JOURNAL_FILE "."), 0);
			continue;
		}
		(void)recover();
	}
}
END_TEST

START_TEST(garbage_is_moved_aside)
{
	struct outcome outcome;
	char *bytes = mem_alloc(healthy_len);

	memset(bytes, _i ? 'x' : 0, healthy_len);
	forget_all();
	tempdir_write(temp, JOURNAL_FILE, bytes, healthy_len);
	free(bytes);
	outcome = recover();
	ck_assert_int_eq(outcome.mended, 1);
	ck_assert_int_eq(outcome.events, 0);
	ck_assert_int_eq(count_files(JOURNAL_FILE ".corrupt-"), 1);
}
END_TEST

/* ---- what is carried over ----------------------------------------------------------------- */

static void run_sql(const char *script)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, script, NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

START_TEST(all_of_it_where_only_an_index_is_lost)
{
	struct journal_endpoint endpoint;
	struct str notice = STR_INIT;
	struct journal *journal;
	struct journal_event event;

	run_sql("DROP INDEX deliveries_owed");
	journal = open_journal(JOURNAL_WRITE);
	ck_assert_int_eq(use(journal), -1);
	ck_assert_int_eq(err.sys_errno, JOURNAL_CORRUPT);
	journal_close(journal);
	ck_well(journal_open(&journal, temp, JOURNAL_READ, &notice, &err));
	ck_assert_ptr_nonnull(strstr(str_text(&notice), "150 events, and 113 deliveries"));
	ck_assert_ptr_nonnull(strstr(str_text(&notice), JOURNAL_FILE ".corrupt-"));
	str_free(&notice);
	ck_assert_int_eq(count_events(journal), EVENTS);
	ck_assert_int_eq(tally_of(journal, "hook").owed, 75);
	ck_assert_int_eq(tally_of(journal, "hook").dead, 38);
	ck_assert_int_eq(tally_of(journal, "hook").delivered, 37);
	ck_well(journal_endpoint_get(journal, "hook", &endpoint, &err));
	ck_assert_int_eq(endpoint.failures, 2);
	ck_assert_str_eq(endpoint.last, "503");
	/* Under the old numbers. */
	ck_assert_int_eq(ck_well(journal_find(journal, "e7", &event, &err)), 1);
	ck_assert_int_eq(event.seq, 8);
	journal_event_free(&event);
	journal_close(journal);
}
END_TEST

START_TEST(what_is_not_sound_is_left_behind)
{
	struct outcome outcome;

	run_sql("UPDATE events SET data = '{broken' WHERE seq = 1;"
		"UPDATE events SET id = 'a b' WHERE seq = 2;"
		"UPDATE events SET type = x'00ff' WHERE seq = 3;"
		"UPDATE deliveries SET debt = 7 WHERE event = 4;"
		"INSERT INTO webhooks (name) VALUES (x'ff');"
		"DROP TABLE flaps; CREATE VIEW flaps AS SELECT 1;"
		"DROP TABLE samples");
	outcome = recover();
	ck_assert_int_eq(outcome.mended, 1);
	ck_assert_int_eq(outcome.events, EVENTS - 3);
}
END_TEST

START_TEST(another_programs_database_is_moved_aside)
{
	struct outcome outcome;

	forget_all();
	run_sql("CREATE TABLE events (seq); PRAGMA user_version = 99");
	outcome = recover();
	ck_assert_int_eq(outcome.mended, 1);
	ck_assert_int_eq(outcome.events, 0);
	ck_assert_int_eq(count_files(JOURNAL_FILE ".corrupt-"), 1);
}
END_TEST

START_TEST(a_newer_one_is_left_alone)
{
	struct journal *journal;
	char *bytes;
	size_t len;

	run_sql("PRAGMA user_version = 2");
	free(healthy);
	healthy = read_file(path, &healthy_len);
	ck_assert_int_eq(
		journal_open(&journal, temp, _i ? JOURNAL_READ : JOURNAL_WRITE, NULL, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "newer"));
	ck_assert_int_eq(count_files(JOURNAL_FILE ".corrupt-"), 0);
	bytes = read_file(path, &len);
	ck_assert_uint_eq(len, healthy_len);
	ck_assert_int_eq(memcmp(bytes, healthy, len), 0);
	free(bytes);
}
END_TEST

/* A transaction that a killed writer has left half done goes with its database. */
START_TEST(a_rollback_journal_goes_along)
{
	char *log = mem_format("%s-journal", path);
	struct sql_identity identity;
	struct stat st;

	tempdir_file(temp, JOURNAL_FILE "-journal", "the rollback journal");
	ck_assert_int_eq(stat(path, &st), 0);
	identity = (struct sql_identity){ st.st_dev, st.st_ino };
	ck_well(salvage_set_aside(temp, &identity, &err));
	ck_assert_int_eq(access(log, F_OK), -1);
	ck_assert_int_eq(count_files(JOURNAL_FILE ".salvage"), 2);
	free(log);
}
END_TEST

START_TEST(three_are_kept)
{
	for (int i = 0; i < 5; i++) {
		struct outcome outcome;

		tempdir_file(temp, JOURNAL_FILE,
			     "This is no database, but what somebody has written.");
		outcome = recover();
		ck_assert_int_eq(outcome.mended, 1);
		ck_assert_int_eq(count_files(JOURNAL_FILE ".corrupt-"), i < 3 ? i + 1 : 3);
	}
}
END_TEST

/* ---- several, and killed ones ------------------------------------------------------------- */

START_TEST(another_file_is_not_set_aside)
{
	struct sql_identity identity = { 0, 0 };
	struct outcome outcome;

	ck_well(salvage_set_aside(temp, &identity, &err));
	outcome = recover();
	ck_assert_int_eq(outcome.mended, 0);
	ck_assert_int_eq(outcome.events, EVENTS);
}
END_TEST

/* Killed after it was set aside, and after it was carried over: the next one does it, or does it
 * again. */
START_TEST(a_killed_salvage_is_finished)
{
	char *aside = mem_format("%s.salvage", path);
	struct outcome outcome;

	if (_i == 0) {
		ck_assert_int_eq(rename(path, aside), 0);
	} else {
		tempdir_write(temp, JOURNAL_FILE ".salvage", healthy, healthy_len);
	}
	outcome = recover();
	ck_assert_int_eq(outcome.mended, 1);
	ck_assert_int_eq(outcome.events, EVENTS);
	ck_assert_int_eq(access(aside, F_OK), -1);
	free(aside);
}
END_TEST

/* Others have begun a new journal meanwhile: numbers are taken, but ids tell. */
START_TEST(what_has_come_meanwhile_stays)
{
	char *aside = mem_format("%s.salvage", path);
	char *away = mem_format("%s/away", temp);
	struct journal *journal;
	struct journal_delivery delivery;

	ck_assert_int_eq(rename(path, away), 0);
	journal = open_journal(JOURNAL_WRITE);
	add_event(journal, "mine", NOW_MS);
	add_event(journal, "e5", NOW_MS);
	ck_well(journal_owe(journal, 1, "hook", NOW_MS, false, &err));
	journal_close(journal);
	ck_assert_int_eq(rename(away, aside), 0);
	ck_well(journal_open(&journal, temp, JOURNAL_WRITE, NULL, &err));
	ck_assert_int_eq(count_events(journal), EVENTS + 1);
	ck_assert_int_eq(tally_of(journal, "hook").owed, 76);
	ck_assert_int_eq(ck_well(journal_queue(journal, "hook", &delivery, 1, &err)), 1);
	ck_assert_str_eq(delivery.event.id, "mine");
	journal_delivery_free(&delivery);
	journal_close(journal);
	free(away);
	free(aside);
}
END_TEST

/* One event of a courier's: 0, or -1 with ERR. NOTICE: where it was this one who mended the journal. */
static int keep_one(const char *id, struct str *notice)
{
	struct journal_event event = { .seq = 0 };
	struct journal *journal;
	int added;

	if (journal_open(&journal, temp, JOURNAL_WRITE, notice, &err))
		return -1;
	event.id = mem_dup(id);
	event.type = mem_dup("worker.started");
	event.source = mem_dup("/s");
	event.subject = mem_dup("mail:1");
	event.round = mem_dup("r");
	event.data = mem_dup("{}");
	added = journal_add(journal, &event, &err);
	journal_close(journal);
	return added == 1 ? 0 : -1;
}

/*
 * In a child: 1 where it has mended the journal, 0 where another has, 2 where neither could be. Who opens it in the very moment in which
 * another sets it aside finds none, and comes again, as couriers do.
 */
static int live(int number)
{
	struct str notice = STR_INIT;
	char id[16];

	(void)snprintf(id, sizeof(id), "child%d", number);
	for (int tries = 0; tries < 10; tries++)
		if (keep_one(id, &notice) == 0)
			return notice.len > 0;
	fprintf(stderr, "%s\n", err.text);
	return 2;
}

START_TEST(several_mend_it_once)
{
	pid_t children[4];
	int mended = 0;

	tempdir_file(temp, JOURNAL_FILE, "This is no database, but what somebody has written.");
	for (int i = 0; i < 4; i++) {
		children[i] = fork();
		ck_assert_int_ge(children[i], 0);
		if (children[i] == 0)
			_exit(live(i));
	}
	for (int i = 0; i < 4; i++) {
		int status;

		ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
		ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) < 2, "%d", status);
		mended += WEXITSTATUS(status);
	}
	ck_assert_int_eq(mended, 1);
	ck_assert_int_eq(recover().events, 4);
}
END_TEST

/* ---- when it cannot be -------------------------------------------------------------------- */

START_TEST(a_full_disk_delays_it)
{
	char *aside = mem_format("%s.salvage", path);
	struct rlimit limit, small;
	struct journal *journal;
	int status;

	ck_assert_int_eq(rename(path, aside), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = limit;
	small.rlim_cur = 20000;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	status = journal_open(&journal, temp, JOURNAL_WRITE, NULL, &err);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(status, -1);
	ck_assert_msg(err.sys_errno == JOURNAL_FULL, "%s", err.text);
	ck_assert_int_eq(access(aside, F_OK), 0);
	ck_assert_int_eq(recover().events, EVENTS);
	free(aside);
}
END_TEST

START_TEST(odd_files_are_left_alone)
{
	struct journal *journal;
	char *target = mem_format("%s/target", temp);

	ck_assert_int_eq(rename(path, target), 0);
	if (_i == 0)
		ck_assert_int_eq(symlink(target, path), 0);
	else if (_i == 1)
		ck_assert_int_eq(mkdir(path, 0700), 0);
	else
		ck_assert_int_eq(mkfifo(path, 0600), 0);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(
			journal_open(&journal, temp, i ? JOURNAL_READ : JOURNAL_WRITE, NULL, &err),
			-1);
		ck_assert_ptr_null(journal);
		ck_assert_ptr_nonnull(strstr(err.text, "no regular file"));
	}
	ck_assert_int_eq(count_files(JOURNAL_FILE "."), 0);
	free(target);
}
END_TEST

/* What stands in the place of one that was set aside is no reason to have none. */
START_TEST(an_odd_salvage_is_kept)
{
	char *aside = mem_format("%s.salvage", path);
	struct outcome outcome;

	ck_assert_int_eq(symlink("/etc/passwd", aside), 0);
	outcome = recover();
	ck_assert_int_eq(outcome.mended, 1);
	ck_assert_int_eq(outcome.events, EVENTS);
	ck_assert_int_eq(count_files(JOURNAL_FILE ".corrupt-"), 1);
	free(aside);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("salvage");
	TCase *tests = tcase_create("all");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 300);
	tcase_add_test(tests, what_is_whole_is_left_alone);
	tcase_add_loop_test(tests, a_missing_or_empty_one_is_made, 0, 2);
	tcase_add_test(tests, cut_anywhere);
	tcase_add_test(tests, altered_anywhere);
	tcase_add_loop_test(tests, header_altered, 0, 5);
	tcase_add_loop_test(tests, garbage_is_moved_aside, 0, 2);
	tcase_add_test(tests, all_of_it_where_only_an_index_is_lost);
	tcase_add_test(tests, what_is_not_sound_is_left_behind);
	tcase_add_test(tests, another_programs_database_is_moved_aside);
	tcase_add_loop_test(tests, a_newer_one_is_left_alone, 0, 2);
	tcase_add_test(tests, a_rollback_journal_goes_along);
	tcase_add_test(tests, three_are_kept);
	tcase_add_test(tests, another_file_is_not_set_aside);
	tcase_add_loop_test(tests, a_killed_salvage_is_finished, 0, 2);
	tcase_add_test(tests, what_has_come_meanwhile_stays);
	tcase_add_test(tests, several_mend_it_once);
	tcase_add_test(tests, a_full_disk_delays_it);
	tcase_add_loop_test(tests, odd_files_are_left_alone, 0, 3);
	tcase_add_test(tests, an_odd_salvage_is_kept);
	suite_add_tcase(suite, tests);
	return suite;
}

CHECK_MAIN(make_suite())
