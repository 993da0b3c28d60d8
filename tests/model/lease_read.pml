/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The read lease under clocks that drift within bounds: what src/raft/lease.c and vote.c rely on.
 *
 * Three voters.  Real time goes in ticks.  A voter that hears a leader's round, or starts anew,
 * refuses votes (its own too) for what it was asked by its own clock: PROMISE ticks at least.  A
 * leader whose round a majority answered may answer reads for its lease by its own clock, counted
 * from the round's sending: LEASE_MAX ticks at most.  The margin between the two is the drift.  Masters may be configured differently: a restarted voter's own time-out is shorter than
 * what it was asked.  Messages are answered or lost; an answer may come late.  A word to stand may
 * arrive at any time after it was sent.
 *
 * A leader's write is committed when it has a majority, which then is of its term or lower.
 *
 * What must hold: a leader that answers a read under its lease has everything that was committed.
 *
 * twins: NO_DRIFT_MARGIN LEASE_FROM_THE_ANSWER VOTE_AFTER_RESTART PROMISE_FORGOTTEN
 * twins: LEASE_OVER_TRANSFER ANY_TRANSFER_IS_EXEMPT READ_BEFORE_NOOP OWN_VOTE_NOT_REFUSED
 * twins: PROMISE_NOT_DURABLE
 */

#define NODES       3
#define TERMS       3
#define RESTARTS    1
#define TRANSFERS   1
#define PROMISE     2 /* ticks that it lasts at least, whatever the voter's clock does */
#define OWN_TIMEOUT 1 /* of a voter configured shorter */
#ifdef NO_DRIFT_MARGIN
#define LEASE_MAX 3
#else
#define LEASE_MAX 2 /* at most, whatever the leader's clock does */
#endif

typedef node {
	byte term;
	byte refuses;    /* ticks left */
	bool was_asked;  /* durably */
	bool has;        /* the one write that there is, in its log */
	bool leads;
	bool is_settled; /* its own term's first entry is committed */
	bool is_over;    /* its lease, for the rest of the term */
	bool knows;      /* that it is committed */
	byte age;        /* ticks since its round was sent; LEASE_MAX: too old to count, none */
	bool is_answered; /* an answer to it is on its way */
	byte lease;      /* ticks left */
};

node at[NODES];
bool committed;      /* the write, and so acknowledged */
byte restarts, transfers;
byte told[NODES];    /* the leader of this term told it to stand; 0 */
byte c, f; /* of one step, 0 after it */

inline forget_step()
{
	c = 0; f = 0
}

inline choose(x)
{
	x = 0;
	do
	:: x < NODES - 1 -> x++
	:: break
	od
}

inline stop_leading(x)
{
	at[x].leads = false;
	at[x].is_settled = false;
	at[x].is_over = false;
	at[x].knows = false;
	at[x].age = LEASE_MAX;
	at[x].is_answered = false;
	at[x].lease = 0
}

inline tick()
{
	c = 0;
	do
	:: c < NODES ->
		at[c].refuses = (at[c].refuses > 0 -> at[c].refuses - 1 : 0);
		at[c].lease = (at[c].lease > 0 -> at[c].lease - 1 : 0);
		at[c].age = (at[c].age < LEASE_MAX -> at[c].age + 1 : LEASE_MAX);
		c++
	:: else -> break
	od
}

/* ---- rounds ---- */

inline send_round()
{
	at[c].age = 0;
	at[c].is_answered = false
}

inline hear_round()
{
	at[f].term = at[c].term;
	stop_leading(f);
	at[f].refuses = PROMISE;
#ifndef PROMISE_NOT_DURABLE
	at[f].was_asked = true;
#else
	if
	:: at[f].was_asked = true
	:: true
	fi;
#endif
	at[c].is_answered = true
}

/* An answer comes in: with the leader itself, a majority. */
inline take_answer()
{
#ifdef LEASE_FROM_THE_ANSWER
	at[c].lease = LEASE_MAX;
#else
	at[c].lease = (LEASE_MAX - at[c].age > at[c].lease -> LEASE_MAX - at[c].age : at[c].lease);
#endif
	at[c].is_answered = false;
	at[c].age = LEASE_MAX
}

/* ---- entries ---- */

/* All that leader c has goes to f; with that a majority has it. */
inline replicate()
{
	at[f].term = at[c].term;
	stop_leading(f);
	at[f].has = at[c].has;
	at[c].knows = at[c].has;
	at[c].is_settled = true;
	committed = committed || at[c].has
}

inline read()
{
	assert(at[c].knows || !committed)
}

/* ---- elections ---- */

#ifdef ANY_TRANSFER_IS_EXEMPT
#define IS_EXEMPT(x) (told[x] != 0)
#else
#define IS_EXEMPT(x) (told[x] != 0 && at[x].term == told[x])
#endif
#ifdef OWN_VOTE_NOT_REFUSED
#define MAY_STAND(x) true
#else
#define MAY_STAND(x) (at[x].refuses == 0 || IS_EXEMPT(x))
#endif

/* Candidate c needs one more vote, of f.  A leader votes for nobody but whom it told to stand. */
inline elect()
{
	if
	:: at[f].term <= at[c].term && at[c].has >= at[f].has && ((at[f].refuses == 0 && !at[f].leads) || IS_EXEMPT(c)) ->
		at[c].term++;
		at[f].term = at[c].term;
		stop_leading(f);
		stop_leading(c);
		told[c] = 0;
		at[c].leads = true;
#ifdef READ_BEFORE_NOOP
		at[c].is_settled = true;
#endif
	:: else
	fi
}

inline restart()
{
	restarts++;
	stop_leading(c);
	told[c] = 0;
#ifdef VOTE_AFTER_RESTART
	at[c].refuses = 0
#else
#ifdef PROMISE_FORGOTTEN
	at[c].refuses = OWN_TIMEOUT
#else
	if
	:: at[c].was_asked -> at[c].refuses = PROMISE
	:: else -> at[c].refuses = 0
	fi
#endif
#endif
}

inline tell_to_stand()
{
	transfers++;
	told[f] = at[c].term;
#ifndef LEASE_OVER_TRANSFER
	at[c].is_over = true
#endif
}

#define HAS_LEASE(x) (at[x].leads && at[x].lease > 0 && !at[x].is_over && at[x].is_settled)

init {
	atomic {
		at[0].leads = true;
		at[0].is_settled = true;
		do
		:: c < NODES -> at[c].term = 1; at[c].age = LEASE_MAX; c++
		:: else -> break
		od;
		forget_step()
	};
	do
	:: atomic { tick(); forget_step() }
	:: atomic {
		choose(c);
		if
		:: at[c].leads -> send_round()
		:: at[c].leads && at[c].is_answered -> take_answer()
		:: at[c].leads && !at[c].has -> at[c].has = true
		:: HAS_LEASE(c) -> read()
		:: restarts < RESTARTS -> restart()
		:: else
		fi;
		forget_step()
	}
	:: atomic {
		choose(c);
		choose(f);
		if
		:: c != f && at[c].leads && at[f].term <= at[c].term && at[c].age < LEASE_MAX -> hear_round()
		:: c != f && at[c].leads && at[f].term <= at[c].term -> replicate()
		:: c != f && at[c].term < TERMS && !at[c].leads && MAY_STAND(c) -> elect()
		:: c != f && at[c].leads && transfers < TRANSFERS -> tell_to_stand()
		:: else
		fi;
		forget_step()
	}
	od
}
