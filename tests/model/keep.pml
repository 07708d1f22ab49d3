/* SPDX-License-Identifier: ISC */
/*
 * keep: one instance, two rounds at a time, a minder; whoever it is may be killed at any step.
 *
 * never_two   never two living processes of the instance
 * comes_back  when the world leaves us in peace, one lives in the end (cron calls again and again)
 * counted     no end is counted twice
 *
 * What each step stands for:
 *   look, ask, search     round/look.c, act/observe.c (judge_pidfile, judge_record, is_search_due)
 *   lock, look again      round/pass.c (act_on, act_locked)
 *   settle                round/pass.c (settle_end), decide/decide.c (note_end)
 *   fork, expect, publish, exec     act/launch.c, act/child.c: by the child, which shares the lock until it executes; with GATE by
 *                         the round, and the child waits at a gate (kernels whose locks are a process's own)
 *   record                round/pass.c (start, save)
 *   restore               round/pass.c (restore_pidfile), decide/decide.c (adopt)
 *   Minder                act/minder.c (attend), store/exitnote.c
 *
 * Abstracted:
 *   A process's identity (boot, namespaces, pid, start time, pidfd's inode) is one number that no other process has as long as
 *   anything remembers it (tests/unit/check_procid.c, check_procref.c are about that). Its pid is one of two, and soon used again, by ours or by strangers.
 *   A kill is `up[r] = false`: whoever has been killed takes no further step; its lock and its end of the gate go with it, but not
 *   the share that its child has in the lock.
 *   A command that cannot be executed is a worker that ends at once.
 *   A pidfile or a record may vanish at any time; with GATE, but for the moment between the gate and the worker's execve: there a
 *   process has no mark yet in its environment, and only its pidfile knows it.
 *   Forking workers, leases and holds are not here (stop.pml has holds); nor are failures of system calls but for those that a kill
 *   stands for.
 *
 * Broken on purpose:
 *   NO_SHARE           the child has no share in the lock
 *   NO_NAME            the child does not publish its pidfile
 *   BROKEN_GATE        the child does not wait at the gate
 *   GATE_FIRST         the gate opens before the pidfile is there
 *   NO_LOCK            the slot lock keeps nobody out
 *   NO_LOOK_AGAIN      under the lock, what was seen before it counts
 *   NO_SEARCH          lost pidfiles are not searched for
 *   OLD_NOTE           a note of an end that the record has already makes the search needless (as it was until this model)
 *   END_STAYS_OPEN     the record with the end in it still says RUNNING
 *   ANY_BOOT           the boot id is no part of the identity
 *   PID_ONLY           the pid is all that is looked at
 */
#if defined(BROKEN_GATE) || defined(GATE_FIRST)
#define GATE
#endif
#ifndef ROUNDS
#define ROUNDS 2 /* or 3 */
#endif
#define TOKENS (2 * ROUNDS + 2)

/* What a pid stands for. */
#define FREE	 0
#define AT_GATE	 1 /* forked, has no pidfile yet; nothing of the worker has run */
#define PASSED	 2 /* has one, was let through; executes in a moment */
#define OURS	 3 /* the worker */
#define ZOMBIE	 4
#define STRANGER 5

byte kind[3];
byte opener[3]; /* AT_GATE: the round that has the write end, and 1; 0: nobody any more */

/*
 * Whom something means: 0 nobody; 1, 2 our process that has that pid now; more: one that is no more, which is never
 * taken for another.
 */
byte pidfile;
byte record;
byte seen[ROUNDS];  /* whom a round is at */
byte child[ROUNDS]; /* whom it has forked */
byte buried;	    /* whom the minder is at */

/* The file of that name in exits/. */
#define NOTHING 0
#define LINK	1 /* the announcement */
#define NOTE	2 /* how it ended */
byte exits[TOKENS + 1];

bool ended;   /* the record says that its process has ended */
bool counted; /* that end was counted */
bool waits;   /* the record says that the next start is not due yet */

byte lock;  /* the round that has it, and 1 */
byte share; /* the child that has a share in it, whatever became of its round; 0: none */
bool up[ROUNDS]; /* is at work */
bool quiet; /* no more faults from here on */

#if defined(PID_ONLY) || defined(ANY_BOOT)
byte pid_of[TOKENS + 1];
bool is_old[TOKENS + 1]; /* of an earlier boot */
byte alike[3];		 /* has the pid and the start time of that one */
#endif

