/* SPDX-License-Identifier: ISC */
/*
 * mind: a minder, the rounds that it begins, and a round of cron's that gets in their way; one instance. cron does not come again.
 *
 * back      as long as nobody is killed but workers, one lives in the end: it needs no cron
 * attended  whoever ends as an announced child of the minder has a round begun for it
 * told      a round that writes down an end knows how it ended, as long as the minder lives
 *
 * What each step stands for:
 *   to_be, become       act/minder.c (stand, become_minder)
 *   reap, attend, note, bury     act/minder.c (reap_one, attend, note_worker), store/exitnote.c
 *   begin, over, wait   act/minder.c (begin_round, minder_main)
 *   Round               round/pass.c (act_on_starts, awaits_note, act_locked, settle_end, start), verbs/verb_run.c (is_settled)
 *   expect              act/launch.c (publish: the link is there before the gate opens)
 *   Cron                a round of cron's that finds all well, or is killed before it has done anything
 *   die, orphans        the kernel: SIGCHLD stays pending while it is blocked, and is one however often it comes; children fall to
 *                       the minder, a subreaper, and tell it if they are dead already
 *
 * Abstracted:
 *   Who is who (keep.pml): a process is one of four that is not used again as long as anything means it. The gate (keep.pml). A round's
 *   patience for the note, 200 ms, is long enough. Backoff: a round that a minder began waits for it.
 *   With the minder's death its promises end; its children fall to init.
 *
 * Broken on purpose:
 *   NO_BLOCK       SIGCHLD is not blocked: what comes while nobody waits for it is lost
 *   OVER_EARLY     childless, the minder does not ask for the round that it has just begun
 *   BURY_FIRST     the zombie is reaped before its note is written
 *   NO_PATIENCE    a round does not wait for the note
 *   EXPECT_LATE    the link is made when the worker runs already
 *   LEAVE_BUSY     who finds the slot locked leaves it to the other (as it was until this model)
 */
#define WORKERS 3 /* 1 to 3; 0: nobody */

#define NOBODY 0
#define RUNS   1
#define ZOMBIE 2

/* Parents: a round, or */
#define MINDER 1
#define INIT   2
#define CRON   3

byte worker[WORKERS + 1];
byte parent[WORKERS + 1];
byte round; /* one at a time; the first is that for which the minder-to-be was made */
bool is_minded; /* it is the minder's */

/* exits/ */
#define NOTHING 0
#define LINK	1
#define NOTE	2
byte exits[WORKERS + 1];

byte known; /* by pidfile and record */
bool ended; /* the record says that it has */

byte lock;	  /* who has it, and 1 */
bool pending;	  /* the minder's SIGCHLD */
bool has_ended;	  /* the minder knows of an end that no round has been begun for */
bool lives;	  /* the minder */
bool unattended;  /* a child of the minder has ended, and nobody has begun a round for it or written it down */
bool was_killed;  /* somebody who was to do something */
bool quiet;

#define alive (worker[1] == RUNS || worker[2] == RUNS || worker[3] == RUNS)
#define is_free(w) (worker[w] == NOBODY && known != (w))
#define is_childless                                                                               \
	(!round && (!worker[1] || parent[1] != MINDER) &&                          \
	 (!worker[2] || parent[2] != MINDER) && (!worker[3] || parent[3] != MINDER))

/* What nobody means any more has nothing, so that equal states are equal. */
inline tidy_one(w)
{
	if
	:: worker[w] == NOBODY ->
		parent[w] = 0;
		exits[w] = (w == known -> exits[w] : NOTHING)
	:: else
	fi
}

inline tidy()
{
	d_step {
		tidy_one(1);
		tidy_one(2);
		tidy_one(3)
	}
}

inline signal_minder()
{
#ifdef NO_BLOCK
	pending = lives && is_waiting
#else
	pending = lives
#endif
}

#ifdef NO_BLOCK
bool is_waiting;
#endif

