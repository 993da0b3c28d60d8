/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting after a crash among three masters: what src/journal/recovery_read.h and src/raft/bound.c
 * rely on.
 *
 * Each master's log stands twice: as the running process, and after a kill the next one, reads it
 * (`log`), and as it would be after a power cut (`disk`).  One batch is one entry, and one batch is
 * on its way: all but the last entry is synced.  A cut of the log becomes durable with the batch
 * that replaces what was cut.  Steps are those of raft_members.pml; who is slow, silent or dead is
 * whom the search does not let act.  Answers of followers are remembered by the leader, and counted
 * at any time later.  A start is one step, for until it ends nothing is said to others; but it may
 * die in between, and another one comes.
 *
 * A master that starts may find that an entry has rotted: it drops that one and all behind it.  How
 * far its log went can be read then, or not: then it asks.  A lost vote record takes it out for
 * good (it would come back as another one: raft_wiped.pml).  Of one entry, at most one of the three
 * copies is damaged at a time.  What is dropped because it lies behind rot is whole: it does not
 * count as damaged, so several masters may have lost the same entry.  What a checkpoint holds does
 * not rot here: it was committed, by others, before it came.
 *
 * What must hold: a new leader has every committed entry; no other entry is committed at the same
 * place.
 *
 * twins: ROT_CUT_AS_TORN BOUND_NOT_SYNCED_BEFORE_CUT BOUND_FORGOTTEN_AT_START REACHED_UNSYNCED
 * twins: STANDS_WHILE_BOUND VOTES_BELOW_BOUND UNKNOWN_VOTES ONE_ANSWER_IS_ENOUGH END_OF_OLD_APPEND
 * twins: READABLE_IS_DURABLE WIPED_VOTER_COUNTS CHECKPOINT_CUTS_LOG ASKED_ONCE UNKNOWN_ANSWERS
 */

#define NODES   3
#define ENTRIES 3 /* the first is everywhere, and never damaged */
#define TERMS   2
#define DEATHS  2

/* Some twins would fail late; they do in a smaller world, too. */
#ifdef READABLE_IS_DURABLE
#define DAMAGES  0
#define INSTALLS 0
#else
#if defined(BOUND_FORGOTTEN_AT_START) || defined(REACHED_UNSYNCED) || defined(ASKED_ONCE) ||        \
        defined(END_OF_OLD_APPEND)
#define DAMAGES  1
#define INSTALLS 0
#else
#ifdef UNKNOWN_ANSWERS
#define DAMAGES  2
#define INSTALLS 0
#else
#define DAMAGES  2
#define INSTALLS 1
#endif
#endif
#endif

#define NO_BOUND 0
#define UNKNOWN  255
#define PLACE(term, index) ((term) * 4 + (index))

typedef node {
	byte term;      /* in the vote record, as is `bound` */
	byte bound;     /* place */
	bool is_out;    /* lost its vote record */
	bool leads;
	bool is_synced; /* the last entry is */
	byte length, disk_length;
	byte log[ENTRIES + 1]; /* terms */
	byte disk[ENTRIES + 1];
	byte checkpoint;       /* came from a leader, ends at this index; 0: none */
	byte match[NODES];     /* of a leader: up to where they have its log */
	byte answered, answer; /* to who asks: masters as bits, the highest place */
};

node at[NODES];
byte terms; /* had by leaders so far */
byte committed;
byte committed_terms[ENTRIES + 1];
byte damaged[PLACE(TERMS, ENTRIES) + 1]; /* by place: whose copy is, plus 1 */
byte deaths, damages, installs;
#ifdef END_OF_OLD_APPEND
byte old_append; /* the end of the log that it told */
#endif

byte c, f, i, n, end; /* of one step, 0 after it */
bool is_good;

#define END(x) PLACE(at[x].log[at[x].length], at[x].length)

inline forget_step()
{
	c = 0; f = 0; i = 0; n = 0; end = 0; is_good = false
}

inline choose(x)
{
	if
	:: x = 0
	:: x = 1
	:: x = 2
	fi
}

inline stop_leading(x)
{
	at[x].leads = false;
	at[x].match[0] = 0;
	at[x].match[1] = 0;
	at[x].match[2] = 0
}

inline forget_answers(x)
{
	at[x].answered = 0;
	at[x].answer = 0
}