#define is_lock_free (lock == 0 && share == 0)
#define is_ours(p) (kind[p] == AT_GATE || kind[p] == PASSED || kind[p] == OURS)
#define at_door(p) (kind[p] == AT_GATE || kind[p] == PASSED)
#define has_mark(p) (kind[p] == OURS)

#define lives_truly(t) ((t) && (t) <= 2 && is_ours(t))
#if defined(PID_ONLY)
#define lives(t) (lives_truly(t) || ((t) > 2 && kind[pid_of[t]] != FREE && kind[pid_of[t]] != ZOMBIE))
#elif defined(ANY_BOOT)
#define lives(t) (lives_truly(t) || ((t) && (alike[1] == (t) || alike[2] == (t))))
#else
#define lives(t) lives_truly(t)
#endif
#define is_zombie(t) ((t) && (t) <= 2 && kind[t] == ZOMBIE)

#define alive (kind[1] == OURS || kind[2] == OURS)

#if ROUNDS == 3
#define is_third(t) (seen[2] == (t) || child[2] == (t))
#define is_third_up up[2]
#else
#define is_third(t) false
#define is_third_up false
#endif

#define is_meant(t)                                                                                \
	(pidfile == (t) || record == (t) || buried == (t) || seen[0] == (t) || child[0] == (t) ||  \
	 seen[1] == (t) || child[1] == (t) || is_third(t))

/* What nobody means any more has nothing, so that equal states are equal. */
inline tidy()
{
	d_step {
		i = 3;
		do
		:: i <= TOKENS ->
			exits[i] = (is_meant(i) -> exits[i] : NOTHING);
			i++
		:: else -> break
		od;
		i = 0
	}
}

/* P executes, or ends: its share in the lock is closed. */
inline unshare(p)
{
	share = (share == p -> 0 : share)
}

/* The process of pid P is no more. Whoever means it means from now on one that is no more. */
inline leave(p)
{
	if
	:: is_meant(p) ->
		i = 3;
		do
		:: i <= TOKENS && is_meant(i) -> i++
		:: else -> break
		od;
		assert(i <= TOKENS);
		exits[i] = exits[p];
		pidfile = (pidfile == p -> i : pidfile);
		record = (record == p -> i : record);
		buried = (buried == p -> i : buried);
		seen[0] = (seen[0] == p -> i : seen[0]);
		seen[1] = (seen[1] == p -> i : seen[1]);
		child[0] = (child[0] == p -> i : child[0]);
		child[1] = (child[1] == p -> i : child[1]);
#if ROUNDS == 3
		seen[2] = (seen[2] == p -> i : seen[2]);
		child[2] = (child[2] == p -> i : child[2]);
#endif
#if defined(PID_ONLY) || defined(ANY_BOOT)
		pid_of[i] = p;
		is_old[i] = false;
#endif
		i = 0
	:: else
	fi;
	exits[p] = NOTHING;
	kind[p] = FREE;
	opener[p] = 0;
	unshare(p)
}

/* Whatever has the pid, it is gone. */
inline halt(p)
{
	if
	:: is_ours(p) || kind[p] == ZOMBIE -> leave(p)
	:: else -> undress(p)
	fi
}

/* A stranger may look like one of ours of an earlier boot. */
inline dress(p)
{
#ifdef ANY_BOOT
	i = 3;
	do
	:: i <= TOKENS && !(is_old[i] && is_meant(i) && pid_of[i] == p) -> i++
	:: else -> break
	od;
	alike[p] = (i <= TOKENS -> i : 0);
	i = 0
#endif
	skip
}

inline undress(p)
{
#ifdef ANY_BOOT
	alike[p] = 0;
#endif
	kind[p] = FREE
}

/* A round has ended: what the kernel takes back, and what it knew. */
inline lose_all(me)
{
	d_step {
		up[me] = false;
		lock = (lock == me + 1 -> 0 : lock);
		opener[1] = (opener[1] == me + 1 -> 0 : opener[1]);
		opener[2] = (opener[2] == me + 1 -> 0 : opener[2]);
		seen[me] = 0;
		child[me] = 0;
		is_witnessed = 0;
		is_told = 0;
		is_lost = 0;
		is_news = 0
	}
	tidy()
}

