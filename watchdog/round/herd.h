/* SPDX-License-Identifier: ISC */
/*
 * herd: everything that one configuration and one state directory keep, loaded for one run.
 *
 * herd_open reads configuration, lease and holds and lays out the slots: one for each defined instance, and one for
 * each that only a pidfile or a record knows (removed, or its file is broken).
 */
#ifndef WATCHDOG_ROUND_HERD_H
#define WATCHDOG_ROUND_HERD_H

#include <stdbool.h>
#include <stddef.h>

#include "watchdog/act/ending.h"
#include "watchdog/act/scene.h"
#include "watchdog/base/err.h"
#include "watchdog/base/out.h"
#include "watchdog/base/str.h"
#include "watchdog/config/config.h"
#include "watchdog/decide/decide.h"
#include "watchdog/decide/intent.h"
#include "watchdog/model/instance.h"
#include "watchdog/model/observation.h"
#include "watchdog/model/record.h"
#include "watchdog/round/telling.h"
#include "watchdog/store/holds.h"
#include "watchdog/store/scales.h"
#include "watchdog/store/slotcache.h"

struct slot {
	struct instance instance;
	char id[INSTANCE_ID_SIZE];
	enum definition definition;
	const struct hold *hold; /* as last listed; NULL: none */
	bool is_held;            /* as last asked */
	bool is_selected;        /* may be acted upon */
	bool is_by_worker;       /* selected along with all that its worker may have in future */
	bool is_looked_at;       /* is selected, or one that is depends on it */
	bool is_due;             /* the present pass is about it; else what the last one found stands */
	/* What a verb asks for, beyond keeping: */
	bool is_renewed;         /* another process in its place */
	bool is_retried;         /* at once, whatever its delays */
	bool at_once;            /* KILL instead of the stop signal */
	bool is_put_down;        /* never started, even if its hold expires meanwhile */
	bool all_at_once;        /* renewed without waiting for its fellows */
	/* Until the first look, where slots.cache knew it: HAS_PIDFILE, PIDFILE and RECORD stand for the files as long as its pidfile is this one. */
	bool is_cached;
	uint64_t cached_inode;
	int64_t cached_changed_ns;
	/* What the last pass found: */
	bool has_pidfile;        /* one that proves an identity */
	struct pidfile pidfile;
	struct record record;
	struct observation seen;
	enum state state;        /* as decided */
	enum intent intent;
	enum reason pressure;    /* why it should be replaced by choice */
	bool may_replace;
	bool is_rising;          /* about to be started */
	bool is_forgotten;       /* its definition is gone, and so is all that was known of it */
	bool is_ready;           /* all that it comes after run */
	bool is_busy;            /* another round has its lock */
	bool is_pending;         /* something of this slot is still to be done in this run */
	bool was_looked_at;
	bool was_locked;         /* this run has looked at it under its lock */
	struct procid first;     /* who was alive at this run's first look; pid 0: nobody */
	int64_t first_starts;    /* record.starts then */
	bool was_alive;          /* this run has seen it alive */
	int64_t dead_boot_ms;    /* when this run first saw it dead with its exit not known; 0 */
	bool was_told;           /* this run has told its process to stop */
	bool has_failed;         /* this run failed to start it */
	size_t leftovers;        /* processes that were ended after their main process */
	int64_t again_boot_ms;   /* when something will be due */
	struct family family;
	char problem[RECORD_FAILURE_SIZE]; /* what kept us from acting; "" nothing */
};

/* Notes what kept us from acting on SLOT. */
void slot_complain(struct slot *slot, const char *what, int sys_errno);

/* Whether another process lives in SLOT than at this run's first look, whoever started it. */
bool slot_is_replaced(const struct slot *slot);

/* Whether SLOT, after a look, is what an instance that comes after it waits for. Of one whose file is broken only life is known. */
bool slot_is_up(const struct slot *slot);

struct herd {
	struct config config;
	struct scene scene;
	struct holds holds;
	struct scales scales;
	struct strlist unpeopled; /* workers without instances that a command line selected */
	struct slot *slots; /* in starting order: priority, then place in the files, then number */
	size_t count;
	bool is_manual;     /* a person's verb, no round: replaces only what it is told to */
	bool is_minded;     /* a minder is our parent */
	bool is_prepared;   /* what the first start needs has been done */
	struct strlist problems; /* what could not be prepared, a line each; starts go on all the same */
	/* Its files have changed since: nobody is replaced for the sake of a definition, or started in another's stead. */
	bool is_outdated;
	int64_t started_wall_ms;
	struct telling telling;
	struct lease lease; /* as found */
	struct slotcache_stamp stamp; /* of what the slots were laid out from */
	bool is_cached; /* slots.cache is as it would be written anew: set by who has read all of it */
};

enum herd_access {
	HERD_READ,  /* looks only: makes no directory, takes no lease */
	HERD_WRITE,
	HERD_GLANCE, /* as HERD_WRITE, but no slot is laid out: glance, then herd_lay_out where that was not enough */
	HERD_HEAL   /* writes too, for the instances of the terms and what they depend on: no more is laid out */
};

/* What whoever began us knows of the herd. */
struct herd_terms {
	const char *state_dir; /* to be refused if it is another now; NULL: any */
	char *const *only;     /* HERD_HEAL: ids, NULL-terminated; one that no definition has is passed over */
};

/*
 * Opens HERD on MAIN_FILE (NULL: the default). With HERD_WRITE the lease is taken where it may be. TERMS may be NULL but with
 * HERD_HEAL. -1 with ERR where nothing can be done (no configuration, no /proc, state directory unusable, or not that of TERMS).
 * herd_close in any case.
 */
int herd_open(struct herd *herd, const char *main_file, enum herd_access access,
	      const struct herd_terms *terms, const struct out *out, struct err *err);
void herd_close(struct herd *herd);

/* Lays out the slots, where herd_open has not. 0, or -1 with ERR: herd_close. */
int herd_lay_out(struct herd *herd, struct err *err);

/* Whether nothing at all is known of the worker NAME: its file is broken, and it has left no trace. */
bool herd_lacks(const struct herd *herd, const char *name);

/* Reads the holds anew (they change while a verb waits). 0, or -1 with ERR: what was read before stands. */
int herd_read_holds(struct herd *herd, struct err *err);

/* By which holds expire: the time, read anew, and the boot. */
struct holds_now herd_holds_now(const struct herd *herd);

/* Whether the configuration's files, or a person's word on how many there are to be, have changed since HERD was opened. */
bool herd_is_stale(const struct herd *herd);

/* Sets the lease's times at the end of a round, and renews the caches that were stale where nothing is in motion. */
void herd_finish_round(struct herd *herd);

/* Where the lease is and whose: one line for a person. Static or in BUF. */
const char *herd_foreign_text(const struct herd *herd, char *buf, size_t size);

#endif
