/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forming a cluster from empty masters, and masters whose folder was wiped: what src/raft/forming.c
 * and the replacement in src/raft/membership.c rely on.
 *
 * Three machines; what is on a machine's disk is a member with an id of its own.  A wiped machine
 * has a new, empty member; its old disk may come back later, and with it the old member.  All the
 * time a majority of every list that anybody has is there with its disk, as the promise of the design
 * says.  Machine 0 has the lowest address: it asks who is empty, then binds all to a history, named
 * after its member, and only then writes the first entry.  Steps are those of raft_members.pml; who is slow,
 * silent or cut off is whom the search does not let act.
 *
 * What must hold: of all histories ever formed one at most commits anything; one leader a term in
 * it; a new leader has every committed entry; no other entry is committed at the same place.
 *
 * twins: WIPED_VOTER_COUNTS REPLACED_IN_ONE_STEP FORMED_UNBOUND
 */

#define MACHINES  3
#define IDS       5 /* 3 and 4: of wiped machines */
#define ENTRIES   4
#define TERMS     4

typedef node {
	byte history; /* member that formed it, plus 1; 0: bound to none */
	byte term;
	bool leads;
	byte length;
	byte commit, began; /* of a leader */
	byte terms[ENTRIES + 1];
	byte lists[ENTRIES + 1];
	byte machine;
};

node at[IDS];
byte disk[MACHINES]; /* the member that is there */
byte aside;          /* member on the old disk; IDS: none */
byte ids;            /* drawn so far */
byte answered, bound; /* machines that told machine 0 so, as bits */
byte who[MACHINES];   /* member that answered */
byte committed, committed_history;
byte committed_terms[ENTRIES + 1], committed_lists[ENTRIES + 1];
bool had_leader[(IDS + 1) * (TERMS + 1)];

byte c, f, i, n, m, term, votes, list; /* of one step, 0 after it */
bool is_good;

#define LIST(x)    at[x].lists[at[x].length]
#define HAS(x, y)  (((x) >> (y)) & 1)
#define SIZE(x)    (HAS(x, 0) + HAS(x, 1) + HAS(x, 2) + HAS(x, 3) + HAS(x, 4))
#define IS_HERE(x) (disk[at[x].machine] == (x) && (x) < ids)
#define HERE(x)                                                                                    \
	((HAS(x, 0) && IS_HERE(0)) + (HAS(x, 1) && IS_HERE(1)) + (HAS(x, 2) && IS_HERE(2)) +       \
	 (HAS(x, 3) && IS_HERE(3)) + (HAS(x, 4) && IS_HERE(4)))
#define IS_NOT_BELOW(x, y)                                                                         \
	(at[x].terms[at[x].length] > at[y].terms[at[y].length] ||                                  \
	 (at[x].terms[at[x].length] == at[y].terms[at[y].length] && at[x].length >= at[y].length))

#ifdef FORMED_UNBOUND
#define MAY_VOTE(x, y) (at[y].history == at[x].history || at[y].length == 0)
#define MAY_TAKE(x, y) (at[y].history == at[x].history || at[y].length == 0)
#else
#define MAY_VOTE(x, y) (at[y].history == at[x].history)
#define MAY_TAKE(x, y) (at[y].history == at[x].history || at[y].history == 0)
#endif

inline forget_step()
{
	c = 0; f = 0; i = 0; n = 0; m = 0; term = 0; votes = 0; list = 0; is_good = false
}

inline forget_answers()
{
	answered = 0; bound = 0; who[0] = 0; who[1] = 0; who[2] = 0
}

inline choose(x, count)
{
	x = 0;
	do
	:: x < count - 1 -> x++
	:: break
	od
}

/* ---- disks ---- */

/* Every list that anybody here, or on the disk aside, has keeps a majority. */
inline check_promise()
{
	is_good = true;
	i = 0;
	do
	:: i < ids ->
		n = at[i].length;
		do
		:: n > 0 ->
			if
			:: HERE(at[i].lists[n]) * 2 <= SIZE(at[i].lists[n]) -> is_good = false
			:: else
			fi;
			n--
		:: else -> break
		od;
		i++
	:: else -> break
	od
}

