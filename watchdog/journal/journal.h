/* SPDX-License-Identifier: ISC */
/*
 * journal: the durable record of events, of deliveries owed and made, of how webhooks do, and of samples. One SQLite database,
 * `journal.db` in the state directory, opened only by who has something to write or read; never by a round.
 *
 * Its loss stops nothing: a database that is corrupt is moved aside and what can be read of it is carried over (journal/salvage.h).
 * Several processes may have it open; SQLite's locks keep them apart. A lock that lasts is waited for, JOURNAL_PATIENCE_MS at most.
 *
 * All functions return 0 (or a count) or -1 with ERR, unless said otherwise. Texts handed in are copied; those handed out in structs
 * are freed by the struct's own function.
 */
#ifndef WATCHDOG_JOURNAL_JOURNAL_H
#define WATCHDOG_JOURNAL_JOURNAL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "watchdog/base/err.h"
#include "watchdog/base/str.h"

#define JOURNAL_FILE "journal.db"
#define JOURNAL_PATIENCE_MS 5000

/* ERR's sys_errno, where callers may want to tell: */
#define JOURNAL_LOCKED	  EAGAIN /* for longer than the patience */
#define JOURNAL_FULL	  ENOSPC /* disk, quota or file size limit: nothing was changed */
#define JOURNAL_READ_ONLY EROFS
#define JOURNAL_CORRUPT	  EBADMSG /* it is carried over when it is opened the next time */
#define JOURNAL_REPLACED  ESTALE  /* another file has its name by now: to be opened anew */

struct journal;

enum journal_access {
	JOURNAL_READ, /* there may be none: then it is empty */
	JOURNAL_WRITE
};

/*
 * STATE_DIR: path. NOTICE gets a sentence where something was found wrong and mended ("… is kept as …"). Either access mends. Refused, and
 * never touched: what is no regular file, or another user's, or of a newer cronherd.
 */
int journal_open(struct journal **journal, const char *state_dir, enum journal_access access,
		 struct str *notice, struct err *err);
void journal_close(struct journal *journal); /* NULL: nothing */

/* Whether there is one in the directory STATE_FD; one that was moved aside and not carried over yet is one, too. */
bool journal_exists(int state_fd);

/* From now on a lock is waited for so long: for who has less time than JOURNAL_PATIENCE_MS. */
void journal_set_patience(struct journal *journal, int64_t patience_ms);

/* Whether it is still the one in its directory: false once it was replaced, removed, or, where there was none, made. */
bool journal_is_current(const struct journal *journal);

/*
 * What stands between the two is stored as a whole, durably, or not at all. Without them each call is on its own. After a failure
 * in between, the commit fails too.
 */
int journal_begin(struct journal *journal, struct err *err);
int journal_commit(struct journal *journal, struct err *err);
void journal_rollback(struct journal *journal);

/* ---- events ------------------------------------------------------------------------------- */

struct journal_event {
	int64_t seq; /* the order in which they came; 0 while not stored */
	char *id;      /* at most JOURNAL_ID_MAX of A-Z a-z 0-9 - _ */
	char *type;    /* "worker.started": at most JOURNAL_ID_MAX of a-z 0-9 . _ */
	char *source;  /* "/cronherd/HOST/USER" */
	char *subject; /* "" none */
	int64_t wall_ms;
	char *round; /* the name of the round's spool file: equal for events of one round */
	char *data;  /* a JSON object: INTERFACE.md, "Events"; at most JOURNAL_DATA_MAX bytes */
};

#define JOURNAL_ID_MAX	 64
#define JOURNAL_TEXT_MAX 8192 /* of source, subject and round, which are lines of UTF-8 */
#define JOURNAL_DATA_MAX (256 * 1024)

/* Whether EVENT is as these comments say; what is stored is, as far as nobody altered the file. Pure. */
bool journal_event_is_sound(const struct journal_event *event);

void journal_event_free(struct journal_event *event); /* its members */

/* Stores EVENT, which must be sound, and sets its seq. 1, or 0 where its id is known already (nothing is changed), or -1. */
int journal_add(struct journal *journal, struct journal_event *event, struct err *err);

/* Calls EACH for the events with wall_ms >= SINCE and seq > AFTER, oldest first, until it returns false. */
int journal_events(struct journal *journal, int64_t since_wall_ms, int64_t after_seq,
		   bool (*each)(const struct journal_event *event, void *data), void *data,
		   struct err *err);

/* The event with that ID. 1, 0 (there is none) or -1. */
int journal_find(struct journal *journal, const char *id, struct journal_event *event, struct err *err);

/* The subjects of all events and samples, each once. */
int journal_subjects(struct journal *journal, struct strlist *subjects, struct err *err);

/* ---- deliveries --------------------------------------------------------------------------- */

enum journal_debt { JOURNAL_OWED, JOURNAL_DELIVERED, JOURNAL_DEAD };

