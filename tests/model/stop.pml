/* SPDX-License-Identifier: ISC */
/*
 * stop: one instance, a person who stops and starts it by hand, two rounds at a time; whoever it is may be killed at any step.
 *
 * held      what `stop` has called stopped does not run until it is started by hand; not after a reboot either
 * once      no process gets its stop signal twice
 * ours      no stranger gets a signal
 * ends      when the world leaves us in peace, what is held does not run in the end, whatever it thinks of its stop signal
 * returns   and what is not held does
 *
 * What each step stands for:
 *   list, look                round/herd.c (herd_read_holds), round/pass.c (pass_look, act_on_stops, act_on_starts)
 *   lock, ask, look again     round/pass.c (act_on, act_locked), store/holds.c (holds_ask)
 *   settle                    round/pass.c (settle_end), decide/decide.c (finish_stop, restart)
 *   adopt                     decide/decide.c (adopt_if_new)
 *   record, then send         round/pass.c (signal_stop), decide/decide.c (begin_stop, continue_stop)
 *   send: pin, verify, send   act/ending.c (send_one), pidfiles/procref.c
 *   launch, record            round/pass.c (start), act/launch.c; the gate is in keep.pml
 *   remove the pidfile        round/pass.c (carry_out)
 *   Person                    verbs/verb_stop.c, verbs/verb_start.c, round/holding.c, store/holds.c (holds_place, holds_lift)
 *   is over                   verbs/verb_stop.c (is_settled), round/pass.c (is_to_be_barred)
 *
 * Abstracted:
 *   A process's identity (keep.pml). There is one pid, and whoever wants it may have it: ours, or a stranger.
 *   Files are not lost (keep.pml); what is written is on the disk when the host goes down, or not at all.
 *   Holds without an end, of the instance itself. What follows an end at once: no backoff.
 *
 * Broken on purpose:
 *   NO_BAR         `stop` does not need the lock to find that nobody is there (as it was until this model)
 *   HOLD_IGNORED   under the lock, what was listed before it counts
 *   HOLD_LOST      a hold is not synced: the host goes down, and it is gone
 *   HOLD_LAST      `stop` ends the process first and places the hold then
 *   SEND_FIRST     the signal is sent, then recorded
 *   NO_VERIFY      the signal goes to the pid
 *   NO_PIN         the process is verified, and then the signal goes to the pid
 *   NO_DEADLINE    there is no KILL
 */
#ifndef ROUNDS
#define ROUNDS 2 /* or 3 */
#endif
#define PERSON ROUNDS

/* Who has the pid. */
#define FREE	 0
#define OURS	 1
#define ZOMBIE	 2
#define STRANGER 3
byte owner;

/* Whom something means: nobody; the one of ours that has the pid; one that is no more. */
#define NOBODY 0
#define IT     1
#define GONE   2
byte pidfile;
byte record;
byte seen[ROUNDS + 1];

/* What the record says. */
#define DOWN	 0
#define UP	 1
#define STOPPING 2
byte phase;
bool is_due;	/* its deadline has passed */
bool is_killed; /* and was answered */

bool hold;
bool was_held[ROUNDS + 1]; /* as listed, or as asked */
bool is_stopped;  /* a person was told so */
bool was_told;	  /* it has got its stop signal */
byte lock;
bool quiet;

#if ROUNDS == 3
#define is_third_up seen[3]
#else
#define is_third_up false
#endif
#define lives(t) ((t) == IT && owner == OURS)

/* Before each step: nothing, or the end. */
#define may_be_killed                                                                              \
	if                                                                                         \
	:: !quiet -> goto over                                                                     \
	:: skip                                                                                    \
	fi

inline leave()
{
	owner = FREE;
	pidfile = (pidfile == IT -> GONE : pidfile);
	record = (record == IT -> GONE : record);
	seen[0] = (seen[0] == IT -> GONE : seen[0]);
	seen[1] = (seen[1] == IT -> GONE : seen[1]);
	seen[2] = (seen[2] == IT -> GONE : seen[2]);
#if ROUNDS == 3
	seen[3] = (seen[3] == IT -> GONE : seen[3]);
#endif
	was_told = false
}

inline strike(sig)
{
	if
	:: owner == STRANGER -> assert(owner != STRANGER) /* ours */
	:: owner == OURS && sig == STOPPING -> assert(!was_told); /* once */ was_told = true
	:: owner == OURS && sig == DOWN -> owner = ZOMBIE
	:: else
	fi
}

/* STOPPING: the stop signal. DOWN: KILL. */
inline send(me, sig)
{
#if defined(NO_VERIFY)
	atomic { may_be_killed; strike(sig) }
#elif defined(NO_PIN)
	atomic { may_be_killed; is_same = lives(seen[me]) }
	atomic {
		may_be_killed;
		if
		:: is_same -> is_same = false; strike(sig)
		:: else
		fi
	}
#else
	/* Pinned, it stays who it is: what ends meanwhile gets nothing, and nobody else can get it. */
	atomic {
		may_be_killed;
		if
		:: lives(seen[me]) -> strike(sig)
		:: else
		fi
	}
#endif
}

