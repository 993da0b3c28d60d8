/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of members, one entry each: what src/raft/membership.c relies on.
 *
 * Four masters vote at first, a fifth has joined and learns.  Every entry carries the list that is
 * in effect from it on (a no-op repeats the one before).  Elections and appends are single steps: a
 * candidate's vote is there or not, an entry arrives or not; who is slow or cut off is whom the
 * search does not let act.  A leader changes the list by one voter, when the change before it is
 * committed and an entry of its own term is.
 *
 * What must hold: one leader a term; a new leader has every committed entry; no other entry is
 * committed at the same place.
 *
 * twins: CHANGE_BEFORE_NOOP CHANGES_OVERLAP TWO_VOTERS_AT_ONCE
 */

#define NODES   5
#define ENTRIES 4
#define TERMS   3
#define FIRST   15 /* voters 0 to 3, as bits */

typedef node {
	byte term;
	bool leads;
	byte length;
	byte commit; /* of a leader */
	byte began;  /* its first entry */
	byte terms[ENTRIES + 1];
	byte lists[ENTRIES + 1]; /* voters */
};

node at[NODES];
byte committed; /* entries, by whomever */
byte committed_terms[ENTRIES + 1], committed_lists[ENTRIES + 1];
bool had_leader[TERMS + 1];

byte c, f, i, n, term, votes, voters, wanted, list; /* of one step, 0 after it */

#define LIST(x)  at[x].lists[at[x].length]
#define HAS(x,y) (((x) >> (y)) & 1)
#define SIZE(x)  (HAS(x, 0) + HAS(x, 1) + HAS(x, 2) + HAS(x, 3) + HAS(x, 4))
#define IS_NOT_BELOW(x, y)                                                                         \
	(at[x].terms[at[x].length] > at[y].terms[at[y].length] ||                                        \
	 (at[x].terms[at[x].length] == at[y].terms[at[y].length] && at[x].length >= at[y].length))

#ifdef CHANGES_OVERLAP
#define BEFORE_IS_COMMITTED true
#else
#define BEFORE_IS_COMMITTED (i == 1 || i <= at[c].commit)
#endif
#ifdef CHANGE_BEFORE_NOOP
#define TERM_HAS_BEGUN true
#else
#define TERM_HAS_BEGUN (at[c].commit >= at[c].began)
#endif

inline forget_step()
{
	c = 0; f = 0; i = 0; n = 0; term = 0; votes = 0; voters = 0; wanted = 0; list = 0
}

/* Of leader c: the highest entry of its own term that a majority of the list in effect has. */
inline count_copies()
{
	n = 0;
	f = 0;
	do
	:: f < NODES ->
		n = n + (HAS(voters, f) && at[f].length >= i && at[f].terms[i] == at[c].terms[i]);
		f++
	:: else -> break
	od
}

inline advance()
{
	voters = LIST(c);
	i = at[c].length;
	do
	:: i > at[c].commit ->
		count_copies();
		if
		:: n > SIZE(voters) / 2 && at[c].terms[i] == at[c].term -> break
		:: else -> i--
		fi
	:: else -> break
	od;
	at[c].commit = i;
	do
	:: i > committed -> /* from the top down; the rest lies below */
		committed_terms[i] = at[c].terms[i];
		committed_lists[i] = at[c].lists[i];
		i--
	:: i > 0 && i <= committed ->
		assert(committed_terms[i] == at[c].terms[i] && committed_lists[i] == at[c].lists[i]);
		i--
	:: i == 0 -> break
	od;
	if
	:: at[c].commit > committed -> committed = at[c].commit
	:: else
	fi
}

inline add_entry(new_list)
{
	at[c].length++;
	at[c].terms[at[c].length] = at[c].term;
	at[c].lists[at[c].length] = new_list
}

/* Candidate c, with just as many votes as it needs: more would only stop others.  It may have tried
 * before in vain. */
