/* SPDX-License-Identifier: ISC */
/* A file in spool/: whatever stands in it is taken in without a failure, once, is sound, and the
 * file goes. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "watchdog/courier/intake.h"
#include "watchdog/model/option.h"
#include "watchdog/store/spool.h"

/* So many inputs share a journal, for speed. */
#define SHARED	64
#define SPOOLED SPOOL_DIR "/0000000000000001-2-0"

static int state_fd = -1;
static struct journal *journal;
static unsigned inputs;

/* So that nobody who watches memory takes it for lost. */
static void close_journal(void)
{
	journal_close(journal);
}

static void renew(void)
{
	struct str notice = STR_INIT;
	struct err err = ERR_INIT;

	if (inputs++ % SHARED)
		return;
	journal_close(journal);
	if (state_fd < 0) {
		state_fd = open(fuzz_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		FUZZ_CHECK(state_fd >= 0 && mkdirat(state_fd, SPOOL_DIR, 0700) == 0);
		(void)atexit(close_journal);
	}
	(void)unlinkat(state_fd, JOURNAL_FILE, 0); /* the first time there is none */
	FUZZ_CHECK(journal_open(&journal, fuzz_dir(), JOURNAL_WRITE, &notice, &err) == 0);
	FUZZ_CHECK(notice.len == 0);
}

static bool check_event(const struct journal_event *event, void *data)
{
	(void)data;
	FUZZ_CHECK(journal_event_is_sound(event));
	return true;
}

static bool check_sample(const struct journal_sample *sample, void *data)
{
	(void)data;
	FUZZ_CHECK(sample->wall_ms >= 0 && fuzz_is_line(sample->subject));
	return true;
}

static void check_journal(void)
{
	struct err err = ERR_INIT;
	struct journal_delivery deliveries[8];
	int owed;

	FUZZ_CHECK(journal_events(journal, 0, 0, check_event, NULL, &err) == 0);
	FUZZ_CHECK(journal_samples(journal, 0, check_sample, NULL, &err) == 0);
	owed = journal_queue(journal, "all", deliveries, 8, &err);
	FUZZ_CHECK(owed >= 0);
	for (int i = 0; i < owed; i++)
		journal_delivery_free(&deliveries[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct webhook webhooks[2] = { { .name = (char[]){ "all" } },
				       { .name = (char[]){ "some" } } };
	struct config config = { .webhooks = webhooks, .webhook_count = 2 };
	size_t passed_over = 0;
	struct err err = ERR_INIT;

	for (int i = 0; i < 2; i++) {
		options_init_in(webhook_option_table, &webhooks[i].options);
		webhooks[i].options.url = strdup("https://h/");
	}
	strlist_add(&webhooks[1].options.events, "worker.st*");
	strlist_add(&webhooks[1].options.workers, "a*:[12]");
	renew();
	fuzz_write(SPOOLED, data, size);
	FUZZ_CHECK(intake(journal, &config, state_fd, &passed_over, &err) >= 0);
	FUZZ_CHECK(faccessat(state_fd, SPOOLED, F_OK, 0) != 0);
	check_journal();
	fuzz_write(SPOOLED, data, size);
	FUZZ_CHECK(intake(journal, &config, state_fd, &passed_over, &err) == 0);
	for (int i = 0; i < 2; i++)
		options_free_in(webhook_option_table, &webhooks[i].options);
	return 0;
}
