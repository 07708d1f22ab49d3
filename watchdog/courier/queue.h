/* SPDX-License-Identifier: ISC */
/*
 * queue: what is owed to one webhook, sent in order, one request at a time.
 *
 * The head blocks the rest: nothing overtakes. What the journal holds is read a window at a time; what became of it goes to the
 * errand's batch.
 */
#ifndef WATCHDOG_COURIER_QUEUE_H
#define WATCHDOG_COURIER_QUEUE_H

#include "watchdog/courier/errand.h"
#include "watchdog/courier/message.h"

struct queue {
	struct sender sender;
	const struct webhook *webhook;
	char topic[ERRAND_TOPIC_SIZE]; /* "webhook NAME" */
	char host[ERRAND_HOST_SIZE];   /* all of its URL that may be shown */
	struct strlist secrets;
	bool is_mute;  /* its secret cannot be read: nothing is sent unsigned */
	bool is_hasty; /* the next try is made at once, whatever its time */
	bool is_cut;   /* what was under way had less than its time, and was broken off: that says nothing */
	struct journal_endpoint endpoint;
	struct journal_delivery *window; /* the first that are owed, in order */
	size_t count, at;                /* those before AT are done */
	bool is_whole;                   /* there are no more than the window has */
	int64_t gather_seq;              /* which event at the head it is that is waited with … */
	int64_t gather_wall_ms;          /* … until then, for what may belong to it */
	/* Under way: */
	size_t sending; /* so many from AT on, as one message; 0: nothing */
	char id[JOURNAL_ID_MAX + 1];
	int64_t timeout_ms;
	struct journal_flap flap; /* of the event's subject, once it is settled */
	bool has_flap;
};

/*
 * Opens the queue of WEBHOOK, with what the journal knows of it; what is owed for longer than its max_age becomes dead letters.
 * 0, or -1 with ERR where the journal fails; queue_close in any case.
 */
int queue_open(struct queue *queue, const struct webhook *webhook, struct errand *errand,
	       struct err *err);
void queue_close(struct queue *queue);

/* Reads anew what the journal has: others may have added to it, or changed it. Nothing may be under way or in the batch. */
int queue_look(struct queue *queue, struct errand *errand, struct err *err);

/* More may be owed by now than was when it was last read. */
void queue_expect_more(struct queue *queue);

/* When the next request is to be begun in this run: at once, if in the past; INT64_MAX: none is, or one is under way. */
int64_t queue_due_wall_ms(const struct queue *queue);

/* When another run is to go on with it; INT64_MAX: nothing is owed. Exact behind queue_look. */
int64_t queue_owed_wall_ms(const struct queue *queue, int64_t now_wall_ms);

/* Begins the next request, if one is due and there is time for it; settles what needs none. 0, or -1 with ERR where the journal fails. */
int queue_step(struct queue *queue, struct errand *errand, struct err *err);

#endif
