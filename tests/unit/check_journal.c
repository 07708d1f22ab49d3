/* SPDX-License-Identifier: ISC */
/* journal: events once, deliveries in order, dead letters, endpoints, flaps, samples; transactions;
 * who may open it. */
#include <sys/wait.h>
#include <time.h>

#include "tests/unit/check_main.h"
#include "tests/unit/journal_fixture.h"
#include "watchdog/journal/sql.h"

static struct journal *journal;

static void set_up(void)
{
	make_temp();
	journal = open_journal(JOURNAL_WRITE);
}

static void tear_down(void)
{
	journal_close(journal);
	remove_temp();
}

static void reopen(void)
{
	journal_close(journal);
	journal = open_journal(JOURNAL_WRITE);
}

/* ---- opening ------------------------------------------------------------------------------ */

START_TEST(is_private_whatever_the_umask)
{
	char *path = mem_format("%s/" JOURNAL_FILE, temp);
	struct stat st;

	journal_close(journal);
	ck_assert_int_eq(unlink(path), 0);
	umask(0777);
	journal = open_journal(JOURNAL_WRITE);
	add_event(journal, "a", NOW_MS);
	umask(022);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	free(path);
}
END_TEST

START_TEST(reading_makes_nothing)
{
	char *dir = mem_format("%s/none", temp);
	char *path = mem_format("%s/" JOURNAL_FILE, dir);
	struct journal *other;
	struct journal_event event;
	struct journal_tally tally;

	ck_well(journal_open(&other, dir, JOURNAL_READ, NULL, &err));
	ck_assert_int_eq(count_events(other), 0);
	journal_close(other);
	ck_assert_int_eq(mkdir(dir, 0700), 0);
	ck_well(journal_open(&other, dir, JOURNAL_READ, NULL, &err));
	ck_assert_int_eq(count_events(other), 0);
	ck_assert_int_eq(journal_find(other, "a", &event, &err), 0);
	ck_well(journal_tally(other, "hook", &tally, &err));
	ck_assert_int_eq(tally.owed, 0);
	ck_assert(journal_is_current(other));
	ck_assert_int_eq(access(path, F_OK), -1);
	/* An empty file is none yet. */
	tempdir_file(temp, "none/" JOURNAL_FILE, "");
	ck_assert(!journal_is_current(other));
	journal_close(other);
	ck_well(journal_open(&other, dir, JOURNAL_READ, NULL, &err));
	ck_assert_int_eq(count_events(other), 0);
	ck_assert_int_eq(journal_begin(other, &err), -1);
	ck_assert_int_eq(journal_owe(other, 1, "hook", NOW_MS, false, &err), -1);
	journal_close(other);
	free(path);
	free(dir);
}
END_TEST

START_TEST(a_reader_cannot_write)
{
	struct journal *reader;

	add_event(journal, "a", NOW_MS);
	reader = open_journal(JOURNAL_READ);
	ck_assert_int_eq(count_events(reader), 1);
	ck_assert_int_eq(journal_purge(reader, NULL, NULL, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "reading"));
	journal_close(reader);
}
END_TEST

START_TEST(writing_needs_its_directory)
{
	char *dir = mem_format("%s/none", temp);
	struct journal *other;

	ck_assert_int_eq(journal_open(&other, dir, JOURNAL_WRITE, NULL, &err), -1);
	ck_assert_ptr_null(other);
	ck_assert_ptr_nonnull(strstr(err.text, dir));
	free(dir);
}
END_TEST

START_TEST(a_directory_may_be_reached_by_a_link)
{
	char *link = mem_format("%s/link", temp);
	struct journal *other;

	add_event(journal, "a", NOW_MS);
	ck_assert_int_eq(symlink(temp, link), 0);
	ck_well(journal_open(&other, link, JOURNAL_WRITE, NULL, &err));
	ck_assert_int_eq(count_events(other), 1);
	journal_close(other);
	free(link);
}
END_TEST

START_TEST(knows_when_it_is_another)
{
	char *path = mem_format("%s/" JOURNAL_FILE, temp);

	add_event(journal, "a", NOW_MS);
	ck_assert(journal_is_current(journal));
	ck_assert_int_eq(unlink(path), 0);
	ck_assert(!journal_is_current(journal));
	ck_assert_int_eq(journal_owe(journal, 1, "hook", NOW_MS, false, &err), -1);
	ck_assert_int_eq(err.sys_errno, JOURNAL_REPLACED);
	reopen();
	ck_assert_int_eq(count_events(journal), 0);
	ck_assert(journal_is_current(journal));
	free(path);
}
END_TEST

