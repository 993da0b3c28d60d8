/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting after a crash: the journal of a lone master, its segments, its vote record.
 *
 * One batch is one entry; an entry's value is the epoch in which it was first written.  Everything
 * on the disk stands twice: as a process reads it (the cache) and as it would be after a power cut.
 * A kill leaves the cache; a cut takes, of each thing that is not durable, what it likes.  Any step
 * may be the last of a life, and several lives may die one after the other.  Once, something that
 * was durable may rot: a batch (it may even look torn if another one follows it), or the newest
 * segment as a whole.
 *
 * What must hold: whatever was applied (and so perhaps read by somebody, or acknowledged) is there
 * in every later life that leads; and a life refuses to lead only if something has rotted.
 *
 * twins: REST_NOT_REWRITTEN RENAMED_BEFORE_WRITTEN NAMED_BEFORE_DURABLE NEWEST_NOT_NAMED
 * twins: MARK_COVERS_ITSELF CUT_AT_ANY_GAP ROT_TAKEN_FOR_TORN TWO_BATCHES_ON_THEIR_WAY
 * twins: NAMES_NOT_SYNCED_AT_START ONE_VOTE_SLOT GOOD_SLOT_FIRST
 * twins: REST_TAKEN_BEFORE_NAMED VOTE_NOT_REWRITTEN
 */

#define CRASHES 3 /* lives that die */
#define EPOCHS  5 /* 1: format's; one for each life */
#define ENTRIES 4

#define EMPTY 0
#define TORN  14
#define ROT   15
#define IS_WHOLE(cell) ((cell) > EMPTY && (cell) < TORN)

#define HIDDEN  0 /* no file, or under a temporary name */
#define RENAMED 1 /* its name is in the cache only */
#define NAMED   2

typedef segment {
	byte name;
	byte before;             /* the end of the segment before: a commit mark, too */
	byte previous;           /* epoch of the segment before */
	byte cache[ENTRIES + 1]; /* by index */
	byte disk[ENTRIES + 1];
	byte mark[ENTRIES + 1]; /* what the batch's commit mark says */
};
typedef record {
	byte sequence; /* 0: bad */
	byte term;
	byte newest;
};

segment seg[EPOCHS + 1];
record cache_slot[2], disk_slot[2];
byte seen[ENTRIES + 1];  /* applied in some life; 0: not */
byte crashes;
bool has_rotted;

/* Of the running life; reset at its death. */
byte state[ENTRIES + 1]; /* applied here */
byte term, newest, current, mark, last;
record vote;
byte i, e, n, cell, slot, best;
bool is_bad, is_over;

#define MAY_DIE                                                                                    \
	if                                                                                         \
	:: crashes < CRASHES -> goto dead                                                          \
	:: true                                                                                    \
	fi

/* ---- death ---- */

inline lose_or_keep_cells()
{
	e = 1;
	do
	:: e <= EPOCHS ->
		i = 1;
		do
		:: i <= ENTRIES ->
			if
			:: seg[e].cache[i] != seg[e].disk[i] ->
				if
				:: seg[e].disk[i] = seg[e].cache[i]
				:: seg[e].disk[i] = TORN
				:: true
				fi
			:: else
			fi;
			seg[e].cache[i] = seg[e].disk[i];
			i++
		:: else -> break
		od;
		e++
	:: else -> break
	od
}

inline lose_or_keep_names()
{
	e = 1;
	do
	:: e <= EPOCHS ->
		if
		:: seg[e].name == RENAMED -> seg[e].name = HIDDEN
		:: seg[e].name == RENAMED -> seg[e].name = NAMED
		:: seg[e].name != RENAMED
		fi;
		e++
	:: else -> break
	od
}

inline copy_record(to, from)
{
	to.sequence = from.sequence;
	to.term = from.term;
	to.newest = from.newest
}

inline lose_or_keep_votes()
{
	slot = 0;
	do
	:: slot < 2 ->
		if
		:: cache_slot[slot].sequence != disk_slot[slot].sequence ->
			if
			:: copy_record(disk_slot[slot], cache_slot[slot])
			:: disk_slot[slot].sequence = 0
			:: true
			fi
		:: else
		fi;
		copy_record(cache_slot[slot], disk_slot[slot]);
		slot++
	:: else -> break
	od
}

/* Files under a temporary name are removed by the next start. */
inline forget_hidden()
{
	e = 1;
	do
	:: e <= EPOCHS ->
		i = 1;
		do
		:: i <= ENTRIES && seg[e].name == HIDDEN ->
			seg[e].cache[i] = EMPTY;
			seg[e].disk[i] = EMPTY;
			seg[e].mark[i] = 0;
			i++
		:: else -> break
		od;
		e++
	:: else -> break
	od
}

