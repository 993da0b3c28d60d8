/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A master that is alone, is joined by two others, and is perhaps made alone again by an operator:
 * what src/raft/forming.c, membership.c and src/journal/journal_recover.c rely on
 * (docs/decisions/0010).
 *
 * Master 0 is alone at first.  Whoever finds itself the only member at a start leads at once, in a
 * term of its own, without an entry of that term, and takes for committed what is synced.  Others
 * are taken in by entries that carry the list, one voter at a time.  A master that dies loses what
 * it had not synced, or finds it at its start and syncs it before it says anything.  Steps are those
 * of raft_members.pml; entries have a number each, so that two of one place and term can differ.
 *
 * An operator may make a master that is down the only member again, at the end of what it has, under
 * a history of its own, whether the others are gone or not.
 *
 * What must hold, of each history by itself: one leader a term; a new leader has every committed
 * entry; no other entry is committed at the same place; what has the same place and term is the
 * same entry.
 *
 * twins: SAME_TERM_AGAIN UNSYNCED_COUNTS_ALONE OTHERS_FORGOTTEN TWO_VOTERS_AT_ONCE HISTORY_KEPT
 */

#define NODES     3
#define ENTRIES   4
#define TERMS     4
#define DEATHS    1
#define HISTORIES 2
#define ALONE(x)  (1 << (x))

typedef node {
	bool is_down;
	byte history;
	byte term;
	bool leads;
	byte length, synced;
	byte commit; /* of a leader */
	byte terms[ENTRIES + 1];
	byte lists[ENTRIES + 1]; /* voters */
	byte names[ENTRIES + 1]; /* of the entries */
};

node at[NODES];
byte committed[HISTORIES], committed_names[HISTORIES * (ENTRIES + 1)];
bool had_leader[HISTORIES * (TERMS + 1)];
byte newest; /* name given */
byte deaths;
bool is_recovered;

byte c, f, h, i, n, term, votes; /* of one step, 0 after it */

#define LIST(x)    at[x].lists[at[x].length]
#define HAS(x, y)  (((x) >> (y)) & 1)
#define SIZE(x)    (HAS(x, 0) + HAS(x, 1) + HAS(x, 2))
#define IS_NOT_BELOW(x, y)                                                                         \
	(at[x].terms[at[x].length] > at[y].terms[at[y].length] ||                                  \
	 (at[x].terms[at[x].length] == at[y].terms[at[y].length] && at[x].length >= at[y].length))

#ifdef OTHERS_FORGOTTEN
#define IS_ALONE(x) (at[x].lists[1] == ALONE(x))
#else
#define IS_ALONE(x) (LIST(x) == ALONE(x))
#endif
#ifdef UNSYNCED_COUNTS_ALONE
#define COUNTS(x) at[x].length
#else
#define COUNTS(x) at[x].synced
#endif
#define MAY_COMMIT(x, i) (IS_ALONE(x) || at[x].terms[i] == at[x].term)

inline forget_step()
{
	c = 0; f = 0; h = 0; i = 0; n = 0; term = 0; votes = 0
}

inline choose(x)
{
	x = 0;
	do
	:: x < NODES - 1 -> x++
	:: break
	od
}

/* Of leader c. */
inline advance()
{
	h = at[c].history;
	i = at[c].length;
	do
	:: i > at[c].commit ->
		n = 0;
		f = 0;
		do
		:: f < NODES ->
			n = n + (HAS(LIST(c), f) && at[f].history == h && COUNTS(f) >= i &&
			         at[f].terms[i] == at[c].terms[i] && at[f].names[i] == at[c].names[i]);
			f++
		:: else -> break
		od;
		if
		:: n > SIZE(LIST(c)) / 2 && MAY_COMMIT(c, i) -> break
		:: else -> i--
		fi
	:: else -> break
	od;
	at[c].commit = i;
	do
	:: i > committed[h] ->
		committed_names[h * (ENTRIES + 1) + i] = at[c].names[i];
		i--
	:: i > 0 && i <= committed[h] ->
		assert(committed_names[h * (ENTRIES + 1) + i] == at[c].names[i]);
		i--
	:: i == 0 -> break
	od;
	if
	:: at[c].commit > committed[h] -> committed[h] = at[c].commit
	:: else
	fi
}

inline add_entry(new_list)
{
	newest++;
	n = new_list;
	at[c].length++;
	at[c].terms[at[c].length] = at[c].term;
	at[c].lists[at[c].length] = n;
	at[c].names[at[c].length] = newest
}

inline lead()
{
	h = at[c].history;
	assert(!had_leader[h * (TERMS + 1) + at[c].term]);
	had_leader[h * (TERMS + 1) + at[c].term] = true;
	at[c].leads = true;
	at[c].commit = 0;
	i = 1;
	do
	:: i <= committed[h] ->
		assert(at[c].length >= i &&
		       at[c].names[i] == committed_names[h * (ENTRIES + 1) + i]);
		i++
	:: else -> break
	od
}