/* The children of a round that has ended fall to the minder, which is told of the dead; or to init. */
inline orphan(w, me)
{
	if
	:: worker[w] && parent[w] == me ->
		parent[w] = (lives -> MINDER : INIT);
		unattended = unattended || (lives && worker[w] == ZOMBIE && w == known && !ended);
		worker[w] = (!lives && worker[w] == ZOMBIE -> NOBODY : worker[w])
	:: else
	fi
}

inline end_round(me)
{
	d_step {
		orphan(1, me);
		orphan(2, me);
		orphan(3, me);
		round = (lives -> ZOMBIE : NOBODY);
		lock = (lock == me + 1 -> 0 : lock);
		signal_minder();
		tidy_one(1);
		tidy_one(2);
		tidy_one(3)
	}
}

inline die(w)
{
	d_step {
		worker[w] = (parent[w] == INIT -> NOBODY : ZOMBIE);
		if
		:: parent[w] == MINDER -> signal_minder(); unattended = unattended || (w == known && !ended)
		:: else
		fi;
		tidy_one(w)
	}
}

/* Before each step: nothing, or the end. */
#define may_be_killed                                                                              \
	if                                                                                         \
	:: !quiet -> was_killed = true; goto over                                                  \
	:: skip                                                                                    \
	fi

/*
 * Under the lock: what is known of the end of the one that is dead. A zombie shows its status to all, but not if that is 0; its parent
 * has it in any case; else there is the note, and where the zombie is not buried yet, it is waited for.
 */
inline ask(me)
{
	if
	:: exits[known] == NOTE || (worker[known] == ZOMBIE && parent[known] == me) -> is_known = true
	:: worker[known] == ZOMBIE -> is_known = true
#ifndef NO_PATIENCE
	:: exits[known] != NOTE && worker[known] == ZOMBIE && parent[known] != me -> lock = 0; goto again
#endif
	:: else -> is_known = false
#ifdef NO_PATIENCE
	:: exits[known] != NOTE -> is_known = false
#endif
	fi
}

inline settle(me)
{
	assert(is_known || !lives);
	ended = true;
	is_known = false;
	unattended = false
}

inline remove_note(me)
{
	exits[known] = NOTHING;
	worker[known] = (worker[known] == ZOMBIE && parent[known] == me -> NOBODY : worker[known]);
	tidy()
}

proctype Round(byte me)
{
	byte w;
	bool is_known;

end_idle:
	round == RUNS && lives; /* else all promises are over */
again:
	skip; /* others may come between */
	/* pass_look, slotlock_try */
end_busy:
	atomic {
		may_be_killed;
		if
		:: worker[known] == RUNS -> goto over
#ifdef LEAVE_BUSY
		:: worker[known] != RUNS && lock -> was_killed = was_killed || !is_minded; goto over
#else
		:: worker[known] != RUNS && lock && !is_minded -> was_killed = true; goto over /* cron's next one */
#endif
		:: worker[known] != RUNS && lock == 0 -> lock = me + 1
		fi
	}
	/* act_locked, awaits_note */
	atomic {
		may_be_killed;
		if
		:: worker[known] == RUNS -> goto over
		:: known && !ended && worker[known] != RUNS -> ask(me)
		:: else
		fi
	}
	/* settle_end */
	if
	:: atomic { known && !ended -> may_be_killed; settle(me) }
	   atomic { may_be_killed; remove_note(me) }
	:: atomic { !known || ended }
	fi;
	/* launch; with the gate, all of this is done when it begins to run */
	atomic {
		may_be_killed;
		w = 1;
		do
		:: w <= WORKERS && !is_free(w) -> w++
		:: w > WORKERS -> was_killed = true; goto over /* EAGAIN: it might as well have been killed */
		:: else -> break
		od;
#ifdef EXPECT_LATE
		exits[w] = NOTHING;
#else
		exits[w] = LINK;
#endif
		known = w;
		ended = false;
		worker[w] = RUNS;
		parent[w] = me;
		tidy()
	}
#ifdef EXPECT_LATE
	atomic { may_be_killed; exits[w] = (exits[w] == NOTHING -> LINK : exits[w]) }
#endif
	atomic { may_be_killed; w = 0; lock = 0 } /* save */
	/* It may find more to do, or go. */
	if
	:: goto again
	:: goto over
	fi;
over:
	atomic { w = 0; is_known = false; end_round(me) }
	goto end_idle
}

