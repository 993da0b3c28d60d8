/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vote record: what a master must remember besides the journal.  The file "vote" holds it
 * twice, in two slots of 4096 bytes.
 *
 *    0  8  magic "HFVOTERC"
 *    8  4  version: 1
 *   12  4  CRC32C of the slot without this field
 *   16  8  sequence: one more with each change
 *   24  8  term; the epoch of what this master writes as primary
 *   32 16  member voted for in this term, zeros: none
 *   48  8  newest segment: its epoch ...
 *   56  8  ... and the index of its first entry
 *   64 16  history: id of who formed the cluster; zeros: bound to none
 *   80  8  the longest refusal of votes that a leader ever asked for, milliseconds
 *   88  1  bound: 0 none, 1 as follows, 2 not known
 *   89  1  1: taken out of the members; 2: an operator gave the others up for ever, and this master
 *          is the only member from the end of its journal on; until its list says so
 *   90  6  zero
 *   96  8  bound: epoch ...
 *  104  8  ... and index of the last entry that was dropped from the end of the journal
 *  112  8  boot of the machine in which the newest segment was written ahead of its syncs; 0: it
 *          was not, or all of it is synced
 *  120     zeros, kept for later
 *
 * A master that was always alone has zeros from 64 on.
 *
 * A change is written to one slot, synced, then to the other, synced, and counts only then.  It
 * goes first to the slot that is bad or older, so that the other one is whole meanwhile, however
 * often a process dies here; afterwards both are read, for a disk may have put one elsewhere.  A
 * start writes what it read to both.  So one slot always holds what counted last: the good one with
 * the higher sequence is it, or is a change that nobody relied on yet.  The newest segment is named
 * once that file is durable and before anything in it is acknowledged: if the file is missing,
 * acknowledged entries are.
 */
#ifndef HOLDFAST_FORMAT_VOTE_H
#define HOLDFAST_FORMAT_VOTE_H

#include <stdbool.h>
#include <stdint.h>

enum { VOTE_SLOTS = 2, VOTE_SLOT_BYTES = 4096, MEMBER_ID_BYTES = 16 };

/* What damage at the end of the journal has cost, and may have been acknowledged. */
enum vote_bound { VOTE_NO_BOUND, VOTE_BOUND, VOTE_BOUND_UNKNOWN };

struct vote {
	uint64_t sequence;
	uint64_t term;
	uint8_t voted_for[MEMBER_ID_BYTES];
	uint64_t segment_epoch;
	uint64_t segment_first_index;
	uint8_t history[MEMBER_ID_BYTES];
	uint64_t asked_ms;
	enum vote_bound bound;
	uint64_t bound_epoch; /* VOTE_BOUND only */
	uint64_t bound_index;
	bool is_removed;
	bool stands_alone;
	uint64_t unsynced_boot;
};

/* True: of one of several masters that have formed a cluster. */
bool vote_is_of_cluster(const struct vote *vote);
/* Fills VOTE_SLOT_BYTES. */
void vote_encode(const struct vote *vote, uint8_t *slot);
/* One slot.  -ERR_DAMAGED, -ERR_UNSUPPORTED: *ret_why. */
int vote_decode(const uint8_t *slot, struct vote *ret_vote, const char **ret_why);
/* Of both slots: the one that counts, and which it is.  Both bad: the first one's error. */
int vote_choose(const uint8_t *slots, struct vote *ret_vote, int *ret_slot, const char **ret_why);

#endif