/* Candidate c, with just as many votes as it needs. */
inline elect()
{
	term = at[c].term + 1;
	votes = ALONE(c);
	n = 1;
	f = 0;
	do
	:: f < NODES ->
		if
		:: f != c && n <= SIZE(LIST(c)) / 2 && HAS(LIST(c), f) && !at[f].is_down &&
		   at[f].history == at[c].history && at[f].term < term && IS_NOT_BELOW(c, f) ->
			votes = votes | ALONE(f);
			n++
		:: true
		fi;
		f++
	:: else -> break
	od;
	if
	:: n > SIZE(LIST(c)) / 2 ->
		f = 0;
		do
		:: f < NODES ->
			if
			:: HAS(votes, f) ->
				at[f].term = term;
				at[f].leads = false;
				at[f].commit = 0
			:: else
			fi;
			f++
		:: else -> break
		od;
		lead();
		add_entry(at[c].lists[at[c].length - 1])
	:: else
	fi
}

/* Follower f takes the next entry that it has not from leader c. */
inline replicate()
{
	at[f].term = at[c].term;
	at[f].leads = false;
	at[f].commit = 0;
	i = 1;
	do
	:: i <= at[c].length && i <= at[f].length && at[f].terms[i] == at[c].terms[i] ->
		assert(at[f].names[i] == at[c].names[i]);
		i++
	:: else -> break
	od;
	if
	:: i <= at[c].length ->
		n = at[f].length;
		at[f].terms[i] = at[c].terms[i];
		at[f].lists[i] = at[c].lists[i];
		at[f].names[i] = at[c].names[i];
		at[f].length = i;
		at[f].synced = i; /* its answer waits for that */
		do
		:: n > i ->
			at[f].terms[n] = 0;
			at[f].lists[n] = 0;
			at[f].names[n] = 0;
			n--
		:: else -> break
		od
	:: else
	fi
}

/* Leader c takes in the next one, when the list before is committed. */
inline take_in()
{
	f = SIZE(LIST(c));
	i = at[c].length;
	do /* the newest change */
	:: i > 1 && at[c].lists[i] == at[c].lists[i - 1] -> i--
	:: else -> break
	od;
	if
	:: f < NODES && LIST(c) == (1 << f) - 1 && i <= at[c].commit &&
	   (IS_ALONE(c) || at[c].terms[at[c].commit] == at[c].term) ->
#ifdef TWO_VOTERS_AT_ONCE
		add_entry(7)
#else
		add_entry(LIST(c) | ALONE(f))
#endif
	:: else
	fi
}

inline die()
{
	deaths++;
	at[c].is_down = true;
	at[c].leads = false;
	at[c].commit = 0;
	if
	:: true /* the process */
	:: at[c].length > at[c].synced -> /* the machine */
		at[c].terms[at[c].length] = 0;
		at[c].lists[at[c].length] = 0;
		at[c].names[at[c].length] = 0;
		at[c].length--
	fi
}

inline start()
{
	at[c].is_down = false;
	at[c].synced = at[c].length;
	if
	:: at[c].length > 0 && IS_ALONE(c) && at[c].term < TERMS ->
#ifdef SAME_TERM_AGAIN
		had_leader[at[c].history * (TERMS + 1) + at[c].term] = false;
#else
		at[c].term++;
#endif
		lead()
	:: else
	fi
}

/* c, which is down, is to go on alone.  What it has is all that its history has. */
inline recover()
{
	is_recovered = true;
	at[c].term++;
	at[c].synced = at[c].length;
#ifndef HISTORY_KEPT
	h = at[c].history;
	at[c].history = 1;
	i = 1;
	do /* terms of the old one are known to it */
	:: i <= at[c].length ->
		committed_names[(ENTRIES + 1) + i] = at[c].names[i];
		i++
	:: else -> break
	od;
	committed[1] = at[c].length;
#endif
	add_entry(ALONE(c));
	at[c].synced = at[c].length;
	at[c].is_down = false;
	lead();
	advance()
}

init {
	atomic {
		newest = 1;
		at[0].term = 1;
		at[0].length = 1;
		at[0].synced = 1;
		at[0].terms[1] = 1;
		at[0].lists[1] = ALONE(0);
		at[0].names[1] = 1;
		c = 0;
		lead();
		advance();
		forget_step()
	};
	do
	:: atomic {
		choose(c);
		if
		:: at[c].is_down -> start()
		:: at[c].is_down && !is_recovered && at[c].length > 0 && at[c].length < ENTRIES &&
		   at[c].term < TERMS -> recover()
		:: !at[c].is_down && deaths < DEATHS && at[c].length > 0 -> die()
		:: !at[c].is_down && at[c].synced < at[c].length -> at[c].synced++
		:: !at[c].is_down && !at[c].leads && at[c].length > 0 && at[c].length < ENTRIES &&
		   at[c].term < TERMS && HAS(LIST(c), c) -> elect()
		:: at[c].leads -> advance()
		:: at[c].leads && at[c].length < ENTRIES -> add_entry(LIST(c))
		:: at[c].leads && at[c].length < ENTRIES -> take_in()
		:: at[c].leads ->
			choose(f);
			if
			:: f != c && !at[f].is_down && at[f].term <= at[c].term &&
			   (at[f].history == at[c].history) -> replicate()
			:: else
			fi
		:: else
		fi;
		forget_step()
	}
	od
}