/* ---- events ------------------------------------------------------------------------------- */

START_TEST(events_come_back)
{
	char id[] = "0123456789abcdef-_AZ", type[] = "config.broken", source[] = "/cronherd/h/u";
	char subject[] = "/etc/ein Pfad/ä.conf", round[] = "r1",
	     data[] = "{\"message\":\"ü\\u0000\"}";
	struct journal_event event = { .id = id,
				       .type = type,
				       .source = source,
				       .subject = subject,
				       .round = round,
				       .data = data,
				       .wall_ms = NOW_MS };
	struct journal_event found;

	ck_assert_int_eq(journal_add(journal, &event, &err), 1);
	ck_assert_int_eq(event.seq, 1);
	reopen();
	ck_assert_int_eq(journal_find(journal, id, &found, &err), 1);
	ck_assert_int_eq(found.seq, 1);
	ck_assert_str_eq(found.id, id);
	ck_assert_str_eq(found.type, type);
	ck_assert_str_eq(found.source, source);
	ck_assert_str_eq(found.subject, subject);
	ck_assert_str_eq(found.round, round);
	ck_assert_str_eq(found.data, data);
	ck_assert_int_eq(found.wall_ms, NOW_MS);
	journal_event_free(&found);
	ck_assert_int_eq(journal_find(journal, "b", &found, &err), 0);
	ck_assert_ptr_null(found.id);
}
END_TEST

START_TEST(an_id_is_stored_once)
{
	ck_assert_int_eq(add_event(journal, "a", NOW_MS), 1);
	ck_assert_int_eq(add_event(journal, "a", NOW_MS + 1), 0);
	ck_assert_int_eq(add_event(journal, "b", NOW_MS), 2);
	ck_assert_int_eq(count_events(journal), 2);
}
END_TEST

struct seen {
	char ids[64];
	int left; /* how many more are wanted */
};

static bool see(const struct journal_event *event, void *data)
{
	struct seen *seen = data;

	strcat(seen->ids, event->id);
	return --seen->left > 0;
}

static const struct range {
	int64_t since_wall_ms, after_seq;
	int count;
	const char *ids;
} ranges[] = {
	{ 0, 0, 9, "abcd" },	   { 0, 0, 2, "ab" },		{ 0, 2, 9, "cd" },
	{ 0, 4, 9, "" },	   { NOW_MS, 0, 9, "abd" },	{ NOW_MS + 5, 0, 9, "bd" },
	{ NOW_MS + 5, 2, 9, "d" }, { NOW_MS + 5, 2, 1, "d" },	{ NOW_MS + 11, 0, 9, "" },
	{ INT64_MAX, 0, 9, "" },   { INT64_MIN, 0, 9, "abcd" },
};

START_TEST(events_from_then_on)
{
	const struct range *range = &ranges[_i];
	struct seen seen = { .left = range->count };

	add_event(journal, "a", NOW_MS);
	add_event(journal, "b", NOW_MS + 10);
	add_event(journal, "c", NOW_MS - 10);
	add_event(journal, "d", NOW_MS + 5);
	ck_well(journal_events(journal, range->since_wall_ms, range->after_seq, see, &seen, &err));
	ck_assert_str_eq(seen.ids, range->ids);
}
END_TEST

static bool see_within(const struct journal_event *event, void *data)
{
	struct seen inner = { .left = 9 };

	ck_well(journal_events(journal, 0, event->seq, see, &inner, &err));
	strcat(data, inner.ids);
	strcat(data, ".");
	return true;
}

START_TEST(reading_may_be_nested)
{
	char ids[64] = "";

	add_event(journal, "a", NOW_MS);
	add_event(journal, "b", NOW_MS);
	add_event(journal, "c", NOW_MS);
	ck_well(journal_events(journal, 0, 0, see_within, ids, &err));
	ck_assert_str_eq(ids, "bc.c..");
}
END_TEST