struct journal_delivery {
	struct journal_event event;
	int64_t attempts;    /* made so far */
	int64_t owed_wall_ms; /* since */
	int64_t done_wall_ms; /* DELIVERED, DEAD; else 0 */
	char *webhook;
	char *last; /* how the last try went, a few words; "" */
};

void journal_delivery_free(struct journal_delivery *delivery);

/* From now on the event SEQ is owed to WEBHOOK. IS_DEAD: a dead letter at once (the webhook is disabled). */
int journal_owe(struct journal *journal, int64_t seq, const char *webhook, int64_t now_wall_ms, bool is_dead,
		struct err *err);

/* The first at most MAX events owed to WEBHOOK, in order, to DELIVERIES; their number. */
int journal_queue(struct journal *journal, const char *webhook, struct journal_delivery *deliveries,
		  size_t max, struct err *err);

/* After a try: DEBT stays OWED for another. LAST: a few words. What is not known, or was delivered, is left alone. */
int journal_settle(struct journal *journal, const char *webhook, int64_t seq, enum journal_debt debt,
		   int64_t now_wall_ms, const char *last, struct err *err);

/* All that is owed to WEBHOOK becomes dead letters, those owed since before BEFORE_WALL_MS (INT64_MAX: all). How many. */
int journal_bury(struct journal *journal, const char *webhook, int64_t before_wall_ms,
		 int64_t now_wall_ms, const char *last, struct err *err);

/* Dead letters, oldest first. WEBHOOK NULL: of all. */
int journal_dead(struct journal *journal, const char *webhook,
		 bool (*each)(const struct journal_delivery *delivery, void *data), void *data,
		 struct err *err);

/* Dead letters of WEBHOOK (NULL: all), or only that of the event ID (NULL: all), owed again / forgotten. How many. */
int journal_replay(struct journal *journal, const char *webhook, const char *id, int64_t now_wall_ms,
		   struct err *err);
int journal_purge(struct journal *journal, const char *webhook, const char *id, struct err *err);

struct journal_tally {
	int64_t owed, delivered, dead; /* delivered: ever */
	int64_t oldest_owed_wall_ms;   /* 0: none */
};

int journal_tally(struct journal *journal, const char *webhook, struct journal_tally *tally,
		  struct err *err);

/* The names of all webhooks of which something is known, in order. */
int journal_webhooks(struct journal *journal, struct strlist *names, struct err *err);

/* ---- endpoints: how a webhook does -------------------------------------------------------- */

struct journal_endpoint {
	uint64_t url_hash;        /* of the URL that all this is about */
	int64_t failures;         /* tries in a row that went wrong, of the one at the head of the queue */
	int64_t refusals;         /* among them, those where it was refused (net/verdict.h) */
	int64_t digest_seq;       /* the last of those that were put into one message; 0: none are */
	int64_t next_wall_ms;     /* not before; 0: at once */
	int64_t failing_wall_ms;  /* since; 0: is well */
	int64_t disabled_wall_ms; /* since a 410; 0: is not */
	int64_t tried_wall_ms;    /* last */
	char last[200];           /* how that went, a few words */
};

/* 0 with all zero where nothing is known. */
int journal_endpoint_get(struct journal *journal, const char *webhook,
			 struct journal_endpoint *endpoint, struct err *err);
int journal_endpoint_set(struct journal *journal, const char *webhook,
			 const struct journal_endpoint *endpoint, struct err *err);

/* ---- flaps: instances of which too much was told ------------------------------------------- */

struct journal_flap {
	int64_t window_wall_ms; /* when the present ten minutes began */
	int64_t told;           /* in them */
	int64_t held_back;      /* since the last that was told */
};

int journal_flap_get(struct journal *journal, const char *webhook, const char *subject,
		     struct journal_flap *flap, struct err *err);
int journal_flap_set(struct journal *journal, const char *webhook, const char *subject,
		     const struct journal_flap *flap, struct err *err);

/* ---- samples ------------------------------------------------------------------------------ */

struct journal_sample {
	int64_t wall_ms;
	char *subject;
	int64_t rss_bytes, memory_bytes; /* -1: not known */
};

/* What is known of that subject and moment already stays. 1, 0 (it was known) or -1. */
int journal_sample(struct journal *journal, const struct journal_sample *sample, struct err *err);
/* Oldest first, as journal_events. */
int journal_samples(struct journal *journal, int64_t since_wall_ms,
		    bool (*each)(const struct journal_sample *sample, void *data), void *data,
		    struct err *err);

/* ---- retention ---------------------------------------------------------------------------- */

struct journal_retention {
	int64_t events_ms;  /* events, and deliveries made, older than that go; what is owed or dead stays */
	int64_t dead_ms;    /* dead letters; 0, here and above and below: all go */
	int64_t samples_ms;
	int64_t bytes;      /* the database is kept below that (0: no matter): the oldest go first, dead letters
			       after all else, what is owed last */
};

/* How many events went; those that were still owed are in *DROPPED (they are never dropped by age). */
int journal_trim(struct journal *journal, const struct journal_retention *retention,
		 int64_t now_wall_ms, int64_t *dropped, struct err *err);

#endif