/* Entries of log x behind its end leave no trace. */
inline clear_behind(x)
{
	i = at[x].length + 1;
	do
	:: i <= ENTRIES -> at[x].log[i] = 0; i++
	:: else -> break
	od
}

inline sync(x)
{
	at[x].is_synced = true;
	at[x].disk_length = at[x].length;
	i = 2;
	do
	:: i <= ENTRIES ->
		at[x].disk[i] = at[x].log[i];
		if
		:: damaged[PLACE(at[x].log[i], i)] == x + 1 -> damaged[PLACE(at[x].log[i], i)] = 0
		:: else
		fi;
		i++
	:: else -> break
	od
}

/* ---- a leader ---- */

inline append()
{
	at[c].length++;
	at[c].log[at[c].length] = at[c].term;
	at[c].is_synced = false
}

/* Follower f hears leader c: takes the next entry that it has not.  `n`: how much of the leader's
 * log it has. */
inline hear()
{
	if
	:: at[f].term < at[c].term -> at[f].term = at[c].term; stop_leading(f)
	:: else
	fi;
	n = 1;
	do
	:: n < at[c].length && n < at[f].length && at[f].log[n + 1] == at[c].log[n + 1] -> n++
	:: else -> break
	od;
	if
	:: n < at[c].length && at[f].is_synced ->
		n++;
		at[f].log[n] = at[c].log[n];
		at[f].length = n;
		at[f].is_synced = false;
		clear_behind(f)
	:: else
	fi
}

/* What follower f has synced of leader c's log, it says.  `n` as above. */
inline acknowledge()
{
	end = PLACE(at[f].log[n], n);
#ifdef REACHED_UNSYNCED
	if
	:: at[f].bound != UNKNOWN && end >= at[f].bound -> at[f].bound = NO_BOUND
	:: else
	fi;
#endif
	if
	:: at[f].is_synced ->
		if
		:: at[f].bound != UNKNOWN && end >= at[f].bound -> at[f].bound = NO_BOUND
		:: else
		fi;
		at[c].match[f] = (n > at[c].match[f] -> n : at[c].match[f])
	:: else
	fi
}

/* Leader c counts the answers that have come in. */
inline count()
{
	at[c].match[c] = (at[c].is_synced -> at[c].length : at[c].length - 1);
	i = at[c].length;
	do
	:: i > 1 && (at[c].match[0] >= i) + (at[c].match[1] >= i) + (at[c].match[2] >= i) < 2 -> i--
	:: else -> break
	od;
	at[c].match[c] = 0;
	if
	:: at[c].log[i] == at[c].term ->
		n = i;
		do
		:: i > committed -> committed_terms[i] = at[c].log[i]; i--
		:: i > 0 && i <= committed -> assert(committed_terms[i] == at[c].log[i]); i--
		:: else -> break
		od;
		committed = (n > committed -> n : committed)
	:: else
	fi
}

/* ---- elections ---- */

#ifdef STANDS_WHILE_BOUND
#define MAY_STAND(x) (at[x].bound != UNKNOWN)
#else
#define MAY_STAND(x) (at[x].bound == NO_BOUND)
#endif
#ifdef VOTES_BELOW_BOUND
#define IS_REFUSED(x, place) (at[x].bound == UNKNOWN)
#else
#ifdef UNKNOWN_VOTES
#define IS_REFUSED(x, place) (at[x].bound != UNKNOWN && (place) < at[x].bound)
#else
#define IS_REFUSED(x, place) ((place) < at[x].bound)
#endif
#endif
#define MAY_ELECT(x, y)                                                                            \
	(MAY_STAND(x) && !at[x].is_out && !at[y].is_out && END(x) >= END(y) &&                     \
	 !IS_REFUSED(y, END(x)))

/* Candidate c, with the vote of f, in a term that nobody had: it may have tried before in vain. */
inline elect()
{
	terms++;
	at[c].term = terms;
	at[f].term = terms;
	stop_leading(c);
	stop_leading(f);
	at[c].leads = true;
	i = 2;
	do
	:: i <= committed -> assert(at[c].log[i] == committed_terms[i]); i++
	:: else -> break
	od
}

/* ---- a checkpoint ---- */