static const struct unsound {
	const char *id, *type, *source, *subject, *data;
	int64_t wall_ms;
} unsounds[] = {
	{ "", "worker.started", "/s", "", "{}", 0 },
	{ "a b", "worker.started", "/s", "", "{}", 0 },
	{ "a.b", "worker.started", "/s", "", "{}", 0 },
	{ "0123456789012345678901234567890123456789012345678901234567890123x", "t", "/s", "", "{}",
	  0 },
	{ "a", "", "/s", "", "{}", 0 },
	{ "a", "Worker", "/s", "", "{}", 0 },
	{ "a", "t\n", "/s", "", "{}", 0 },
	{ "a", "t", "", "", "{}", 0 },
	{ "a", "t", "/s\n", "", "{}", 0 },
	{ "a", "t", "/s", "\xff", "{}", 0 },
	{ "a", "t", "/s", "\x1b[2J", "{}", 0 },
	{ "a", "t", "/s", "", "[]", 0 },
	{ "a", "t", "/s", "", "{", 0 },
	{ "a", "t", "/s", "", "{\"a\":\"\xff\"}", 0 },
	{ "a", "t", "/s", "", "", 0 },
	{ "a", "t", "/s", "", "{} {}", 0 },
	{ "a", "t", "/s", "", "{}", -1 },
	{ NULL, "t", "/s", "", "{}", 0 },
	{ "a", "t", "/s", NULL, "{}", 0 },
	{ "a", "t", "/s", "", NULL, 0 },
};

START_TEST(unsound_events_are_known)
{
	const struct unsound *row = &unsounds[_i];
	struct journal_event event = { .id = mem_dup(row->id),
				       .type = mem_dup(row->type),
				       .source = mem_dup(row->source),
				       .subject = mem_dup(row->subject),
				       .round = mem_dup("r"),
				       .data = mem_dup(row->data),
				       .wall_ms = row->wall_ms };

	ck_assert(!journal_event_is_sound(&event));
	journal_event_free(&event);
}
END_TEST

/* ---- deliveries --------------------------------------------------------------------------- */

static int queue(const char *webhook, struct journal_delivery *deliveries, size_t max)
{
	return ck_well(journal_queue(journal, webhook, deliveries, max, &err));
}

static void free_queue(struct journal_delivery *deliveries, int count)
{
	for (int i = 0; i < count; i++)
		journal_delivery_free(&deliveries[i]);
}

START_TEST(a_queue_is_in_order)
{
	struct journal_delivery deliveries[4];

	add_owed(journal, 5, NOW_MS);
	ck_assert_int_eq(queue("hook", deliveries, 4), 4);
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(deliveries[i].event.seq, i + 1);
		ck_assert_str_eq(deliveries[i].webhook, "hook");
		ck_assert_str_eq(deliveries[i].last, "");
		ck_assert_int_eq(deliveries[i].attempts, 0);
		ck_assert_int_eq(deliveries[i].owed_wall_ms, NOW_MS);
		ck_assert_int_eq(deliveries[i].done_wall_ms, 0);
	}
	ck_assert_str_eq(deliveries[3].event.id, "e3");
	free_queue(deliveries, 4);
	ck_assert_int_eq(queue("other", deliveries, 4), 0);
	ck_assert_int_eq(queue("hook", deliveries, 0), 0);
}
END_TEST

START_TEST(owing_twice_is_owing_once)
{
	int64_t seq = add_event(journal, "a", NOW_MS);

	ck_well(journal_owe(journal, seq, "hook", NOW_MS, false, &err));
	ck_well(journal_owe(journal, seq, "hook", NOW_MS + 1, true, &err));
	ck_well(journal_owe(journal, seq + 1, "hook", NOW_MS, false, &err)); /* no such event */
	ck_assert_int_eq(tally_of(journal, "hook").owed, 1);
	ck_assert_int_eq(tally_of(journal, "hook").dead, 0);
	ck_assert_int_eq(tally_of(journal, "hook").oldest_owed_wall_ms, NOW_MS);
}
END_TEST

