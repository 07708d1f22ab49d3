/* SPDX-License-Identifier: ISC */
/* A state directory with a journal in it, and events to put there. */
#ifndef TESTS_UNIT_JOURNAL_FIXTURE_H
#define TESTS_UNIT_JOURNAL_FIXTURE_H

#include <check.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/tempdir.h"
#include "watchdog/base/mem.h"
#include "watchdog/journal/journal.h"

#define NOW_MS	  INT64_C(1700000000000)
#define HOUR_MS	  INT64_C(3600000)
#define DAY_MS	  (24 * HOUR_MS)

static char *temp;
static struct err err;

/* In memory where that can be: each transaction is synced, which is not what is tested. */
static inline void make_temp(void)
{
	if (access("/dev/shm", R_OK | W_OK | X_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 0);
	temp = tempdir_make();
	err = (struct err)ERR_INIT;
}

static inline void remove_temp(void)
{
	tempdir_remove(temp);
}

/* That CALL succeeded (is not negative); gives what it gave. */
#define ck_well(call) is_well(#call, (call))

static inline int is_well(const char *call, int status)
{
	ck_assert_msg(status >= 0, "%s: %s", call, err.text);
	return status;
}

static inline struct journal *open_journal(enum journal_access access)
{
	struct journal *journal;
	struct str notice = STR_INIT;

	ck_well(journal_open(&journal, temp, access, &notice, &err));
	ck_assert_str_eq(str_text(&notice), "");
	return journal;
}

/* Stores one event named ID; its number, or 0 where it was known. */
static inline int64_t add_event(struct journal *journal, const char *id, int64_t wall_ms)
{
	char round[] = "round";
	char type[] = "worker.started";
	char source[] = "/cronherd/host/user";
	char subject[] = "mail:1";
	char data[] = "{\"pid\":42}";
	char *copy = mem_dup(id);
	struct journal_event event = { .id = copy,
				       .type = type,
				       .source = source,
				       .subject = subject,
				       .round = round,
				       .wall_ms = wall_ms,
				       .data = data };
	int added;

	ck_assert(journal_event_is_sound(&event));
	added = ck_well(journal_add(journal, &event, &err));
	ck_assert_int_eq(added, event.seq > 0);
	free(copy);
	return event.seq;
}

/* COUNT events "e0", "e1" …, a second apart from FIRST_WALL_MS on, each owed to "hook". */
static inline void add_owed(struct journal *journal, int count, int64_t first_wall_ms)
{
	char id[32];

	ck_well(journal_begin(journal, &err));
	for (int i = 0; i < count; i++) {
		(void)snprintf(id, sizeof(id), "e%d", i);
		ck_well(journal_owe(journal, add_event(journal, id, first_wall_ms + i * 1000),
				    "hook", NOW_MS, false, &err));
	}
	ck_well(journal_commit(journal, &err));
}

static inline bool count_one(const struct journal_event *event, void *data)
{
	int *count = data;

	ck_assert(event->seq > 0);
	(*count)++;
	return true;
}

static inline int count_events(struct journal *journal)
{
	int count = 0;

	ck_well(journal_events(journal, 0, 0, count_one, &count, &err));
	return count;
}

static inline struct journal_tally tally_of(struct journal *journal, const char *webhook)
{
	struct journal_tally tally;

	ck_well(journal_tally(journal, webhook, &tally, &err));
	return tally;
}

#endif
