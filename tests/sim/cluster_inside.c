/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is seen inside a journal, where nobody outside could tell.
 *
 * Claims.  What a process called synced, the next one on the same disk has: the entry at that
 * index, of the same epoch; others may have counted it.  And what it promised in its vote record.
 */
#include <inttypes.h>

#include "journal/replicated.h"
#include "sim/cluster.h"

/* NULL: it has no core yet, or no more. */
static const struct replicated *core_of(const struct slot *slot)
{
	const struct journal *journal = slot->master == NULL ? NULL : master_journal(slot->master);

	return journal == NULL || journal->replicated == NULL || journal->replicated->core == NULL
	               ? NULL
	               : journal->replicated;
}

bool inside_leads(const struct slot *slot)
{
	const struct replicated *replicated = core_of(slot);

	return replicated != NULL && replicated->role == RAFT_LEADER;
}

uint64_t inside_segment(const struct slot *slot)
{
	const struct replicated *replicated = core_of(slot);
	uint64_t first;

	if (replicated == NULL)
		return 0;
	first = vote_file_vote(replicated->journal->vote)->segment_first_index;
	return first <= replicated->journal->commit.synced ? first : 0;
}

/* Of an entry that its log has; 0: it has none there. */
static uint64_t epoch_at(const struct slot *slot, const struct replicated *replicated,
                         uint64_t index)
{
	const struct tail *tail = &replicated->tail;

	if (tail_holds(tail, index) || index == tail->before.index)
		return tail_ends_at(tail, index).epoch;
	return index < tail->first && index <= history_last(&slot->cluster->history)
	               ? history_fact(&slot->cluster->history, index)->epoch
	               : 0;
}

static uint64_t vote_of(const struct replicated *replicated)
{
	return vote_file_vote(replicated->journal->vote)->sequence;
}

void inside_note_claim(struct slot *slot)
{
	const struct replicated *replicated = core_of(slot);
	struct raft_status status;
	uint64_t index;

	if (replicated == NULL)
		return;
	raft_status(replicated->core, &status);
	index = replicated->journal->commit.synced;
	/* With syncs behind the core counts what is written. */
	if (!slot->cluster->syncs_behind && index < status.synced)
		index = status.synced;
	if (index > replicated->tail.last)
		cluster_wrong(slot->cluster,
		              "m%u calls entry %" PRIu64 " synced, and its log ends at %" PRIu64,
		              slot->number + 1, index, replicated->tail.last);
	slot->claim = (struct claim){.index = index,
	                             .epoch = epoch_at(slot, replicated, index),
	                             .vote = vote_of(replicated)};
}

/* A checkpoint has come in the place of a log that did not agree with it. */
static bool is_superseded(const struct slot *slot, const struct replicated *replicated)
{
	const struct entry *applied = &replicated->journal->applied;

	return applied->epoch > slot->claim.epoch &&
	       (applied->index < slot->claim.index || slot->claim.index < replicated->tail.first);
}

void inside_check_claim(struct slot *slot)
{
	const struct replicated *replicated = core_of(slot);
	uint64_t epoch;

	if (replicated == NULL)
		return;
	slot->owes_claim = false;
	if (vote_of(replicated) < slot->claim.vote)
		cluster_wrong(slot->cluster,
		              "m%u had written vote record %" PRIu64 " and reads %" PRIu64,
		              slot->number + 1, slot->claim.vote, vote_of(replicated));
	if (slot->claim.index == 0 || slot->is_rotten || slot->is_stray ||
	    is_superseded(slot, replicated))
		return;
	epoch = slot->claim.index > replicated->tail.last
	                ? 0
	                : epoch_at(slot, replicated, slot->claim.index);
	if (epoch != slot->claim.epoch)
		cluster_wrong(slot->cluster,
		              "m%u had synced entry %" PRIu64 " of epoch %" PRIu64
		              " and has it no more (of epoch %" PRIu64 "; it ends at %" PRIu64 ")",
		              slot->number + 1, slot->claim.index, slot->claim.epoch, epoch,
		              replicated->tail.last);
}