START_TEST(a_try_is_settled)
{
	struct journal_delivery delivery;

	add_owed(journal, 3, NOW_MS);
	ck_well(journal_settle(journal, "hook", 1, JOURNAL_OWED, NOW_MS + 1, "503", &err));
	ck_assert_int_eq(queue("hook", &delivery, 1), 1);
	ck_assert_int_eq(delivery.event.seq, 1);
	ck_assert_int_eq(delivery.attempts, 1);
	ck_assert_int_eq(delivery.done_wall_ms, 0);
	ck_assert_str_eq(delivery.last, "503");
	journal_delivery_free(&delivery);
	ck_well(journal_settle(journal, "hook", 1, JOURNAL_DELIVERED, NOW_MS + 2, "200", &err));
	ck_assert_int_eq(queue("hook", &delivery, 1), 1);
	ck_assert_int_eq(delivery.event.seq, 2);
	journal_delivery_free(&delivery);
	ck_assert_int_eq(tally_of(journal, "hook").owed, 2);
	ck_assert_int_eq(tally_of(journal, "hook").delivered, 1);
	/* Delivered is delivered, and counted once. */
	ck_well(journal_settle(journal, "hook", 1, JOURNAL_DEAD, NOW_MS + 3, "410", &err));
	ck_well(journal_settle(journal, "hook", 1, JOURNAL_DELIVERED, NOW_MS + 3, "200", &err));
	ck_assert_int_eq(tally_of(journal, "hook").delivered, 1);
	ck_assert_int_eq(tally_of(journal, "hook").dead, 0);
	/* Of what is not known nothing becomes. */
	ck_well(journal_settle(journal, "hook", 99, JOURNAL_DELIVERED, NOW_MS, "", &err));
	ck_well(journal_settle(journal, "none", 2, JOURNAL_DELIVERED, NOW_MS, "", &err));
	ck_assert_int_eq(tally_of(journal, "hook").owed, 2);
}
END_TEST

struct dead_list {
	char text[256];
	int left;
};

static bool see_dead(const struct journal_delivery *delivery, void *data)
{
	struct dead_list *list = data;
	size_t len = strlen(list->text);

	(void)snprintf(list->text + len, sizeof(list->text) - len, "%s/%s(%s) ", delivery->webhook,
		       delivery->event.id, delivery->last);
	return --list->left > 0;
}

static void check_dead(const char *webhook, const char *expected)
{
	struct dead_list list = { .left = 99 };

	ck_well(journal_dead(journal, webhook, see_dead, &list, &err));
	ck_assert_str_eq(list.text, expected);
}

START_TEST(the_disabled_get_dead_letters)
{
	int64_t seq = add_event(journal, "a", NOW_MS);

	ck_well(journal_owe(journal, seq, "hook", NOW_MS, true, &err));
	ck_assert_int_eq(tally_of(journal, "hook").owed, 0);
	ck_assert_int_eq(tally_of(journal, "hook").dead, 1);
	check_dead("hook", "hook/a(the webhook is disabled) ");
}
END_TEST

/* e0 to e3 owed to "hook" and "other"; dead: e1, e2 of hook, e2 of other. */
static void set_up_dead(void)
{
	add_owed(journal, 4, NOW_MS);
	for (int i = 1; i <= 4; i++)
		ck_well(journal_owe(journal, i, "other", NOW_MS, false, &err));
	ck_well(journal_settle(journal, "hook", 2, JOURNAL_DEAD, NOW_MS, "400", &err));
	ck_well(journal_settle(journal, "hook", 3, JOURNAL_DEAD, NOW_MS, "401", &err));
	ck_well(journal_settle(journal, "other", 3, JOURNAL_DEAD, NOW_MS, "402", &err));
}

START_TEST(dead_letters_are_listed)
{
	struct dead_list list = { .left = 1 };

	set_up_dead();
	check_dead(NULL, "hook/e1(400) hook/e2(401) other/e2(402) ");
	check_dead("other", "other/e2(402) ");
	check_dead("none", "");
	ck_well(journal_dead(journal, NULL, see_dead, &list, &err));
	ck_assert_str_eq(list.text, "hook/e1(400) ");
}
END_TEST

static const struct meant {
	const char *webhook, *id;
	int count;
	const char *left;
} meants[] = {
	{ NULL, NULL, 3, "" },
	{ "hook", NULL, 2, "other/e2(402) " },
	{ NULL, "e2", 2, "hook/e1(400) " },
	{ "hook", "e2", 1, "hook/e1(400) other/e2(402) " },
	{ "hook", "e0", 0, "hook/e1(400) hook/e2(401) other/e2(402) " },
	{ "none", NULL, 0, "hook/e1(400) hook/e2(401) other/e2(402) " },
	{ NULL, "none", 0, "hook/e1(400) hook/e2(401) other/e2(402) " },
};