/* act_locked: MAY_START is false for `stop` itself. Leaves by its end, or over. */
inline act_locked(me, may_start)
{
	atomic {
		may_be_killed;
#ifdef HOLD_IGNORED
		was_held[me] = was_held[me] || !may_start;
#else
		was_held[me] = hold || !may_start;
#endif
		seen[me] = pidfile
	}
	if
	:: atomic { lives(seen[me]) && (record != seen[me] || phase == DOWN) ->
		may_be_killed;
		record = seen[me];
		phase = UP;
		is_due = false;
		is_killed = false
	   }
	:: atomic { !lives(seen[me]) && phase != DOWN -> may_be_killed; phase = DOWN; is_due = false; is_killed = false }
	:: atomic { else }
	fi;
	if
	/* begin_stop */
	:: lives(seen[me]) && was_held[me] && phase == UP ->
#ifdef SEND_FIRST
		send(me, STOPPING);
		atomic { may_be_killed; phase = STOPPING }
#else
		atomic { may_be_killed; phase = STOPPING };
		send(me, STOPPING)
#endif
#ifndef NO_DEADLINE
	/* continue_stop */
	:: lives(seen[me]) && phase == STOPPING && is_due && !is_killed ->
		atomic { may_be_killed; is_due = false };
		send(me, DOWN)
#endif
	:: !lives(seen[me]) && was_held[me] ->
		atomic { may_be_killed; pidfile = (pidfile == seen[me] && !lives(pidfile) -> NOBODY : pidfile) }
	:: !lives(seen[me]) && !was_held[me] ->
		atomic {
			may_be_killed;
			if
			:: owner == FREE ->
				owner = OURS;
				was_told = false;
				assert(!is_stopped); /* held */
				pidfile = IT
			:: else -> goto over /* EAGAIN */
			fi
		}
		atomic {
			may_be_killed;
			record = pidfile;
			phase = UP;
			is_due = false;
			is_killed = false
		}
	:: else
	fi
}

inline end_round(me)
{
	lock = (lock == me + 1 -> 0 : lock);
	seen[me] = NOBODY;
	was_held[me] = false
}

#define is_to_do(held) (lives(pidfile) -> (held) || phase != UP || record != pidfile : !(held) || phase != DOWN || pidfile)

proctype Round(byte me)
{
#ifdef NO_PIN
	bool is_same;
#endif

end_idle:
	/* cron calls, or a minder */
	atomic { is_to_do(hold) && lock == 0 -> was_held[me] = hold }
	/* pass_look, slotlock_try */
	atomic {
		may_be_killed;
		if
		:: is_to_do(was_held[me]) && lock == 0 -> lock = me + 1
		:: else -> goto over
		fi
	}
	act_locked(me, true);
over:
	atomic { end_round(me) }
	goto end_idle
}

/* Stops it, or starts it, again and again, or goes home. */
proctype Person()
{
#ifdef NO_PIN
	bool is_same;
#endif

end_home:
	if
	:: atomic { !quiet && !hold -> skip }
	:: atomic { !quiet && hold -> goto start }
	fi;
	/* holding_place: durable, or not there */
#ifndef HOLD_LAST
	atomic { may_be_killed; hold = true }
#endif
again:
#ifdef NO_BAR
	/* pass_look: dead, and nothing is to be done */
	if
	:: atomic { !lives(pidfile) && phase == DOWN && !pidfile -> may_be_killed; goto done }
	:: atomic { else }
	fi;
#endif
end_busy:
	atomic { lock == 0 -> may_be_killed; lock = PERSON + 1 }
	act_locked(PERSON, false);
	/* slotlock_release; is over: nobody is there, and it was so under the lock */
	atomic {
		may_be_killed;
		lock = 0;
		if
		:: !lives(seen[PERSON]) && !pidfile && phase == DOWN -> seen[PERSON] = NOBODY; goto done
		:: else -> seen[PERSON] = NOBODY; goto again
		fi
	}
done:
	/* The line that says so */
	atomic {
		may_be_killed;
#ifdef HOLD_LAST
		hold = true;
#endif
		assert(owner != OURS); /* held */
		is_stopped = true;
		goto over
	}
start:
	/* holding_lift; what follows is a round */
	atomic { may_be_killed; is_stopped = false; hold = false }
	atomic {
		may_be_killed;
		if
		:: lock == 0 -> lock = PERSON + 1
		:: else -> goto over
		fi
	}
	act_locked(PERSON, true);
over:
	atomic { end_round(PERSON) }
	goto end_home
}

/* The minder, or init; and the deadline. */
proctype Others()
{
end:	do
	:: atomic { owner == ZOMBIE -> leave() }
	:: atomic { phase == STOPPING && !is_due -> is_due = true }
	od
}

proctype World()
{
	do
	/* It ends, by itself or by its stop signal; or does not care for that. */
	:: atomic { owner == OURS -> owner = ZOMBIE }
	:: atomic { owner == FREE -> owner = STRANGER }
	:: atomic { owner == STRANGER -> owner = FREE }
	/* The host goes down: once rounds have been killed, the rest. */
	:: atomic {
		lock == 0 && !seen[0] && !seen[1] && !seen[2] && !is_third_up ->
		if
		:: owner != STRANGER -> leave()
		:: else -> owner = FREE
		fi;
		/* rebase */
		phase = DOWN;
		is_due = false;
		is_killed = false;
#ifdef HOLD_LOST
		if
		:: hold = false
		:: skip
		fi;
#endif
		if
		:: pidfile = NOBODY
		:: skip
		fi
	   }
	:: atomic { quiet = true; owner = (owner == STRANGER -> FREE : owner); break }
	od
}

init
{
	atomic {
		run Round(0);
		run Round(1);
#if ROUNDS == 3
		run Round(2);
#endif
		run Person();
		run Others();
		run World()
	}
}

ltl ends { (<> quiet) -> <> [] (!hold || owner != OURS) }
ltl returns { (<> quiet) -> <> [] (hold || owner == OURS) }