inline elect()
{
	term = at[c].term + 1;
	do
	:: term < TERMS -> term++
	:: break
	od;
	wanted = SIZE(LIST(c)) / 2 + 1;
	votes = 1 << c;
	n = 1;
	f = 0;
	do
	:: f < NODES ->
		if
		:: f != c && n < wanted && HAS(LIST(c), f) && at[f].term < term && IS_NOT_BELOW(c, f) ->
			votes = votes | (1 << f);
			n++
		:: true
		fi;
		f++
	:: else -> break
	od;
	if
	:: n == wanted ->
		f = 0;
		do
		:: f < NODES ->
			if
			:: HAS(votes, f) ->
				at[f].term = term;
				at[f].leads = false;
				at[f].commit = 0;
				at[f].began = 0
			:: else
			fi;
			f++
		:: else -> break
		od;
		assert(!had_leader[term]);
		had_leader[term] = true;
		at[c].leads = true;
		i = 1;
		do
		:: i <= committed ->
			assert(at[c].length >= i && at[c].terms[i] == committed_terms[i]);
			i++
		:: else -> break
		od;
		list = LIST(c); /* before the entry is there */
		add_entry(list);
		at[c].began = at[c].length;
		advance()
	:: else
	fi
}

/* Follower f takes the next entry that it has not from leader c. */
inline replicate()
{
	at[f].term = at[c].term;
	at[f].leads = false;
	at[f].commit = 0;
	at[f].began = 0;
	i = 1;
	do
	:: i <= at[c].length && i <= at[f].length && at[f].terms[i] == at[c].terms[i] -> i++
	:: else -> break
	od;
	if
	:: i <= at[c].length ->
		n = at[f].length;
		at[f].terms[i] = at[c].terms[i];
		at[f].lists[i] = at[c].lists[i];
		at[f].length = i;
		do /* what is cut leaves no trace */
		:: n > i ->
			at[f].terms[n] = 0;
			at[f].lists[n] = 0;
			n--
		:: else -> break
		od;
		advance()
	:: else
	fi
}

/* Leader c changes the list by voter f: takes one of the first out, or the fifth in.  Nobody comes
 * back. */
inline change()
{
	list = LIST(c) ^ (1 << f);
#ifdef TWO_VOTERS_AT_ONCE
	if
	:: f > 0 && f - 1 != c -> list = list ^ (1 << (f - 1))
	:: true
	fi;
#endif
	i = at[c].length;
	do /* the newest change */
	:: i > 1 && at[c].lists[i] == at[c].lists[i - 1] -> i--
	:: else -> break
	od;
	if
	:: HAS(LIST(c), f) == (f < 4) && BEFORE_IS_COMMITTED && TERM_HAS_BEGUN ->
		add_entry(list);
		advance()
	:: else
	fi
}

inline choose(x)
{
	x = 0;
	do
	:: x < NODES - 1 -> x++
	:: break
	od
}

init {
	atomic {
		do
		:: c < 4 ->
			at[c].term = 1;
			at[c].length = 1;
			at[c].terms[1] = 1;
			at[c].lists[1] = FIRST;
			c++
		:: else -> break
		od;
		at[4].term = 1;
		at[4].length = 1;
		at[4].terms[1] = 1;
		at[4].lists[1] = FIRST;
		at[0].leads = true;
		at[0].commit = 1;
		at[0].began = 1;
		committed = 1;
		committed_terms[1] = 1;
		committed_lists[1] = FIRST;
		had_leader[1] = true;
		forget_step()
	};
	do
	:: atomic {
		choose(c);
		if
		:: at[c].term < TERMS && at[c].length < ENTRIES && HAS(LIST(c), c) -> elect()
		:: at[c].leads ->
			choose(f);
			if
			:: f != c && at[f].term <= at[c].term ->
				replicate()
			:: f != c && at[c].length < ENTRIES -> change()
			:: else
			fi
		:: else
		fi;
		forget_step()
	}
	od
}