START_TEST(dead_letters_are_replayed)
{
	const struct meant *row = &meants[_i];
	int64_t owed;
	struct journal_delivery delivery;

	set_up_dead();
	owed = tally_of(journal, "hook").owed + tally_of(journal, "other").owed;
	ck_assert_int_eq(journal_replay(journal, row->webhook, row->id, NOW_MS + 9, &err),
			 row->count);
	check_dead(NULL, row->left);
	ck_assert_int_eq(tally_of(journal, "hook").owed + tally_of(journal, "other").owed,
			 owed + row->count);
	if (_i != 0)
		return;
	/* They begin anew, in their old place. */
	ck_well(journal_settle(journal, "hook", 1, JOURNAL_DELIVERED, NOW_MS, "", &err));
	ck_assert_int_eq(queue("hook", &delivery, 1), 1);
	ck_assert_str_eq(delivery.event.id, "e1");
	ck_assert_int_eq(delivery.attempts, 0);
	ck_assert_int_eq(delivery.owed_wall_ms, NOW_MS + 9);
	ck_assert_int_eq(delivery.done_wall_ms, 0);
	journal_delivery_free(&delivery);
}
END_TEST

START_TEST(dead_letters_are_purged)
{
	const struct meant *row = &meants[_i];
	int64_t owed;

	set_up_dead();
	owed = tally_of(journal, "hook").owed + tally_of(journal, "other").owed;
	ck_assert_int_eq(journal_purge(journal, row->webhook, row->id, &err), row->count);
	check_dead(NULL, row->left);
	ck_assert_int_eq(tally_of(journal, "hook").owed + tally_of(journal, "other").owed, owed);
	ck_assert_int_eq(count_events(journal), 4);
}
END_TEST

START_TEST(what_is_too_old_is_buried)
{
	add_owed(journal, 3, NOW_MS);
	ck_well(journal_owe(journal, add_event(journal, "late", NOW_MS), "hook", NOW_MS + 100,
			    false, &err));
	ck_well(journal_owe(journal, 1, "other", NOW_MS, false, &err));
	ck_assert_int_eq(journal_bury(journal, "hook", NOW_MS, NOW_MS + 200, "old", &err), 0);
	ck_assert_int_eq(journal_bury(journal, "hook", NOW_MS + 50, NOW_MS + 200, "old", &err), 3);
	check_dead(NULL, "hook/e0(old) hook/e1(old) hook/e2(old) ");
	ck_assert_int_eq(tally_of(journal, "hook").owed, 1);
	ck_assert_int_eq(journal_bury(journal, "hook", INT64_MAX, NOW_MS + 200, "gone", &err), 1);
	ck_assert_int_eq(tally_of(journal, "hook").owed, 0);
	ck_assert_int_eq(tally_of(journal, "other").owed, 1);
}
END_TEST

START_TEST(webhooks_are_named)
{
	struct journal_endpoint endpoint = { .failures = 1 };
	struct strlist names = STRLIST_INIT;

	ck_well(journal_owe(journal, add_event(journal, "a", NOW_MS), "hook", NOW_MS, false, &err));
	ck_well(journal_settle(journal, "hook", 1, JOURNAL_DELIVERED, NOW_MS, "", &err));
	ck_well(journal_endpoint_set(journal, "a hook", &endpoint, &err));
	ck_well(journal_webhooks(journal, &names, &err));
	ck_assert_uint_eq(names.count, 2);
	ck_assert_str_eq(names.items[0], "a hook");
	ck_assert_str_eq(names.items[1], "hook");
	strlist_free(&names);
}
END_TEST

/* The aim is well under 100 ms; asserted is only that they all are. */
START_TEST(a_thousand_are_settled_quickly)
{
	clock_t begun;

	add_owed(journal, 1000, NOW_MS);
	begun = clock();
	ck_well(journal_begin(journal, &err));
	for (int i = 1; i <= 1000; i++)
		ck_well(journal_settle(journal, "hook", i, JOURNAL_DELIVERED, NOW_MS, "204", &err));
	ck_well(journal_commit(journal, &err));
	printf("1000 settled in %.1f ms of the processor's time\n",
	       (double)(clock() - begun) * 1000 / CLOCKS_PER_SEC);
	ck_assert_int_eq(tally_of(journal, "hook").delivered, 1000);
}
END_TEST

/* ---- endpoints and flaps ------------------------------------------------------------------ */

