/* SPDX-License-Identifier: ISC */
/*
 * errand: one run of the courier, as queues and pings see it: what it has at hand, how much time is left, whom it tells.
 */
#ifndef WATCHDOG_COURIER_ERRAND_H
#define WATCHDOG_COURIER_ERRAND_H

#include <stdbool.h>
#include <stdint.h>

#include "watchdog/base/clock.h"
#include "watchdog/config/config.h"
#include "watchdog/courier/batch.h"
#include "watchdog/courier/courier.h"
#include "watchdog/journal/journal.h"
#include "watchdog/net/http.h"
#include "watchdog/store/complaints.h"

/* Nothing is begun for which less than that is left, and what is under way ends a little before the end. */
#define ERRAND_LAST_MS	  2000
#define ERRAND_RESERVE_MS 500

#define ERRAND_TOPIC_SIZE 96
#define ERRAND_HOST_SIZE  128

struct errand {
	const struct config *config;
	const struct courier_options *options;
	int state_fd;
	struct journal *journal; /* NULL: there has been nothing for it to do */
	bool is_journal_proven;	 /* it has stored something in this run */
	struct http *http;
	struct batch batch;
	struct complaints complaints;
	struct strlist said; /* complaints of this run, in the foreground */
	struct clock now;    /* of this turn */
	int64_t until_boot_ms;
	struct courier_done done;
};

/* One who sends: a queue, a ping. The first member of each, and the tag of its requests. */
struct sender {
	void (*take)(struct sender *sender, struct errand *errand, const struct http_result *result);
};

/* Whether a request may still be begun. */
bool errand_has_time(const struct errand *errand);

/* WANTED_MS, or what is left. */
int64_t errand_timeout_ms(const struct errand *errand, int64_t wanted_ms);

/* Whether RESULT says nothing: GIVEN_MS were less than the WANTED_MS, and ran out. What had no connection had all of its time for that. */
bool errand_was_cut(const struct http_result *result, int64_t given_ms, int64_t wanted_ms);

/* For a person: to the complaints, in the foreground also to standard error, once a run. */
void errand_complain(struct errand *errand, enum complaint_kind kind, const char *topic,
		     const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Forgets complaints that have passed: old notes, and those about webhooks and pings that the configuration has no more. */
void errand_forget(struct errand *errand);

#endif