inline rot()
{
	if
	:: !has_rotted ->
		has_rotted = true;
		select(e : 1 .. EPOCHS);
		if
		:: seg[e].name == NAMED && e == newest -> seg[e].name = HIDDEN
		:: seg[e].name != HIDDEN ->
			select(i : 1 .. ENTRIES);
			if
			:: IS_WHOLE(seg[e].disk[i]) -> n = ROT
			:: IS_WHOLE(seg[e].disk[i]) && i < ENTRIES &&
			           IS_WHOLE(seg[e].disk[i + 1]) -> n = TORN
			:: !IS_WHOLE(seg[e].disk[i]) -> n = seg[e].disk[i]
			fi;
			seg[e].cache[i] = (IS_WHOLE(seg[e].disk[i]) -> n : seg[e].cache[i]);
			seg[e].disk[i] = n
		:: else
		fi
	:: true
	fi
}

/* ---- the vote record ---- */

inline write_slot(which)
{
	cache_slot[which].sequence = 0;
	MAY_DIE;
	copy_record(cache_slot[which], vote);
	MAY_DIE;
	copy_record(disk_slot[which], vote);
	MAY_DIE
}

/* Into one slot after the other, each synced; first into the one that is bad or older. */
inline write_vote()
{
	vote.sequence++;
#ifdef ONE_VOTE_SLOT
	write_slot(0)
#else
#ifdef GOOD_SLOT_FIRST
	best = 1;
#endif
	write_slot(1 - best);
	write_slot(best)
#endif
}

/* What was read may only be in the cache: it is written again, over the same bytes. */
inline make_vote_durable()
{
	MAY_DIE;
	copy_record(disk_slot[best], cache_slot[best]);
	MAY_DIE
}

inline read_vote()
{
	copy_record(vote, cache_slot[0]);
#ifndef ONE_VOTE_SLOT
	if
	:: cache_slot[1].sequence > vote.sequence ->
		copy_record(vote, cache_slot[1]);
		best = 1
	:: else -> best = 0
	fi;
#endif
	is_bad = vote.sequence == 0
}

/* ---- reading the segments ---- */

inline find_newest()
{
	newest = 0;
	e = 1;
	do
	:: e <= EPOCHS ->
		if
		:: seg[e].name != HIDDEN -> newest = e
		:: else
		fi;
		e++
	:: else -> break
	od;
#ifndef NEWEST_NOT_NAMED
	is_bad = is_bad || seg[vote.newest].name == HIDDEN;
#endif
	is_bad = is_bad || newest == 0
}

/* From the newest back: everything up to the end that the next one names must be whole. */
inline read_closed()
{
	e = newest;
	do
	:: !is_bad && e > 1 ->
		n = seg[e].before;
		e = seg[e].previous;
		is_bad = seg[e].name == HIDDEN;
		i = seg[e].before + 1;
		do
		:: i <= n ->
			is_bad = is_bad || !IS_WHOLE(seg[e].cache[i]);
			state[i] = seg[e].cache[i];
			i++
		:: else -> break
		od
	:: else -> break
	od
}

inline read_newest()
{
	mark = seg[newest].before;
	last = mark;
	do
	:: last < ENTRIES && IS_WHOLE(seg[newest].cache[last + 1]) ->
		last++;
		state[last] = seg[newest].cache[last];
		if
		:: seg[newest].mark[last] > mark -> mark = seg[newest].mark[last]
		:: else
		fi
	:: else -> break
	od;
#ifndef CUT_AT_ANY_GAP
	i = last + 2;
	do
	:: i <= ENTRIES ->
		is_bad = is_bad || seg[newest].cache[i] != EMPTY;
		i++
	:: else -> break
	od;
#endif
#ifndef ROT_TAKEN_FOR_TORN
	is_bad = is_bad || (last < ENTRIES && seg[newest].cache[last + 1] == ROT)
#endif
}

/* ---- a fresh segment ---- */