START_TEST(endpoints_come_back)
{
	struct journal_endpoint endpoint = { .url_hash = UINT64_MAX - 1,
					     .failures = 3,
					     .next_wall_ms = NOW_MS,
					     .failing_wall_ms = NOW_MS - 1,
					     .disabled_wall_ms = NOW_MS - 2,
					     .tried_wall_ms = NOW_MS - 3,
					     .last = "503",
					     .refusals = 2,
					     .digest_seq = INT64_MAX };
	struct journal_endpoint found;

	ck_well(journal_endpoint_get(journal, "hook", &found, &err));
	ck_assert_uint_eq(found.url_hash, 0);
	ck_assert_str_eq(found.last, "");
	ck_well(journal_endpoint_set(journal, "hook", &endpoint, &err));
	endpoint.failures = 4;
	ck_well(journal_endpoint_set(journal, "hook", &endpoint, &err));
	reopen();
	ck_well(journal_endpoint_get(journal, "hook", &found, &err));
	ck_assert_uint_eq(found.url_hash, UINT64_MAX - 1);
	ck_assert_int_eq(found.failures, 4);
	ck_assert_int_eq(found.next_wall_ms, NOW_MS);
	ck_assert_int_eq(found.failing_wall_ms, NOW_MS - 1);
	ck_assert_int_eq(found.disabled_wall_ms, NOW_MS - 2);
	ck_assert_int_eq(found.tried_wall_ms, NOW_MS - 3);
	ck_assert_str_eq(found.last, "503");
	ck_assert_int_eq(found.refusals, 2);
	ck_assert_int_eq(found.digest_seq, INT64_MAX);
}
END_TEST

START_TEST(what_an_endpoint_owes_survives_its_state)
{
	struct journal_endpoint endpoint = { .failures = 1 };

	add_owed(journal, 2, NOW_MS);
	ck_well(journal_settle(journal, "hook", 1, JOURNAL_DELIVERED, NOW_MS, "", &err));
	ck_well(journal_endpoint_set(journal, "hook", &endpoint, &err));
	ck_assert_int_eq(tally_of(journal, "hook").owed, 1);
	ck_assert_int_eq(tally_of(journal, "hook").delivered, 1);
}
END_TEST

START_TEST(flaps_come_back)
{
	struct journal_flap flap = { .window_wall_ms = NOW_MS, .told = 3, .held_back = 7 };
	struct journal_flap found;

	ck_well(journal_flap_set(journal, "hook", "mail:1", &flap, &err));
	flap.told = 4;
	ck_well(journal_flap_set(journal, "hook", "mail:1", &flap, &err));
	ck_well(journal_flap_get(journal, "hook", "mail:2", &found, &err));
	ck_assert_int_eq(found.told, 0);
	ck_well(journal_flap_get(journal, "hook", "mail:1", &found, &err));
	ck_assert_int_eq(found.told, 4);
	ck_assert_int_eq(found.held_back, 7);
	ck_assert_int_eq(found.window_wall_ms, NOW_MS);
}
END_TEST

/* ---- samples ------------------------------------------------------------------------------ */

static bool see_sample(const struct journal_sample *sample, void *data)
{
	size_t len = strlen(data);

	(void)snprintf((char *)data + len, 256 - len, "%s@%d=%d/%d ", sample->subject,
		       (int)(sample->wall_ms - NOW_MS), (int)sample->rss_bytes,
		       (int)sample->memory_bytes);
	return true;
}

START_TEST(samples_come_back)
{
	static char mail[] = "mail:1", web[] = "web:1";
	struct journal_sample samples[] = { { NOW_MS + 5, mail, 10, 11 },
					    { NOW_MS, mail, 1, 2 },
					    { NOW_MS, web, 3, -1 },
					    { NOW_MS, mail, 8, 9 } };
	char text[256] = "";

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(journal_sample(journal, &samples[i], &err), i < 3);
	ck_well(journal_samples(journal, 0, see_sample, text, &err));
	ck_assert_str_eq(text, "mail:1@0=1/2 web:1@0=3/-1 mail:1@5=10/11 ");
	text[0] = '\0';
	ck_well(journal_samples(journal, NOW_MS + 1, see_sample, text, &err));
	ck_assert_str_eq(text, "mail:1@5=10/11 ");
}
END_TEST

/* ---- transactions ------------------------------------------------------------------------- */

