/* SPDX-License-Identifier: ISC */
/*
 * journal.db, altered anywhere: it is opened, refused or mended, and can be written then; what
 * comes out is bounded.
 *
 * The input alters a good database of some events: places (three bytes) and values; an odd first
 * byte has it cut there.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "watchdog/base/mem.h"
#include "watchdog/courier/ownevent.h"
#include "watchdog/journal/journal.h"

#define NOW_MS INT64_C(1700000000000)

static uint8_t *good;
static size_t good_len;
static int state_fd = -1;

static struct journal *open_journal(bool is_to_be)
{
	struct journal *journal = NULL;
	struct str notice = STR_INIT;
	struct err err = ERR_INIT;
	int status = journal_open(&journal, fuzz_dir(), JOURNAL_WRITE, &notice, &err);

	FUZZ_CHECK(status == 0 || (err.text[0] && fuzz_is_plain(err.text)));
	FUZZ_CHECK(status == 0 || !is_to_be);
	str_free(&notice);
	if (status == 0)
		return journal;
	journal_close(journal);
	return NULL;
}

static void fill(struct journal *journal)
{
	struct journal_endpoint endpoint = { .failures = 1, .last = "500" };
	struct journal_flap flap = { .told = 2 };
	struct err err = ERR_INIT;

	for (int i = 0; i < 40; i++) {
		struct journal_event event = { .id = mem_format("event-%d", i),
					       .type = mem_dup("worker.stopped"),
					       .source = mem_dup("/cronherd/web1/deploy"),
					       .subject = mem_format("mail:%d", i % 3),
					       .wall_ms = NOW_MS + i,
					       .round = mem_dup("r"),
					       .data = mem_dup("{\"reason\":\"crashed\"}") };
		struct journal_sample sample = { .wall_ms = NOW_MS + i, .subject = event.subject };

		FUZZ_CHECK(journal_add(journal, &event, &err) == 1);
		FUZZ_CHECK(journal_owe(journal, event.seq, "chat", NOW_MS, i % 5 == 0, &err) == 0);
		FUZZ_CHECK(journal_sample(journal, &sample, &err) == 1);
		journal_event_free(&event);
	}
	FUZZ_CHECK(journal_endpoint_set(journal, "chat", &endpoint, &err) == 0);
	FUZZ_CHECK(journal_flap_set(journal, "chat", "mail:1", &flap, &err) == 0);
}

static void make_good(void)
{
	struct journal *journal = open_journal(true);
	char *path = fuzz_path(JOURNAL_FILE);
	struct stat st;
	int fd;

	state_fd = open(fuzz_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fill(journal);
	journal_close(journal);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	FUZZ_CHECK(state_fd >= 0 && fd >= 0 && fstat(fd, &st) == 0);
	good_len = (size_t)st.st_size;
	good = mem_alloc(good_len);
	FUZZ_CHECK(read(fd, good, good_len) == (ssize_t)good_len && close(fd) == 0);
	free(path);
}

static void write_altered(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { .at = data, .end = data + size };
	uint8_t *bytes = mem_alloc(good_len);
	size_t len = good_len;
	bool is_cut = fuzz_byte(&input) % 2;

	memcpy(bytes, good, good_len);
	while (input.at < input.end) {
		size_t at = (size_t)fuzz_byte(&input) << 16;

		at |= (size_t)fuzz_byte(&input) << 8;
		at |= fuzz_byte(&input);
		at %= good_len;
		if (is_cut)
			len = at + 1;
		is_cut = false;
		bytes[at] = fuzz_byte(&input);
	}
	fuzz_write(JOURNAL_FILE, bytes, len);
	free(bytes);
}

static bool count_event(const struct journal_event *event, void *data)
{
	FUZZ_CHECK(event->id && event->type && event->source && event->subject && event->data);
	return ++*(size_t *)data < 1000;
}

static bool count_delivery(const struct journal_delivery *delivery, void *data)
{
	FUZZ_CHECK(delivery->webhook && delivery->last && delivery->event.id);
	return ++*(size_t *)data < 1000;
}

static bool count_sample(const struct journal_sample *sample, void *data)
{
	FUZZ_CHECK(sample->subject != NULL);
	return ++*(size_t *)data < 1000;
}

/* Each may fail: it says so, and nothing more. */
static void use(struct journal *journal)
{
	struct journal_delivery deliveries[16];
	struct journal_endpoint endpoint;
	struct journal_flap flap;
	struct journal_tally tally;
	struct journal_retention keep = { .events_ms = 20, .dead_ms = 1, .bytes = 65536 };
	struct strlist names = STRLIST_INIT;
	struct err err = ERR_INIT;
	int64_t dropped;
	size_t count = 0;
	int owed;

	(void)journal_events(journal, 0, 0, count_event, &count, &err);
	(void)journal_dead(journal, NULL, count_delivery, &count, &err);
	(void)journal_samples(journal, 0, count_sample, &count, &err);
	(void)journal_subjects(journal, &names, &err);
	(void)journal_webhooks(journal, &names, &err);
	(void)journal_tally(journal, "chat", &tally, &err);
	if (journal_endpoint_get(journal, "chat", &endpoint, &err) == 0)
		FUZZ_CHECK(memchr(endpoint.last, '\0', sizeof(endpoint.last)) != NULL);
	(void)journal_flap_get(journal, "chat", "mail:1", &flap, &err);
	owed = journal_queue(journal, "chat", deliveries, 16, &err);
	FUZZ_CHECK(owed <= 16);
	for (int i = 0; i < owed; i++) {
		(void)journal_settle(journal, "chat", deliveries[i].event.seq, JOURNAL_DELIVERED,
				     NOW_MS, "200", &err);
		journal_delivery_free(&deliveries[i]);
	}
	(void)journal_replay(journal, NULL, NULL, NOW_MS, &err);
	(void)journal_trim(journal, &keep, NOW_MS + 40, &dropped, &err);
	(void)journal_purge(journal, NULL, NULL, &err);
	strlist_free(&names);
}

/* Whatever it was: it does not stay in the way, unless it is of a newer cronherd. */
static void check_after(void)
{
	struct journal *journal = open_journal(false);
	struct journal_delivery delivery;
	struct err err = ERR_INIT;

	if (!journal)
		return;
	ownevent_make(EVENT_WEBHOOK_TEST, "hello", &delivery);
	if (journal_add(journal, &delivery.event, &err) < 0)
		FUZZ_CHECK(err.text[0] && fuzz_is_plain(err.text));
	journal_delivery_free(&delivery);
	journal_close(journal);
}

static void remove_all(void)
{
	(void)unlinkat(state_fd, JOURNAL_FILE, 0);
	(void)unlinkat(state_fd, JOURNAL_FILE "-journal", 0);
	(void)unlinkat(state_fd, JOURNAL_FILE ".salvage", 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct journal *journal;

	if (!good)
		make_good();
	remove_all();
	write_altered(data, size);
	for (int turn = 0; turn < 2; turn++) {
		journal = open_journal(false);
		if (journal)
			use(journal);
		journal_close(journal);
	}
	check_after();
	return 0;
}