inline stop_leading(x)
{
	at[x].leads = false;
	at[x].commit = 0;
	at[x].began = 0
}

inline wipe()
{
	choose(m, MACHINES);
	c = disk[m];
	disk[m] = ids; /* as if, for the promise */
	check_promise();
	disk[m] = c;
	if
	:: is_good && at[c].length > 0 ->
#ifdef WIPED_VOTER_COUNTS
		at[c].term = 0;
		at[c].history = 0;
		n = at[c].length;
		do
		:: n > 0 -> at[c].terms[n] = 0; at[c].lists[n] = 0; n--
		:: else -> break
		od;
		at[c].length = 0;
		ids = IDS;
#else
		aside = c;
		disk[m] = ids;
		at[ids].machine = m;
		ids++;
#endif
		stop_leading(c);
		if
		:: m == 0 -> forget_answers()
		:: else
		fi
	:: else
	fi
}

inline bring_old_disk()
{
	m = at[aside].machine;
	c = disk[m];
	disk[m] = aside;
	check_promise();
	if
	:: is_good -> stop_leading(c); aside = IDS; forget_answers()
	:: else -> disk[m] = c
	fi
}

/* ---- forming ---- */

#define MAY_BIND(x) (at[x].length == 0 && (at[x].history == 0 || at[x].history == disk[0] + 1))

inline answer()
{
	choose(m, MACHINES);
	c = disk[m];
	if
	:: MAY_BIND(c) -> answered = answered | (1 << m); who[m] = c
	:: else
	fi
}

inline bind()
{
	choose(m, MACHINES);
	c = who[m];
	if
	:: IS_HERE(c) && MAY_BIND(c) ->
		at[c].history = disk[0] + 1;
		bound = bound | (1 << m)
	:: else
	fi
}

#ifdef FORMED_UNBOUND
#define MAY_FORM (answered == 7)
#else
#define MAY_FORM (bound == 7)
#endif

/* Machine 0 writes the first entry. */
inline form()
{
	c = disk[0];
	at[c].history = c + 1;
	at[c].term++;
	at[c].length = 1;
	at[c].terms[1] = at[c].term;
	m = 0;
	do
	:: m < MACHINES ->
		list = list | (1 << who[m]);
		m++
	:: else -> break
	od;
	at[c].lists[1] = list;
	forget_answers()
}

/* ---- elections and entries ---- */

/* Of leader c: the highest entry of its own term that a majority of the list in effect has. */
inline count_copies()
{
	n = 0;
	m = 0;
	do
	:: m < IDS ->
		n = n + (HAS(LIST(c), m) && at[m].history == at[c].history && at[m].length >= i &&
			 at[m].terms[i] == at[c].terms[i]);
		m++
	:: else -> break
	od
}