START_TEST(what_is_rolled_back_is_not_there)
{
	ck_well(journal_begin(journal, &err));
	add_event(journal, "a", NOW_MS);
	journal_rollback(journal);
	ck_assert_int_eq(count_events(journal), 0);
	ck_assert_int_eq(journal_commit(journal, &err), -1);
	ck_well(journal_begin(journal, &err));
	add_event(journal, "b", NOW_MS);
	ck_well(journal_commit(journal, &err));
	reopen();
	ck_assert_int_eq(count_events(journal), 1);
}
END_TEST

START_TEST(closing_rolls_back)
{
	ck_well(journal_begin(journal, &err));
	add_event(journal, "a", NOW_MS);
	reopen();
	ck_assert_int_eq(count_events(journal), 0);
}
END_TEST

/* A writer that is killed in the middle, in a process of its own. */
START_TEST(a_killed_writer_leaves_nothing_half)
{
	pid_t child;
	int status;

	add_owed(journal, 10, NOW_MS);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		struct journal *own;

		if (journal_open(&own, temp, JOURNAL_WRITE, NULL, &err) || journal_begin(own, &err))
			_exit(1);
		for (int i = 1; i <= 10; i++)
			if (journal_settle(own, "hook", i, JOURNAL_DELIVERED, NOW_MS, "", &err))
				_exit(1);
		raise(SIGKILL);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status));
	reopen();
	ck_assert_int_eq(tally_of(journal, "hook").owed, 10);
}
END_TEST

/* Both write at the same time, each again and again: each waits for the other. */
START_TEST(patience_can_be_less)
{
	struct journal *other = open_journal(JOURNAL_WRITE);

	journal_set_patience(other, 1);
	ck_well(journal_begin(journal, &err));
	ck_assert_int_eq(journal_begin(other, &err), -1);
	ck_assert_int_eq(err.sys_errno, JOURNAL_LOCKED);
	ck_well(journal_commit(journal, &err));
	ck_well(journal_begin(other, &err));
	journal_close(other);
}
END_TEST

START_TEST(two_writers_wait_for_each_other)
{
	pid_t child = fork();
	int status;
	char id[32];

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		struct journal *own = open_journal(JOURNAL_WRITE);

		for (int i = 0; i < 50; i++) {
			(void)snprintf(id, sizeof(id), "child%d", i);
			add_event(own, id, NOW_MS);
		}
		journal_close(own);
		_exit(0);
	}
	for (int i = 0; i < 50; i++) {
		(void)snprintf(id, sizeof(id), "parent%d", i);
		add_event(journal, id, NOW_MS);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(count_events(journal), 100);
}
END_TEST

/* ---- an index that lies ------------------------------------------------------------------- */

static char *journal_path(void)
{
	return mem_format("%s/" JOURNAL_FILE, temp);
}

/* The whole file as it is now; freed by the caller. */
static char *bytes_now(void)
{
	char *path = journal_path();
	FILE *file = fopen(path, "r");
	size_t len;
	char *bytes;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
	len = (size_t)ftell(file);
	rewind(file);
	bytes = mem_alloc(len);
	ck_assert_uint_eq(fread(bytes, 1, len, file), len);
	(void)fclose(file);
	free(path);
	return bytes;
}

/* Where the only page of INDEX, which is small, begins in the file PATH. */
static long find_page(const char *path, const char *index, int64_t *page_size)
{
	char *text = mem_format("SELECT rootpage FROM sqlite_schema WHERE name = '%s'", index);
	struct sql *sql;
	int64_t page;

	ck_well(sql_open(&sql, path, SQL_WRITE, 100, &err));
	ck_well(sql_ask(sql, text, &page, &err));
	ck_well(sql_ask(sql, "PRAGMA page_size", page_size, &err));
	sql_close(sql);
	free(text);
	return (long)((page - 1) * *page_size);
}

/* As a disk that lost one write would leave it: INDEX is as it was in BEFORE, all else as it is. */
static void take_index_back(const char *before, const char *index)
{
	char *path = journal_path();
	int64_t page_size;
	FILE *file;
	long at;

	journal_close(journal);
	at = find_page(path, index, &page_size);
	file = fopen(path, "r+");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fseek(file, at, SEEK_SET), 0);
	ck_assert_uint_eq(fwrite(before + at, 1, (size_t)page_size, file), (size_t)page_size);
	ck_assert_int_eq(fclose(file), 0);
	free(path);
	journal = open_journal(JOURNAL_WRITE);
}