proctype Minder()
{
	byte i;
	bool is_empty;

	/* to_be: waits for the round above it, by waitpid(2) */
end_to_be:
	atomic { round == ZOMBIE -> round = NOBODY }
	/* become; what came before is not pending */
	atomic {
		may_be_killed;
		if
		:: is_childless -> goto over
		:: else -> pending = false; is_minded = true
		fi
	}
loop:
	skip;
	/* reap: one after the other, until there is none */
	atomic {
		may_be_killed;
		if
		:: round == ZOMBIE -> round = NOBODY; goto loop
		:: parent[1] == MINDER && worker[1] == ZOMBIE -> i = 1
		:: parent[2] == MINDER && worker[2] == ZOMBIE -> i = 2
		:: parent[3] == MINDER && worker[3] == ZOMBIE -> i = 3
		:: else -> is_empty = is_childless; goto begin_round
		fi
	}
#ifdef BURY_FIRST
	atomic { may_be_killed; worker[i] = NOBODY; tidy() }
#endif
	/* attend: whose; note; bury */
	if
	:: atomic { exits[i] == LINK -> may_be_killed; has_ended = true }
	   atomic { may_be_killed; exits[i] = NOTE }
	:: atomic { exits[i] != LINK }
	fi;
#ifndef BURY_FIRST
	atomic { may_be_killed; worker[i] = NOBODY; tidy() }
#endif
	atomic { i = 0; goto loop }
begin_round:
	atomic {
		may_be_killed;
		if
		:: has_ended && round == NOBODY ->
			has_ended = false;
			unattended = false;
			round = RUNS
		:: else /* nothing to do; or as many as there may be */
		:: has_ended && !quiet /* EAGAIN */
		fi
	}
	atomic {
		if
#ifdef OVER_EARLY
		:: is_empty && !has_ended -> goto over
#else
		:: is_empty && !has_ended && !round -> goto over
#endif
		:: else -> is_empty = false
		fi
	}
	/* wait: sigtimedwait(2) */
#ifdef NO_BLOCK
	is_waiting = true;
#endif
end_wait:
	atomic {
		if
		:: pending -> pending = false
		:: has_ended /* after five seconds */
		fi;
#ifdef NO_BLOCK
		is_waiting = false;
#endif
		goto loop
	}
over:
	atomic {
		lives = false;
		round = (round == ZOMBIE -> NOBODY : round);
		i = 1;
		do
		:: i <= WORKERS ->
			if
			:: worker[i] && parent[i] == MINDER ->
				parent[i] = INIT;
				worker[i] = (worker[i] == ZOMBIE -> NOBODY : worker[i])
			:: else
			fi;
			i++
		:: else -> break
		od;
		i = 0;
		tidy();
		is_empty = false;
		pending = false;
		has_ended = false
	}
}

/* It may have found all well; or an end, and is killed before it has started another one. */
proctype Cron()
{
	bool is_known;

again:
	skip;
end:
	atomic { !quiet && lock == 0 -> lock = CRON + 1 }
	atomic {
		if
		:: worker[known] != RUNS && known && !ended -> ask(CRON)
		:: else -> goto release
		fi
	}
	atomic { settle(CRON); was_killed = true }
	if
	:: remove_note(CRON)
	:: skip
	fi;
release:
	skip;
	atomic { lock = 0; goto again }
}

proctype World()
{
	do
	:: atomic { worker[1] == RUNS -> die(1) }
	:: atomic { worker[2] == RUNS -> die(2) }
	:: atomic { worker[3] == RUNS -> die(3) }
	:: atomic { quiet = true; break }
	od
}

init
{
	atomic {
		lives = true;
		round = RUNS;
		run Minder();
		run Round(0);
		run Cron();
		run World()
	}
}

ltl back { [] (quiet -> <> (alive || was_killed)) }
ltl attended { [] (unattended -> <> (!unattended || !lives)) }