/* Before each step: nothing, or the end. */
#define may_be_killed                                                                              \
	if                                                                                         \
	:: !quiet -> goto over                                                                     \
	:: skip                                                                                    \
	fi

inline write_record(t, is_over)
{
	record = t;
	ended = is_over;
	counted = false;
	waits = false;
	tidy()
}

/* The byte. The child may have been killed meanwhile, and its number be another's. */
inline open_gate(me)
{
	atomic {
		may_be_killed;
		if
		:: child[me] <= 2 ->
			kind[child[me]] = (kind[child[me]] == AT_GATE -> PASSED : kind[child[me]]);
			opener[child[me]] = 0
		:: else
		fi
	}
}

/*
 * observe(): by the pidfile, else by the record. Afterwards SEEN is who lives, or who it was; a zombie shows its status, or does not.
 * One step: what else happens to these meanwhile (an end, a loss, a note) might as well have happened before or after.
 */
inline look(me)
{
	is_witnessed = pidfile && pidfile == record;
	is_lost = false;
	if
	:: lives(pidfile) -> seen[me] = pidfile
	:: else ->
		if
		:: lives(record) -> seen[me] = record; is_lost = true
		:: else -> seen[me] = (pidfile -> pidfile : record)
		fi
	fi;
	/* The record knows nothing of it, or not that it has ended, or that it has though it lives. */
	is_news = seen[me] && (seen[me] != record || ended == lives(seen[me]));
	if
	:: is_told = seen[me] && exits[seen[me]] == NOTE
	:: is_zombie(seen[me]) -> is_told = true
	fi
#ifndef OLD_NOTE
	;
	is_told = is_told && is_news
#endif
}

#define is_well (lives(pidfile) && record == pidfile && !ended)

proctype Round(byte me)
{
	byte i;
	bool is_witnessed, is_told, is_lost, is_news;

end_idle:
	/* cron calls; pass_look, without a lock; slotlock_try: who finds it taken leaves it to the other */
#ifdef NO_LOOK_AGAIN
	atomic { !is_well -> up[me] = true; look(me) }
	atomic { is_lock_free -> lock = me + 1 }
#elif defined(NO_LOCK)
	atomic { !is_well -> up[me] = true }
#else
	atomic { !is_well && is_lock_free -> up[me] = true; lock = me + 1 }
#endif
	atomic {
		may_be_killed;
#ifndef NO_LOOK_AGAIN
		look(me);
#endif
		if
		:: lives(seen[me]) -> goto living
		:: else
		fi
	}
#ifndef NO_SEARCH
	/* is_search_due, search */
	atomic {
		may_be_killed;
		if
		:: is_told || is_witnessed
		:: else ->
			if
			:: has_mark(1) -> seen[me] = 1; is_lost = true; goto living
			:: has_mark(2) -> seen[me] = 2; is_lost = true; goto living
			:: else
			fi
		fi
	}
#endif
	/* settle_end: the end is written down before anything else happens */
	if
	:: atomic {
		is_news ->
		may_be_killed;
		assert(!(seen[me] == record && counted));
#ifdef END_STAYS_OPEN
		write_record(seen[me], false);
#else
		write_record(seen[me], true);
#endif
		counted = true;
		if
		:: waits = !quiet /* a crash: a delay */
		:: skip
		fi
	   }
	   atomic { may_be_killed; exits[seen[me]] = NOTHING }
	:: atomic { !is_news }
	fi;
	/* fork; where it is too early, ACTION_NONE */
	atomic {
		may_be_killed;
		seen[me] = 0;
		is_witnessed = 0;
		is_told = 0;
		is_lost = 0;
		is_news = 0;
		if
		:: waits -> pidfile = 0; goto over
		:: !waits && kind[1] == FREE -> child[me] = 1
		:: !waits && kind[2] == FREE -> child[me] = 2
		:: else -> goto over /* EAGAIN */
		fi;
		tidy();
#ifdef GATE
		opener[child[me]] = me + 1;
#elif !defined(NO_SHARE)
		share = child[me];
#endif
#ifdef BROKEN_GATE
		kind[child[me]] = PASSED
#else
		kind[child[me]] = AT_GATE
#endif
	}
#ifdef GATE
#ifdef GATE_FIRST
	open_gate(me);
#endif
	atomic { may_be_killed; exits[child[me]] = LINK }
	atomic { may_be_killed; pidfile = child[me]; tidy() }
#ifndef GATE_FIRST
	open_gate(me);
#endif
#endif
	/* hear: end-of-file when it has executed, or has ended; nothing to record where it ended before it was announced */
	atomic {
		if
		:: !quiet -> goto over
		:: !(child[me] <= 2 && at_door(child[me]))
		fi;
		if
		:: exits[child[me]] == NOTHING -> goto over
		:: else
		fi;
		write_record(child[me], false);
		goto over
	}
living:
	skip;
	/* restore_pidfile */
	atomic {
		may_be_killed;
		pidfile = (is_lost -> seen[me] : pidfile);
		tidy()
	}
	/* adopt */
	atomic {
		may_be_killed;
		if
		:: record != seen[me] || ended -> write_record(seen[me], false)
		:: else
		fi
	}
over:
	atomic { lose_all(me) }
	goto end_idle
}