/* Header and the entries from `from` to `to` under a temporary name, synced, renamed. */
inline begin_segment(from, to)
{
	d_step {
		seg[term].before = from - 1;
		seg[term].previous = newest
	};
#ifdef RENAMED_BEFORE_WRITTEN
	seg[term].name = RENAMED;
	MAY_DIE;
#endif
	d_step {
		i = from;
		do
		:: i <= to ->
			seg[term].cache[i] = (i == to && to > last -> term : state[i]);
			seg[term].mark[i] = from - 1;
			i++
		:: else -> break
		od
	};
	MAY_DIE;
	d_step {
		i = from;
		do
		:: i <= to ->
			seg[term].disk[i] = seg[term].cache[i];
			i++
		:: else -> break
		od
	};
	MAY_DIE;
#ifdef NAMED_BEFORE_DURABLE
	vote.newest = term;
	write_vote();
#endif
	if
	:: seg[term].name == HIDDEN -> seg[term].name = RENAMED
	:: else
	fi;
	MAY_DIE;
	seg[term].name = NAMED;
	MAY_DIE;
#ifdef REST_TAKEN_BEFORE_NAMED
	apply(from, to);
	MAY_DIE;
#endif
#if !defined(NAMED_BEFORE_DURABLE) && !defined(NEWEST_NOT_NAMED)
	vote.newest = term;
	write_vote();
#endif
	current = term
}

/* Readers may see it from here on. */
inline apply(from, to)
{
	d_step {
		i = from;
		do
		:: i <= to ->
			assert(seen[i] == 0 || seen[i] == seg[term].cache[i]);
			seen[i] = seg[term].cache[i];
			state[i] = seg[term].cache[i];
			i++
		:: else -> break
		od
	}
}

/* ---- a life ---- */

inline lead()
{
	d_step {
		i = 1;
		do
		:: i <= ENTRIES ->
			assert(seen[i] == 0 || (i <= last && seen[i] == state[i]));
			if
			:: i <= last -> seen[i] = state[i]
			:: else
			fi;
			i++
		:: else -> break
		od
	}
}

inline append()
{
	if
	:: current == 0 -> begin_segment(last + 1, last + 1)
	:: current != 0 ->
		seg[current].cache[last + 1] = TORN;
		MAY_DIE;
		d_step {
			seg[current].cache[last + 1] = term;
#ifdef MARK_COVERS_ITSELF
			seg[current].mark[last + 1] = last + 1
#else
			seg[current].mark[last + 1] = last
#endif
		};
#ifdef TWO_BATCHES_ON_THEIR_WAY
		if
		:: last + 2 <= ENTRIES ->
			seg[current].cache[last + 2] = term;
			seg[current].mark[last + 2] = last
		:: true
		fi;
#endif
		MAY_DIE;
		seg[current].disk[last + 1] = seg[current].cache[last + 1];
		MAY_DIE
	fi;
	apply(last + 1, last + 1);
	last++
}

init {
	/* What format made: entry 1, committed. */
	d_step {
		seg[1].name = NAMED;
		seg[1].cache[1] = 1;
		seg[1].disk[1] = 1;
		seg[1].mark[1] = 1;
		disk_slot[0].sequence = 1;
		disk_slot[0].term = 1;
		disk_slot[0].newest = 1;
		copy_record(disk_slot[1], disk_slot[0]);
		copy_record(cache_slot[0], disk_slot[0]);
		copy_record(cache_slot[1], disk_slot[0])
	};
life:
	skip;
#ifndef NAMES_NOT_SYNCED_AT_START
	d_step {
		e = 1;
		do
		:: e <= EPOCHS ->
			if
			:: seg[e].name == RENAMED -> seg[e].name = NAMED
			:: else
			fi;
			e++
		:: else -> break
		od
	};
#endif
	d_step {
		read_vote();
		find_newest();
		read_closed();
		if
		:: !is_bad -> read_newest()
		:: else
		fi
	};
	if
	:: is_bad ->
		assert(has_rotted); /* without rot it may not refuse */
		goto over
	:: else
	fi;
#ifndef VOTE_NOT_REWRITTEN
	make_vote_durable();
#endif
	d_step {
		term = (vote.term > newest -> vote.term : newest) + 1;
		vote.term = term;
		vote.newest = newest
	};
	write_vote();
#ifndef REST_NOT_REWRITTEN
	if
	:: last > mark -> begin_segment(mark + 1, last)
	:: else
	fi;
#endif
	lead();
	do
	:: last < ENTRIES -> append()
	:: MAY_DIE; break
	od;
	goto over;
dead:
	atomic {
		crashes++;
		if
		:: true /* killed: the cache stays */
		:: lose_or_keep_cells();
		   lose_or_keep_names();
		   lose_or_keep_votes()
		fi;
		rot();
		forget_hidden();
		i = 0;
		do
		:: i <= ENTRIES ->
			state[i] = 0;
			i++
		:: else -> break
		od;
		term = 0;
		newest = 0;
		current = 0;
		mark = 0;
		last = 0;
		i = 0;
		e = 0;
		n = 0;
		slot = 0;
		best = 0;
		is_bad = false;
		vote.sequence = 0;
		vote.term = 0;
		vote.newest = 0;
		goto life
	};
over:
	skip
}