/* It is set aside, and what its tables say is carried over. */
static void reopen_corrupt(void)
{
	struct str notice = STR_INIT;

	ck_assert_int_eq(err.sys_errno, JOURNAL_CORRUPT);
	journal_close(journal);
	err = (struct err)ERR_INIT;
	ck_well(journal_open(&journal, temp, JOURNAL_WRITE, &notice, &err));
	ck_assert_ptr_nonnull(strstr(str_text(&notice), "was corrupt"));
	str_free(&notice);
}

START_TEST(what_an_index_alone_calls_owed_is_not_sent)
{
	struct journal_delivery deliveries[4];
	char *before;

	add_owed(journal, 2, NOW_MS);
	before = bytes_now();
	ck_well(journal_settle(journal, "hook", 1, JOURNAL_DELIVERED, NOW_MS, "200", &err));
	take_index_back(before, "deliveries_owed");
	ck_assert_int_eq(journal_queue(journal, "hook", deliveries, 4, &err), -1);
	reopen_corrupt();
	ck_assert_int_eq(journal_queue(journal, "hook", deliveries, 4, &err), 1);
	ck_assert_str_eq(deliveries[0].event.id, "e1");
	journal_delivery_free(&deliveries[0]);
	free(before);
}
END_TEST

START_TEST(what_an_index_alone_has_is_not_trimmed_for_ever)
{
	struct journal_retention keep = { .events_ms = HOUR_MS };
	int64_t dropped;
	char *before;

	add_event(journal, "a", NOW_MS);
	before = bytes_now();
	ck_assert_int_eq(journal_trim(journal, &keep, NOW_MS + DAY_MS, &dropped, &err), 1);
	take_index_back(before, "events_by_time");
	ck_assert_int_eq(journal_trim(journal, &keep, NOW_MS + DAY_MS, &dropped, &err), -1);
	reopen_corrupt();
	ck_assert_int_eq(journal_trim(journal, &keep, NOW_MS + DAY_MS, &dropped, &err), 0);
	free(before);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("journal");
	TCase *tests = tcase_create("all");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, is_private_whatever_the_umask);
	tcase_add_test(tests, reading_makes_nothing);
	tcase_add_test(tests, a_reader_cannot_write);
	tcase_add_test(tests, writing_needs_its_directory);
	tcase_add_test(tests, a_directory_may_be_reached_by_a_link);
	tcase_add_test(tests, knows_when_it_is_another);
	tcase_add_test(tests, events_come_back);
	tcase_add_test(tests, an_id_is_stored_once);
	tcase_add_loop_test(tests, events_from_then_on, 0, sizeof(ranges) / sizeof(ranges[0]));
	tcase_add_test(tests, reading_may_be_nested);
	tcase_add_loop_test(tests, unsound_events_are_known, 0,
			    sizeof(unsounds) / sizeof(unsounds[0]));
	tcase_add_test(tests, a_queue_is_in_order);
	tcase_add_test(tests, owing_twice_is_owing_once);
	tcase_add_test(tests, a_try_is_settled);
	tcase_add_test(tests, the_disabled_get_dead_letters);
	tcase_add_test(tests, dead_letters_are_listed);
	tcase_add_loop_test(tests, dead_letters_are_replayed, 0,
			    sizeof(meants) / sizeof(meants[0]));
	tcase_add_loop_test(tests, dead_letters_are_purged, 0, sizeof(meants) / sizeof(meants[0]));
	tcase_add_test(tests, what_is_too_old_is_buried);
	tcase_add_test(tests, webhooks_are_named);
	tcase_add_test(tests, a_thousand_are_settled_quickly);
	tcase_add_test(tests, endpoints_come_back);
	tcase_add_test(tests, what_an_endpoint_owes_survives_its_state);
	tcase_add_test(tests, flaps_come_back);
	tcase_add_test(tests, samples_come_back);
	tcase_add_test(tests, what_an_index_alone_calls_owed_is_not_sent);
	tcase_add_test(tests, what_an_index_alone_has_is_not_trimmed_for_ever);
	tcase_add_test(tests, what_is_rolled_back_is_not_there);
	tcase_add_test(tests, closing_rolls_back);
	tcase_add_test(tests, a_killed_writer_leaves_nothing_half);
	tcase_add_test(tests, patience_can_be_less);
	tcase_add_test(tests, two_writers_wait_for_each_other);
	suite_add_tcase(suite, tests);
	return suite;
}

CHECK_MAIN(make_suite())