/* What a process of ours does by itself. */
proctype Process(byte p)
{
	byte i;

end:	do
#ifdef GATE
	:: atomic { kind[p] == AT_GATE && opener[p] == 0 -> kind[p] = ZOMBIE } /* end-of-file */
#else
	:: atomic { kind[p] == AT_GATE && exits[p] == NOTHING -> exits[p] = LINK }
	:: atomic {
		kind[p] == AT_GATE && exits[p] == LINK ->
#ifndef NO_NAME
		pidfile = p;
		tidy();
#endif
		kind[p] = PASSED
	   }
#endif
	:: atomic { kind[p] == PASSED -> kind[p] = OURS; unshare(p); assert(!(kind[1] == OURS && kind[2] == OURS)) }
	od
}

/* Whoever is the parent of the dead: a minder, or init. */
proctype Minder()
{
	byte i, p;

end:	do
	/* exitnote_whose; then exitnote_write, whatever stands there by then */
	:: atomic { kind[1] == ZOMBIE && exits[1] == LINK -> buried = 1 }
	   exits[buried] = NOTE
	:: atomic { kind[2] == ZOMBIE && exits[2] == LINK -> buried = 2 }
	   exits[buried] = NOTE
	:: atomic { kind[1] == ZOMBIE || kind[2] == ZOMBIE || buried -> 
		p = (buried -> buried : (kind[1] == ZOMBIE -> 1 : 2));
		buried = 0;
		leave(p);
		p = 0
	   }
	od
}

proctype Clock()
{
end:	do
	:: atomic { waits -> waits = false }
	od
}

proctype World()
{
	byte i, p;

	do
	/* A worker ends, or what is to become one is killed. */
	:: atomic { is_ours(1) -> kind[1] = ZOMBIE; opener[1] = 0; unshare(1) }
	:: atomic { is_ours(2) -> kind[2] = ZOMBIE; opener[2] = 0; unshare(2) }
	/* Strangers come, one at a time, and go. */
	:: atomic { kind[1] == FREE && kind[2] != STRANGER -> kind[1] = STRANGER; dress(1) }
	:: atomic { kind[2] == FREE && kind[1] != STRANGER -> kind[2] = STRANGER; dress(2) }
	:: atomic { kind[1] == STRANGER -> undress(1) }
	:: atomic { kind[2] == STRANGER -> undress(2) }
	/* Files are lost. */
#ifdef GATE
	:: atomic { pidfile && !at_door(1) && !at_door(2) -> pidfile = 0; tidy() }
#else
	:: atomic { pidfile -> pidfile = 0; tidy() }
#endif
	:: atomic { record -> write_record(0, false) }
	/*
	 * The host goes down: once rounds and minder have been killed, the rest. Where pidfiles are in memory, they go with it. The first
	 * round clears exits/.
	 */
	:: atomic {
		!up[0] && !up[1] && !is_third_up && !buried ->
		halt(1);
		halt(2);
		i = 1;
		do
		:: i <= TOKENS ->
			exits[i] = NOTHING;
#if defined(ANY_BOOT)
			is_old[i] = true;
#endif
			i++
		:: else -> break
		od;
		i = 0;
		waits = false;
		if
		:: pidfile = 0
		:: skip
		fi
	   }
	:: atomic { quiet = true; break }
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
		run Process(1);
		run Process(2);
		run Minder();
		run Clock();
		run World()
	}
}

ltl comes_back { [] (quiet -> <> alive) }