inline advance()
{
	i = at[c].length;
	do
	:: i > at[c].commit ->
		count_copies();
		if
		:: n > SIZE(LIST(c)) / 2 && at[c].terms[i] == at[c].term -> break
		:: else -> i--
		fi
	:: else -> break
	od;
	at[c].commit = i;
	assert(i == 0 || committed_history == 0 || committed_history == at[c].history);
	if
	:: i > 0 -> committed_history = at[c].history
	:: else
	fi;
	do /* from the top down */
	:: i > committed ->
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

inline add_entry()
{
	at[c].length++;
	at[c].terms[at[c].length] = at[c].term;
	at[c].lists[at[c].length] = list
}

inline check_leader()
{
	assert(!had_leader[at[c].history * (TERMS + 1) + term]);
	had_leader[at[c].history * (TERMS + 1) + term] = true;
	i = 1;
	do
	:: i <= committed && at[c].history == committed_history ->
		assert(at[c].length >= i && at[c].terms[i] == committed_terms[i]);
		i++
	:: else -> break
	od
}

/* Candidate c, with just as many votes as it needs. */
inline elect()
{
	term = at[c].term + 1;
	do
	:: term < TERMS -> term++
	:: break
	od;
	votes = 1 << c;
	n = 1;
	f = 0;
	do
	:: f < ids ->
		if
		:: f != c && n < SIZE(LIST(c)) / 2 + 1 && HAS(LIST(c), f) && IS_HERE(f) && at[f].term < term && MAY_VOTE(c, f) && IS_NOT_BELOW(c, f) ->
			votes = votes | (1 << f);
			n++
		:: true
		fi;
		f++
	:: else -> break
	od;
	if
	:: n == SIZE(LIST(c)) / 2 + 1 ->
		f = 0;
		do
		:: f < IDS ->
			if
			:: HAS(votes, f) -> at[f].term = term; stop_leading(f)
			:: else
			fi;
			f++
		:: else -> break
		od;
		check_leader();
		list = LIST(c);
		at[c].leads = true;
		add_entry();
		at[c].began = at[c].length;
		advance()
	:: else
	fi
}

/* Member f takes the next entry that it has not from leader c. */
inline replicate()
{
	at[f].term = at[c].term;
	stop_leading(f);
	i = 1;
	do
	:: i <= at[c].length && i <= at[f].length && at[f].terms[i] == at[c].terms[i] -> i++
	:: else -> break
	od;
	if
	:: i <= at[c].length ->
		n = at[f].length;
		at[f].history = at[c].history;
		at[f].terms[i] = at[c].terms[i];
		at[f].lists[i] = at[c].lists[i];
		at[f].length = i;
		do
		:: n > i -> at[f].terms[n] = 0; at[f].lists[n] = 0; n--
		:: else -> break
		od;
		advance()
	:: else
	fi
}

/* Member f, which is here, makes the old one under its address go; then, when that is committed and
 * f has everything, f votes. */
inline change()
{
	m = 0; /* the old one */
	do
	:: m < ids && (m == f || at[m].machine != at[f].machine || !HAS(LIST(c), m)) -> m++
	:: else -> break
	od;
	i = at[c].length;
	do /* the newest change */
	:: i > 1 && at[c].lists[i] == at[c].lists[i - 1] -> i--
	:: else -> break
	od;
	is_good = !HAS(LIST(c), f) && at[c].commit >= at[c].began && i <= at[c].commit;
	list = LIST(c);
	if
	:: is_good && m < ids ->
		list = list & (31 - (1 << m));
#ifdef REPLACED_IN_ONE_STEP
		list = list | (1 << f);
		is_good = at[f].length == at[c].length;
#endif
	:: is_good && m == ids ->
		list = list | (1 << f);
		is_good = at[f].length == at[c].length && at[f].terms[at[f].length] == at[c].terms[at[c].length]
	:: else
	fi;
	if
	:: is_good -> add_entry(); advance()
	:: else
	fi
}

inline act()
{
	choose(c, ids);
	if
	:: IS_HERE(c) && at[c].term < TERMS && at[c].length > 0 && at[c].length < ENTRIES && HAS(LIST(c), c) -> elect()
	:: IS_HERE(c) && at[c].leads ->
		choose(f, ids);
		if
		:: f != c && IS_HERE(f) && at[f].term <= at[c].term && MAY_TAKE(c, f) -> replicate()
		:: f != c && IS_HERE(f) && at[c].length < ENTRIES -> change()
		:: else
		fi
	:: else
	fi
}

init {
	atomic {
		disk[1] = 1;
		disk[2] = 2;
		at[1].machine = 1;
		at[2].machine = 2;
		ids = 3;
		aside = IDS
	};
	do
	:: atomic { act(); forget_step() }
	:: atomic { ids < IDS -> wipe(); forget_step() }
	:: atomic { aside < IDS -> bring_old_disk(); forget_step() }
	:: atomic { at[disk[0]].length == 0 && answered != 7 -> answer(); forget_step() }
	:: atomic { at[disk[0]].length == 0 && answered == 7 -> bind(); forget_step() }
	:: atomic { at[disk[0]].length == 0 && MAY_FORM && at[disk[0]].term < TERMS -> form(); forget_step() }
	od
}