/* Follower f takes one of what is committed from leader c. */
inline install()
{
	installs++;
	if
	:: at[f].term < at[c].term -> at[f].term = at[c].term; stop_leading(f)
	:: else
	fi;
	at[f].checkpoint = committed;
	is_good = at[f].log[committed] == committed_terms[committed]; /* what is behind it stays */
#ifdef CHECKPOINT_CUTS_LOG
	is_good = false;
#endif
	if
	:: is_good -> at[f].is_synced = at[f].is_synced || at[f].length == committed
	:: else -> take_checkpoint(f); at[f].is_synced = true
	fi;
	n = committed;
	acknowledge()
}

/* The log of x ends with its checkpoint; the disk may keep the one of before. */
inline take_checkpoint(x)
{
	i = 2;
	do
	:: i <= at[x].checkpoint -> at[x].log[i] = committed_terms[i]; i++
	:: else -> break
	od;
	at[x].length = at[x].checkpoint;
	clear_behind(x)
}

/* ---- death and start ---- */

/* What is on the disk is what is there. */
inline read_disk(x)
{
	i = 2;
	do
	:: i <= ENTRIES -> at[x].log[i] = at[x].disk[i]; i++
	:: else -> break
	od;
	at[x].length = at[x].disk_length;
	at[x].is_synced = true;
	if
	:: at[x].checkpoint > 0 && at[x].log[at[x].checkpoint] != committed_terms[at[x].checkpoint] ->
		take_checkpoint(x)
	:: else
	fi
}

/* The end of what is dropped, if it can be read, and is above the one of before. */
inline set_bound(x, place)
{
	at[x].bound = (place > at[x].bound -> place : at[x].bound)
}

/* Entry n and what is behind it is dropped: the disk is as if it had never been there. */
inline drop(x)
{
	end = PLACE(at[x].disk[at[x].disk_length], at[x].disk_length);
#ifdef ROT_CUT_AS_TORN
	if
	:: n == at[x].disk_length -> end = NO_BOUND
	:: else
	fi;
#endif
	at[x].disk_length = n - 1;
	i = n;
	do
	:: i <= ENTRIES -> at[x].disk[i] = 0; i++
	:: else -> break
	od
}

/* Masters 1 and 2 are alike until one of them is damaged. */
#define MAY_BE_DAMAGED(x) (damages < DAMAGES && ((x) < 2 || damages > 0))
#define IS_WHOLE(x, index)                                                                         \
	(damaged[PLACE(at[x].disk[index], index)] == 0 ||                                          \
	 damaged[PLACE(at[x].disk[index], index)] == x + 1)

inline find_rot()
{
	if
	:: n = 2
	:: n = 3
	fi;
	if
	:: n <= at[f].disk_length && n > at[f].checkpoint && IS_WHOLE(f, n) ->
		damages++;
		damaged[PLACE(at[f].disk[n], n)] = f + 1;
		drop(f);
		if
		:: set_bound(f, end)
		:: end != NO_BOUND -> at[f].bound = UNKNOWN
#ifdef BOUND_NOT_SYNCED_BEFORE_CUT
		:: true /* died in between */
#endif
		fi
	:: else
	fi
}

inline lose_vote_record()
{
	if
	:: IS_WHOLE(f, 2) && IS_WHOLE(f, 3) ->
		damages++;
#ifdef WIPED_VOTER_COUNTS
		at[f].term = 0;
		at[f].bound = NO_BOUND;
#else
		at[f].is_out = true;
#endif
		i = 2;
		do
		:: i <= at[f].disk_length -> damaged[PLACE(at[f].disk[i], i)] = f + 1; i++
		:: else -> break
		od;
		n = 2;
		drop(f)
	:: else
	fi
}

inline die()
{
	deaths++;
	stop_leading(f);
	forget_answers(f);
#ifdef BOUND_FORGOTTEN_AT_START
	at[f].bound = NO_BOUND;
#endif
	if
	:: !at[f].is_synced ->
#ifdef READABLE_IS_DURABLE
		at[f].is_synced = true
#else
		sync(f) /* readable, or whole by luck: written again, synced */
#endif
	:: true -> /* a power cut: what is missing was torn */
		if
		:: MAY_BE_DAMAGED(f) -> find_rot()
		:: MAY_BE_DAMAGED(f) -> lose_vote_record()
		:: true
		fi;
		read_disk(f)
	fi
}

/* ---- a bound that cannot be read ---- */

#ifdef ONE_ANSWER_IS_ENOUGH
#define HAS_ASKED_ENOUGH(x) true
#else
#ifdef ASKED_ONCE
#define HAS_ASKED_ENOUGH(x) (at[x].answered == 7 - (1 << x))
#else
#define HAS_ASKED_ENOUGH(x) (at[x].answered == 9 * (7 - (1 << x)))
#endif
#endif

/* The end was `end`. */
inline found()
{
	n = (at[f].is_synced -> at[f].length : at[f].length - 1);
	at[f].bound = (PLACE(at[f].log[n], n) >= end -> NO_BOUND : end);
	forget_answers(f)
}

/* Master f asks c: for the second time only when all have answered. */
inline ask()
{
	end = END(c);
	if
	:: at[c].leads && at[c].term >= at[f].term -> found()
	:: else ->
		if
		:: at[c].bound > end && at[c].bound != UNKNOWN -> end = at[c].bound
		:: else
		fi;
		at[f].answer = (end > at[f].answer -> end : at[f].answer);
		end = at[f].answer;
		if
		:: (at[f].answered | (1 << f)) % 8 == 7 -> at[f].answered = at[f].answered | (8 << c)
		:: else -> at[f].answered = at[f].answered | (1 << c)
		fi;
		if
		:: HAS_ASKED_ENOUGH(f) -> found()
		:: else
		fi
	fi
}

/* ---- steps ---- */

#define TAKES_FROM(x, y) (at[y].leads && at[x].term <= at[y].term && !at[x].is_out)
#define MAY_INSTALL(x, y)                                                                          \
	(TAKES_FROM(x, y) && installs < INSTALLS && at[x].checkpoint < committed &&                \
	 committed > 1 && at[y].log[committed] == committed_terms[committed])
#ifdef UNKNOWN_ANSWERS
#define MAY_ASK(x, y) (at[x].bound == UNKNOWN && !at[y].is_out)
#else
#define MAY_ASK(x, y) (at[x].bound == UNKNOWN && !at[y].is_out && at[y].bound != UNKNOWN)
#endif

/* What one does that has to do with another. */
#define WITH(other)                                                                                \
	:: d_step { terms < TERMS && MAY_ELECT(me, other);                                         \
		c = me; f = other; elect(); forget_step() }                                        \
	:: d_step { TAKES_FROM(me, other);                                                         \
		f = me; c = other; hear(); acknowledge(); forget_step() }                          \
	:: d_step { TAKES_FROM(me, other);                                                         \
		f = me; c = other; hear(); sync(f); acknowledge(); forget_step() }                 \
	:: d_step { MAY_INSTALL(me, other); f = me; c = other; install(); forget_step() }          \
	:: d_step { MAY_ASK(me, other); f = me; c = other; ask(); forget_step() }                  \
	OLD_APPENDS(other)

#ifdef END_OF_OLD_APPEND
#define OLD_APPENDS(other)                                                                         \
	:: d_step { at[me].leads && old_append == 0; old_append = END(me) }                        \
	:: d_step { MAY_ASK(me, other) && old_append != 0;                                         \
		f = me; end = old_append; found(); forget_step() }
#else
#define OLD_APPENDS(other)
#endif

proctype master(byte me; byte left; byte right)
{
end_steps:
	do
	:: d_step { at[me].leads && at[me].is_synced && at[me].length < ENTRIES;
		c = me; append(); forget_step() }
	:: d_step { at[me].leads; c = me; count(); forget_step() }
	:: d_step { !at[me].is_synced; sync(me); forget_step() }
	:: atomic { deaths < DEATHS && !at[me].is_out; f = me; die(); forget_step() }
	WITH(left)
	WITH(right)
	od
}

init {
	atomic {
		do
		:: c < NODES ->
			at[c].term = 1;
			at[c].is_synced = true;
			at[c].length = 1;
			at[c].disk_length = 1;
			at[c].log[1] = 1;
			at[c].disk[1] = 1;
			c++
		:: else -> break
		od;
		at[0].leads = true;
		terms = 1;
		committed = 1;
		committed_terms[1] = 1;
		forget_step();
		run master(0, 1, 2);
		run master(1, 2, 0);
		run master(2, 0, 1)
	}
}
